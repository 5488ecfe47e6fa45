//! Explain is serve: a query is composed, answered by `answer` with a recorder listening, and read back.

use super::{Request, Scratch, Settings, Transport, answer};
use crate::beliefs::{Beliefs, Known};
use crate::explain::{Answer, Asked, Explanation, Recorder};
use crate::snapshot::World;
use crate::steering::{Client, Subnet};
use crate::wire::message::{Message, Record};
use crate::wire::{ClientSubnet, NameBuf, RecordType, compose};

use std::net::IpAddr;

/// Who asks for what, when.
#[derive(Debug, Clone, Copy)]
pub struct Asking {
    pub name: NameBuf,
    pub record_type: RecordType,
    pub resolver: IpAddr,
    pub subnet: Option<ClientSubnet>,
    pub now_s: u64,
}

/// Why `asking` gets its answer. The answer is asked for over TCP, so that it is shown whole.
pub fn explained(world: &World, known: &Known, asking: &Asking) -> Explanation {
    let mut message = compose::query(
        asking.name.as_name(),
        asking.record_type,
        asking.subnet.as_ref(),
    );
    let length = message.len();
    message.resize(usize::from(u16::MAX), 0);
    let request = Request {
        source: asking.resolver,
        transport: Transport::Tcp,
        now_s: asking.now_s,
        settings: &Settings::default(),
    };
    let view = Beliefs::of(world.policies(), known);
    let mut recorder = Recorder::new();
    let reply = answer(
        world,
        &view,
        &request,
        (&mut message, length),
        &mut Scratch::new(),
        &mut recorder,
    );
    message.truncate(reply.map_or(0, |reply| reply.length));
    let asked = Asked {
        generation: world.generation(),
        health_sequence: known.health.sequence(),
        latency_sequence: known.latency.sequence(),
        at: asking.now_s,
        qname: asking.name.as_name().to_string(),
        qtype: asking.record_type.to_string(),
        client: client_of(asking),
    };
    recorder.into_explanation(asked, world.geo(), read_back(&message))
}

fn client_of(asking: &Asking) -> Client {
    Client {
        resolver: asking.resolver,
        subnet: asking.subnet.as_ref().and_then(Subnet::of_option),
    }
}

fn read_back(reply: &[u8]) -> Answer {
    let Ok(message) = Message::parse(reply) else {
        return Answer::default();
    };
    let texts = |records: &[Record]| records.iter().map(Record::to_string).collect();
    Answer {
        rcode: message.rcode.to_string(),
        authoritative: message.authoritative,
        scope: message.edns.and_then(|edns| edns.scope).unwrap_or(0),
        records: texts(&message.answer),
        authority: texts(&message.authority),
        additional: texts(&message.additional),
    }
}

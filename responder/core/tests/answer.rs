//! Whatever arrives, `answer` replies with a well-formed message within the limit, or not at all.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::net::{IpAddr, Ipv4Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use responder_core::answer::{Request, Scratch, Settings, Transport, answer};
use responder_core::beliefs::Beliefs;
use responder_core::health::HealthTable;
use responder_core::observe::Silent;
use responder_core::snapshot::{Chunks, Digest, Manifest, World};
use responder_core::wire::cookie::Secrets;
use responder_core::wire::message::Message;
use responder_core::wire::truncation::truncate;
use responder_core::wire::{NameBuf, RecordType, compose};
use responder_core::zone::chunk_v1;

const POLICIES: &[u8] =
    br#"{"format":1,"regions":[],"endpoints":[],"pools":[],"policies":[],"flattened":{}}"#;

fn wire(name: &str) -> Vec<u8> {
    NameBuf::from_text(name)
        .unwrap()
        .as_name()
        .as_bytes()
        .to_vec()
}

fn entry(owner: &str, record_type: u16, rdatas: &[&[u8]]) -> Vec<u8> {
    let mut octets = wire(owner);
    octets.extend(record_type.to_be_bytes());
    octets.extend(60_u32.to_be_bytes());
    octets.push(0);
    octets.extend((rdatas.len() as u16).to_be_bytes());
    for rdata in rdatas {
        octets.extend((rdata.len() as u16).to_be_bytes());
        octets.extend_from_slice(rdata);
    }
    octets
}

/// Something of everything: a wildcard, a cut with glue, a DNAME, an alias, a record set that fits no UDP reply.
fn chunk() -> Vec<u8> {
    let soa = [wire("ns.z."), wire("host.z."), vec![0; 20]].concat();
    let large: Vec<Vec<u8>> = (0..50)
        .map(|number| [vec![40], vec![number; 40]].concat())
        .collect();
    let large: Vec<&[u8]> = large.iter().map(Vec::as_slice).collect();
    let entries = [
        entry("z.", 2, &[&wire("ns.z.")]),
        entry("z.", 6, &[&soa]),
        entry("*.z.", 5, &[&wire("x.d.z.")]),
        entry("cut.z.", 2, &[&wire("ns.cut.z.")]),
        entry("ns.cut.z.", 1, &[&[192, 0, 2, 1]]),
        entry("d.z.", 39, &[&wire("d.d.z.")]),
        entry("flat.z.", 65401, &[&wire("a.b.z.")]),
        entry("large.z.", 16, &large),
        entry("loop.z.", 5, &[&wire("loop.z.")]),
    ];
    let head = [
        b"TMZ1".to_vec(),
        wire("z."),
        (entries.len() as u32).to_be_bytes().to_vec(),
    ];
    [head.concat(), entries.concat()].concat()
}

fn world() -> World {
    let chunk = chunk();
    let (zone, policies) = (Digest::of(&chunk), Digest::of(POLICIES));
    let manifest = format!(
        r#"{{"format":1,"generation":1,"created":"","zones":{{"z.":"{zone}"}},"policies":"{policies}","geo":{{}}}}"#
    );
    let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
    let chunks = Chunks::from([(zone, &chunk[..]), (policies, POLICIES)]);
    World::open(&manifest, &chunks, None).unwrap()
}

fn reply(world: &World, packet: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let settings = Settings {
        nsid: (*b"edge").into(),
        cookie_secrets: Secrets::new(&[[7; 16]]),
        is_stale: true,
        ..Settings::default()
    };
    let request = Request {
        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
        transport,
        now_s: 1_559_731_985,
        settings: &settings,
    };
    let health = Beliefs::new(world.policies(), &HealthTable::default());
    let mut message = packet.to_vec();
    message.resize(65535, 0);
    let reply = answer(
        world,
        &health,
        &request,
        (&mut message, packet.len()),
        &mut Scratch::new(),
        &mut Silent,
    )?;
    message.truncate(reply.length);
    Some(message)
}

fn query() -> impl Strategy<Value = Vec<u8>> {
    let names = [
        "z", "a.z", "cut.z", "x.cut.z", "d.z", "a.d.z", "flat.z", "large.z", "loop.z", "other",
    ];
    let types = [1_u16, 2, 5, 6, 16, 28, 39, 43, 65401, 255, 252];
    let name = prop::sample::select(names.to_vec());
    (name, prop::sample::select(types.to_vec())).prop_map(|(name, record_type)| {
        let name = NameBuf::from_text(name).unwrap();
        compose::query(name.as_name(), RecordType(record_type), None)
    })
}

proptest! {
    #[test]
    fn every_reply_parses_and_keeps_the_limit(
        mut packet in prop_oneof![query(), vec(any::<u8>(), 0..100)],
        spoils in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        tcp in any::<bool>(),
    ) {
        if !packet.is_empty() {
            for (place, octet) in spoils {
                let place = place.index(packet.len());
                packet[place] = octet;
            }
        }
        let (transport, limit) = match tcp {
            true => (Transport::Tcp, 65535),
            false => (Transport::Udp, 1232),
        };
        if let Some(reply) = reply(&world(), &packet, transport) {
            prop_assert!(reply.len() <= limit);
            prop_assert_eq!(&reply[..2], &packet[..2]);
            prop_assert!(Message::parse(&reply).is_ok());
        }
    }

    #[test]
    fn a_truncated_reply_is_its_question_and_opt_record(packet in query(), tcp in any::<bool>()) {
        let transport = if tcp { Transport::Tcp } else { Transport::Udp };
        let mut octets = reply(&world(), &packet, transport).unwrap();
        let whole = Message::parse(&octets).unwrap();
        let whole_length = octets.len();
        let length = truncate(&mut octets, whole_length).unwrap();
        prop_assert!(length <= whole_length);
        let question = 12..packet.len() - 11;
        prop_assert_eq!(&octets[question.clone()], &packet[question]);
        let short = Message::parse(&octets[..length]).unwrap();
        prop_assert_eq!(short, Message {
            truncated: true,
            answer: vec![],
            authority: vec![],
            additional: vec![],
            ..whole
        });
    }

    #[test]
    fn truncating_anything_at_all_never_panics(mut octets in vec(any::<u8>(), 0..100)) {
        let length = octets.len();
        if let Some(short) = truncate(&mut octets, length) {
            prop_assert!(short <= length);
        }
    }

    #[test]
    fn a_spoiled_chunk_never_panics(
        spoils in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut octets = chunk();
        for (place, octet) in spoils {
            let place = place.index(octets.len());
            octets[place] = octet;
        }
        let _ = chunk_v1::decode(octets.clone().into());
        octets.truncate(cut.index(octets.len()));
        let _ = chunk_v1::decode(octets.into());
    }
}

#[test]
fn the_chunk_of_these_tests_is_a_zone() {
    let zone = chunk_v1::decode(chunk().into()).unwrap();
    assert_eq!(zone.origin().to_string(), "z.");
}

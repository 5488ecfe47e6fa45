//! Inputs to start from: what is valid, made from the world that is asked.

use responder_core::snapshot::Digest;
use responder_core::wire::compose;
use responder_core::wire::{NameBuf, RecordType};

use crate::reference;
use crate::{snapshot, world};

/// Seeds of the target `target`.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "answer" => queries()
            .into_iter()
            .map(|query| [&[0; 4][..], &query].concat())
            .collect(),
        "frame" => frames(),
        "message" | "round_trip" => queries(),
        "snapshot" => snapshots(),
        "name" => world::names()
            .iter()
            .map(|name| reference::wire(name))
            .collect(),
        "ecs" => vec![
            b"\x18\0\x01\x18\0\x0A\x01\x02".to_vec(),
            b"\0\0\x02\x0C\0\x20\x10".to_vec(),
            vec![0; 5],
        ],
        "tcp_framing" => vec![[&[0; 16][..], &framed(&queries()[..6])].concat()],
        _ => Vec::new(),
    }
}

/// A first octet other than 0 asks for a frame that is made of the others.
fn frames() -> Vec<Vec<u8>> {
    (1..40_u8)
        .map(|number| (0..120_u8).map(|at| at.wrapping_mul(number) | 1).collect())
        .collect()
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    let framed = messages
        .iter()
        .map(|message| [&(message.len() as u16).to_be_bytes()[..], message].concat());
    framed.flatten().collect()
}

fn queries() -> Vec<Vec<u8>> {
    let types = [1, 28, 16, 2, 43, 255];
    let queries = world::names()
        .iter()
        .zip(types.iter().cycle())
        .map(|(name, record_type)| {
            let wire = reference::wire(name);
            let name = responder_core::wire::Name::whole(&wire)
                .map(NameBuf::from)
                .expect("a name");
            compose::query(name.as_name(), RecordType(*record_type), None)
        });
    queries.collect()
}

fn snapshots() -> Vec<Vec<u8>> {
    let zones = world::small_chunks();
    let mut seeds: Vec<_> = zones.iter().map(|chunk| snapshot::as_zone(chunk)).collect();
    seeds.push(snapshot::as_policies(world::policy_chunk()));
    let digest = Digest::of(b"");
    let none = std::iter::empty();
    let manifest = world::manifest([("z.", digest)].into_iter(), digest, none);
    seeds.push(snapshot::as_manifest(&manifest));
    let list = format!(r#"{{"z.":"{digest}"}}"#);
    seeds.push(snapshot::as_zone_list(list.as_bytes()));
    seeds.push(snapshot::as_manifest(&world::manifest_of_lists(digest)));
    seeds.push(snapshot::as_geo(&world::tangled_geo_file()));
    seeds.extend(
        world::geo_files()
            .iter()
            .map(|(_, file)| snapshot::as_geo(file)),
    );
    seeds
}

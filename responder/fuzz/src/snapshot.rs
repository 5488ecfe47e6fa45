//! Snapshots out of any octets: what opens means what it says, and opening takes memory in proportion.

mod edited;
mod entries;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use arbitrary::Unstructured;
use responder_core::answer::Transport;
use responder_core::beliefs::Beliefs;
use responder_core::explain::Recorder;
use responder_core::health::HealthTable;
use responder_core::observe::Silent;
use responder_core::snapshot::{
    Chunks, Digest, ListedZones, Manifest, SnapshotError, World, ZoneList,
};
use responder_core::steering::PolicySet;
use responder_core::wire::{ClientSubnet, Name, NameBuf, RecordType, compose};
use responder_core::zone::chunk_v1;

use crate::heap::peak_of;
use crate::reference::{self, Message};
use crate::reply;
use crate::seam::{self, Arrival};
use crate::world;
use entries::Entry;

/// What a small chunk may take all the same: tables of fixed size, hash maps that grow by doubling.
const MEMORY_AT_LEAST: usize = 4 << 20;
/// Octets of memory for one of a chunk. A policy of one member costs its 256 candidates' worth at most.
const MEMORY_PER_OCTET: usize = 256;
const ASKED: usize = 6;

const ZONE: u8 = b'Z';
const POLICIES: u8 = b'P';
const EDITED_POLICIES: u8 = b'E';
const MANIFEST: u8 = b'M';
const ZONE_LIST: u8 = b'L';
const GEO: u8 = b'G';

/// The first octet says what the others are.
pub fn check(octets: &[u8]) {
    let Some((kind, rest)) = octets.split_first() else {
        return;
    };
    match *kind {
        ZONE => check_zone(rest),
        POLICIES => check_policies(rest),
        EDITED_POLICIES => {
            let base = world::policy_chunk();
            if let Ok(json) = edited::edited(base, &mut Unstructured::new(rest)) {
                check_policies(&json);
            }
        }
        MANIFEST => check_manifest(rest),
        ZONE_LIST => check_zone_list(rest),
        GEO => check_geo(rest),
        _ => {}
    }
}

pub fn as_zone(chunk: &[u8]) -> Vec<u8> {
    [&[ZONE], chunk].concat()
}

pub fn as_policies(json: &[u8]) -> Vec<u8> {
    [&[POLICIES], json].concat()
}

pub fn as_manifest(json: &[u8]) -> Vec<u8> {
    [&[MANIFEST], json].concat()
}

pub fn as_zone_list(json: &[u8]) -> Vec<u8> {
    [&[ZONE_LIST], json].concat()
}

pub fn as_geo(file: &[u8]) -> Vec<u8> {
    [&[GEO], file].concat()
}

fn check_zone(chunk: &[u8]) {
    let (decoded, peak) = peak_of(|| chunk_v1::decode(chunk.into()));
    check_memory(peak, chunk);
    let Ok(zone) = decoded else {
        return;
    };
    let origin = zone.origin().to_string();
    let zones = [(origin.as_str(), chunk.to_vec())];
    let Ok(world) = world::open(&zones, world::policy_chunk(), &[]) else {
        return;
    };
    let entries = entries::of(chunk).expect("a chunk that opens is well-formed");
    let opened = Opened::new(&world);
    for entry in entries.iter().take(ASKED) {
        let message = opened.ask(&entry.owner, entry.record_type);
        let below = [b"x".to_vec()].into_iter().chain(entry.owner.clone());
        opened.ask(&below.collect::<Vec<_>>(), entry.record_type);
        if entry.is_plain(&entries) {
            check_answered(entry, &message);
        }
    }
}

/// A set that nothing hides is answered as the chunk holds it.
fn check_answered(entry: &Entry, (octets, message): &(Vec<u8>, Message)) {
    if message.is_truncated() {
        return;
    }
    let found = message.answer.iter().map(|record| {
        assert_eq!(reference::lowered(&record.owner), entry.owner);
        assert_eq!(
            (record.record_type, record.ttl),
            (entry.record_type, entry.ttl)
        );
        let rdata = reference::plain_rdata(octets, record).expect("a well-formed reply");
        rdata.to_ascii_lowercase()
    });
    let expected = entry.rdatas.iter().flatten();
    let expected = expected.map(|rdata| rdata.to_ascii_lowercase());
    assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

fn check_policies(json: &[u8]) {
    let (parsed, peak) = peak_of(|| PolicySet::parse(json));
    check_memory(peak, json);
    let Ok(policies) = parsed else {
        return;
    };
    let ids = (0..=20).filter(|id| {
        let index = policies.policy(*id);
        index.is_some_and(|index| policies.has_endpoint(index))
    });
    let ids: Vec<u32> = ids.collect();
    let (zone, owners) = world::steered_by(&ids);
    let world = world::open(&[("z.", zone)], json, world::geo_files());
    let world = world.unwrap_or_else(|error| panic!("the policies are good: {error}"));
    let opened = Opened::new(&world);
    for owner in &owners {
        opened.ask(owner, RecordType::A.0);
        opened.ask(owner, RecordType::AAAA.0);
    }
}

/// Without its chunks no manifest opens, whatever it lists.
fn check_manifest(json: &[u8]) {
    let (parsed, peak) = peak_of(|| Manifest::parse(json));
    check_memory(peak, json);
    let Ok(manifest) = parsed else {
        return;
    };
    assert!(manifest.generation > 0);
    let listed = manifest.lists.iter().map(|list| match &list.zones {
        ListedZones::Here(zones) => zones.len(),
        ListedZones::In(_) => 1,
    });
    let named = listed.sum::<usize>() + manifest.geo.len() + 1;
    assert_eq!(manifest.digests().len(), named);
    let missing = manifest.missing_from(None, &Chunks::new());
    assert_eq!(missing.expect("no list is read").len(), named);
    for list in &manifest.lists {
        if let ListedZones::Here(zones) = &list.zones {
            check_origins(zones);
        }
    }
    let opened = World::open(&manifest, &Chunks::new(), None);
    assert!(matches!(opened, Err(SnapshotError::MissingChunk { .. })));
}

/// What a zone list names can be asked for, and its chunks are missing then.
fn check_zone_list(json: &[u8]) {
    let digest = Digest::of(json);
    let chunks = Chunks::from([(digest, json)]);
    for number in 0..=u8::MAX {
        let manifest = Manifest {
            generation: 1,
            created: String::new(),
            lists: vec![ZoneList {
                number,
                zones: ListedZones::In(digest),
            }],
            policies: digest,
            geo: Vec::new(),
        };
        if let Ok(missing) = manifest.missing_from(None, &chunks) {
            assert!(missing.len() > 2, "a list has zones");
            let opened = World::open(&manifest, &chunks, None);
            assert!(opened.is_err(), "its zones were not supplied");
        }
    }
}

fn check_origins(zones: &[(String, Digest)]) {
    for (origin, _) in zones {
        assert!(NameBuf::from_text(origin).is_ok(), "{origin}");
    }
}

fn check_geo(file: &[u8]) {
    let shared: Arc<[u8]> = file.into();
    let (zone, owners) = world::steered_by(&[4, 5, 9, 12]);
    let (zones, policies) = ([("z.", zone)], world::policy_chunk());
    for role in ["city", "asn"] {
        let files = [(role, shared.clone())];
        let opened = || world::open(&zones, policies, &files);
        let (_, without) = peak_of(|| world::open(&zones, policies, &[]));
        let (world, peak) = peak_of(opened);
        check_memory(peak.saturating_sub(without), file);
        if let Ok(world) = world {
            let opened = Opened::new(&world);
            for owner in &owners {
                opened.ask(owner, RecordType::A.0);
            }
        }
    }
}

fn check_memory(peak: usize, chunk: &[u8]) {
    let most = MEMORY_AT_LEAST + MEMORY_PER_OCTET * chunk.len();
    assert!(
        peak <= most,
        "{peak} octets of memory for {} in a chunk",
        chunk.len()
    );
}

/// A world that opened, to be asked.
struct Opened<'w> {
    world: &'w World,
    health: Beliefs,
}

impl<'w> Opened<'w> {
    fn new(world: &'w World) -> Self {
        let health = Beliefs::new(world.policies(), &HealthTable::default());
        Self { world, health }
    }

    /// The reply to a query for `name`, checked, and the same when it is explained.
    fn ask(&self, name: &[Vec<u8>], record_type: u16) -> (Vec<u8>, Message) {
        let wire = reference::wire(name);
        // What was put below a long name may be none.
        let name = Name::whole(&wire).unwrap_or(Name::ROOT);
        let address = IpAddr::V4(Ipv4Addr::new(10, 1, 77, 0));
        let subnet = ClientSubnet::new(address, 24).expect("a subnet");
        let arrival = Arrival {
            packet: compose::query(name, RecordType(record_type), Some(&subnet)),
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
            transport: Transport::Tcp,
            now_s: 1_800_000_000,
            left_over: 0,
        };
        let (octets, tally) = self.answer(&arrival);
        let explained = seam::ask(self.world, &self.health, &arrival, &mut Recorder::new());
        assert_eq!(explained, Some((octets.clone(), tally)));
        let message = reply::check(&arrival, &octets);
        (octets, message)
    }

    fn answer(&self, arrival: &Arrival) -> (Vec<u8>, responder_core::counters::Tally) {
        let answered = seam::ask(self.world, &self.health, arrival, &mut Silent);
        answered.expect("a query is answered")
    }
}

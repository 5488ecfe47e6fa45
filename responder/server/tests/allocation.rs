//! Answering allocates nothing once a worker is warm: neither static names nor steered ones, nor in the shadow of a policy.

#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};

use responder_core::answer::{Request, Scratch, Settings, Transport, answer};
use responder_core::beliefs::Beliefs;
use responder_core::health::HealthTable;
use responder_core::observe::Silent;
use responder_core::snapshot::{Chunks, Digest, Manifest, World};
use responder_core::wire::{ClientSubnet, NameBuf, RecordType, compose};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system allocator as it came; counting touches no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract, and all our allocations are the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const POLICIES: &[u8] = br#"{"format":2,
    "regions":[{"id":1,"name":"eu","latitude":50.1,"longitude":8.7}],
    "endpoints":[
        {"id":10,"name":"a","region":1,"ipv4":"192.0.2.1","ipv6":null,"hostname":null,"weight":null,"priority":null,
         "bias":null,"capacity":null,"labels":{},"admin_state":"enabled","checked":true},
        {"id":11,"name":"b","region":1,"ipv4":"192.0.2.2","ipv6":null,"hostname":null,"weight":null,"priority":null,
         "bias":null,"capacity":null,"labels":{},"admin_state":"enabled","checked":true}],
    "pools":[{"id":3,"name":"web","weight":null,"priority":null,"bias":null,"members":[
        {"endpoint":10,"weight":70,"priority":null,"bias":null},
        {"endpoint":11,"weight":30,"priority":null,"bias":null}]}],
    "policies":[{"id":5,"name":"www","salt":"s","ttl":30,"ttl_min":5,"ecs":"always","pools":[3],"steps":[
        {"kind":"healthy","if_empty":{"action":"bypass"}},
        {"kind":"fence","label":null,"allow":[],"deny":["cidr:10.0.0.0/8"],"if_empty":{"action":"bypass"}},
        {"kind":"distance","within_km":100,"bias":0},
        {"kind":"weighted","weight":1},
        {"kind":"first","count":2}]}],
    "flattened":{},
    "shadows":[{"id":1,"policy":5,"pools":[3],"percent":100,"until":1000,"steps":[
        {"kind":"healthy","if_empty":{"action":"bypass"}},
        {"kind":"distance","within_km":100,"bias":0},
        {"kind":"sticky","weight":1},
        {"kind":"first","count":2}]}]}"#;

fn wire(name: &str) -> Vec<u8> {
    NameBuf::from_text(name)
        .unwrap()
        .as_name()
        .as_bytes()
        .to_vec()
}

fn entry(owner: &str, record_type: u16, kind_and_data: &[u8]) -> Vec<u8> {
    let fixed = [&record_type.to_be_bytes()[..], &60_u32.to_be_bytes()].concat();
    [&wire(owner)[..], &fixed, kind_and_data].concat()
}

fn one(rdata: &[u8]) -> Vec<u8> {
    let length = (rdata.len() as u16).to_be_bytes();
    [&[0, 0, 1][..], &length, rdata].concat()
}

fn world() -> World {
    let soa = [wire("ns.z."), wire("host.z."), vec![0; 20]].concat();
    let entries = [
        entry("z.", 2, &one(&wire("ns.z."))),
        entry("z.", 6, &one(&soa)),
        entry("alias.z.", 5, &one(&wire("www.z."))),
        entry("ns.z.", 1, &one(&[192, 0, 2, 53])),
        entry("www.z.", 1, &[1, 0, 0, 0, 5]),
    ];
    let count = (entries.len() as u32).to_be_bytes();
    let chunk = [&b"TMZ1"[..], &wire("z."), &count, &entries.concat()].concat();
    let (zone, policies) = (Digest::of(&chunk), Digest::of(POLICIES));
    let manifest = format!(
        r#"{{"format":1,"generation":1,"created":"","zones":{{"z.":"{zone}"}},"policies":"{policies}","geo":{{}}}}"#
    );
    let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
    let chunks = Chunks::from([(zone, &chunk[..]), (policies, POLICIES)]);
    World::open(&manifest, &chunks, None).unwrap()
}

#[test]
fn a_warm_worker_answers_without_allocating() {
    let world = world();
    let health = Beliefs::new(world.policies(), &HealthTable::default());
    let subnet = ClientSubnet::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 0)), 24).unwrap();
    let names = ["ns.z.", "www.z.", "alias.z.", "missing.z.", "elsewhere."];
    let packets = names.map(|name| {
        let name = NameBuf::from_text(name).unwrap();
        compose::query(name.as_name(), RecordType::A, Some(&subnet))
    });
    let settings = Settings::default();
    let mut scratch = Scratch::new();
    let mut watched = 0;
    let mut allocated = |packet: &[u8]| {
        let mut message = packet.to_vec();
        message.resize(1232, 0);
        let request = Request {
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
            transport: Transport::Udp,
            now_s: 0,
            settings: &settings,
        };
        let before = ALLOCATIONS.get();
        let reply = answer(
            &world,
            &health,
            &request,
            (&mut message, packet.len()),
            &mut scratch,
            &mut Silent,
        );
        let is_watched = reply.unwrap().watched.is_some();
        watched += usize::from(is_watched);
        ALLOCATIONS.get() - before
    };
    let first: usize = packets.iter().map(|packet| allocated(packet)).sum();
    assert!(first > 0, "what a policy decides is remembered");
    for packet in &packets {
        assert_eq!(allocated(packet), 0, "{packet:?}");
    }
    assert_eq!(watched, 4, "www.z. and its alias, twice");
}

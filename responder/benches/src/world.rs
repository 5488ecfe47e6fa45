//! The world that is answered from: 1,000 static names and 100 steered ones, with the shipped country database.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use responder_core::snapshot::{Chunks, Digest, Manifest, World};
use responder_core::wire::{ClientSubnet, NameBuf, RecordType, compose};

use crate::chance::Chance;

type Outcome<T> = Result<T, Box<dyn Error>>;

pub const STATIC_NAMES: u32 = 1_000;
pub const STEERED_NAMES: u32 = 100;
const ORIGIN: &str = "bench.test.";
const COUNTRY_FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../snapshots/geodata/country.mmdb"
);
const REGIONS: [(&str, f64, f64); 5] = [
    ("us-east", 39.0, -77.5),
    ("us-west", 45.6, -121.2),
    ("eu", 50.1, 8.7),
    ("ap", 1.35, 103.8),
    ("sa", -23.5, -46.6),
];
/// Locations and the numbers of the regions that serve them.
const RULES: [(&str, &str); 8] = [
    ("continent:NA", "1,2"),
    ("continent:EU", "3"),
    ("continent:AF", "3"),
    ("continent:AS", "4"),
    ("continent:OC", "4"),
    ("continent:SA", "5"),
    ("country:US", "1,2"),
    ("country:MX", "2"),
];

/// Opens the world.
pub fn open() -> Outcome<World> {
    let country = std::fs::read(Path::new(COUNTRY_FILE))?;
    let (zone, policies) = (zone_chunk()?, policy_chunk());
    let (zone_digest, policies_digest, country_digest) = (
        Digest::of(&zone),
        Digest::of(policies.as_bytes()),
        Digest::of(&country),
    );
    let manifest = format!(
        r#"{{"format":1,"generation":1,"created":"","zones":{{"{ORIGIN}":"{zone_digest}"}},"policies":"{policies_digest}","geo":{{"country":"{country_digest}"}}}}"#
    );
    let manifest = Manifest::parse(manifest.as_bytes())?;
    let chunks = Chunks::from([
        (zone_digest, &zone[..]),
        (policies_digest, policies.as_bytes()),
        (country_digest, &country[..]),
    ]);
    Ok(World::open(&manifest, &chunks, None)?)
}

/// A query for a static name, without a client subnet.
pub fn static_query(chance: &mut Chance) -> Outcome<Vec<u8>> {
    query(&static_name(chance.below(STATIC_NAMES)), None)
}

/// A query for a name that does not exist, each for another.
pub fn missing_query(chance: &mut Chance) -> Outcome<Vec<u8>> {
    query(&format!("x{:08x}.{ORIGIN}", chance.below(u32::MAX)), None)
}

/// A query for a steered name by a client out of a network that is allocated.
pub fn steered_query(world: &World, chance: &mut Chance) -> Outcome<Vec<u8>> {
    let subnet = ClientSubnet::new(allocated_network(world, chance).into(), 24)
        .map_err(|error| format!("{error:?}"))?;
    query(&steered_name(chance.below(STEERED_NAMES)), Some(&subnet))
}

fn query(name: &str, subnet: Option<&ClientSubnet>) -> Outcome<Vec<u8>> {
    let name = NameBuf::from_text(name).map_err(|error| format!("{error:?}"))?;
    Ok(compose::query(name.as_name(), RecordType::A, subnet))
}

/// A /24 that the country database places; it places two thirds of them, so that this ends.
fn allocated_network(world: &World, chance: &mut Chance) -> Ipv4Addr {
    loop {
        let network = Ipv4Addr::from_bits((chance.draw() as u32) & 0xffff_ff00);
        if world.geo().locate(IpAddr::V4(network)).country.is_some() {
            return network;
        }
    }
}

fn static_name(number: u32) -> String {
    format!("n{number:03}.{ORIGIN}")
}

fn steered_name(number: u32) -> String {
    format!("s{number:02}.{ORIGIN}")
}

fn zone_chunk() -> Outcome<Vec<u8>> {
    let soa = [
        wire(&format!("ns.{ORIGIN}"))?,
        wire(&format!("host.{ORIGIN}"))?,
        vec![0; 20],
    ]
    .concat();
    let mut entries = vec![
        entry(ORIGIN, 2, &one(&wire(&format!("ns.{ORIGIN}"))?))?,
        entry(ORIGIN, 6, &one(&soa))?,
    ];
    for number in 0..STATIC_NAMES {
        let [.., high, low] = number.to_be_bytes();
        entries.push(entry(&static_name(number), 1, &one(&[198, 18, high, low]))?);
    }
    entries.push(entry(
        &format!("ns.{ORIGIN}"),
        1,
        &one(&[198, 51, 100, 53]),
    )?);
    for number in 0..STEERED_NAMES {
        let steered = [&[1][..], &(number + 1).to_be_bytes()].concat();
        entries.push(entry(&steered_name(number), 1, &steered)?);
    }
    let count = (entries.len() as u32).to_be_bytes();
    Ok([&b"TMZ1"[..], &wire(ORIGIN)?, &count, &entries.concat()].concat())
}

fn wire(name: &str) -> Outcome<Vec<u8>> {
    let name = NameBuf::from_text(name).map_err(|error| format!("{error:?}"))?;
    Ok(name.as_name().as_bytes().to_vec())
}

fn entry(owner: &str, record_type: u16, kind_and_data: &[u8]) -> Outcome<Vec<u8>> {
    let fixed = [&record_type.to_be_bytes()[..], &60_u32.to_be_bytes()].concat();
    Ok([&wire(owner)?[..], &fixed, kind_and_data].concat())
}

fn one(rdata: &[u8]) -> Vec<u8> {
    let length = (rdata.len() as u16).to_be_bytes();
    [&[0, 0, 1][..], &length, rdata].concat()
}

/// One policy and pool per steered name, of 8 to 20 endpoints with weights.
fn policy_chunk() -> String {
    let (mut endpoints, mut pools, mut policies) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=STEERED_NAMES {
        let mut members = Vec::new();
        for member in 0..8 + number % 13 {
            let id = 100 * number + member;
            endpoints.push(endpoint(number, member));
            members.push(format!(
                r#"{{"endpoint":{id},"weight":{},"priority":null,"bias":null}}"#,
                1 + (number * 7 + member * 13) % 90
            ));
        }
        pools.push(format!(
            r#"{{"id":{number},"name":"p{number}","weight":null,"priority":null,"bias":null,"members":[{}]}}"#,
            members.join(",")
        ));
        policies.push(policy(number));
    }
    let regions: Vec<String> = (1..)
        .zip(REGIONS)
        .map(|(id, (name, latitude, longitude))| {
            format!(
                r#"{{"id":{id},"name":"{name}","latitude":{latitude:?},"longitude":{longitude:?}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"format":1,"regions":[{}],"endpoints":[{}],"pools":[{}],"policies":[{}],"flattened":{{}}}}"#,
        regions.join(","),
        endpoints.join(","),
        pools.join(","),
        policies.join(",")
    )
}

fn endpoint(number: u32, member: u32) -> String {
    let id = 100 * number + member;
    let region = 1 + member % REGIONS.len() as u32;
    format!(
        r#"{{"id":{id},"name":"e{id}","region":{region},"ipv4":"203.0.{number}.{member}","ipv6":null,"hostname":null,"weight":null,"priority":null,"bias":null,"capacity":null,"labels":{{}},"admin_state":"enabled","checked":false}}"#
    )
}

fn policy(number: u32) -> String {
    let rules: Vec<String> = RULES
        .iter()
        .map(|(location, regions)| {
            format!(r#"{{"location":"{location}","regions":[{regions}],"pools":[]}}"#)
        })
        .collect();
    let bypass = r#""if_empty":{"action":"bypass"}"#;
    format!(
        r#"{{"id":{number},"name":"w{number}","salt":"{number}","ttl":30,"ttl_min":5,"ecs":"always","pools":[{number}],"steps":[{{"kind":"healthy",{bypass}}},{{"kind":"geo","rules":[{}],"default":"all",{bypass}}},{{"kind":"weighted","weight":1}}]}}"#,
        rules.join(",")
    )
}

//! MMDB files for tests, written from JSON records.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

/// An MMDB file with `records` by network, such as `("10.0.0.0/8", json!({…}))`; the longest match counts.
pub(crate) fn mmdb(records: &[(&str, Value)]) -> Arc<[u8]> {
    written(records).finish().into()
}

/// The same, with each of `networks` pointing to the IPv4 part, as MMDB writers have it of 6to4 and the like.
pub(crate) fn mmdb_with_aliases(records: &[(&str, Value)], networks: &[&str]) -> Arc<[u8]> {
    let mut writer = written(records);
    let ipv4_part = (0..96).fold(0, |node, _| writer.nodes[node][0] as usize);
    for network in networks {
        writer.point(network, ipv4_part as u32);
    }
    writer.finish().into()
}

fn written(records: &[(&str, Value)]) -> Writer {
    let mut writer = Writer::default();
    let entries: Vec<_> = records
        .iter()
        .map(|(network, record)| {
            let (bits, length) = network_bits(network);
            let offset = writer.data.len() as u32;
            encode(record, &mut writer.data);
            Entry {
                bits,
                length,
                offset,
            }
        })
        .collect();
    writer.nodes.push([NOTHING; 2]);
    writer.fill(0, &entries, NOTHING, 0);
    writer
}

/// An MMDB file of `depth` nodes, each of which leads both ways to the next: 2^depth networks, all with `record`.
pub(crate) fn tangled(depth: u32, record: &Value) -> Arc<[u8]> {
    let mut writer = Writer::default();
    encode(record, &mut writer.data);
    writer.nodes = (1..depth).map(|next| [next; 2]).collect();
    writer.nodes.push([DATA; 2]);
    writer.finish().into()
}

#[derive(Clone, Copy)]
struct Entry {
    bits: u128,
    length: u8,
    offset: u32,
}

/// Marks records that point to data or to nothing until the number of nodes is known.
const DATA: u32 = 1 << 31;
const NOTHING: u32 = u32::MAX;

#[derive(Default)]
struct Writer {
    nodes: Vec<[u32; 2]>,
    data: Vec<u8>,
}

impl Writer {
    /// Has `network`, of which nothing is known so far, point to another node.
    fn point(&mut self, network: &str, to: u32) {
        let (bits, length) = network_bits(network);
        let mut node = 0;
        for depth in 0..length {
            let side = (bits >> (127 - depth) & 1) as usize;
            if depth + 1 == length {
                self.nodes[node][side] = to;
            } else if self.nodes[node][side] == NOTHING {
                let child = self.nodes.len();
                self.nodes.push([NOTHING; 2]);
                self.nodes[node][side] = child as u32;
                node = child;
            } else {
                node = self.nodes[node][side] as usize;
            }
        }
    }

    fn fill(&mut self, node: usize, entries: &[Entry], inherited: u32, depth: u8) {
        for side in 0..2 {
            let inside: Vec<_> = entries
                .iter()
                .filter(|entry| (entry.bits >> (127 - depth) & 1) as usize == side)
                .copied()
                .collect();
            let here = inside.iter().find(|entry| entry.length == depth + 1);
            let record = here.map_or(inherited, |entry| DATA | entry.offset);
            let deeper: Vec<_> = inside
                .into_iter()
                .filter(|entry| entry.length > depth + 1)
                .collect();
            if deeper.is_empty() {
                self.nodes[node][side] = record;
            } else {
                let child = self.nodes.len();
                self.nodes.push([NOTHING; 2]);
                self.nodes[node][side] = child as u32;
                self.fill(child, &deeper, record, depth + 1);
            }
        }
    }

    fn finish(self) -> Vec<u8> {
        let count = self.nodes.len() as u32;
        let mut file = Vec::new();
        for record in self.nodes.iter().flatten() {
            let value = match *record {
                NOTHING => count,
                record if record & DATA != 0 => count + 16 + (record & !DATA),
                child => child,
            };
            file.extend(value.to_be_bytes());
        }
        file.extend([0; 16]);
        file.extend(&self.data);
        file.extend(b"\xab\xcd\xefMaxMind.com");
        metadata(count, &mut file);
        file
    }
}

/// Readers insist on the width of each number here.
fn metadata(node_count: u32, out: &mut Vec<u8>) {
    let texts = json!({"database_type": "Test", "languages": [], "description": {}});
    let texts = texts.as_object().expect("an object");
    header(7, texts.len() + 6, out);
    for (key, value) in texts {
        encode(&Value::String(key.clone()), out);
        encode(value, out);
    }
    let mut number = |key: &str, kind: u8, octets: &[u8]| {
        encode(&Value::String(key.to_owned()), out);
        header(kind, octets.len(), out);
        out.extend(octets);
    };
    number("node_count", 6, &node_count.to_be_bytes());
    number("record_size", 5, &[32]);
    number("ip_version", 5, &[6]);
    number("binary_format_major_version", 5, &[2]);
    number("binary_format_minor_version", 5, &[]);
    number("build_epoch", 9, &[]);
}

fn network_bits(network: &str) -> (u128, u8) {
    let (address, length) = network.split_once('/').expect("a network");
    let length: u8 = length.parse().expect("a prefix length");
    match address.parse().expect("an address") {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), length + 96),
        IpAddr::V6(v6) => (v6.to_bits(), length),
    }
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            header(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Number(number) => match number.as_u64() {
            Some(number) => {
                header(6, 4, out);
                out.extend((number as u32).to_be_bytes());
            }
            None => {
                header(3, 8, out);
                out.extend(number.as_f64().expect("a number").to_be_bytes());
            }
        },
        Value::Object(map) => {
            header(7, map.len(), out);
            for (key, value) in map {
                encode(&Value::String(key.clone()), out);
                encode(value, out);
            }
        }
        Value::Array(list) => {
            header(11, list.len(), out);
            list.iter().for_each(|value| encode(value, out));
        }
        Value::Bool(value) => header(14, usize::from(*value), out),
        Value::Null => panic!("MMDB has no null"),
    }
}

fn header(kind: u8, size: usize, out: &mut Vec<u8>) {
    let short = size.min(29) as u8;
    match kind {
        1..=7 => out.push(kind << 5 | short),
        _ => out.extend([short, kind - 7]),
    }
    if size >= 29 {
        out.push(u8::try_from(size - 29).expect("short values"));
    }
}

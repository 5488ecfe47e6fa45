//! The zones: one with every rule of RFC 1034, 4592 and 6672 in it, its child, and one beside them.

use std::collections::BTreeMap;

use super::labels;
use crate::reference::{self, Labels};

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const DNAME: u16 = 39;
const DS: u16 = 43;
const HTTPS: u16 = 65;
const CAA: u16 = 257;
const UNKNOWN: u16 = 65280;
const ALIAS: u16 = 65401;

/// Longer than an answer follows.
const CHAIN: usize = 20;

enum Content {
    Static(Vec<Vec<u8>>),
    Steered(u32),
}

/// A zone under construction; the keys sort as the chunk wants its entries (RFC 4034 section 6.1).
pub struct Zone {
    pub origin: &'static str,
    sets: BTreeMap<(Labels, u16), Content>,
}

impl Zone {
    fn new(origin: &'static str) -> Self {
        let mut zone = Self {
            origin,
            sets: BTreeMap::new(),
        };
        let soa = [wire("ns.z."), wire("host.z."), vec![0; 18], vec![1, 44]].concat();
        zone.put(origin, SOA, &[&soa]);
        zone.names(origin, NS, &["ns.z.", "ns.other."]);
        zone
    }

    fn put(&mut self, owner: &str, record_type: u16, rdatas: &[&[u8]]) {
        let rdatas = rdatas.iter().map(|rdata| rdata.to_vec()).collect();
        self.sets
            .insert((reversed(owner), record_type), Content::Static(rdatas));
    }

    fn names(&mut self, owner: &str, record_type: u16, targets: &[&str]) {
        let targets: Vec<_> = targets.iter().map(|target| wire(target)).collect();
        let targets: Vec<_> = targets.iter().map(Vec::as_slice).collect();
        self.put(owner, record_type, &targets);
    }

    fn addresses(&mut self, owner: &str, last: u8) {
        self.put(owner, A, &[&[192, 0, 2, last], &[192, 0, 2, last + 1]]);
        let v6 = [&[0x20, 1, 0x0d, 0xb8][..], &[0; 11], &[last]].concat();
        self.put(owner, AAAA, &[&v6]);
    }

    fn steer(&mut self, owner: &str, policy: u32) {
        for record_type in [A, AAAA] {
            self.sets
                .insert((reversed(owner), record_type), Content::Steered(policy));
        }
    }

    pub fn owners(&self) -> Vec<Labels> {
        let owners = self.sets.keys().map(|(reversed, _)| {
            let labels = reversed.iter().rev();
            labels.cloned().collect::<Labels>()
        });
        owners.collect()
    }

    pub fn chunk(&self) -> Vec<u8> {
        let count = (self.sets.len() as u32).to_be_bytes();
        let mut chunk = [&b"TMZ1"[..], &wire(self.origin), &count].concat();
        for ((reversed, record_type), content) in &self.sets {
            let owner: Labels = reversed.iter().rev().cloned().collect();
            chunk.extend(reference::wire(&owner));
            chunk.extend(record_type.to_be_bytes());
            chunk.extend(60_u32.to_be_bytes());
            put_content(&mut chunk, content);
        }
        chunk
    }
}

fn put_content(chunk: &mut Vec<u8>, content: &Content) {
    match content {
        Content::Steered(policy) => {
            chunk.push(1);
            chunk.extend(policy.to_be_bytes());
        }
        Content::Static(rdatas) => {
            chunk.push(0);
            chunk.extend((rdatas.len() as u16).to_be_bytes());
            for rdata in rdatas {
                chunk.extend((rdata.len() as u16).to_be_bytes());
                chunk.extend(rdata);
            }
        }
    }
}

pub fn all() -> Vec<Zone> {
    let mut parent = parent();
    large(&mut parent);
    vec![parent, child(), beside()]
}

/// Without what takes long to open.
pub fn small() -> Vec<Zone> {
    vec![parent(), child(), beside()]
}

/// The apex is steered too: a host name is flattened there.
pub fn steered_by(policies: &[u32]) -> Zone {
    let mut zone = Zone::new("z.");
    for policy in policies {
        zone.steer(&format!("s{policy}.z."), *policy);
    }
    if let Some(policy) = policies.last() {
        zone.steer("z.", *policy);
    }
    zone.addresses("a.z.", 1);
    zone
}

fn parent() -> Zone {
    let mut zone = Zone::new("z.");
    plain(&mut zone);
    wildcards(&mut zone);
    links(&mut zone);
    cuts(&mut zone);
    aliases(&mut zone);
    steered(&mut zone);
    zone
}

fn plain(zone: &mut Zone) {
    zone.addresses("ns.z.", 53);
    zone.addresses("a.z.", 1);
    zone.put("a.z.", TXT, &[b"\x01a", b"\x01A", b"\x00"]);
    zone.put("a.z.", MX, &[&[&[0, 10][..], &wire("mx.a.z.")].concat()]);
    let service = [&[0, 1, 0, 2, 0, 80][..], &wire("a.z.")].concat();
    zone.put("_srv._tcp.a.z.", SRV, &[&service]);
    let https = [&[0, 1][..], &wire("."), &[0, 1, 0, 3, 2, b'h', b'2']].concat();
    zone.put("a.z.", HTTPS, &[&https]);
    zone.put("https.z.", HTTPS, &[&[&[0, 0][..], &wire("a.z.")].concat()]);
    zone.put("a.z.", CAA, &[b"\x00\x05issueca.test"]);
    zone.put("unknown.z.", UNKNOWN, &[b"", b"\xC0\x0C"]);
    zone.put("deep.under.nothing.z.", TXT, &[b"\x04deep"]);
    zone.addresses(r"x\.y\000.z.", 9);
}

/// RFC 4592 section 2.2.1, and what it warns of.
fn wildcards(zone: &mut Zone) {
    zone.put("*.w.z.", TXT, &[b"\x04wild"]);
    zone.put(
        "*.w.z.",
        MX,
        &[&[&[0, 10][..], &wire("host1.w.z.")].concat()],
    );
    zone.put("sub.*.w.z.", TXT, &[b"\x03sub"]);
    zone.addresses("host1.w.z.", 20);
    zone.put(
        "_ssh._tcp.host1.w.z.",
        SRV,
        &[&[&[0; 6][..], &wire("host1.w.z.")].concat()],
    );
    zone.names("cut.w.z.", NS, &["ns.example.com.", "ns.z."]);
    zone.names("*.wc.z.", CNAME, &["a.z."]);
    zone.names("*.wl.z.", CNAME, &["x.wl.z."]);
    zone.names("*.wa.z.", ALIAS, &["a.z."]);
}

fn links(zone: &mut Zone) {
    for number in 0..CHAIN {
        let next = format!("c{}.{}", number + 1, ["z.", "other."][(number + 1) % 2]);
        if number % 2 == 0 {
            zone.names(&format!("c{number}.z."), CNAME, &[&next]);
        }
    }
    zone.names("loop1.z.", CNAME, &["loop2.z."]);
    zone.names("loop2.z.", CNAME, &["loop1.z."]);
    zone.names("self.z.", CNAME, &["self.z."]);
    zone.names("out.z.", CNAME, &["www.example.net."]);
    zone.names("gone.z.", CNAME, &["missing.a.z."]);
    zone.names("d.z.", DNAME, &["other."]);
    zone.put("d.z.", TXT, &[b"\x06beside"]);
    zone.names("grow.z.", DNAME, &["grow.grow.z."]);
    zone.names("round.z.", DNAME, &["d2.other."]);
    let label = "l".repeat(63);
    let long = format!("{label}.{label}.{label}.{}.", "l".repeat(50));
    zone.names("long.z.", DNAME, &[&long]);
    zone.names("viad.z.", CNAME, &["a.d.z."]);
    zone.names("back.z.", DNAME, &["forth.z."]);
    zone.names("*.forth.z.", CNAME, &["back.z."]);
}

fn cuts(zone: &mut Zone) {
    zone.names("cut.z.", NS, &["ns.cut.z.", "ns.sib.z.", "ns.example.net."]);
    zone.put("cut.z.", DS, &[&[0, 1, 13, 2, 9, 9]]);
    zone.addresses("ns.cut.z.", 30);
    zone.put("below.cut.z.", TXT, &[b"\x06hidden"]);
    zone.names("sib.z.", NS, &["ns.sib.z."]);
    zone.addresses("ns.sib.z.", 40);
    zone.names("sub.z.", NS, &["ns.sub.z."]);
    zone.put("sub.z.", DS, &[&[0, 2, 13, 2, 8, 8]]);
    zone.addresses("ns.sub.z.", 50);
    zone.names("intocut.z.", CNAME, &["x.cut.z."]);
    let servers: Vec<_> = (0..30)
        .map(|number| format!("ns{number}.many.z."))
        .collect();
    let targets: Vec<_> = servers.iter().map(String::as_str).collect();
    zone.names("many.z.", NS, &targets);
    for server in &targets {
        zone.addresses(server, 60);
    }
}

fn aliases(zone: &mut Zone) {
    let targets = [
        ("flat", "a.z."),
        ("flatchain", "c0.z."),
        ("flatdname", "www.d.z."),
        ("flatknown", "known.example.net."),
        ("flatunknown", "unknown.example.net."),
        ("flatgone", "missing.a.z."),
        ("flatloop", "flatloop.z."),
        ("flatcut", "x.cut.z."),
        ("flatsteered", "s7.z."),
        ("flatnames", "s11.z."),
    ];
    for (owner, target) in targets {
        zone.names(&format!("{owner}.z."), ALIAS, &[target]);
    }
    zone.put("flat.z.", TXT, &[b"\x06beside"]);
}

/// What fits no UDP reply, and what fits no reply at all.
fn large(zone: &mut Zone) {
    for (owner, records, octets) in [
        ("big.z.", 50, 40),
        ("huge.z.", 240, 255),
        ("more.z.", 300, 255),
    ] {
        let texts = (0..records).map(|number: u16| {
            let mut text = vec![number as u8; octets];
            text.extend(number.to_be_bytes());
            text
        });
        let texts: Vec<_> = texts.collect();
        let texts: Vec<_> = texts.iter().map(Vec::as_slice).collect();
        zone.put(owner, UNKNOWN, &texts);
        zone.put(owner, TXT, &[b"\x05large"]);
    }
    zone.names("intobig.z.", CNAME, &["big.z."]);
}

fn steered(zone: &mut Zone) {
    for policy in 1..=super::policies::COUNT {
        zone.steer(&format!("s{policy}.z."), policy);
    }
    zone.put("s1.z.", TXT, &[b"\x06beside"]);
    zone.steer("*.s.z.", 7);
    zone.names("cs.z.", CNAME, &["s12.z."]);
    zone.names("css.z.", CNAME, &["s11.z."]);
}

fn child() -> Zone {
    let mut zone = Zone::new("sub.z.");
    zone.addresses("ns.sub.z.", 51);
    zone.addresses("*.sub.z.", 52);
    zone.names("up.sub.z.", CNAME, &["a.z."]);
    zone.names("across.sub.z.", CNAME, &["*.other."]);
    zone
}

/// With a policy of host names at its apex.
fn beside() -> Zone {
    let mut zone = Zone::new("other.");
    zone.steer("other.", 11);
    zone.names("d2.other.", DNAME, &["round.z."]);
    zone.addresses("www.other.", 70);
    zone.put("*.other.", TXT, &[b"\x05other"]);
    for number in (1..CHAIN).step_by(2) {
        zone.names(
            &format!("c{number}.other."),
            CNAME,
            &[&format!("c{}.z.", number + 1)],
        );
    }
    zone.addresses(&format!("c{CHAIN}.other."), 80);
    zone
}

fn wire(name: &str) -> Vec<u8> {
    reference::wire(&labels(name))
}

fn reversed(name: &str) -> Labels {
    labels(name).into_iter().rev().collect()
}

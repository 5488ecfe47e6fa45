//! Properties of the wire codec over generated input: what is composed parses back, and nothing makes it panic.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::*;
use responder_core::wire::edns::Extras;
use responder_core::wire::message::{Message, Record};
use responder_core::wire::writer::{MessageWriter, Owner, Section, Verdict, WriterScratch};
use responder_core::wire::{
    ClientSubnet, Edns, LookupName, Name, NameBuf, Query, Rcode, RecordType, Refusal, compose,
};

fn label() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "www", "example", "test", "A", "*"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 1..=63),
    ]
}

/// Names that often share suffixes, so that compression has something to do.
fn name() -> impl Strategy<Value = Vec<u8>> {
    vec(label(), 0..6).prop_map(|labels| {
        let mut octets = Vec::new();
        for label in labels {
            if octets.len() + label.len() + 2 <= 255 {
                octets.push(label.len() as u8);
                octets.extend(label);
            }
        }
        octets.push(0);
        octets
    })
}

fn rdata(record_type: RecordType) -> BoxedStrategy<Vec<u8>> {
    match record_type {
        RecordType::A => vec(any::<u8>(), 4).boxed(),
        RecordType::NS | RecordType::CNAME | RecordType::PTR | RecordType::DNAME => name().boxed(),
        RecordType::MX => (vec(any::<u8>(), 2), name())
            .prop_map(|(preference, name)| [preference, name].concat())
            .boxed(),
        RecordType::SRV => (vec(any::<u8>(), 6), name())
            .prop_map(|(fields, name)| [fields, name].concat())
            .boxed(),
        RecordType::SOA => (name(), name(), vec(any::<u8>(), 20))
            .prop_map(|(primary, mailbox, numbers)| [primary, mailbox, numbers].concat())
            .boxed(),
        _ => vec(any::<u8>(), 0..80).boxed(),
    }
}

#[derive(Debug, Clone)]
struct Set {
    section: Section,
    owner: Vec<u8>,
    record_type: RecordType,
    ttl: u32,
    rdatas: Vec<Vec<u8>>,
}

fn set() -> impl Strategy<Value = Set> {
    let types = [1, 2, 5, 6, 12, 15, 16, 33, 39, 65280].map(RecordType);
    let sections = [Section::Answer, Section::Authority, Section::Additional];
    let record_type = prop::sample::select(types.to_vec());
    record_type.prop_flat_map(move |record_type| {
        let section = prop::sample::select(sections.to_vec());
        let rdatas = vec(rdata(record_type), 1..4);
        (section, name(), any::<u32>(), rdatas).prop_map(move |(section, owner, ttl, rdatas)| Set {
            section,
            owner,
            record_type,
            ttl,
            rdatas,
        })
    })
}

fn lowered(octets: &[u8]) -> Vec<u8> {
    NameBuf::lowered(Name::whole(octets).unwrap())
        .as_name()
        .as_bytes()
        .to_vec()
}

/// A record whatever the case of its names: compression may point to another spelling.
fn comparable(record: &Record) -> (Vec<u8>, RecordType, u32, Vec<u8>) {
    let owner = lowered(record.owner.as_name().as_bytes());
    let rdata = record.rdata.to_ascii_lowercase();
    (owner, record.record_type, record.ttl, rdata)
}

fn in_section(sets: &[Set], section: Section) -> Vec<(Vec<u8>, RecordType, u32, Vec<u8>)> {
    let sets = sets.iter().filter(|set| set.section == section);
    let records = sets.flat_map(|set| {
        let owner = lowered(&set.owner);
        set.rdatas.iter().map(move |rdata| {
            let rdata = rdata.to_ascii_lowercase();
            (owner.clone(), set.record_type, set.ttl, rdata)
        })
    });
    records.collect()
}

fn records(records: &[Record]) -> Vec<(Vec<u8>, RecordType, u32, Vec<u8>)> {
    records.iter().map(comparable).collect()
}

fn compose_sets(question: &[u8], sets: &[Set], limit: usize, out: &mut Vec<u8>) -> Vec<Set> {
    *out = [&[0x12, 0x67, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], question].concat();
    let query = Query {
        record_type: RecordType::A,
        class: 1,
        question_end: out.len() as u16,
        edns: None,
    };
    out.resize(65535, 0);
    let mut scratch = WriterScratch::default();
    let extras = Extras::default();
    let mut writer = MessageWriter::new((&query, &extras), out, limit, &mut scratch);
    let mut written = Vec::new();
    for set in sets {
        let owner = Owner::Name(Name::whole(&set.owner).unwrap());
        let rdatas = set.rdatas.iter().map(Vec::as_slice);
        if writer
            .put(set.section, owner, set.record_type, set.ttl, rdatas)
            .is_ok()
        {
            written.push(set.clone());
        }
    }
    let length = writer.finish(Verdict::of(Rcode::NOERROR));
    out.truncate(length);
    written
}

proptest! {
    #[test]
    fn what_is_composed_parses_back(
        qname in name(),
        mut sets in vec(set(), 0..8),
        limit in prop_oneof![Just(512_usize), Just(1232), Just(65535)],
    ) {
        sets.sort_by_key(|set| set.section as u8);
        let question = [&qname[..], &[0, 1, 0, 1]].concat();
        let mut out = Vec::new();
        let written = compose_sets(&question, &sets, limit, &mut out);
        prop_assert!(out.len() <= limit);
        let message = Message::parse(&out).unwrap();
        prop_assert_eq!(message.id, 0x1267);
        prop_assert_eq!(records(&message.answer), in_section(&written, Section::Answer));
        prop_assert_eq!(records(&message.authority), in_section(&written, Section::Authority));
        prop_assert_eq!(records(&message.additional), in_section(&written, Section::Additional));
    }

    #[test]
    fn compression_never_lengthens(qname in name(), mut sets in vec(set(), 0..8)) {
        sets.sort_by_key(|set| set.section as u8);
        let question = [&qname[..], &[0, 1, 0, 1]].concat();
        let mut out = Vec::new();
        let written = compose_sets(&question, &sets, 65535, &mut out);
        let plain = |set: &Set| -> usize {
            set.rdatas.iter().map(|rdata| set.owner.len() + 10 + rdata.len()).sum()
        };
        let uncompressed: usize = written.iter().map(plain).sum();
        prop_assert!(out.len() <= 12 + question.len() + uncompressed);
    }

    #[test]
    fn a_composed_query_parses_back(qname in name(), number in 1_u16..128, subnet in subnet()) {
        prop_assume!(!RecordType(number).is_meta());
        let name = Name::whole(&qname).unwrap();
        let packet = compose::query(name, RecordType(number), subnet.as_ref());
        let mut asked = LookupName::root();
        let mut query = Query::new();
        query.read(&packet, &mut asked).map_err(|refusal| {
            TestCaseError::fail(format!("{refusal:?}"))
        })?;
        prop_assert_eq!(asked.as_name().as_bytes(), lowered(&qname));
        prop_assert_eq!(usize::from(query.question_end), 12 + qname.len() + 4);
        prop_assert_eq!(query.record_type, RecordType(number));
        prop_assert_eq!(query.edns.unwrap().client_subnet, subnet);
    }

    #[test]
    fn arbitrary_octets_never_panic(octets in vec(any::<u8>(), 0..600)) {
        let _ = Query::new().read(&octets, &mut LookupName::root());
        let _ = Message::parse(&octets);
        let _ = ClientSubnet::parse(&octets);
        let _ = Edns::read(&mut None, 1232, 0, &octets);
        let _ = Name::split_from(&octets);
    }

    #[test]
    fn a_spoiled_query_never_panics(
        qname in name(),
        subnet in subnet(),
        spoils in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut packet = compose::query(Name::whole(&qname).unwrap(), RecordType::A, subnet.as_ref());
        for (place, octet) in spoils {
            let place = place.index(packet.len());
            packet[place] = octet;
        }
        let length = cut.index(packet.len()) + 1;
        let mut query = Query::new();
        let read = query.read(&packet[..length], &mut LookupName::root());
        if let Err(Refusal::Reply(_)) = read {
            prop_assert!((12..=length).contains(&query.question_end.into()));
        }
    }

    #[test]
    fn a_client_subnet_is_echoed_octet_by_octet(subnet in subnet()) {
        let Some(subnet) = subnet else { return Ok(()) };
        let (data, length) = (subnet.composed(0), subnet.composed_len());
        prop_assert_eq!(length, subnet.composed_len());
        prop_assert_eq!(ClientSubnet::parse(&data[..length]), Ok(subnet));
    }

    #[test]
    fn a_name_survives_its_text(qname in name()) {
        let name = Name::whole(&qname).unwrap();
        let back = NameBuf::from_text(&name.to_string()).unwrap();
        prop_assert_eq!(back.as_name().as_bytes(), &qname[..]);
    }

    #[test]
    fn canonical_order_compares_labels_from_the_right(left in name(), right in name()) {
        let (left, right) = (Name::whole(&left).unwrap(), Name::whole(&right).unwrap());
        let reversed = |name: Name<'_>| {
            let mut labels: Vec<_> = name.labels().map(<[u8]>::to_vec).collect();
            labels.reverse();
            labels
        };
        prop_assert_eq!(left.canonical_cmp(right), reversed(left).cmp(&reversed(right)));
    }

    #[test]
    fn a_name_is_within_exactly_its_ancestors(left in name(), right in name()) {
        let (left, right) = (Name::whole(&left).unwrap(), Name::whole(&right).unwrap());
        let expected = left.ancestors().any(|ancestor| ancestor == right);
        prop_assert_eq!(left.is_within(right), expected);
    }
}

prop_compose! {
    fn subnet()(
        given in any::<bool>(),
        address in any::<IpAddr>(),
        length in 0_u8..=128,
    ) -> Option<ClientSubnet> {
        let (address, length) = match address {
            IpAddr::V4(v4) => {
                let length = length % 33;
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                (IpAddr::from((v4.to_bits() & mask).to_be_bytes()), length)
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                (IpAddr::from((v6.to_bits() & mask).to_be_bytes()), length)
            }
        };
        given.then(|| ClientSubnet::new(address, length).unwrap())
    }
}

#[test]
fn a_name_that_fills_255_octets_fits_and_no_longer_one_does() {
    let label = "x".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}.", "x".repeat(61));
    assert_eq!(
        NameBuf::from_text(&longest)
            .unwrap()
            .as_name()
            .as_bytes()
            .len(),
        255
    );
    assert!(NameBuf::from_text(&format!("x{longest}")).is_err());
    assert!(NameBuf::from_text(&format!("y.{longest}")).is_err());
}

#[test]
fn pointers_may_only_point_backwards() {
    let header = [0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    let tail = [0, 1, 0, 1, 0, 0, 0, 0, 0, 0];
    let parse = |owner: &[u8]| Message::parse(&[&header[..], owner, &tail].concat()).is_ok();
    assert!(parse(&[1, b'a', 0]));
    assert!(!parse(&[0xC0, 12]), "to itself");
    assert!(!parse(&[1, b'a', 0xC0, 12]), "to its own start");
    assert!(!parse(&[0xC0, 14, 1, b'a', 0]), "forwards");
    assert!(!parse(&[0xC0, 4]), "into the header");
}

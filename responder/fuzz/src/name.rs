//! Names: read with their compression pointers, compared, changed, written with compression and read back.

use arbitrary::{Result, Unstructured};
use responder_core::wire::reader::Reader;
use responder_core::wire::writer::Section;
use responder_core::wire::{Name, NameBuf};

use crate::question::any_name;
use crate::reference::{self, HEADER, LONGEST_NAME, Labels};
use crate::seam::{self, Head, Set};

const NS: u16 = 2;
/// Past what the writer remembers, and past what a pointer reaches.
const MOST_NAMES: usize = 300;

pub fn check(octets: &[u8]) {
    for at in [0, HEADER, octets.len() / 2] {
        check_read(octets, at);
    }
    check_split(octets);
    check_text(octets);
    let _ = check_names(&mut Unstructured::new(octets));
}

fn check_read(octets: &[u8], at: usize) {
    let mut reader = Reader::new(octets).at(at);
    let read = reader.name();
    match (read, reference::name(octets, at)) {
        (Ok(name), Some((labels, end))) => {
            assert_eq!(name.as_name().as_bytes(), reference::wire(&labels));
            assert_eq!(reader.position(), end);
            check_name(name.as_name(), &labels);
        }
        (Err(_), None) => {}
        (read, plain) => panic!("at {at}: {read:?}, but plainly {plain:?}"),
    }
}

/// Without pointers.
fn check_split(octets: &[u8]) {
    let plain = reference::name(octets, 0);
    let plain = plain.filter(|(labels, end)| reference::wire(labels).len() == *end);
    match Name::split_from(octets) {
        Ok((name, rest)) => {
            let (labels, end) = plain.expect("a name was split off");
            assert_eq!((name.as_bytes(), rest), octets.split_at(end));
            check_name(name, &labels);
        }
        Err(_) => assert_eq!(plain, None),
    }
}

fn check_name(name: Name<'_>, labels: &Labels) {
    assert!(name.as_bytes().len() <= LONGEST_NAME);
    assert!(name.labels().all(|label| (1..=63).contains(&label.len())));
    assert_eq!(name.labels().collect::<Vec<_>>(), *labels);
    assert_eq!(name.label_count(), labels.len());
    assert_eq!(name.is_root(), labels.is_empty());
    let lowered = NameBuf::lowered(name);
    assert!(lowered.as_name().is_lowered());
    assert_eq!(
        lowered.as_name().as_bytes(),
        reference::wire(&reference::lowered(labels))
    );
    let text = name.to_string();
    assert_eq!(NameBuf::from_text(&text), Ok(NameBuf::from(name)), "{text}");
}

/// A name read from any text is one that its own text means.
fn check_text(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    if let Ok(name) = NameBuf::from_text(text) {
        let (labels, end) = reference::name(name.as_name().as_bytes(), 0).expect("well-formed");
        assert_eq!(end, name.as_name().as_bytes().len());
        check_name(name.as_name(), &labels);
    }
}

fn check_names(u: &mut Unstructured<'_>) -> Result<()> {
    let mut names = Vec::new();
    let count = u.int_in_range(0..=MOST_NAMES)?;
    while names.len() < count && !u.is_empty() {
        names.push(any_name(u)?);
    }
    for pair in names.windows(2).take(8) {
        check_pair(&pair[0], &pair[1]);
    }
    if let [name, owner, target, ..] = &names[..] {
        check_substituted(name, owner, target);
    }
    check_written(&names);
    Ok(())
}

fn check_pair(left: &Labels, right: &Labels) {
    let (left_wire, right_wire) = (reference::wire(left), reference::wire(right));
    let (left_name, right_name) = (whole(&left_wire), whole(&right_wire));
    let (from_right, to_left) = (left.iter().rev(), right.iter().rev());
    assert_eq!(left_name.canonical_cmp(right_name), from_right.cmp(to_left));
    assert_eq!(left_name.is_within(right_name), left.ends_with(right));
}

/// RFC 6672 section 2.2: what is left of the owner goes before the target.
fn check_substituted(name: &Labels, owner: &Labels, target: &Labels) {
    let below = [&name[..], owner].concat();
    let expected = reference::wire(&[&name[..], target].concat());
    let below = reference::wire(&below);
    if below.len() > LONGEST_NAME {
        return;
    }
    let (owner, target) = (reference::wire(owner), reference::wire(target));
    match NameBuf::substituted(whole(&below), whole(&owner), whole(&target)) {
        Ok(substitute) => assert_eq!(substitute.as_name().as_bytes(), expected),
        Err(_) => assert!(expected.len() > LONGEST_NAME),
    }
}

/// Every name comes back from a message that compresses them, as owner and as rdata.
fn check_written(names: &[Labels]) {
    let sets = names.iter().map(|name| Set {
        section: Section::Answer,
        owner: reference::wire(name),
        record_type: NS,
        ttl: 0,
        rdatas: vec![reference::wire(name)],
    });
    let question = names.last().map(|name| reference::wire(name));
    let head = Head {
        id: 0,
        question: [&question.unwrap_or(vec![0])[..], &[0, 2, 0, 1]].concat(),
        edns: None,
        scope: 0,
        limit: 65535,
    };
    let (message, fitted) = seam::compose(&head, &sets.collect::<Vec<_>>());
    let read = reference::message(&message).expect("a composed message is well-formed");
    assert_eq!(read.end, message.len());
    let put = names.iter().zip(&fitted).filter(|(_, fitted)| **fitted);
    let put: Vec<_> = put.map(|(name, _)| reference::lowered(name)).collect();
    let owners: Vec<_> = read
        .answer
        .iter()
        .map(|it| reference::lowered(&it.owner))
        .collect();
    assert_eq!(owners, put);
    for record in &read.answer {
        let (target, end) = reference::name(&message, record.at).expect("a name as rdata");
        assert_eq!(end, record.at + record.rdata.len());
        assert_eq!(
            reference::lowered(&target),
            reference::lowered(&record.owner)
        );
    }
}

fn whole(wire: &[u8]) -> Name<'_> {
    Name::whole(wire).expect("a well-formed name")
}

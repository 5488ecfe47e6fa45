//! `Query::read` and `Message::parse` over any octets, beside the plain reader.

use responder_core::wire::message::{Message, Record};
use responder_core::wire::{Query, Rcode};

use crate::reference::{self, HEADER, OPT};
use crate::seam::{self, Read};

pub fn check(octets: &[u8]) {
    check_query(octets);
    check_message(octets);
}

fn check_query(octets: &[u8]) {
    let is_query = octets.len() >= HEADER && octets[2] & 0x80 == 0;
    match seam::read_query(octets) {
        Read::Ignored => assert!(!is_query, "a query was ignored"),
        Read::Refused(rcode, query) => {
            assert!(is_query);
            check_refused(octets, rcode, &query);
        }
        Read::Query { query, name } => {
            assert!(is_query);
            check_accepted(octets, &query, &name);
        }
    }
}

fn check_refused(octets: &[u8], rcode: Rcode, query: &Query) {
    assert_ne!(rcode, Rcode::NOERROR);
    if octets[2] & 0x78 != 0 {
        assert_eq!(rcode, Rcode::NOTIMP);
    }
    let end = usize::from(query.question_end);
    if end != HEADER {
        let (question, plain_end) =
            reference::question(octets, HEADER).expect("a question was read");
        assert_eq!(
            (end, query.record_type.0),
            (plain_end, question.record_type)
        );
    }
}

/// What is looked up at all is a query that the plain reader reads to the same effect.
fn check_accepted(octets: &[u8], query: &Query, name: &[u8]) {
    let message = reference::message(octets).expect("an accepted query is well-formed");
    assert_eq!(message.end, octets.len());
    assert_eq!(message.opcode(), 0);
    let [question] = &message.questions[..] else {
        panic!("{} questions", message.questions.len());
    };
    assert_eq!(name, reference::wire(&reference::lowered(&question.name)));
    assert_eq!(query.record_type.0, question.record_type);
    let (_, end) = reference::question(octets, HEADER).expect("read above");
    assert_eq!(usize::from(query.question_end), end);
    check_edns(&message, query);
}

fn check_edns(message: &reference::Message, query: &Query) {
    let opts = message.additional.iter();
    let opts: Vec<_> = opts.filter(|record| record.record_type == OPT).collect();
    assert!(opts.len() <= 1, "more than one OPT record was accepted");
    let (Some(opt), Some(edns)) = (opts.first(), &query.edns) else {
        assert!(opts.is_empty() && query.edns.is_none());
        return;
    };
    assert!(opt.owner.is_empty());
    assert_eq!(edns.udp_size, opt.class.max(512));
    let options = reference::options(&opt.rdata).expect("options were accepted");
    let subnets = options.iter().filter(|(code, _)| *code == 8).count();
    assert!(subnets <= 1, "two client subnets were accepted");
    assert_eq!(edns.client_subnet.is_some(), subnets == 1);
}

fn check_message(octets: &[u8]) {
    let Ok(message) = Message::parse(octets) else {
        return check_unreadable(octets);
    };
    let plain = reference::message(octets).expect("read by Message::parse");
    assert_eq!(message.id, plain.id);
    assert_eq!(message.authoritative, plain.is_authoritative());
    assert_eq!(message.truncated, plain.is_truncated());
    assert_eq!(message.edns.is_some(), !plain.opts().is_empty());
    let sections = [&message.answer, &message.authority, &message.additional];
    for (section, plain) in sections.into_iter().zip(plain.sections()) {
        check_section(octets, section, plain);
    }
}

fn check_section(octets: &[u8], section: &[Record], plain: &[reference::Record]) {
    let plain: Vec<_> = plain.iter().filter(|it| it.record_type != OPT).collect();
    assert_eq!(section.len(), plain.len());
    for (record, plain) in section.iter().zip(plain) {
        assert_eq!(
            record.owner.as_name().as_bytes(),
            reference::wire(&plain.owner)
        );
        assert_eq!(record.record_type.0, plain.record_type);
        assert_eq!(record.ttl, plain.ttl);
        assert_eq!(
            Some(&record.rdata),
            reference::plain_rdata(octets, plain).as_ref()
        );
        assert!(record.to_string().is_ascii());
    }
}

/// A message is refused for a field that is cut short, a name, or what stands in an OPT record, and for nothing else.
fn check_unreadable(octets: &[u8]) {
    let Some(plain) = reference::message(octets) else {
        return;
    };
    let is_readable = plain.records().all(|record| match record.record_type {
        OPT => reference::options(&record.rdata).is_some(),
        _ => reference::plain_rdata(octets, record).is_some(),
    });
    assert!(!is_readable, "a well-formed message was not read");
}

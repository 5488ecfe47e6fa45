//! The SOA record of negative answers, prepared when the zone is loaded: most of what a zone is asked does not exist.

use super::Zone;
use crate::wire::writer::Prepared;
use crate::wire::{Name, RecordType, types::CLASS_IN};

/// Any two octets: the pointer is written over them.
const POINTER: [u8; 2] = [0; 2];
/// Serial, refresh, retry, expire and minimum.
const NUMBERS: usize = 20;

/// The SOA of `zone` with the TTL of its negative answers.
pub(super) fn prepared(zone: &Zone) -> Prepared {
    let rdata = zone.apex().record_set(RecordType::SOA);
    let rdata = rdata
        .and_then(|soa| soa.rdatas().next())
        .unwrap_or_default();
    let mut preparing = Preparing {
        origin: zone.origin(),
        octets: Vec::new(),
        pointers: Vec::new(),
    };
    preparing.put_name(zone.origin());
    preparing.put_u16(RecordType::SOA.0);
    preparing.put_u16(CLASS_IN);
    preparing
        .octets
        .extend_from_slice(&zone.negative_ttl().to_be_bytes());
    preparing.put_rdata(rdata);
    Prepared {
        octets: preparing.octets.into(),
        pointers: preparing.pointers.into(),
    }
}

struct Preparing<'z> {
    origin: Name<'z>,
    octets: Vec<u8>,
    pointers: Vec<(u16, u8)>,
}

impl Preparing<'_> {
    fn put_rdata(&mut self, rdata: &[u8]) {
        let length_at = self.octets.len();
        self.put_u16(0);
        let numbers = rdata.len().saturating_sub(NUMBERS);
        let (mut names, numbers) = rdata.split_at_checked(numbers).unwrap_or((&[], &[]));
        while let Ok((name, rest)) = Name::split_from(names) {
            self.put_name(name);
            names = rest;
        }
        self.octets.extend_from_slice(numbers);
        let length = (self.octets.len() - length_at - 2) as u16;
        let field = self.octets.iter_mut().skip(length_at);
        for (to, from) in field.zip(length.to_be_bytes()) {
            *to = from;
        }
    }

    /// Labels up to the first name at or above the origin, which the question's name contains.
    fn put_name(&mut self, name: Name<'_>) {
        let mut rest = name;
        while let Some((label, parent)) = rest.split_label() {
            if self.origin.is_within(rest) {
                let at = self.octets.len() as u16;
                self.pointers.push((at, rest.as_bytes().len() as u8));
                self.octets.extend_from_slice(&POINTER);
                return;
            }
            self.octets.push(label.len() as u8);
            self.octets.extend_from_slice(label);
            rest = parent;
        }
        self.octets.push(0);
    }

    fn put_u16(&mut self, number: u16) {
        self.octets.extend_from_slice(&number.to_be_bytes());
    }
}

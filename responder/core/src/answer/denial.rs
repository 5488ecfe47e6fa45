//! Negative answers: the SOA says how long they hold (RFC 2308).

use super::resolution::{Next, Resolution};
use crate::observe::{Observer, StageOutcome};
use crate::wire::writer::{Owner, Section};
use crate::wire::{Name, Rcode, RecordType};
use crate::zone::Zone;

impl<'w, O: Observer> Resolution<'w, '_, O> {
    /// Denies `name` (NXDOMAIN) or the type asked for (NOERROR). A flattened owner exists whatever its target does.
    pub(super) fn deny(&mut self, zone: &'w Zone, name: Name<'_>, rcode: Rcode) -> Next {
        let outcome = match rcode {
            Rcode::NXDOMAIN => StageOutcome::Nxdomain,
            _ => StageOutcome::Nodata,
        };
        self.saw(Some(zone), name, outcome);
        match &self.flattening {
            Some(flattening) => self.put_soa(flattening.zone),
            None => {
                self.verdict.rcode = rcode;
                self.put_soa(zone);
            }
        }
        Next::Done
    }

    pub(super) fn put_soa(&mut self, zone: &'w Zone) {
        let Some(soa) = zone.apex().record_set(RecordType::SOA) else {
            return;
        };
        let put = match self.is_first() {
            true => self.writer.put_prepared(Section::Authority, zone.denial()),
            false => self.writer.put(
                Section::Authority,
                Owner::Name(zone.origin()),
                RecordType::SOA,
                zone.negative_ttl(),
                soa.rdatas(),
            ),
        };
        self.verdict.truncated |= put.is_err();
    }
}

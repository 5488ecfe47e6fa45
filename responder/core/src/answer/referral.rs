//! Referrals to the servers of a delegated zone, with the addresses we know of them (RFC 9471).

use super::resolution::{Next, Resolution};
use crate::observe::{Observer, StageOutcome};
use crate::wire::writer::{Full, Owner, Section};
use crate::wire::{LookupName, Name, NameBuf, RecordType};
use crate::zone::{NodeRef, RecordSet, Zone};

impl<'w, O: Observer> Resolution<'w, '_, O> {
    pub(super) fn refer(&mut self, zone: &'w Zone, name: Name<'_>, cut: NodeRef<'w>) -> Next {
        if self.flattening.is_some() {
            return self.outside(name);
        }
        self.saw(Some(zone), name, StageOutcome::Referral);
        if self.is_first() {
            self.verdict.authoritative = false;
        }
        if let Some(servers) = cut.record_set(RecordType::NS) {
            let put = self.put_referral(zone, cut.name(), &servers);
            self.verdict.truncated |= put.is_err();
        }
        Next::Done
    }

    /// `Full` if the referral would be useless: without its servers, or without the address of one below the cut.
    fn put_referral(
        &mut self,
        zone: &'w Zone,
        cut: Name<'_>,
        servers: &RecordSet<'w>,
    ) -> Result<(), Full> {
        let (section, ttl_s) = (Section::Authority, servers.ttl);
        self.writer.put(
            section,
            Owner::Name(cut),
            RecordType::NS,
            ttl_s,
            servers.rdatas(),
        )?;
        let targets = || servers.rdatas().filter_map(|rdata| Name::whole(rdata).ok());
        let targets = || targets().map(NameBuf::lowered);
        for below in targets().filter(|target| target.as_name().is_within(cut)) {
            self.put_glue(zone, below.as_name())?;
        }
        // "in case of sibling glue … the name server MAY omit": what does not fit is left out silently.
        for beside in targets().filter(|target| !target.as_name().is_within(cut)) {
            if self.put_glue(zone, beside.as_name()).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn put_glue(&mut self, zone: &'w Zone, server: Name<'_>) -> Result<(), Full> {
        if !server.is_within(zone.origin()) {
            return Ok(());
        }
        let Some(node) = zone.glue_node(&LookupName::of(server)) else {
            return Ok(());
        };
        let addresses = node
            .record_sets()
            .filter(|set| set.record_type.is_address());
        for set in addresses.filter(RecordSet::is_static) {
            let (section, record_type) = (Section::Additional, set.record_type);
            self.writer.put(
                section,
                Owner::Name(server),
                record_type,
                set.ttl,
                set.rdatas(),
            )?;
        }
        Ok(())
    }
}

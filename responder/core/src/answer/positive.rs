//! What an existing name answers: its records, or where it points to.

use super::resolution::{Flattening, Next, Resolution};
use crate::observe::{Observer, StageOutcome};
use crate::wire::writer::{Owner, Section};
use crate::wire::{LookupName, Name, NameBuf, Rcode, RecordType};
use crate::zone::{Data, NodeRef, RecordSet, Zone};

/// RFC 8482 section 4.2: a HINFO record that says why there is no more.
const HINFO_RFC8482: &[u8] = b"\x07RFC8482\x00";
const HINFO_TTL_S: u32 = 3600;

impl<'w, O: Observer> Resolution<'w, '_, O> {
    /// Answers from `node`, which is `name` itself or the wildcard that stands in for it, as `outcome` says.
    pub(super) fn at_node(
        &mut self,
        zone: &'w Zone,
        lookup: &LookupName,
        node: NodeRef<'w>,
        outcome: StageOutcome,
    ) -> Next {
        let name = lookup.as_name();
        if self.record_type == RecordType::ANY {
            return self.any(zone, name, node, outcome);
        }
        // How a name is flattened is our affair.
        let shown = |set: &RecordSet<'_>| set.record_type != RecordType::ALIAS;
        if let Some(set) = node.record_set(self.record_type).filter(shown) {
            return match set.data {
                Data::Steered { policy } => self.steer(zone, lookup, policy),
                Data::Static(_) => {
                    self.saw(Some(zone), name, outcome);
                    // A chain can lead back to the DNAME that it came by, which is in the answer already.
                    if self.record_type != RecordType::DNAME
                        || self.trail.dnames.enter(lookup.full_hash())
                    {
                        self.answer_with(name, &set);
                    }
                    // What is truncated is asked for again: it is to be small.
                    if !self.verdict.truncated {
                        self.bring_along(name, &set);
                    }
                    Next::Done
                }
            };
        }
        if let Some(cname) = node.record_set(RecordType::CNAME) {
            self.saw(Some(zone), name, StageOutcome::Cname);
            return self.follow(name, &cname);
        }
        match node.record_set(RecordType::ALIAS) {
            Some(alias) if self.record_type.is_address() => self.alias(zone, name, &alias),
            _ => self.deny(zone, name, Rcode::NOERROR),
        }
    }

    /// RFC 8482 section 4.1: one RRset is answer enough; HINFO where all that is there depends on the client.
    fn any(
        &mut self,
        zone: &'w Zone,
        name: Name<'_>,
        node: NodeRef<'w>,
        outcome: StageOutcome,
    ) -> Next {
        if node.record_sets().next().is_none() {
            return self.deny(zone, name, Rcode::NOERROR);
        }
        self.saw(Some(zone), name, outcome);
        let shown = |set: &RecordSet<'_>| set.is_static() && set.record_type != RecordType::ALIAS;
        match node.record_sets().find(shown) {
            Some(set) => self.answer_with(name, &set),
            None => {
                let hinfo = std::iter::once(HINFO_RFC8482);
                self.put_answer(name, RecordType::HINFO, HINFO_TTL_S, hinfo)
            }
        }
    }

    fn follow(&mut self, name: Name<'_>, cname: &RecordSet<'w>) -> Next {
        let Some(target) = cname.target() else {
            return Next::Done;
        };
        match &mut self.flattening {
            Some(flattening) => flattening.ttl_s = flattening.ttl_s.min(cname.ttl),
            None => {
                self.answer_with(name, cname);
            }
        }
        self.unless_full(target)
    }

    /// RFC 6672 section 3.2: the DNAME, a CNAME made from it, and on with what that names.
    pub(super) fn substitute(
        &mut self,
        zone: &'w Zone,
        name: Name<'_>,
        owner: NodeRef<'w>,
    ) -> Next {
        self.saw(Some(zone), name, StageOutcome::Dname);
        let Some(dname) = owner.record_set(RecordType::DNAME) else {
            return Next::Done;
        };
        self.put_dname(owner.name(), &dname);
        let target = dname.target().unwrap_or(NameBuf::ROOT);
        let Ok(target) = NameBuf::substituted(name, owner.name(), target.as_name()) else {
            // A flattened owner has no DNAME that the client could make sense of.
            self.verdict.rcode = match self.flattening {
                Some(_) => Rcode::SERVFAIL,
                None => Rcode::YXDOMAIN,
            };
            return Next::Done;
        };
        if self.flattening.is_none() {
            let cname = std::iter::once(target.as_name().as_bytes());
            self.put_answer(name, RecordType::CNAME, dname.ttl, cname);
        }
        match self.record_type {
            RecordType::CNAME | RecordType::ANY => Next::Done,
            _ => self.unless_full(target),
        }
    }

    /// Answers with the addresses of another name as if they were the name's own.
    fn alias(&mut self, zone: &'w Zone, name: Name<'_>, alias: &RecordSet<'w>) -> Next {
        self.saw(Some(zone), name, StageOutcome::Alias);
        let Some(target) = alias.target() else {
            return Next::Done;
        };
        self.flatten(zone, name, alias.ttl);
        Next::Follow(target)
    }

    /// From here on, only addresses are looked for, and answered as those of `name`.
    pub(super) fn flatten(&mut self, zone: &'w Zone, name: Name<'_>, ttl_s: u32) {
        match &mut self.flattening {
            Some(flattening) => flattening.ttl_s = flattening.ttl_s.min(ttl_s),
            None => {
                let is_question = self.is_first();
                self.flattening = Some(Flattening {
                    owner: (!is_question).then(|| name.into()),
                    ttl_s,
                    zone,
                });
            }
        }
    }

    /// Shows a DNAME that leads on, unless names are being flattened, and once.
    fn put_dname(&mut self, owner: Name<'_>, dname: &RecordSet<'w>) {
        if let Some(flattening) = &mut self.flattening {
            flattening.ttl_s = flattening.ttl_s.min(dname.ttl);
        } else if self.trail.dnames.enter(LookupName::of(owner).full_hash()) {
            let put = self.writer.put(
                Section::Answer,
                Owner::Name(owner),
                RecordType::DNAME,
                dname.ttl,
                dname.rdatas(),
            );
            self.verdict.truncated |= put.is_err();
        }
    }

    pub(super) fn unless_full(&self, target: NameBuf) -> Next {
        match self.verdict.truncated {
            true => Next::Done,
            false => Next::Follow(target),
        }
    }
}

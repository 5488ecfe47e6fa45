//! What the client will ask for next: addresses of the hosts that an answer names (RFC 1035 section 3.3, RFC 2782), and
//! for SVCB and HTTPS the target's own records of the type too (RFC 9460 section 4.1).
//!
//! Only static data comes along. What a policy would choose holds for one client: it would narrow the scope of an
//! answer that everybody may have (E1).

use super::resolution::Resolution;
use crate::observe::Observer;
use crate::wire::svcb::{self, Target};
use crate::wire::writer::{Full, Owner, Section};
use crate::wire::{LookupName, Name, RecordType};
use crate::zone::{Found, NodeRef, RecordSet};

/// Names that one answer brings along at most: who names more can be asked about each.
const MOST_TARGETS: usize = 16;

impl<'w, O: Observer> Resolution<'w, '_, O> {
    /// Brings along what is known of the targets of `set`, which answers for `owner`; what does not fit is left out.
    pub(super) fn bring_along(&mut self, owner: Name<'_>, set: &RecordSet<'w>) {
        for rdata in set.rdatas().take(MOST_TARGETS) {
            let target = target(set.record_type, rdata, owner).map(LookupName::of);
            if let Some(target) = target
                && self.trail.brought_along.enter(target.full_hash())
                && self.bring_host(owner, set.record_type, &target).is_err()
            {
                return;
            }
        }
    }

    fn bring_host(
        &mut self,
        owner: Name<'_>,
        record_type: RecordType,
        target: &LookupName,
    ) -> Result<(), Full> {
        let Some(node) = self.host(target) else {
            return Ok(());
        };
        if is_service(record_type) && target.as_name() != owner {
            self.bring(target, node, record_type)?;
        }
        self.bring(target, node, RecordType::A)?;
        self.bring(target, node, RecordType::AAAA)
    }

    /// Where our zones have authority over `target`; glue is none.
    fn host(&self, target: &LookupName) -> Option<NodeRef<'w>> {
        let zone = self.world.zones().deepest(target)?;
        match zone.find(target, RecordType::A) {
            Found::Exact(node) | Found::Wildcard(node) => Some(node),
            Found::Referral(_) | Found::Dname(_) | Found::NxDomain => None,
        }
    }

    fn bring(
        &mut self,
        target: &LookupName,
        node: NodeRef<'w>,
        record_type: RecordType,
    ) -> Result<(), Full> {
        let set = node.record_set(record_type);
        let Some(set) = set.filter(RecordSet::is_static) else {
            return Ok(());
        };
        let owner = Owner::Name(target.as_name());
        let section = Section::Additional;
        self.writer
            .put(section, owner, record_type, set.ttl, set.rdatas())
    }
}

fn is_service(record_type: RecordType) -> bool {
    matches!(record_type, RecordType::SVCB | RecordType::HTTPS)
}

/// The host that a record of `owner` names; `None`: it names none, or is of a type whose names nobody connects to.
fn target<'r>(record_type: RecordType, rdata: &'r [u8], owner: Name<'r>) -> Option<Name<'r>> {
    let name_at = match record_type {
        RecordType::NS => 0,
        RecordType::MX => 2,
        RecordType::SRV => 6,
        RecordType::SVCB | RecordType::HTTPS => {
            return match svcb::target(rdata)? {
                Target::Owner => Some(owner),
                Target::Name(name) => Some(name),
                Target::NoService => None,
            };
        }
        _ => return None,
    };
    let name = Name::whole(rdata.get(name_at..)?).ok()?;
    (!name.is_root()).then_some(name)
}

//! Addresses that are chosen or borrowed: steered record sets, and targets flattened into their owner.

use super::resolution::{LONGEST_CHAIN, Next, Resolution};
use crate::counters::Tally;
use crate::geo::countries;
use crate::observe::{Observer, StageOutcome};
use crate::snapshot::World;
use crate::steering::{
    Family, Outcome, PolicySet, Question, Scratch, Selection, Targets, select, watch,
};
use crate::wire::extended_error::ExtendedError;
use crate::wire::{LookupName, Name, NameBuf, Rcode, RecordType};
use crate::zone::{Found, NodeRef, Zone};

/// The addresses of one answer, as rdata.
const MOST_ADDRESSES: usize = 16;

impl<'w, O: Observer> Resolution<'w, '_, O> {
    /// Has `policy` choose what `name` answers.
    pub(super) fn steer(&mut self, zone: &'w Zone, lookup: &LookupName, policy: u32) -> Next {
        let name = lookup.as_name();
        self.saw(Some(zone), name, StageOutcome::Steered(policy));
        let policies = self.world.policies();
        let Some(index) = policies.policy(policy) else {
            self.verdict.rcode = Rcode::SERVFAIL;
            return Next::Done;
        };
        let family = family_of(self.record_type);
        let is_apex = self.flattening.is_some() || name == zone.origin();
        let client = self.client;
        let question = Question {
            policies,
            beliefs: self.beliefs,
            geo: self.world.geo(),
            client: &client,
            family,
            name,
            now_s: self.now_s,
            apex: is_apex.then_some(self.world),
        };
        let selection = select(&question, index, self.scratch, self.observer);
        self.verdict.scope = self.verdict.scope.max(selection.scope);
        if self.tally.policy == 0 {
            self.tally = tally(policy, &selection, policies, self.scratch);
            self.watched = watch(&question, index, self.scratch);
        }
        match selection.outcome {
            Outcome::Addresses => self.answer_chosen(name, family, selection.ttl_s),
            Outcome::Target(target) => {
                self.answer_target(zone, name, target, is_apex, selection.ttl_s)
            }
            Outcome::Refused => {
                self.verdict.extended_error = Some(ExtendedError::Prohibited);
                self.deny(zone, name, Rcode::NOERROR)
            }
            Outcome::NoCandidate => self.deny(zone, name, Rcode::NOERROR),
        }
    }

    fn answer_chosen(&mut self, name: Name<'_>, family: Family, ttl_s: u32) -> Next {
        let policies = self.world.policies();
        let chosen = self.scratch.chosen().iter();
        let endpoints = chosen.filter_map(|index| policies.endpoint(*index));
        match family {
            Family::V4 => {
                let addresses = endpoints.filter_map(|endpoint| endpoint.ipv4);
                let rdatas = Packed::of(addresses.map(|address| address.octets()));
                self.put_answer(name, RecordType::A, ttl_s, rdatas.iter())
            }
            Family::V6 => {
                let addresses = endpoints.filter_map(|endpoint| endpoint.ipv6);
                let rdatas = Packed::of(addresses.map(|address| address.octets()));
                self.put_answer(name, RecordType::AAAA, ttl_s, rdatas.iter())
            }
        }
    }

    /// A CNAME to the chosen host name; at an apex, where none may stand, the host name's addresses (S13).
    fn answer_target(
        &mut self,
        zone: &'w Zone,
        name: Name<'_>,
        target: Name<'_>,
        is_apex: bool,
        ttl_s: u32,
    ) -> Next {
        let next = NameBuf::from(target);
        if is_apex {
            self.flatten(zone, name, ttl_s);
            return Next::Follow(next);
        }
        let rdata = std::iter::once(target.as_bytes());
        self.put_answer(name, RecordType::CNAME, ttl_s, rdata);
        self.unless_full(next)
    }

    /// Answers with what the control plane found `target`, a name outside our zones, to resolve to.
    pub(super) fn answer_flattened(&mut self, target: Name<'_>) -> Next {
        self.saw(None, target, StageOutcome::Alias);
        let Some(known) = self.world.policies().flattened(target) else {
            // NODATA would be believed and cached; this says that another server may know more.
            self.verdict.rcode = Rcode::SERVFAIL;
            self.verdict.extended_error = Some(ExtendedError::NoReachableAuthority);
            return Next::Done;
        };
        let (ttl_s, family) = (known.ttl_s, family_of(self.record_type));
        if !known.has(family) {
            if let Some(flattening) = &self.flattening {
                self.put_soa(flattening.zone);
            }
            return Next::Done;
        }
        match family {
            Family::V4 => {
                let rdatas = Packed::of(known.ipv4.iter().map(|address| address.octets()));
                self.put_answer(target, RecordType::A, ttl_s, rdatas.iter())
            }
            Family::V6 => {
                let rdatas = Packed::of(known.ipv6.iter().map(|address| address.octets()));
                self.put_answer(target, RecordType::AAAA, ttl_s, rdatas.iter())
            }
        }
    }
}

impl Targets for World {
    fn has_address(&self, target: Name<'_>, family: Family) -> bool {
        let record_type = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        let mut name = LookupName::of(target);
        for _ in 0..LONGEST_CHAIN {
            let Some(next) = self.step_to_address(&name, record_type) else {
                let outside = self.policies().flattened(name.as_name());
                return outside.is_some_and(|flattened| flattened.has(family));
            };
            match next {
                Lead::Addresses => return true,
                Lead::Nothing => return false,
                Lead::To(target) => name.set(target.as_name()),
            }
        }
        false
    }
}

/// What a name of our own says on the way to an address.
#[expect(clippy::large_enum_variant, reason = "lives on the stack for one call")]
enum Lead {
    Addresses,
    Nothing,
    To(NameBuf),
}

impl World {
    /// `None`: the name is not ours to answer.
    fn step_to_address(&self, name: &LookupName, record_type: RecordType) -> Option<Lead> {
        let zone = self.zones().deepest(name)?;
        match zone.find(name, record_type) {
            Found::Exact(node) | Found::Wildcard(node) => Some(lead_from(node, record_type)),
            Found::Referral(_) => None,
            Found::NxDomain => Some(Lead::Nothing),
            Found::Dname(owner) => {
                let dname = owner.record_set(RecordType::DNAME);
                let target = dname.and_then(|set| set.target());
                let substitute = target.and_then(|target| {
                    NameBuf::substituted(name.as_name(), owner.name(), target.as_name()).ok()
                });
                Some(substitute.map_or(Lead::Nothing, Lead::To))
            }
        }
    }
}

fn lead_from(node: NodeRef<'_>, record_type: RecordType) -> Lead {
    if node.record_set(record_type).is_some() {
        return Lead::Addresses;
    }
    let links = [RecordType::CNAME, RecordType::ALIAS];
    let mut targets = links
        .iter()
        .filter_map(|link| node.record_set(*link)?.target());
    targets.next().map_or(Lead::Nothing, Lead::To)
}

fn family_of(record_type: RecordType) -> Family {
    match record_type {
        RecordType::AAAA => Family::V6,
        _ => Family::V4,
    }
}

fn tally(policy: u32, selection: &Selection<'_>, policies: &PolicySet, scratch: &Scratch) -> Tally {
    let first = scratch.chosen().first();
    let endpoint = first.and_then(|index| policies.endpoint(*index));
    let country = selection.country.map(countries::country);
    Tally {
        policy,
        endpoint: endpoint.map_or(0, |endpoint| endpoint.id),
        country: country.map_or([0; 2], |country| country.code),
        rcode: Rcode::NOERROR.0,
        network: selection.network.unwrap_or(0),
        is_explored: selection.is_explored,
    }
}

/// Addresses of one family, N octets each, side by side.
struct Packed<const N: usize> {
    addresses: [[u8; N]; MOST_ADDRESSES],
    count: usize,
}

impl<const N: usize> Packed<N> {
    fn of(octets: impl Iterator<Item = [u8; N]>) -> Self {
        let mut packed = Self {
            addresses: [[0; N]; MOST_ADDRESSES],
            count: 0,
        };
        for (slot, address) in packed.addresses.iter_mut().zip(octets) {
            *slot = address;
            packed.count += 1;
        }
        packed
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let addresses = self.addresses.iter().take(self.count);
        addresses.map(<[u8; N]>::as_slice)
    }
}

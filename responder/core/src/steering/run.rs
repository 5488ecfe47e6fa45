//! One query's way through one policy: what the steps read and what they change.

use std::net::IpAddr;

use super::candidates::{Candidates, MemberIndex};
use super::client::{Client, ClientView, Family};
use super::draw::{DrawKind, Seed};
use super::policy::{Endpoint, EndpointIndex, Policy, PolicyIndex, PolicySet, Roster};
use crate::beliefs::{Beliefs, View};
use crate::geo::{GeoData, Location};
use crate::health::State;
use crate::latency_map::{Column, Outlook};
use crate::load::{Load, LoadReport};
use crate::wire::Name;

/// Knows which targets have addresses that may stand at a zone's apex, in our own zones or flattened (S13).
pub trait Targets {
    fn has_address(&self, target: Name<'_>, family: Family) -> bool;
}

/// What is asked, and what is believed while it is answered. No step changes it.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub policies: &'a PolicySet,
    pub beliefs: &'a Beliefs,
    pub geo: &'a GeoData,
    pub client: &'a Client,
    pub family: Family,
    /// In lower case.
    pub name: Name<'a>,
    pub now_s: u64,
    /// Given if `name` is the apex of its zone, where a host name cannot be answered as a CNAME.
    pub apex: Option<&'a dyn Targets>,
}

impl<'a> Question<'a> {
    /// Those of the policy's own candidates that the steps start with: all that can be answered, without those that are
    /// switched off unless nobody else is there (P6, S1).
    pub(super) fn starters(self, policy: &'a Policy) -> impl Iterator<Item = MemberIndex> + 'a {
        let spares_nobody =
            self.beliefs.any_switched_off() && self.on(policy, &policy.candidates).next().is_some();
        let members = self.answerable(policy, &policy.candidates);
        members.filter(move |member| !(spares_nobody && self.is_switched_off(policy, *member)))
    }

    /// Those of `roster` that can be answered and are not switched off.
    pub(super) fn on(
        self,
        policy: &'a Policy,
        roster: &'a Roster,
    ) -> impl Iterator<Item = MemberIndex> + 'a {
        let members = self.answerable(policy, roster);
        members.filter(move |member| !self.is_switched_off(policy, *member))
    }

    #[inline]
    pub(super) fn is_switched_off(&self, policy: &Policy, member: MemberIndex) -> bool {
        self.beliefs.any_switched_off()
            && policy
                .member(member)
                .is_some_and(|member| self.beliefs.is_switched_off(member.endpoint))
    }

    fn answerable(
        self,
        policy: &'a Policy,
        roster: &'a Roster,
    ) -> impl Iterator<Item = MemberIndex> + 'a {
        let members = roster.of(self.family).iter().copied();
        members.filter(move |member| match self.apex {
            None => true,
            Some(targets) => self.fits_apex(policy, *member, targets),
        })
    }

    /// The TTL of what `policy` answers: its lowest while a candidate is about to go down, so that clients learn of it
    /// soon (S14).
    #[inline]
    pub(super) fn ttl_s(&self, policy: &'a Policy) -> u32 {
        match self.beliefs.any_failing() && self.failing(policy).next().is_some() {
            true => policy.ttl_min_s,
            false => policy.ttl_s,
        }
    }

    /// The candidates of `policy` that are failing but not yet down.
    #[cold]
    pub(super) fn failing(self, policy: &'a Policy) -> impl Iterator<Item = &'a Endpoint> + 'a {
        let members = policy.candidates.of(self.family).iter();
        let endpoints = members.filter_map(move |member| Some(policy.member(*member)?.endpoint));
        let failing =
            endpoints.filter(move |endpoint| self.beliefs.is_failing(*endpoint, self.family));
        failing.filter_map(move |endpoint| self.policies.endpoint(endpoint))
    }

    /// What a draw of `policy` for `client` depends on.
    #[inline]
    pub(super) fn seed(&self, policy: &Policy, client: &ClientView, kind: DrawKind) -> Seed {
        let slot = policy.time_slot(self.now_s);
        match kind {
            DrawKind::Passing => Seed::passing(policy.salt, client.drawn, self.name, slot),
            DrawKind::Sticky => Seed::sticky(policy.salt, client.drawn),
        }
    }

    fn fits_apex(self, policy: &Policy, member: MemberIndex, targets: &dyn Targets) -> bool {
        let endpoint = self.policies.member_endpoint(policy, member);
        match endpoint.and_then(|(_, endpoint)| endpoint.hostname.as_ref()) {
            Some(hostname) => targets.has_address(hostname.as_name(), self.family),
            None => true,
        }
    }
}

/// One policy at work.
pub(crate) struct Run<'a> {
    pub question: Question<'a>,
    pub policy: &'a Policy,
    pub client: ClientView,
    pub location: Location,
    pub candidates: &'a mut Candidates,
    /// The longest scope that a step so far gave the answer.
    pub scope: u8,
    /// Whether the client's location decided something so far.
    pub is_located: bool,
    /// Whether the client is sent elsewhere to learn about it.
    pub is_explored: bool,
}

impl<'a> Run<'a> {
    pub(crate) fn endpoint(&self, member: MemberIndex) -> Option<&'a Endpoint> {
        let endpoint = self.question.policies.member_endpoint(self.policy, member);
        endpoint.map(|(_, endpoint)| endpoint)
    }

    /// Whether the member is a host name.
    pub(crate) fn is_named(&self, member: MemberIndex) -> bool {
        let endpoint = self.endpoint(member);
        endpoint.is_some_and(|endpoint| endpoint.hostname.is_some())
    }

    /// Keeps what one answer can hold: the best candidate alone if it is a host name, for a CNAME has no company;
    /// else the first `count` that are addresses.
    pub(crate) fn keep_first(&mut self, count: usize) {
        let Some(best) = self.candidates.as_slice().first() else {
            return;
        };
        let (count, named) = match self.is_named(best.member) {
            true => (1, true),
            false => (count, false),
        };
        let mut left = count;
        let (question, policy) = (self.question, self.policy);
        self.candidates.retain(|candidate| {
            let endpoint = question.policies.member_endpoint(policy, candidate.member);
            let fits = endpoint.is_some_and(|(_, endpoint)| endpoint.hostname.is_some() == named);
            let kept = fits && left > 0;
            left -= usize::from(kept);
            kept
        });
    }

    pub(crate) fn endpoint_index(&self, member: MemberIndex) -> EndpointIndex {
        let member = self.policy.member(member);
        member.map_or(EndpointIndex::NONE, |member| member.endpoint)
    }

    pub(crate) fn state(&self, member: MemberIndex) -> State {
        let endpoint = self.endpoint_index(member);
        self.question.beliefs.state(endpoint, self.question.family)
    }

    /// What vantages say of the member, if they disagree.
    pub(crate) fn views(&self, member: MemberIndex) -> &'a [View] {
        let endpoint = self.endpoint_index(member);
        self.question.beliefs.views(endpoint, self.question.family)
    }

    /// Whether vantages disagree about any endpoint of the policy.
    pub(crate) fn has_split(&self) -> bool {
        let mut members = self.policy.own_members();
        members.any(|member| !self.views(member).is_empty())
    }

    /// What the vantage nearest to the client says of the member; `None`: vantages agree, or nobody knows where the client is.
    pub(crate) fn nearest_view(&self, member: MemberIndex) -> Option<&'a View> {
        let position = self.location.position?;
        let chord = |view: &View| view.position.chord_squared(&position);
        let views = self.views(member).iter();
        views.min_by(|one, other| chord(one).total_cmp(&chord(other)))
    }

    /// What the member said of its load last, however long ago.
    pub(crate) fn load_report(&self, member: MemberIndex) -> Option<LoadReport> {
        self.question.beliefs.load(self.endpoint_index(member))
    }

    pub(crate) fn load(&self, member: MemberIndex) -> Load {
        let report = self.load_report(member);
        report.map_or(Load::Unknown, |report| report.at(self.question.now_s))
    }

    pub(crate) fn asn(&self) -> (Option<u32>, u8) {
        self.question.geo.asn(self.address())
    }

    /// What the latency map says of the client, without noting that it decided something.
    pub(crate) fn outlook(&self) -> Outlook<'a> {
        let latency = self.question.beliefs.latency();
        latency.outlook(self.client.located, &self.location, || self.asn())
    }

    /// Of the member's region in the latency map.
    pub(crate) fn column(&self, member: MemberIndex) -> Column {
        self.question.beliefs.column(self.endpoint_index(member))
    }

    fn address(&self) -> IpAddr {
        self.client.located.address
    }

    /// Notes that the location within `prefix` decided something.
    pub(crate) fn located_within(&mut self, prefix: u8) {
        self.is_located = true;
        self.scope = self.scope.max(self.client.location_scope(prefix));
    }

    /// Notes that a draw decided something.
    pub(crate) fn drawn(&mut self) {
        self.scope = self.scope.max(self.client.draw_scope);
    }

    /// Who is shed depends on the client alone, like who is served by a sticky draw.
    pub(crate) fn shedding_seed(&self) -> Seed {
        Seed::shedding(self.policy.salt, self.client.drawn)
    }

    pub(crate) fn seed(&self, kind: DrawKind) -> Seed {
        self.question.seed(self.policy, &self.client, kind)
    }
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    /// The step would have dropped all, so it kept all.
    Bypassed(Bypass),
    /// It would have dropped all; the members of a pool took their place.
    FallbackPool {
        pool: u32,
    },
    /// It would have dropped all; another policy answers.
    FallbackPolicy(PolicyIndex),
    /// Another policy answers, for it is well (S11).
    Used(PolicyIndex),
    /// It would have dropped all, and says NODATA.
    Refused,
}

/// Why a step changed nothing although it should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bypass {
    Declared,
    /// The fallback pool has nobody for the family asked.
    FallbackPoolUnable {
        pool: u32,
    },
    /// The fallback policy has nobody for the family asked.
    FallbackPolicyUnable {
        policy: u32,
    },
    /// The policy to use has too few endpoints that are up.
    Unwell {
        policy: u32,
        healthy: u32,
        wanted: u32,
    },
}

//! Policies as they are served: checked, resolved and indexed.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::candidates::MemberIndex;
pub use super::chunk_v1::AdminState;
use super::client::{EcsMode, Family};
use super::compile::{self, PolicyError};
use super::id_map::IdMap;
use super::shadow::Shadow;
use super::steps::Step;
use crate::geo::Position;
use crate::wire::{Name, NameBuf};

/// Where an endpoint stands in its `PolicySet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EndpointIndex(pub(super) u32);

impl EndpointIndex {
    /// No endpoint of any set.
    pub(crate) const NONE: Self = Self(u32::MAX);

    pub(crate) fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// Where a policy stands in its `PolicySet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PolicyIndex(pub(super) u32);

/// Where endpoints live.
#[derive(Debug)]
pub struct Region {
    pub id: u32,
    pub name: Box<str>,
    pub position: Position,
}

/// An address, a pair of them, or a name that serves users. In one cache line, where answers find all they need of it.
#[derive(Debug)]
#[repr(align(64))]
pub struct Endpoint {
    pub id: u32,
    pub name: Box<str>,
    pub region: u32,
    pub ipv4: Option<Ipv4Addr>,
    pub ipv6: Option<Ipv6Addr>,
    /// Lower case. An endpoint has this or addresses, never both.
    pub hostname: Option<Box<NameBuf>>,
    pub admin_state: AdminState,
    /// Whether a check watches it; one that is not watched counts as up.
    pub checked: bool,
}

impl Endpoint {
    /// The endpoint's own address of `family`; none for a host name.
    pub fn address(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.ipv4.map(IpAddr::V4),
            Family::V6 => self.ipv6.map(IpAddr::V6),
        }
    }

    pub(super) fn serves(&self, family: Family) -> bool {
        self.hostname.is_some() || self.address(family).is_some()
    }
}

/// The address, or the name, that stands for the endpoint in an explanation.
pub(crate) struct Shown<'a>(pub &'a Endpoint, pub Family);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.address(self.1), &self.0.hostname) {
            (Some(address), _) => address.fmt(f),
            (None, Some(hostname)) => hostname.as_name().fmt(f),
            (None, None) => Ok(()),
        }
    }
}

/// The addresses of a target outside our zones.
#[derive(Debug)]
pub struct Flattened {
    pub ipv4: Box<[Ipv4Addr]>,
    pub ipv6: Box<[Ipv6Addr]>,
    pub ttl_s: u32,
}

impl Flattened {
    pub fn has(&self, family: Family) -> bool {
        match family {
            Family::V4 => !self.ipv4.is_empty(),
            Family::V6 => !self.ipv6.is_empty(),
        }
    }
}

/// An endpoint as a candidate of one policy. `None` means that neither member, endpoint nor pool says it.
#[derive(Debug)]
pub(crate) struct Member {
    pub endpoint: EndpointIndex,
    pub weight: Option<u32>,
    pub priority: Option<u32>,
    pub bias: Option<i8>,
    /// 0 or more, in whatever the operator counts.
    pub cost: Option<f64>,
}

/// Some members of a policy, by the family they can answer, in their order.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    pub ipv4: Box<[MemberIndex]>,
    pub ipv6: Box<[MemberIndex]>,
}

impl Roster {
    pub(super) fn of(&self, family: Family) -> &[MemberIndex] {
        match family {
            Family::V4 => &self.ipv4,
            Family::V6 => &self.ipv6,
        }
    }
}

/// The key of a policy's draws, made from its salt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SaltKey(pub u64, pub u64);

/// A named chain of steps over the members of its pools. What every answer needs of it is in its first cache line.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Policy {
    pub id: u32,
    pub ttl_s: u32,
    pub(super) salt: SaltKey,
    pub(super) ecs: EcsMode,
    /// Whether it can matter that the name asked for is an apex: a member, or one of a policy to fall back to, may be a
    /// host name that has no address where one is needed.
    pub(super) sees_apex: bool,
    /// Without a `first` step one address is answered.
    pub(super) says_first: bool,
    /// The TTL while a candidate is failing but not yet down (S14).
    pub(super) ttl_min_s: u32,
    pub name: Box<str>,
    /// The candidates, then the members of fallback pools.
    pub(super) members: Box<[Member]>,
    /// How many of `members` are candidates.
    pub(super) own: usize,
    pub(super) candidates: Roster,
    pub(super) steps: Box<[Step]>,
}

impl Policy {
    pub(super) fn member(&self, index: MemberIndex) -> Option<&Member> {
        self.members.get(usize::from(index))
    }

    /// The members that are not there for a fallback only.
    pub(super) fn own_members(&self) -> impl Iterator<Item = MemberIndex> + use<> {
        (0..=MemberIndex::MAX).take(self.own)
    }

    /// The draw's time slot: it moves on once per TTL.
    pub fn time_slot(&self, now_s: u64) -> u64 {
        now_s / u64::from(self.ttl_s.max(1))
    }
}

/// Endpoints that can stand in for each other, as break-glass orders name them.
#[derive(Debug)]
pub struct Pool {
    pub id: u32,
    pub name: Box<str>,
    /// Ids of endpoints.
    pub members: Box<[u32]>,
}

/// The policy chunk, ready to be served.
#[derive(Debug, Default)]
pub struct PolicySet {
    pub(super) regions: HashMap<u32, Region>,
    pub(super) endpoints: Box<[Endpoint]>,
    pub(super) pools: Box<[Pool]>,
    /// Those that are served, then the proposals of shadows.
    pub(super) policies: Box<[Policy]>,
    /// How many of them are served.
    pub(super) served: usize,
    pub(super) shadows: Box<[Shadow]>,
    pub(super) policy_by_id: IdMap<PolicyIndex>,
    pub(super) flattened: HashMap<Box<[u8]>, Flattened>,
}

impl PolicySet {
    /// Parses and checks a policy chunk, version 1 or 2. The error names policy, step and field.
    pub fn parse(json: &[u8]) -> Result<Self, PolicyError> {
        compile::policy_set(json)
    }

    /// The policy with the id `id`.
    pub fn policy(&self, id: u32) -> Option<PolicyIndex> {
        self.policy_by_id.get(id).copied()
    }

    /// Whether the policy has an endpoint at all, of whatever family (P3).
    pub fn has_endpoint(&self, policy: PolicyIndex) -> bool {
        let candidates = self.policy_at(policy).map(|policy| &policy.candidates);
        candidates.is_some_and(|roster| !roster.ipv4.is_empty() || !roster.ipv6.is_empty())
    }

    /// The addresses of `name`, which is in lower case and outside our zones.
    pub fn flattened(&self, name: Name<'_>) -> Option<&Flattened> {
        self.flattened.get(name.as_bytes())
    }

    pub fn policy_at(&self, index: PolicyIndex) -> Option<&Policy> {
        self.policies.get(index.0 as usize)
    }

    /// Those that are served.
    pub fn policies(&self) -> &[Policy] {
        self.policies.get(..self.served).unwrap_or(&[])
    }

    pub fn endpoint(&self, index: EndpointIndex) -> Option<&Endpoint> {
        self.endpoints.get(index.as_usize())
    }

    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    pub fn pools(&self) -> &[Pool] {
        &self.pools
    }

    pub(crate) fn indexed_endpoints(&self) -> impl Iterator<Item = (EndpointIndex, &Endpoint)> {
        (0..).map(EndpointIndex).zip(&self.endpoints)
    }

    /// The region with the id `id`.
    pub fn region(&self, id: u32) -> Option<&Region> {
        self.regions.get(&id)
    }

    pub(super) fn member_endpoint(
        &self,
        policy: &Policy,
        member: MemberIndex,
    ) -> Option<(EndpointIndex, &Endpoint)> {
        let index = policy.member(member)?.endpoint;
        Some((index, self.endpoint(index)?))
    }
}

//! What a step of one policy may ask while it is compiled.

use std::collections::HashSet;

use super::Catalogue;
use crate::geo::Position;
use crate::steering::candidates::{MAX_CANDIDATES, MemberIndex, MemberSet};
use crate::steering::chunk_v1::Pool;
use crate::steering::client::Family;
use crate::steering::draw::Stake;
use crate::steering::policy::{Endpoint, EndpointIndex, Member, PolicyIndex, Roster};
use crate::steering::selector::Selector;

/// The members enlisted so far. Those of a fallback pool join when its step is compiled, so that the steps behind
/// it, and only those, know them.
pub(in crate::steering) struct Context<'c> {
    catalogue: &'c Catalogue<'c>,
    members: Vec<Member>,
}

impl<'c> Context<'c> {
    pub(super) fn new(catalogue: &'c Catalogue<'c>) -> Self {
        Self {
            catalogue,
            members: Vec::new(),
        }
    }

    pub(super) fn into_members(self) -> Box<[Member]> {
        self.members.into()
    }

    /// Enlists the members of `pools` in order; one in several pools counts at its first place.
    pub(super) fn enlist(&mut self, pools: &[u32]) -> Result<Roster, String> {
        let start = self.members.len();
        let mut seen = HashSet::new();
        for id in pools {
            let pool = self.catalogue.pool(*id)?;
            let members = pool_members(self.catalogue, pool);
            self.members
                .extend(members.filter(|member| seen.insert(member.endpoint.0)));
        }
        if self.members.len() > MAX_CANDIDATES {
            return Err(format!(
                "{} candidates with those of fallback pools; a policy can have {MAX_CANDIDATES}",
                self.members.len()
            ));
        }
        Ok(self.roster(start))
    }

    /// Enlists a fallback pool.
    pub(in crate::steering) fn enlist_fallback(&mut self, pool: u32) -> Result<Roster, String> {
        let roster = self.enlist(&[pool]);
        roster.map_err(|error| format!("if_empty: {error}"))
    }

    fn roster(&self, start: usize) -> Roster {
        let serving = |family: Family| {
            let members = self.indexed().skip(start);
            let serving = members.filter(|(_, _, endpoint)| endpoint.serves(family));
            serving.map(|(index, _, _)| index).collect()
        };
        Roster {
            ipv4: serving(Family::V4),
            ipv6: serving(Family::V6),
        }
    }

    fn indexed(&self) -> impl Iterator<Item = (MemberIndex, &Member, &'c Endpoint)> {
        (0..=MemberIndex::MAX)
            .zip(self.members())
            .map(|(index, (member, endpoint))| (index, member, endpoint))
    }

    /// Every member with its endpoint, in order.
    pub(in crate::steering) fn members(&self) -> impl Iterator<Item = (&Member, &'c Endpoint)> {
        let endpoints = &self.catalogue.endpoints;
        self.members
            .iter()
            .filter_map(|member| Some((member, endpoints.get(member.endpoint.as_usize())?)))
    }

    pub(in crate::steering) fn members_where(&self, keep: impl Fn(&Endpoint) -> bool) -> MemberSet {
        let kept = self.indexed().filter(|(_, _, endpoint)| keep(endpoint));
        kept.map(|(index, _, _)| index).collect()
    }

    /// The members whose endpoint's labels `selector` matches; all without one.
    pub(in crate::steering) fn members_with_labels(
        &self,
        selector: Option<&Selector>,
    ) -> MemberSet {
        let matches = |member: &Member| match (selector, self.catalogue.written(member.endpoint)) {
            (Some(selector), Some(written)) => selector.matches(&written.labels),
            _ => true,
        };
        let matching = self.indexed().filter(|(_, member, _)| matches(member));
        matching.map(|(index, _, _)| index).collect()
    }

    /// The label `key` of every member's endpoint, in order.
    pub(in crate::steering) fn labels(&self, key: &str) -> impl Iterator<Item = Option<&'c str>> {
        let written = self.members.iter();
        let written = written.map(|member| self.catalogue.written(member.endpoint));
        written.map(move |written| Some(written?.labels.get(key)?.as_str()))
    }

    /// The members that live in one of `regions` or belong to one of `pools`.
    pub(in crate::steering) fn members_in(
        &self,
        regions: &[u32],
        pools: &[u32],
    ) -> Result<MemberSet, String> {
        for id in regions {
            self.catalogue.region(*id)?;
        }
        let mut pooled = HashSet::new();
        for id in pools {
            let members = &self.catalogue.pool(*id)?.members;
            pooled.extend(members.iter().map(|member| member.endpoint));
        }
        Ok(self.members_where(|endpoint| {
            regions.contains(&endpoint.region) || pooled.contains(&endpoint.id)
        }))
    }

    pub(in crate::steering) fn position(&self, endpoint: &Endpoint) -> Result<Position, String> {
        let region = self.catalogue.region(endpoint.region)?;
        Ok(region.position)
    }

    /// What each member brings to a draw, with `default` for those whose weight nobody says.
    pub(in crate::steering) fn stakes(&self, default: u32) -> Box<[Stake]> {
        self.members()
            .map(|(member, endpoint)| Stake::new(endpoint.id, member.weight.unwrap_or(default)))
            .collect()
    }

    pub(in crate::steering) fn policy(&self, id: u32) -> Result<PolicyIndex, String> {
        self.catalogue.policy_index(id)
    }
}

/// Metadata of a member overrides that of its endpoint, and that the pool's.
fn pool_members<'c>(
    catalogue: &'c Catalogue<'c>,
    pool: &'c Pool,
) -> impl Iterator<Item = Member> + 'c {
    pool.members.iter().filter_map(move |member| {
        let index: EndpointIndex = *catalogue.endpoint_by_id.get(&member.endpoint)?;
        let endpoint = catalogue.written(index)?;
        Some(Member {
            endpoint: index,
            weight: member.weight.or(endpoint.weight).or(pool.weight),
            priority: member.priority.or(endpoint.priority).or(pool.priority),
            bias: member.bias.or(endpoint.bias).or(pool.bias),
            cost: member.cost.or(endpoint.cost).or(pool.cost),
        })
    })
}

//! `fence`: endpoints that serve, or do not serve, the clients of some locations.

use serde::Deserialize;

use super::{Kind, Role, Sees};
use crate::observe::{Reason, Why};
use crate::steering::candidates::{Candidate, MemberIndex, MemberSet};
use crate::steering::compile::Context;
use crate::steering::decision_tree::Sight;
use crate::steering::place::Place;
use crate::steering::place_map::PlaceMap;
use crate::steering::run::{Flow, Run};
use crate::steering::selector::Selector;
use crate::steering::sift::{IfEmpty, IfEmptyOption, sift};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    deny: Vec<String>,
    #[serde(default)]
    if_empty: IfEmptyOption,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    Deny,
}

#[derive(Debug)]
pub(in crate::steering) struct Fence {
    fenced: MemberSet,
    places: PlaceMap<Verdict>,
    /// For clients that no location matches.
    elsewhere: Verdict,
    if_empty: IfEmpty,
}

/// How a client was judged, and within which prefix all clients are judged alike.
struct Judgement {
    verdict: Verdict,
    place: Option<Place>,
    scope: u8,
}

impl Kind for Fence {
    const NAME: &'static str = "fence";
    const ROLE: Role = Role::Sifts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        if options.allow.is_empty() && options.deny.is_empty() {
            return Err("allow, deny: name at least one location".to_owned());
        }
        let if_empty = IfEmpty::compile_for_fence(options.if_empty, context)?;
        let selector = options.label.as_deref().map(Selector::parse).transpose();
        let selector = selector.map_err(|error| format!("label: {error}"))?;
        Ok(Self {
            fenced: context.members_with_labels(selector.as_ref()),
            places: places(&options)?,
            elsewhere: match options.allow.is_empty() {
                true => Verdict::Allow,
                false => Verdict::Deny,
            },
            if_empty,
        })
    }

    fn sees(&self) -> Sees {
        match self.places.is_regional() {
            true => Sees::Place,
            false => Sees::Address,
        }
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        if !self.fenced.intersects(&run.candidates.members()) {
            return Flow::Continue;
        }
        let Judgement { verdict, scope, .. } = self.judge(run);
        run.located_within(scope);
        match verdict {
            Verdict::Allow => Flow::Continue,
            Verdict::Deny => sift(run, &self.if_empty, |_, member| {
                !self.fenced.contains(member)
            }),
        }
    }

    fn class(&self, run: &mut Run<'_>, sight: &Sight) -> Option<u64> {
        if !self.fenced.intersects(&sight.members) {
            return Some(0);
        }
        let Judgement { verdict, scope, .. } = self.judge(run);
        run.located_within(scope);
        Some(1 + u64::from(verdict == Verdict::Deny))
    }

    fn why_dropped(&self, run: &Run<'_>, _member: MemberIndex) -> Reason {
        match self.judge(run).place {
            Some(place) => Reason::Denied(place),
            None => Reason::NotAllowedAnywhere,
        }
    }

    fn why_kept(&self, run: &Run<'_>, candidate: &Candidate) -> Why {
        match self.judge(run).place {
            _ if !self.fenced.contains(candidate.member) => Why::NotFenced,
            Some(place) => Why::Allowed(place),
            None => Why::NotDenied,
        }
    }

    fn if_empty(&self) -> Option<&IfEmpty> {
        Some(&self.if_empty)
    }
}

impl Fence {
    fn judge(&self, run: &Run<'_>) -> Judgement {
        let (block, mut scope) = self.places.by_block(run.client.located);
        let asn = || {
            if !self.places.has_asns() {
                return (None, 0);
            }
            let (asn, scope) = run.asn();
            (asn.and_then(|asn| self.places.by_asn(asn)), scope)
        };
        let mut found = block;
        if found.is_none() {
            let (by_asn, asn_scope) = asn();
            found = by_asn;
            scope = scope.max(asn_scope);
        }
        if found.is_none() {
            found = self.places.by_region(&run.location).next();
            scope = scope.max(run.location.scope);
        }
        Judgement {
            verdict: found.map_or(self.elsewhere, |(_, verdict)| verdict),
            place: found.map(|(place, _)| place),
            scope,
        }
    }
}

/// On a tie deny wins, so it is written last.
fn places(options: &Options) -> Result<PlaceMap<Verdict>, String> {
    let mut places = PlaceMap::new();
    let lists = [
        ("allow", &options.allow, Verdict::Allow),
        ("deny", &options.deny, Verdict::Deny),
    ];
    for (list, locations, verdict) in lists {
        for location in locations {
            let place = Place::parse(location).map_err(|error| format!("{list}: {error}"))?;
            places.insert(place, verdict);
        }
    }
    Ok(places)
}

//! `geo`: keeps the candidates of the most specific rule for the client's location that has any left.

use serde::Deserialize;

use super::{Kind, Role, Sees};
use crate::geo::Location;
use crate::observe::{Reason, Why};
use crate::steering::candidates::{Candidate, MemberIndex, MemberSet};
use crate::steering::compile::Context;
use crate::steering::decision_tree::Sight;
use crate::steering::place::Place;
use crate::steering::place_map::PlaceMap;
use crate::steering::run::{Flow, Run};
use crate::steering::sift::{IfEmpty, IfEmptyOption, sift};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default)]
    rules: Vec<RuleOption>,
    default: Option<DefaultOption>,
    #[serde(default)]
    if_empty: IfEmptyOption,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleOption {
    location: String,
    #[serde(default)]
    regions: Vec<u32>,
    #[serde(default)]
    pools: Vec<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "\"all\", or an object with regions and pools")]
enum DefaultOption {
    Word(DefaultWord),
    Some(DefaultRule),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DefaultWord {
    All,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultRule {
    #[serde(default)]
    regions: Vec<u32>,
    #[serde(default)]
    pools: Vec<u32>,
}

#[derive(Debug)]
pub(in crate::steering) struct Geo {
    rules: PlaceMap<MemberSet>,
    default: MemberSet,
    if_empty: IfEmpty,
}

impl Kind for Geo {
    const NAME: &'static str = "geo";
    const ROLE: Role = Role::Sifts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        let if_empty = IfEmpty::compile(options.if_empty, context)?;
        let mut rules = PlaceMap::new();
        let mut seen = Vec::new();
        for (number, rule) in (1..).zip(&options.rules) {
            let in_rule = |error| format!("rule {number}: {error}");
            let place = regional(&rule.location).map_err(in_rule)?;
            if seen.contains(&place) {
                return Err(in_rule(format!("a second rule for {place}")));
            }
            seen.push(place);
            rules.insert(place, members(rule, context).map_err(in_rule)?);
        }
        let default = default(options.default, context)?;
        Ok(Self {
            rules,
            default,
            if_empty,
        })
    }

    fn sees(&self) -> Sees {
        Sees::Place
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        let (_, chosen) = self.most_specific(&run.location, &run.candidates.members());
        run.located_within(run.location.scope);
        sift(run, &self.if_empty, |_, member| chosen.contains(member))
    }

    fn class(&self, run: &mut Run<'_>, sight: &Sight) -> Option<u64> {
        run.located_within(run.location.scope);
        let (place, _) = self.most_specific(&run.location, &sight.members);
        Some(place.map_or(0, |place| place.number()))
    }

    fn why_dropped(&self, run: &Run<'_>, _member: MemberIndex) -> Reason {
        match self
            .most_specific(&run.location, &run.candidates.members())
            .0
        {
            Some(place) => Reason::NotIn(place),
            None => Reason::NotInDefault,
        }
    }

    fn why_kept(&self, run: &Run<'_>, _candidate: &Candidate) -> Why {
        match self
            .most_specific(&run.location, &run.candidates.members())
            .0
        {
            Some(place) => Why::Matched(place),
            None => Why::MatchedDefault,
        }
    }

    fn if_empty(&self) -> Option<&IfEmpty> {
        Some(&self.if_empty)
    }
}

impl Geo {
    /// The first rule with a candidate left; `None` is the default.
    fn most_specific(&self, location: &Location, left: &MemberSet) -> (Option<Place>, MemberSet) {
        self.rules
            .by_region(location)
            .find(|(_, members)| members.intersects(left))
            .map_or((None, self.default), |(place, members)| {
                (Some(place), members)
            })
    }
}

fn regional(text: &str) -> Result<Place, String> {
    match Place::parse(text)? {
        Place::Asn(_) | Place::Block(_) => Err(format!(
            "\"{text}\": a geo rule is for a continent, country or subdivision; use a fence"
        )),
        place => Ok(place),
    }
}

fn members(rule: &RuleOption, context: &Context<'_>) -> Result<MemberSet, String> {
    if rule.regions.is_empty() && rule.pools.is_empty() {
        return Err("name at least one region or pool".to_owned());
    }
    context.members_in(&rule.regions, &rule.pools)
}

fn default(option: Option<DefaultOption>, context: &Context<'_>) -> Result<MemberSet, String> {
    match option {
        None => {
            Err("default: missing; say which candidates clients without a rule get (S10)".into())
        }
        Some(DefaultOption::Word(DefaultWord::All)) => Ok(context.members_where(|_| true)),
        Some(DefaultOption::Some(rule)) => context
            .members_in(&rule.regions, &rule.pools)
            .map_err(|error| format!("default: {error}")),
    }
}

//! `cost`: cheapest first; those that cost hardly more share a tier.

use serde::Deserialize;

use super::{Kind, Role};
use crate::observe::Why;
use crate::steering::candidates::{Candidate, MemberIndex};
use crate::steering::compile::Context;
use crate::steering::run::{Flow, Run};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default)]
    cost: f64,
    #[serde(default)]
    within_percent: f64,
}

#[derive(Debug)]
pub(in crate::steering) struct Cost {
    /// By member.
    costs: Box<[f64]>,
    /// Costs up to this many times the least are as good.
    reach: f64,
}

impl Kind for Cost {
    const NAME: &'static str = "cost";
    const ROLE: Role = Role::Sorts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        for (field, value) in [
            ("cost", options.cost),
            ("within_percent", options.within_percent),
        ] {
            if !(0.0..=f64::MAX).contains(&value) {
                return Err(format!("{field}: must be 0 or more"));
            }
        }
        let members = context.members();
        let costs = members.map(|(member, _)| member.cost.unwrap_or(options.cost));
        Ok(Self {
            costs: costs.collect(),
            reach: 1.0 + options.within_percent / 100.0,
        })
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        run.candidates.refine(
            |member| self.cost(member),
            |least, _, this| this <= least * self.reach,
        );
        Flow::Continue
    }

    fn why_kept(&self, _run: &Run<'_>, candidate: &Candidate) -> Why {
        Why::Cost(self.cost(candidate.member))
    }
}

impl Cost {
    fn cost(&self, member: MemberIndex) -> f64 {
        let cost = self.costs.get(usize::from(member));
        cost.copied().unwrap_or(f64::INFINITY)
    }
}

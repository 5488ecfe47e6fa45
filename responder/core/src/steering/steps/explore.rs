//! `explore`: a small share of clients, drawn anew every hour, gets a runner-up, so that paths that are not used stay known
//! (S8).
//!
//! It goes to whichever would be the best if its estimate were one standard error too high, and to none if even that would
//! be no better than what the steps before chose.

use serde::Deserialize;

use super::latency::Latency;
use super::{Kind, Role, Sees};
use crate::health::State;
use crate::load::Load;
use crate::observe::Why;
use crate::steering::candidates::{Candidate, MemberIndex};
use crate::steering::compile::Context;
use crate::steering::decision_tree::Sight;
use crate::steering::draw::Seed;
use crate::steering::policy::AdminState;
use crate::steering::run::{Flow, Run};

const HOUR_S: u64 = 3600;
/// Of an endpoint's capacity: who is that loaded is not explored.
const FULL: f64 = 0.8;
const MOST_PERCENT: f64 = 50.0;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default = "one")]
    percent: f64,
}

fn one() -> f64 {
    1.0
}

#[derive(Debug)]
pub(in crate::steering) struct Explore {
    /// Clients are drawn at this rate.
    rate: f64,
    latency: Latency,
}

impl Kind for Explore {
    const NAME: &'static str = "explore";
    const ROLE: Role = Role::Sorts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        if !(0.0..=MOST_PERCENT).contains(&options.percent) {
            return Err(format!("percent: must be from 0 to {MOST_PERCENT}"));
        }
        Ok(Self {
            rate: -libm::log1p(-options.percent / 100.0),
            latency: Latency::compile(super::latency::Options::default(), context)?,
        })
    }

    fn sees(&self) -> Sees {
        Sees::Address
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        if self.draws(run) {
            let scope = run.outlook().scope;
            run.located_within(scope);
            if let Some(target) = self.target(run) {
                run.candidates.promote(target);
                run.is_explored = true;
            }
        }
        Flow::Continue
    }

    /// Those that are drawn are few: the steps run for each of them.
    fn class(&self, run: &mut Run<'_>, _sight: &Sight) -> Option<u64> {
        (!self.draws(run)).then_some(0)
    }

    fn why_kept(&self, run: &Run<'_>, candidate: &Candidate) -> Why {
        let best = run.candidates.as_slice().first();
        let is_best = best.is_some_and(|best| best.member == candidate.member);
        if !run.is_explored || !is_best {
            return Why::NotSaid;
        }
        let estimate = self.latency.estimate(run, &run.outlook(), candidate.member);
        estimate.map_or(Why::NotSaid, Why::Explored)
    }
}

impl Explore {
    /// Whether the client is one of those that explore this hour; notes that it was drawn for.
    fn draws(&self, run: &mut Run<'_>) -> bool {
        run.drawn();
        let hour = run.question.now_s / HOUR_S;
        let seed = Seed::passing(run.policy.salt, run.client.drawn, run.question.name, hour);
        seed.is_drawn(self.rate)
    }

    /// Whom to send the client to instead of the first.
    fn target(&self, run: &Run<'_>) -> Option<MemberIndex> {
        let outlook = run.outlook();
        let (first, others) = run.candidates.as_slice().split_first()?;
        let present = self.latency.estimate(run, &outlook, first.member)?;
        let present_column = run.column(first.member);
        let others = others.iter().filter(|other| {
            run.column(other.member) != present_column && self.may_serve(run, other.member)
        });
        let bounds = others.filter_map(|other| {
            let estimate = self.latency.estimate(run, &outlook, other.member)?;
            Some((estimate.rtt_ms - estimate.error_ms?, other.member))
        });
        let (least_ms, target) = bounds.min_by(|one, other| one.0.total_cmp(&other.0))?;
        (least_ms < present.rtt_ms).then_some(target)
    }

    /// Never one that is not well, whatever a step before kept.
    fn may_serve(&self, run: &Run<'_>, member: MemberIndex) -> bool {
        let endpoint = run.endpoint(member);
        let is_enabled =
            endpoint.is_some_and(|endpoint| endpoint.admin_state == AdminState::Enabled);
        let has_room = match run.load(member) {
            Load::Known { share, .. } => share < FULL,
            Load::Unknown | Load::TooOld { .. } => true,
        };
        is_enabled && has_room && run.state(member) == State::Up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_of_all_seeds_is_drawn() {
        let salt = crate::steering::policy::SaltKey(1, 2);
        let name = crate::wire::NameBuf::from_text("www.demo.test.").unwrap();
        let client = crate::steering::Subnet {
            address: "10.0.0.0".parse().unwrap(),
            prefix: 24,
        };
        let seeds = (0..100_000).map(|hour| Seed::passing(salt, client, name.as_name(), hour));
        let rate = -libm::log1p(-0.01);
        let drawn = seeds.filter(|seed| seed.is_drawn(rate)).count();
        assert!((900..1100).contains(&drawn), "{drawn}");
    }
}

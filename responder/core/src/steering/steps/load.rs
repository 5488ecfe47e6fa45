//! `load`: endpoints that are nearly full shed clients, the more the fuller they are, and always the same first (S5).
//!
//! ```text
//!  sheds
//!  100 % ┤          ┌────────
//!        │        ╱
//!    0 % ┼──────╱──┬────────► load
//!              low high
//! ```

use serde::Deserialize;

use super::{Kind, Role, Sees};
use crate::load::Load as Reading;
use crate::observe::{Reason, Why};
use crate::steering::candidates::{Candidate, MemberIndex};
use crate::steering::compile::Context;
use crate::steering::draw::Seed;
use crate::steering::run::{Flow, Run};
use crate::steering::sift::{IfEmpty, IfEmptyOption, sift};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default = "low")]
    low: f64,
    #[serde(default = "high")]
    high: f64,
    #[serde(default)]
    if_empty: IfEmptyOption,
}

fn low() -> f64 {
    0.8
}

fn high() -> f64 {
    0.95
}

#[derive(Debug)]
pub(in crate::steering) struct Load {
    low: f64,
    high: f64,
    if_empty: IfEmpty,
}

impl Kind for Load {
    const NAME: &'static str = "load";
    const ROLE: Role = Role::Sifts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        let Options { low, high, .. } = options;
        if !(0.0..=f64::MAX).contains(&low) {
            return Err("low: must be 0 or more".to_owned());
        }
        if high.partial_cmp(&low) != Some(std::cmp::Ordering::Greater) || !high.is_finite() {
            return Err("high: must be above low".to_owned());
        }
        let if_empty = IfEmpty::compile(options.if_empty, context)?;
        Ok(Self {
            low,
            high,
            if_empty,
        })
    }

    fn sees(&self) -> Sees {
        Sees::Load
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        let mut candidates = run.candidates.as_slice().iter();
        let draws = candidates.any(|candidate| self.draws(run, candidate.member));
        let seed = draws.then(|| {
            run.drawn();
            run.shedding_seed()
        });
        sift(run, &self.if_empty, |run, member| {
            !self.sheds(run, member, seed)
        })
    }

    fn why_dropped(&self, run: &Run<'_>, member: MemberIndex) -> Reason {
        Reason::Loaded {
            load: run.load(member),
            sheds_percent: 100.0 * self.shed_share(run, member),
        }
    }

    fn why_kept(&self, run: &Run<'_>, candidate: &Candidate) -> Why {
        Why::Load {
            load: run.load(candidate.member),
            sheds_percent: 100.0 * self.shed_share(run, candidate.member),
        }
    }

    fn if_empty(&self) -> Option<&IfEmpty> {
        Some(&self.if_empty)
    }
}

impl Load {
    /// The share of its clients that a member sheds.
    fn shed_share(&self, run: &Run<'_>, member: MemberIndex) -> f64 {
        match run.load(member) {
            Reading::Known { share, .. } => {
                ((share - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
            }
            Reading::Unknown | Reading::TooOld { .. } => 0.0,
        }
    }

    /// Whether it depends on the client if a member sheds it.
    fn draws(&self, run: &Run<'_>, member: MemberIndex) -> bool {
        let share = self.shed_share(run, member);
        0.0 < share && share < 1.0
    }

    /// A client's draw stays as the load rises, so that whom it moved stays away.
    fn sheds(&self, run: &Run<'_>, member: MemberIndex, seed: Option<Seed>) -> bool {
        let share = self.shed_share(run, member);
        let id = run.endpoint(member).map_or(0, |endpoint| endpoint.id);
        share >= 1.0 || seed.is_some_and(|seed| seed.uniform(id) < share)
    }
}

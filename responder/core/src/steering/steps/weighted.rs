//! `weighted`: one weighted draw over the best tier, made anew for each name and time slot (S3).

use serde::Deserialize;

use super::{Kind, Role, Sees};
use crate::observe::Why;
use crate::steering::candidates::{Candidate, MemberIndex};
use crate::steering::compile::Context;
use crate::steering::draw::{DrawKind, Stake, draw, why_drawn};
use crate::steering::run::{Flow, Run};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default = "one")]
    weight: u32,
}

fn one() -> u32 {
    1
}

#[derive(Debug)]
pub(in crate::steering) struct Weighted {
    /// By member.
    stakes: Box<[Stake]>,
}

impl Kind for Weighted {
    const NAME: &'static str = "weighted";
    const ROLE: Role = Role::Sorts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        let stakes = context.stakes(options.weight);
        Ok(Self { stakes })
    }

    fn sees(&self) -> Sees {
        Sees::Prefix(DrawKind::Passing)
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        if run.candidates.best_tier_len() > 1 {
            let seed = run.seed(DrawKind::Passing);
            run.drawn();
            draw(run.candidates, &self.stakes, seed);
        }
        Flow::Continue
    }

    fn stake(&self, member: MemberIndex) -> Option<Stake> {
        self.stakes.get(usize::from(member)).copied()
    }

    fn why_kept(&self, _run: &Run<'_>, candidate: &Candidate) -> Why {
        why_drawn(candidate, &self.stakes)
    }
}

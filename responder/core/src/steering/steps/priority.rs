//! `priority`: groups candidates into tiers, the lowest number first.

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
    priority: u32,
}

#[derive(Debug)]
pub(in crate::steering) struct Priority {
    /// By member.
    priorities: Box<[u32]>,
}

impl Kind for Priority {
    const NAME: &'static str = "priority";
    const ROLE: Role = Role::Sorts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        let members = context.members();
        let priorities = members.map(|(member, _)| member.priority.unwrap_or(options.priority));
        Ok(Self {
            priorities: priorities.collect(),
        })
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        run.candidates.refine(
            |member| f64::from(self.priority(member)),
            |_, before, this| before == this,
        );
        Flow::Continue
    }

    fn why_kept(&self, _run: &Run<'_>, candidate: &Candidate) -> Why {
        Why::Priority(self.priority(candidate.member))
    }
}

impl Priority {
    fn priority(&self, member: MemberIndex) -> u32 {
        let priority = self.priorities.get(usize::from(member));
        priority.copied().unwrap_or(u32::MAX)
    }
}

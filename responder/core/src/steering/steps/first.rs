//! `first`: how many addresses to answer.

use serde::Deserialize;

use super::{Kind, Role};
use crate::observe::Reason;
use crate::steering::candidates::{MAX_CHOSEN, MemberIndex};
use crate::steering::compile::Context;
use crate::steering::run::{Flow, Run};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    count: usize,
}

#[derive(Debug)]
pub(in crate::steering) struct First {
    count: usize,
}

impl Kind for First {
    const NAME: &'static str = "first";
    const ROLE: Role = Role::Sorts;
    type Options = Options;

    fn compile(options: Options, _context: &mut Context<'_>) -> Result<Self, String> {
        match options.count {
            count @ 1..=MAX_CHOSEN => Ok(Self { count }),
            _ => Err(format!("count: must be from 1 to {MAX_CHOSEN}")),
        }
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        run.keep_first(self.count);
        Flow::Continue
    }

    fn why_dropped(&self, run: &Run<'_>, member: MemberIndex) -> Reason {
        let named = run.is_named(member);
        match run.candidates.as_slice().first() {
            Some(best) if run.is_named(best.member) => Reason::BehindName,
            _ if named => Reason::NameAmongAddresses,
            _ => Reason::BeyondFirst(self.count),
        }
    }
}

impl First {
    pub(in crate::steering) fn is_one(&self) -> bool {
        self.count == 1
    }
}

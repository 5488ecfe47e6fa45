//! `healthy`: drops endpoints that are down for the family asked, and unknown ones while another is up (H2, S12).

use serde::Deserialize;

use super::{Kind, Role};
use crate::health::State;
use crate::observe::Reason;
use crate::steering::candidates::MemberIndex;
use crate::steering::compile::Context;
use crate::steering::run::{Flow, Run};
use crate::steering::sift::{IfEmpty, IfEmptyOption, sift};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default)]
    if_empty: IfEmptyOption,
}

#[derive(Debug)]
pub(in crate::steering) struct Healthy {
    if_empty: IfEmpty,
}

impl Kind for Healthy {
    const NAME: &'static str = "healthy";
    const ROLE: Role = Role::AsksHealth;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        let if_empty = IfEmpty::compile(options.if_empty, context)?;
        Ok(Self { if_empty })
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        let mut candidates = run.candidates.as_slice().iter();
        let worst = match candidates.any(|candidate| run.state(candidate.member) == State::Up) {
            true => [State::Down, State::Unknown],
            false => [State::Down, State::Down],
        };
        sift(run, &self.if_empty, |run, member| {
            !worst.contains(&run.state(member))
        })
    }

    fn why_dropped(&self, run: &Run<'_>, member: MemberIndex) -> Reason {
        match run.state(member) {
            State::Unknown => Reason::NotYetKnown,
            _ if run.is_named(member) => Reason::Down,
            _ => Reason::DownOver(run.question.family),
        }
    }

    fn if_empty(&self) -> Option<&IfEmpty> {
        Some(&self.if_empty)
    }
}

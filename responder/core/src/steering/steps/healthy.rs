//! `healthy`: drops endpoints that are down for the family asked, and unknown ones while another is up (H2, S12).
//!
//! If it is relative, and vantages disagree about an endpoint, the one nearest to the client decides (H4): who is near a
//! vantage that cannot reach the endpoint is sent elsewhere, and all others are not.

use serde::Deserialize;

use super::{Kind, Role, Sees};
use crate::beliefs::View;
use crate::health::State;
use crate::observe::{Reason, Why};
use crate::steering::candidates::{Candidate, MemberIndex};
use crate::steering::compile::Context;
use crate::steering::run::{Flow, Run};
use crate::steering::sift::{IfEmpty, IfEmptyOption, sift};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default)]
    relative: bool,
    #[serde(default)]
    if_empty: IfEmptyOption,
}

#[derive(Debug)]
pub(in crate::steering) struct Healthy {
    is_relative: bool,
    if_empty: IfEmpty,
}

impl Kind for Healthy {
    const NAME: &'static str = "healthy";
    const ROLE: Role = Role::AsksHealth;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        let if_empty = IfEmpty::compile(options.if_empty, context)?;
        Ok(Self {
            is_relative: options.relative,
            if_empty,
        })
    }

    fn sees(&self) -> Sees {
        match self.is_relative {
            true => Sees::Views,
            false => Sees::Nobody,
        }
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        if self.is_relative && run.has_split() {
            run.located_within(run.location.scope);
        }
        let mut candidates = run.candidates.as_slice().iter();
        let worst = match candidates.any(|candidate| self.state(run, candidate.member) == State::Up)
        {
            true => [State::Down, State::Unknown],
            false => [State::Down, State::Down],
        };
        sift(run, &self.if_empty, |run, member| {
            !worst.contains(&self.state(run, member))
        })
    }

    fn why_dropped(&self, run: &Run<'_>, member: MemberIndex) -> Reason {
        match (self.state(run, member), self.view(run, member)) {
            (State::Unknown, _) => Reason::NotYetKnown,
            (_, Some(view)) => Reason::DownFrom(view.vantage),
            _ if run.is_named(member) => Reason::Down,
            _ => Reason::DownOver(run.question.family),
        }
    }

    fn why_kept(&self, run: &Run<'_>, candidate: &Candidate) -> Why {
        match self.view(run, candidate.member) {
            Some(view) if view.is_up => Why::UpFrom(view.vantage),
            _ => Why::NotSaid,
        }
    }

    fn if_empty(&self) -> Option<&IfEmpty> {
        Some(&self.if_empty)
    }
}

impl Healthy {
    /// What the vantage says that decides for the client, if one does.
    fn view<'a>(&self, run: &Run<'a>, member: MemberIndex) -> Option<&'a View> {
        match self.is_relative {
            true => run.nearest_view(member),
            false => None,
        }
    }

    fn state(&self, run: &Run<'_>, member: MemberIndex) -> State {
        match self.view(run, member) {
            None => run.state(member),
            Some(view) if view.is_up => State::Up,
            Some(_) => State::Down,
        }
    }
}

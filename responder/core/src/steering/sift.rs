//! What all sifting steps share: dropping candidates, but never all of them unsaid (S1).

use serde::Deserialize;

use super::candidates::{MemberIndex, MemberSet};
use super::compile::Context;
use super::policy::{PolicyIndex, Roster};
use super::run::{Bypass, Flow, Run};

/// `if_empty` as it is written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum IfEmptyOption {
    #[default]
    Bypass,
    Fallback {
        pool: Option<u32>,
        policy: Option<u32>,
    },
    Refuse,
}

/// What happens if a step would drop all candidates.
#[derive(Debug)]
pub(crate) enum IfEmpty {
    Bypass,
    Pool { id: u32, members: Roster },
    Policy { id: u32, index: PolicyIndex },
    Refuse,
}

impl IfEmpty {
    pub(super) fn compile(
        option: IfEmptyOption,
        context: &mut Context<'_>,
    ) -> Result<Self, String> {
        match option {
            IfEmptyOption::Bypass => Ok(Self::Bypass),
            IfEmptyOption::Fallback {
                pool: Some(id),
                policy: None,
            } => {
                let members = context.enlist_fallback(id)?;
                Ok(Self::Pool { id, members })
            }
            IfEmptyOption::Fallback {
                pool: None,
                policy: Some(id),
            } => {
                let index = context.policy(id);
                let index = index.map_err(|error| format!("if_empty: {error}"))?;
                Ok(Self::Policy { id, index })
            }
            IfEmptyOption::Fallback { .. } => {
                Err("if_empty: a fallback names either a pool or a policy".to_owned())
            }
            IfEmptyOption::Refuse => {
                Err("if_empty: only a fence may refuse; use bypass or fallback".to_owned())
            }
        }
    }

    /// The same for a fence, which alone may refuse.
    pub(super) fn compile_for_fence(
        option: IfEmptyOption,
        context: &mut Context<'_>,
    ) -> Result<Self, String> {
        match option {
            IfEmptyOption::Refuse => Ok(Self::Refuse),
            option => Self::compile(option, context),
        }
    }

    /// The policy that may answer instead.
    pub(super) fn policy(&self) -> Option<PolicyIndex> {
        match self {
            Self::Policy { index, .. } => Some(*index),
            _ => None,
        }
    }
}

/// Keeps the candidates that `keep` likes; if it likes none, does what `if_empty` says.
pub(super) fn sift(
    run: &mut Run<'_>,
    if_empty: &IfEmpty,
    keep: impl Fn(&Run<'_>, MemberIndex) -> bool,
) -> Flow {
    let kept: MemberSet = {
        let members = run.candidates.as_slice().iter();
        let members = members.map(|candidate| candidate.member);
        members.filter(|member| keep(run, *member)).collect()
    };
    if kept.is_empty() {
        return empty(run, if_empty);
    }
    run.candidates
        .retain(|candidate| kept.contains(candidate.member));
    Flow::Continue
}

fn empty(run: &mut Run<'_>, if_empty: &IfEmpty) -> Flow {
    let (question, policy) = (run.question, run.policy);
    match if_empty {
        IfEmpty::Bypass => Flow::Bypassed(Bypass::Declared),
        IfEmpty::Refuse => Flow::Refused,
        IfEmpty::Pool { id, members } => {
            let mut members = question.on(policy, members).peekable();
            if members.peek().is_none() {
                return Flow::Bypassed(Bypass::FallbackPoolUnable { pool: *id });
            }
            run.candidates.reset(members);
            Flow::FallbackPool { pool: *id }
        }
        IfEmpty::Policy { id, index } => {
            let policy = question.policies.policy_at(*index);
            let able = policy.is_some_and(|policy| {
                let mut members = question.on(policy, &policy.candidates);
                members.next().is_some()
            });
            match able {
                true => Flow::FallbackPolicy(*index),
                false => Flow::Bypassed(Bypass::FallbackPolicyUnable { policy: *id }),
            }
        }
    }
}

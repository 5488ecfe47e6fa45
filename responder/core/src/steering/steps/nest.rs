//! `use`: another policy answers, if enough of its endpoints are well (S11).
//!
//! ```text
//! use eu ─► well? ─► eu answers, with its own steps and TTL
//!             │ no
//! use us ─► well? ─► …
//!             │ no
//! the steps behind, over the policy's own candidates
//! ```

use serde::Deserialize;

use super::{Kind, Role};
use crate::health::State;
use crate::steering::chunk_v1::AdminState;
use crate::steering::compile::Context;
use crate::steering::policy::PolicyIndex;
use crate::steering::run::{Bypass, Flow, Run};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    policy: u32,
    #[serde(default = "one")]
    min_healthy: u32,
}

fn one() -> u32 {
    1
}

#[derive(Debug)]
pub(in crate::steering) struct Use {
    id: u32,
    index: PolicyIndex,
    min_healthy: u32,
}

impl Kind for Use {
    const NAME: &'static str = "use";
    const ROLE: Role = Role::AsksHealth;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        if options.min_healthy == 0 {
            return Err("min_healthy: must be 1 or more".to_owned());
        }
        let index = context.policy(options.policy);
        Ok(Self {
            id: options.policy,
            index: index.map_err(|error| format!("policy: {error}"))?,
            min_healthy: options.min_healthy,
        })
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        let healthy = self.healthy(run);
        match healthy >= self.min_healthy {
            true => Flow::Used(self.index),
            false => Flow::Bypassed(Bypass::Unwell {
                policy: self.id,
                healthy,
                wanted: self.min_healthy,
            }),
        }
    }

    fn successor(&self) -> Option<PolicyIndex> {
        Some(self.index)
    }
}

impl Use {
    /// How many endpoints of the policy are up for the family asked, and are meant to serve.
    fn healthy(&self, run: &Run<'_>) -> u32 {
        let question = run.question;
        let Some(policy) = question.policies.policy_at(self.index) else {
            return 0;
        };
        let members = question.on(policy, &policy.candidates);
        let well = members.filter(|member| {
            let endpoint = question.policies.member_endpoint(policy, *member);
            endpoint.is_some_and(|(index, endpoint)| {
                endpoint.admin_state == AdminState::Enabled
                    && question.beliefs.state(index, question.family) == State::Up
            })
        });
        well.count() as u32
    }
}

//! `admin`: drops endpoints that the operator drains or has disabled.

use serde::Deserialize;

use super::{Kind, Role};
use crate::observe::Reason;
use crate::steering::candidates::{MemberIndex, MemberSet};
use crate::steering::compile::Context;
use crate::steering::policy::AdminState;
use crate::steering::run::{Flow, Run};
use crate::steering::sift::{IfEmpty, IfEmptyOption, sift};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default)]
    if_empty: IfEmptyOption,
}

#[derive(Debug)]
pub(in crate::steering) struct Admin {
    enabled: MemberSet,
    if_empty: IfEmpty,
}

impl Kind for Admin {
    const NAME: &'static str = "admin";
    const ROLE: Role = Role::Sifts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        let if_empty = IfEmpty::compile(options.if_empty, context)?;
        let enabled = context.members_where(|endpoint| endpoint.admin_state == AdminState::Enabled);
        Ok(Self { enabled, if_empty })
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        sift(run, &self.if_empty, |_, member| {
            self.enabled.contains(member)
        })
    }

    fn why_dropped(&self, run: &Run<'_>, member: MemberIndex) -> Reason {
        let state = run.endpoint(member).map(|endpoint| endpoint.admin_state);
        match state {
            Some(AdminState::Draining) => Reason::Draining,
            _ => Reason::Disabled,
        }
    }

    fn if_empty(&self) -> Option<&IfEmpty> {
        Some(&self.if_empty)
    }
}

//! A proposed policy in the shadow of one that is served: what it would answer some of the clients, which changes nothing
//! of what they are answered.
//!
//! ```text
//! select ─► answered
//!    └─ its policy has a shadow, the client is drawn ─► select by the shadow ─► Watched, which is only counted
//! ```

use super::candidates::Scratch;
use super::client::ClientView;
use super::draw::Seed;
use super::policy::PolicyIndex;
use super::run::Question;
use super::select::select;
use crate::observe::Silent;

/// Clients are drawn anew every hour, so that in the course of a day many are.
const HOUR_S: u64 = 3600;

/// A shadow as it is served: the proposal is a policy of the set that answers nothing.
#[derive(Debug)]
pub(super) struct Shadow {
    pub id: u32,
    pub of: PolicyIndex,
    pub proposal: PolicyIndex,
    /// Of clients, from 0 to 1.
    pub share: f64,
    /// Unix seconds: from then on it is over.
    pub until_s: u64,
}

/// What a shadow would have answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// The shadow's id.
    pub shadow: u32,
    /// The first endpoint; 0: none.
    pub endpoint: u32,
}

/// What the shadow of `policy` would answer; `None`: it has none, or the client is not one of those it is tried on. The
/// endpoints chosen in `scratch` stay.
#[inline]
pub fn watch(
    question: &Question<'_>,
    policy: PolicyIndex,
    scratch: &mut Scratch,
) -> Option<Watched> {
    match question.policies.shadows.is_empty() {
        true => None,
        false => watched(question, policy, scratch),
    }
}

#[cold]
fn watched(question: &Question<'_>, policy: PolicyIndex, scratch: &mut Scratch) -> Option<Watched> {
    let mut shadows = question.policies.shadows.iter();
    let shadow = shadows.find(|shadow| shadow.of == policy)?;
    let served = question.policies.policy_at(policy)?;
    let client = ClientView::new(question.client, served.ecs);
    let hour = question.now_s / HOUR_S;
    let is_drawn = Seed::watching(served.salt, client.drawn, hour).uniform(0) < shadow.share;
    if !is_drawn || question.now_s >= shadow.until_s {
        return None;
    }
    let answered = scratch.chosen_now();
    select(question, shadow.proposal, scratch, &mut Silent);
    let first = scratch.chosen().first();
    let endpoint = first.and_then(|index| question.policies.endpoint(*index));
    let watched = Watched {
        shadow: shadow.id,
        endpoint: endpoint.map_or(0, |endpoint| endpoint.id),
    };
    scratch.choose_again(answered);
    Some(watched)
}

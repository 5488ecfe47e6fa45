//! A policy at work: its steps in the order given, until the answer is found.
//!
//! ```text
//! candidates of the family ─► step ─► step ─► … ─► first N ─► Addresses | Target
//!                              │ would drop all
//!                              ├─► bypass: keeps all, goes on
//!                              ├─► fallback pool: its members go on, past every sifting step
//!                              ├─► fallback policy: starts there, without asking health
//!                              └─► refuse ─────────────────────► Refused
//! ```

mod narrate;

use super::candidates::Scratch;
use super::client::{ClientView, EcsMode};
use super::policy::{Policy, PolicyIndex};
use super::run::{Flow, Question, Run};
use super::steps::{Role, Step};
use crate::geo::CountryIndex;
use crate::observe::Observer;
use crate::wire::Name;

/// What a policy answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection<'a> {
    pub outcome: Outcome<'a>,
    pub ttl_s: u32,
    /// The scope that the answer needs: it holds for all clients within this prefix of the subnet. 0 without one.
    pub scope: u8,
    /// The client's country, for the counters.
    pub country: Option<CountryIndex>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome<'a> {
    /// The addresses of `Scratch::chosen`, in that order.
    Addresses,
    /// The host name of the one endpoint in `Scratch::chosen`: a CNAME, or at an apex the target's addresses.
    Target(Name<'a>),
    /// A fence says NODATA (S1).
    Refused,
    /// The policy has no endpoint that can answer the family asked: NODATA.
    NoCandidate,
}

/// Which steps are passed by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Serving {
    Regular,
    FallbackPolicy,
    FallbackPool,
}

impl Serving {
    fn skips(self, role: Role) -> bool {
        match self {
            Self::Regular => false,
            Self::FallbackPolicy => role == Role::AsksHealth,
            Self::FallbackPool => role != Role::Sorts,
        }
    }
}

/// How a policy's chain ended.
enum Ending {
    Found,
    Refused,
    HandedOver(PolicyIndex),
}

/// Runs `policy` for `question`. Pure: what it reads is its arguments, what it writes is `scratch`.
pub fn select<'a, O: Observer>(
    question: &Question<'a>,
    policy: PolicyIndex,
    scratch: &mut Scratch,
    observer: &mut O,
) -> Selection<'a> {
    let mut serving = Serving::Regular;
    let mut mode = EcsMode::Always;
    let mut selection = Selection {
        outcome: Outcome::NoCandidate,
        ttl_s: 0,
        scope: 0,
        country: None,
    };
    scratch.choose_nobody();
    let mut next = question.policies.policy_at(policy);
    // Ends because fallback policies form no cycle.
    while let Some(policy) = next {
        // A fallback policy sees no more of the client than the policy that called it.
        mode = mode.min(policy.ecs);
        let client = ClientView::new(question.client, mode);
        let location = question.geo.locate(client.located.address);
        if serving == Serving::Regular {
            selection.country = location.country;
            narrate::client(question, &client, &location, observer);
        }
        let mut run = Run {
            question: *question,
            policy,
            client,
            location,
            candidates: &mut scratch.candidates,
            scope: selection.scope,
        };
        selection.ttl_s = policy.ttl_s;
        let ending = run_policy(&mut run, serving, observer);
        selection.scope = run.scope;
        next = match ending {
            Ending::HandedOver(fallback) => question.policies.policy_at(fallback),
            Ending::Found => {
                selection.outcome = found(question, policy, scratch);
                None
            }
            Ending::Refused => {
                selection.outcome = Outcome::Refused;
                None
            }
        };
        serving = Serving::FallbackPolicy;
        narrate::ending(question, &selection, scratch, observer);
    }
    selection
}

fn run_policy<O: Observer>(run: &mut Run<'_>, mut serving: Serving, observer: &mut O) -> Ending {
    let candidates = run.question.answerable(run.policy, &run.policy.candidates);
    run.candidates.reset(candidates);
    narrate::candidates(run, observer);
    if run.candidates.is_empty() {
        return Ending::Found;
    }
    for step in &run.policy.steps {
        if serving.skips(step.role()) {
            narrate::skipped(step, run, observer);
            continue;
        }
        match apply(step, run, observer) {
            Flow::Continue | Flow::Bypassed(_) => {}
            Flow::FallbackPool { .. } => serving = Serving::FallbackPool,
            Flow::FallbackPolicy(policy) => return Ending::HandedOver(policy),
            Flow::Refused => return Ending::Refused,
        }
    }
    if !run.policy.says_first {
        run.keep_first(1);
    }
    Ending::Found
}

fn apply<O: Observer>(step: &Step, run: &mut Run<'_>, observer: &mut O) -> Flow {
    match O::LISTENS {
        false => step.apply(run),
        true => narrate::step(step, run, observer),
    }
}

fn found<'a>(question: &Question<'a>, policy: &Policy, scratch: &mut Scratch) -> Outcome<'a> {
    let policies = question.policies;
    scratch.choose(|member| policy.member(member).map(|member| member.endpoint));
    let best = scratch.chosen().first();
    match best.and_then(|best| policies.endpoint(*best)) {
        None => Outcome::NoCandidate,
        Some(endpoint) => match &endpoint.hostname {
            Some(hostname) => Outcome::Target(hostname.as_name()),
            None => Outcome::Addresses,
        },
    }
}

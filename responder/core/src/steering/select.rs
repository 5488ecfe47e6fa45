//! A policy at work: its steps in the order given, until the answer is found.
//!
//! ```text
//! candidates of the family ─► step ─► step ─► … ─► first N ─► Addresses | Target
//!                              ├─► use another policy: starts there
//!                              │ would drop all
//!                              ├─► bypass: keeps all, goes on
//!                              ├─► fallback pool: its members go on, past every sifting step
//!                              ├─► fallback policy: starts there, without asking health
//!                              └─► refuse ─────────────────────► Refused
//! ```

mod narrate;

use super::candidates::Scratch;
use super::client::{ClientView, EcsMode};
use super::decision_tree::Decision;
use super::policy::{Policy, PolicyIndex};
use super::run::{Flow, Question, Run};
use super::shortcuts::Key;
use super::steps::{Role, Step};
use crate::geo::{CountryIndex, Sighting};
use crate::observe::{Observer, Silent};
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
    /// The client's autonomous system, for the counters; looked up if there is a file of them.
    pub network: Option<u32>,
    /// Whether the client is sent elsewhere to learn about it (S8).
    pub is_explored: bool,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Serving {
    Regular,
    FallbackPolicy,
    FallbackPool,
}

impl Serving {
    pub(super) fn skips(self, role: Role) -> bool {
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
    HandedOver(PolicyIndex, Serving),
}

/// Has `policy` decide `question`. Pure: what it reads is its arguments, and what `scratch` remembers changes no answer.
pub fn select<'a, O: Observer>(
    question: &Question<'a>,
    policy: PolicyIndex,
    scratch: &mut Scratch,
    observer: &mut O,
) -> Selection<'a> {
    let remembered = match O::LISTENS {
        false => remembered(question, policy, scratch),
        true => None,
    };
    remembered.unwrap_or_else(|| decided(question, policy, scratch, observer))
}

/// What the policy decided before for clients like this one; `None`: its whole chain has to be run.
fn remembered<'a>(
    question: &Question<'a>,
    index: PolicyIndex,
    scratch: &mut Scratch,
) -> Option<Selection<'a>> {
    let policy = question.policies.policy_at(index)?;
    if policy.sees_apex && question.apex.is_some() {
        return None;
    }
    let client = ClientView::new(question.client, policy.ecs);
    let sighting = question.geo.sight(client.located.address);
    let key = Key::new(index, question.family, sighting.place);
    scratch.tree.renew(question.beliefs.epoch());
    let (outcome, scope, is_explored) = match scratch.tree.shortcut(key) {
        Some(lots) => {
            let endpoint = scratch.tree.winner(lots, question, (policy, &client));
            scratch.choose_one(endpoint);
            let located = if lots.is_located { sighting.scope } else { 0 };
            let drawn = lots.kind.map_or(0, |_| client.draw_scope);
            let scope = client.location_scope(located).max(drawn);
            (outcome(question, scratch), scope, false)
        }
        None => walked(question, (index, policy), (client, sighting), key, scratch)?,
    };
    Some(Selection {
        outcome,
        ttl_s: question.ttl_s(policy),
        scope,
        country: sighting.country,
        network: question.geo.asn(client.located.address).0,
        is_explored,
    })
}

/// The outcome and scope that the tree leads to, and whether the client explores; `None` as above.
fn walked<'a>(
    question: &Question<'a>,
    (index, policy): (PolicyIndex, &'a Policy),
    (client, sighting): (ClientView, Sighting),
    key: Option<Key>,
    scratch: &mut Scratch,
) -> Option<(Outcome<'a>, u8, bool)> {
    let mut run = Run {
        question: *question,
        policy,
        location: question.geo.location(sighting),
        client,
        candidates: &mut scratch.candidates,
        scope: 0,
        is_located: false,
        is_explored: false,
    };
    let decision = scratch.tree.decide(&mut run, index, key)?;
    let ending = match decision {
        Decision::Chosen(_) => Ending::Found,
        Decision::Continue { step, serving } => run_steps(&mut run, step, serving, &mut Silent),
    };
    let (scope, is_explored) = (run.scope, run.is_explored);
    let outcome = match (ending, decision) {
        (Ending::HandedOver(..), _) => return None,
        (Ending::Refused, _) => {
            scratch.choose_nobody();
            Outcome::Refused
        }
        (Ending::Found, Decision::Chosen(endpoint)) => {
            scratch.choose_one(endpoint);
            outcome(question, scratch)
        }
        (Ending::Found, Decision::Continue { .. }) => found(question, policy, scratch),
    };
    Some((outcome, scope, is_explored))
}

/// Runs the whole chain of `policy`, and those of the policies it falls back to.
fn decided<'a, O: Observer>(
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
        network: None,
        is_explored: false,
    };
    scratch.choose_nobody();
    let first = question.policies.policy_at(policy);
    let mut next = first;
    // Ends because policies hand over in no cycle.
    while let Some(policy) = next {
        // A policy sees no more of the client than the one that called it.
        mode = mode.min(policy.ecs);
        let client = ClientView::new(question.client, mode);
        let location = question.geo.locate(client.located.address);
        if first.is_some_and(|first| std::ptr::eq(first, policy)) {
            selection.country = location.country;
            selection.network = question.geo.asn(client.located.address).0;
            narrate::client(question, &client, &location, observer);
        }
        let mut run = Run {
            question: *question,
            policy,
            client,
            location,
            candidates: &mut scratch.candidates,
            scope: selection.scope,
            is_located: false,
            is_explored: false,
        };
        selection.ttl_s = question.ttl_s(policy);
        let ending = run_policy(&mut run, serving, observer);
        selection.scope = run.scope;
        selection.is_explored = run.is_explored;
        next = match ending {
            Ending::HandedOver(other, how) => {
                serving = how;
                question.policies.policy_at(other)
            }
            Ending::Found => {
                selection.outcome = found(question, policy, scratch);
                None
            }
            Ending::Refused => {
                selection.outcome = Outcome::Refused;
                None
            }
        };
        narrate::ending((question, policy), &selection, scratch, observer);
    }
    selection
}

fn run_policy<O: Observer>(run: &mut Run<'_>, serving: Serving, observer: &mut O) -> Ending {
    let candidates = run.question.starters(run.policy);
    run.candidates.reset(candidates);
    narrate::candidates(run, observer);
    if run.candidates.is_empty() {
        return Ending::Found;
    }
    run_steps(run, 0, serving, observer)
}

/// Runs the steps from number `from` on.
fn run_steps<O: Observer>(
    run: &mut Run<'_>,
    from: usize,
    mut serving: Serving,
    observer: &mut O,
) -> Ending {
    for step in run.policy.steps.iter().skip(from) {
        if serving.skips(step.role()) {
            narrate::skipped(step, run, observer);
            continue;
        }
        match apply(step, run, observer) {
            Flow::Continue | Flow::Bypassed(_) => {}
            Flow::FallbackPool { .. } => serving = Serving::FallbackPool,
            Flow::FallbackPolicy(policy) => {
                return Ending::HandedOver(policy, Serving::FallbackPolicy);
            }
            Flow::Used(policy) => return Ending::HandedOver(policy, Serving::Regular),
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
    scratch.choose(|member| policy.member(member).map(|member| member.endpoint));
    outcome(question, scratch)
}

fn outcome<'a>(question: &Question<'a>, scratch: &Scratch) -> Outcome<'a> {
    let policies = question.policies;
    let best = scratch.chosen().first();
    match best.and_then(|best| policies.endpoint(*best)) {
        None => Outcome::NoCandidate,
        Some(endpoint) => match &endpoint.hostname {
            Some(hostname) => Outcome::Target(hostname.as_name()),
            None => Outcome::Addresses,
        },
    }
}

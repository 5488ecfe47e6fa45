//! Tells an observer what happened. Nothing here decides anything, and nothing runs if nobody listens.

use crate::geo::Location;
use crate::observe::{
    CandidateSeen, Located, Note, Observer, PolicyStarted, Reason, StepOutcome, Why,
};
use crate::steering::candidates::{Candidates, MemberIndex, Scratch};
use crate::steering::client::ClientView;
use crate::steering::policy::Policy;
use crate::steering::run::{Bypass, Flow, Question, Run};
use crate::steering::steps::Step;

use super::Selection;

pub(super) fn client<O: Observer>(
    question: &Question<'_>,
    client: &ClientView,
    location: &Location,
    observer: &mut O,
) {
    if O::LISTENS {
        let subnet = client.located;
        observer.located(&Located {
            client: question.client,
            prefix: (subnet.address, subnet.prefix),
            by_subnet: client.located_by_subnet,
            location,
            asn: question.geo.asn(subnet.address).0,
        });
    }
}

pub(super) fn candidates<O: Observer>(run: &Run<'_>, observer: &mut O) {
    if !O::LISTENS {
        return;
    }
    let Question { family, now_s, .. } = run.question;
    observer.policy_started(&PolicyStarted {
        policy: run.policy,
        family,
        time_slot: run.policy.time_slot(now_s),
    });
    let candidates = run.candidates.members();
    for member in run.policy.own_members() {
        let Some(endpoint) = run.endpoint(member) else {
            continue;
        };
        if candidates.contains(member) {
            seen(run, member, observer);
        } else if run.question.is_switched_off(run.policy, member) {
            observer.not_a_candidate(endpoint, Reason::SwitchedOff);
        } else if endpoint.serves(family) {
            observer.not_a_candidate(endpoint, Reason::NameUnresolvedAtApex(family));
        } else {
            observer.not_a_candidate(endpoint, Reason::NoAddress(family));
        }
    }
}

fn seen<O: Observer>(run: &Run<'_>, index: MemberIndex, observer: &mut O) {
    if let (Some(endpoint), Some(member)) = (run.endpoint(index), run.policy.member(index)) {
        observer.candidate(&CandidateSeen {
            policies: run.question.policies,
            endpoint,
            family: run.question.family,
            weight: member.weight,
            priority: member.priority,
            switched_off: run.question.is_switched_off(run.policy, index),
        });
    }
}

pub(super) fn skipped<O: Observer>(step: &Step, run: &Run<'_>, observer: &mut O) {
    if O::LISTENS {
        observer.step_started(step.name());
        kept(run, observer, |_| Why::NotSaid);
        observer.step_ended(StepOutcome::Unchanged, 0, Note::SkippedInFallback);
    }
}

/// Runs a step and tells what it did.
pub(super) fn step<O: Observer>(step: &Step, run: &mut Run<'_>, observer: &mut O) -> Flow {
    observer.step_started(step.name());
    let before = run.candidates.clone();
    let scope_before = std::mem::take(&mut run.scope);
    run.candidates.forget_keys();
    let flow = step.apply(run);
    let scope = run.scope;
    run.scope = scope.max(scope_before);
    let outcome = match flow {
        Flow::Continue => continued(step, run, &before, observer),
        Flow::Bypassed(_) => {
            kept(run, observer, |candidate| {
                Why::InSpiteOf(step.why_dropped(run, candidate))
            });
            StepOutcome::Bypassed
        }
        Flow::Used(_) => {
            kept(run, observer, |_| Why::NotSaid);
            StepOutcome::Applied
        }
        Flow::FallbackPool { .. } | Flow::FallbackPolicy(_) | Flow::Refused => {
            replaced(step, run, before, observer);
            match flow {
                Flow::Refused => StepOutcome::Refused,
                _ => StepOutcome::Fallback,
            }
        }
    };
    observer.step_ended(outcome, scope, note(flow, run));
    flow
}

fn continued<O: Observer>(
    step: &Step,
    run: &Run<'_>,
    before: &Candidates,
    observer: &mut O,
) -> StepOutcome {
    let left = run.candidates.members();
    for candidate in before.as_slice() {
        if let Some(endpoint) = run.endpoint(candidate.member)
            && !left.contains(candidate.member)
        {
            observer.dropped(endpoint, step.why_dropped(run, candidate.member));
        }
    }
    for candidate in run.candidates.as_slice() {
        if let Some(endpoint) = run.endpoint(candidate.member) {
            observer.kept(endpoint, candidate.tier, step.why_kept(run, candidate));
        }
    }
    let order = |candidates: &Candidates| {
        let list = candidates.as_slice().iter();
        list.map(|candidate| (candidate.member, candidate.tier))
            .collect::<Vec<_>>()
    };
    match order(before) == order(run.candidates) {
        true => StepOutcome::Unchanged,
        false => StepOutcome::Applied,
    }
}

/// All candidates went; those of a fallback pool may have come.
fn replaced<O: Observer>(step: &Step, run: &mut Run<'_>, mut before: Candidates, observer: &mut O) {
    // The step says why of the candidates that it was given.
    std::mem::swap(run.candidates, &mut before);
    for candidate in run.candidates.as_slice() {
        if let Some(endpoint) = run.endpoint(candidate.member) {
            observer.dropped(endpoint, step.why_dropped(run, candidate.member));
        }
    }
    std::mem::swap(run.candidates, &mut before);
    if run.candidates.members() != before.members() {
        kept(run, observer, |_| Why::NotSaid);
    }
}

fn kept<O: Observer>(run: &Run<'_>, observer: &mut O, why: impl Fn(MemberIndex) -> Why) {
    for candidate in run.candidates.as_slice() {
        if let Some(endpoint) = run.endpoint(candidate.member) {
            observer.kept(endpoint, candidate.tier, why(candidate.member));
        }
    }
}

fn note(flow: Flow, run: &Run<'_>) -> Note {
    let Question {
        family, policies, ..
    } = run.question;
    match flow {
        Flow::Continue => Note::Nothing,
        Flow::Bypassed(Bypass::Declared) => Note::KeptAll,
        Flow::Bypassed(Bypass::FallbackPoolUnable { pool }) => {
            Note::FallbackPoolUnable { id: pool, family }
        }
        Flow::Bypassed(Bypass::FallbackPolicyUnable { policy }) => {
            Note::FallbackPolicyUnable { id: policy, family }
        }
        Flow::Bypassed(Bypass::Unwell {
            policy,
            healthy,
            wanted,
        }) => Note::Unwell {
            id: policy,
            healthy,
            wanted,
        },
        Flow::FallbackPool { pool } => Note::FallbackPool { id: pool },
        Flow::FallbackPolicy(index) => Note::FallbackPolicy {
            id: policies.policy_at(index).map_or(0, |policy| policy.id),
        },
        Flow::Used(index) => Note::Used {
            id: policies.policy_at(index).map_or(0, |policy| policy.id),
        },
        Flow::Refused => Note::NoData,
    }
}

pub(super) fn ending<O: Observer>(
    (question, policy): (&Question<'_>, &Policy),
    selection: &Selection<'_>,
    scratch: &Scratch,
    observer: &mut O,
) {
    if O::LISTENS {
        if selection.ttl_s < policy.ttl_s {
            let failing = question.failing(policy);
            failing.for_each(|endpoint| observer.ttl_lowered(policy, endpoint));
        }
        for index in scratch.chosen() {
            if let Some(endpoint) = question.policies.endpoint(*index) {
                observer.chosen(endpoint);
            }
        }
        observer.policy_ended(selection.ttl_s, selection.scope);
    }
}

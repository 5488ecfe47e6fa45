//! Policies that let others answer, as fallbacks or by `use`, must end somewhere.

use super::PolicyError;
use crate::steering::policy::{Policy, PolicyIndex};
use crate::steering::steps::Step;

/// Refuses policies that lead back to themselves, directly or through others.
pub(super) fn refuse(policies: &[Policy]) -> Result<(), PolicyError> {
    // Policies whose successors are known to end.
    let mut ends = vec![false; policies.len()];
    loop {
        let mut progress = false;
        for (index, policy) in policies.iter().enumerate() {
            let all_end =
                || successors(policy).all(|next| ends.get(next.0 as usize) == Some(&true));
            if ends.get(index) == Some(&false) && all_end() {
                progress = true;
                if let Some(end) = ends.get_mut(index) {
                    *end = true;
                }
            }
        }
        if !progress {
            break;
        }
    }
    match policies.iter().zip(&ends).find(|(_, ends)| !**ends) {
        None => Ok(()),
        Some((policy, _)) => Err(PolicyError::new(
            format!("policy \"{}\"", policy.name),
            "the policies that answer instead of it form a cycle",
        )),
    }
}

fn successors(policy: &Policy) -> impl Iterator<Item = PolicyIndex> {
    policy.steps.iter().filter_map(Step::successor)
}

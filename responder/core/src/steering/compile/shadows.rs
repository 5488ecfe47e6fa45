//! Shadows: proposals are compiled like the policies they might become.

use std::collections::HashSet;

use super::{Catalogue, PolicyError, policy};
use crate::steering::chunk_v1::{self, Chunk};
use crate::steering::policy::{Policy, PolicyIndex};
use crate::steering::shadow::Shadow;

/// The shadows, and their proposals in the same order, which are to follow the policies of the chunk.
pub(super) fn compiled(
    chunk: &Chunk,
    catalogue: &Catalogue<'_>,
) -> Result<(Box<[Shadow]>, Vec<Policy>), PolicyError> {
    let (mut shadows, mut proposals) = (Vec::new(), Vec::new());
    let (mut ids, mut shadowed) = (HashSet::new(), HashSet::new());
    for (written, number) in chunk.shadows.iter().zip(chunk.policies.len()..) {
        let refuse = |message: String| PolicyError::new(format!("shadow {}", written.id), message);
        if written.id == 0 || !ids.insert(written.id) {
            return Err(refuse("ids are above 0 and there once".to_owned()));
        }
        if !shadowed.insert(written.policy) {
            let message = format!("policy: policy {} has another shadow", written.policy);
            return Err(refuse(message));
        }
        if !(0.0..=100.0).contains(&written.percent) {
            return Err(refuse("percent: must be from 0 to 100".to_owned()));
        }
        let of = catalogue.policy_index(written.policy).map_err(refuse)?;
        shadows.push(Shadow {
            id: written.id,
            of,
            proposal: PolicyIndex(u32::try_from(number).unwrap_or(u32::MAX)),
            share: written.percent / 100.0,
            until_s: written.until,
        });
        proposals.extend(proposal(written, chunk, catalogue)?);
    }
    Ok((shadows.into(), proposals))
}

/// The shadowed policy with the pools and steps of its shadow.
fn proposal(
    written: &chunk_v1::Shadow,
    chunk: &Chunk,
    catalogue: &Catalogue<'_>,
) -> Result<Option<Policy>, PolicyError> {
    let mut policies = chunk.policies.iter();
    let shadowed = policies.find(|policy| policy.id == written.policy);
    let compiled = shadowed.map(|shadowed| {
        let place = format!("shadow of policy \"{}\"", shadowed.name);
        let proposed = (&written.pools[..], written.steps.clone());
        policy(shadowed, proposed, place, catalogue)
    });
    compiled.transpose()
}

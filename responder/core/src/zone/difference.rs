//! What of a zone would be gone: asked before a change is published (P4).

use std::collections::HashSet;

use super::Zone;

/// Record sets of a zone by owner and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    pub before: usize,
    /// How many of them are not there any more.
    pub lost: usize,
}

/// What `before` has and `after` does not; without an `after`, everything.
pub fn loss(before: &Zone, after: Option<&Zone>) -> Loss {
    let kept: HashSet<_> = after.into_iter().flat_map(Zone::record_sets).collect();
    let mut loss = Loss { before: 0, lost: 0 };
    for record_set in before.record_sets() {
        loss.before += 1;
        loss.lost += usize::from(!kept.contains(&record_set));
    }
    loss
}

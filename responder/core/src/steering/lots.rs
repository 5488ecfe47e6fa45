//! Who takes part in remembered draws, side by side: all that a draw goes through, in as few cache lines as may be.

use super::draw::{DrawKind, Seed, Stake};
use super::policy::EndpointIndex;

/// Some of a `Stakes`, one of whom gets the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lots {
    first: u32,
    count: u16,
    /// `None`: there is nothing to draw, for there is one at most.
    pub kind: Option<DrawKind>,
    /// Whether the client's location had a say in who they are.
    pub is_located: bool,
}

impl Lots {
    pub const NOBODY: Self = Self {
        first: 0,
        count: 0,
        kind: None,
        is_located: false,
    };
}

#[derive(Debug)]
pub(super) struct Stakes {
    stakes: Vec<(Stake, EndpointIndex)>,
}

impl Stakes {
    pub const fn new() -> Self {
        Self { stakes: Vec::new() }
    }

    pub fn clear(&mut self) {
        self.stakes.clear();
    }

    pub fn len(&self) -> usize {
        self.stakes.len()
    }

    /// All of `members`, by a draw.
    pub fn drawn(
        &mut self,
        kind: DrawKind,
        members: impl IntoIterator<Item = (Stake, EndpointIndex)>,
    ) -> Lots {
        let first = self.len();
        self.stakes.extend(members);
        self.lots(first, Some(kind))
    }

    /// `endpoint`, without a draw.
    pub fn certain(&mut self, endpoint: Option<EndpointIndex>) -> Lots {
        let first = self.len();
        let only = endpoint.map(|endpoint| (Stake::new(0, 1), endpoint));
        self.stakes.extend(only);
        self.lots(first, None)
    }

    fn lots(&self, first: usize, kind: Option<DrawKind>) -> Lots {
        Lots {
            first: first as u32,
            count: (self.len() - first) as u16,
            kind,
            is_located: false,
        }
    }

    /// Who of `lots` gets the client that `seed` is of; nobody if there is nobody.
    #[inline]
    pub fn winner(&self, lots: Lots, seed: impl FnOnce(DrawKind) -> Seed) -> Option<EndpointIndex> {
        let first = lots.first as usize;
        let stakes = self.stakes.get(first..first + usize::from(lots.count))?;
        let mut winner = stakes.first()?.1;
        if let Some(kind) = lots.kind {
            let seed = seed(kind);
            let mut least = f64::INFINITY;
            for (stake, endpoint) in stakes {
                let score = stake.score(seed);
                if score < least {
                    (least, winner) = (score, *endpoint);
                }
            }
        }
        Some(winner)
    }
}

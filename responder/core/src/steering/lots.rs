//! Who takes part in remembered draws, side by side: the stakes that a draw goes through, and apart from them the endpoints,
//! of which only the winner's is looked at.

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
    stakes: Vec<Stake>,
    endpoints: Vec<EndpointIndex>,
}

impl Stakes {
    pub const fn new() -> Self {
        Self {
            stakes: Vec::new(),
            endpoints: Vec::new(),
        }
    }

    pub fn clear(&mut self) {
        self.stakes.clear();
        self.endpoints.clear();
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
        for (stake, endpoint) in members {
            self.stakes.push(stake);
            self.endpoints.push(endpoint);
        }
        self.lots(first, Some(kind))
    }

    /// `endpoint`, without a draw.
    pub fn certain(&mut self, endpoint: Option<EndpointIndex>) -> Lots {
        let first = self.len();
        self.stakes.extend(endpoint.map(|_| Stake::new(0, 1)));
        self.endpoints.extend(endpoint);
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
        let Some(kind) = lots.kind else {
            return self
                .endpoints
                .get(first)
                .copied()
                .filter(|_| lots.count > 0);
        };
        let stakes = self.stakes.get(first..first + usize::from(lots.count))?;
        let seed = seed(kind);
        let (mut least, mut winner) = (f64::INFINITY, 0);
        for (place, stake) in stakes.iter().enumerate() {
            let score = stake.score(seed);
            if score < least {
                (least, winner) = (score, place);
            }
        }
        self.endpoints.get(first + winner).copied()
    }
}

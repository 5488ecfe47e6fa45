//! Candidates on their way through a policy, in memory that is reused for every query.

use super::decision_tree::DecisionTree;
use super::policy::EndpointIndex;

/// How many candidates a policy may have, those of its fallback pools included. Members are known by a number
/// below this, so that a set of them is four words.
pub(crate) const MAX_CANDIDATES: usize = 256;

/// How many endpoints an answer can hold.
pub(crate) const MAX_CHOSEN: usize = 16;

/// Where a candidate stands in its policy's list of members.
pub(crate) type MemberIndex = u8;

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Candidate {
    pub member: MemberIndex,
    /// Candidates of one tier are equally good so far; lower is better.
    pub tier: u16,
    /// What the latest sorting step that looked at it ordered by.
    pub key: f64,
    place: u16,
}

/// The candidates left, best first; tiers rise from front to back.
#[derive(Debug, Clone)]
pub(crate) struct Candidates {
    list: [Candidate; MAX_CANDIDATES],
    length: usize,
}

impl Candidates {
    pub(crate) const fn new() -> Self {
        const NOBODY: Candidate = Candidate {
            member: 0,
            tier: 0,
            key: 0.0,
            place: 0,
        };
        Self {
            list: [NOBODY; MAX_CANDIDATES],
            length: 0,
        }
    }

    /// Starts again with `members`, all in one tier.
    pub(crate) fn reset(&mut self, members: impl IntoIterator<Item = MemberIndex>) {
        self.length = 0;
        for (slot, member) in self.list.iter_mut().zip(members) {
            *slot = Candidate {
                member,
                ..Candidate::default()
            };
            self.length += 1;
        }
    }

    /// Starts again with what `kept` noted.
    pub(crate) fn restore(&mut self, kept: &[(MemberIndex, u16)]) {
        self.length = 0;
        for (slot, (member, tier)) in self.list.iter_mut().zip(kept) {
            *slot = Candidate {
                member: *member,
                tier: *tier,
                ..Candidate::default()
            };
            self.length += 1;
        }
    }

    /// Who is there, in which tier.
    pub(crate) fn kept(&self) -> Box<[(MemberIndex, u16)]> {
        let candidates = self.as_slice().iter();
        candidates
            .map(|candidate| (candidate.member, candidate.tier))
            .collect()
    }

    pub(crate) fn keep_best_tier(&mut self) {
        self.length = self.best_tier_len();
    }

    pub(crate) fn as_slice(&self) -> &[Candidate] {
        self.list.get(..self.length).unwrap_or(&[])
    }

    fn as_mut_slice(&mut self) -> &mut [Candidate] {
        self.list.get_mut(..self.length).unwrap_or(&mut [])
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn members(&self) -> MemberSet {
        self.as_slice()
            .iter()
            .map(|candidate| candidate.member)
            .collect()
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Candidate) -> bool) {
        let mut kept = 0;
        for index in 0..self.length {
            let Some(candidate) = self.list.get(index).copied() else {
                break;
            };
            if keep(&candidate)
                && let Some(slot) = self.list.get_mut(kept)
            {
                *slot = candidate;
                kept += 1;
            }
        }
        self.length = kept;
    }

    /// Forgets the keys of earlier steps, so that an explanation does not take them for those of the next.
    pub(crate) fn forget_keys(&mut self) {
        for candidate in self.as_mut_slice() {
            candidate.key = f64::NAN;
        }
    }

    /// How many candidates share the best tier.
    pub(crate) fn best_tier_len(&self) -> usize {
        let best = self.as_slice().first().map(|candidate| candidate.tier);
        self.as_slice()
            .iter()
            .take_while(|candidate| Some(candidate.tier) == best)
            .count()
    }

    /// Puts `member` before all others, in a tier of its own.
    pub(crate) fn promote(&mut self, member: MemberIndex) {
        let list = self.as_mut_slice();
        let Some(place) = list.iter().position(|candidate| candidate.member == member) else {
            return;
        };
        if let Some(front) = list.get_mut(..=place) {
            front.rotate_right(1);
        }
        for (place, candidate) in list.iter_mut().enumerate() {
            candidate.tier = match place {
                0 => 0,
                _ => candidate.tier + 1,
            };
        }
    }

    /// Orders the candidates of each tier by `key`, and splits the tier between neighbours that `share` keeps apart;
    /// it is given the tier's first key and the two keys.
    pub(crate) fn refine(
        &mut self,
        key: impl Fn(MemberIndex) -> f64,
        share: impl Fn(f64, f64, f64) -> bool,
    ) {
        refine(self.as_mut_slice(), key, share);
    }

    /// Orders the candidates of the best tier by `key`; they stay one tier, so that a later step can order them anew.
    pub(crate) fn rank_best_tier(&mut self, key: impl Fn(MemberIndex) -> f64) {
        let length = self.best_tier_len();
        if let Some(best) = self.as_mut_slice().get_mut(..length) {
            refine(best, key, |_, _, _| true);
        }
    }
}

fn refine(
    list: &mut [Candidate],
    key: impl Fn(MemberIndex) -> f64,
    share: impl Fn(f64, f64, f64) -> bool,
) {
    for (place, candidate) in (0..).zip(list.iter_mut()) {
        candidate.key = key(candidate.member);
        candidate.place = place;
    }
    list.sort_unstable_by(|a, b| {
        let order = a.tier.cmp(&b.tier).then(a.key.total_cmp(&b.key));
        order.then(a.place.cmp(&b.place))
    });
    let mut before: Option<(u16, f64)> = None;
    let (mut tier, mut first_key) = (0, 0.0);
    for candidate in list {
        let together = before.is_some_and(|(old_tier, old_key)| {
            old_tier == candidate.tier && share(first_key, old_key, candidate.key)
        });
        if before.is_some_and(|(old_tier, _)| old_tier != candidate.tier) || before.is_none() {
            first_key = candidate.key;
        }
        if before.is_some() && !together {
            tier += 1;
        }
        before = Some((candidate.tier, candidate.key));
        candidate.tier = tier;
    }
}

/// A set of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MemberSet([u64; MAX_CANDIDATES / 64]);

impl MemberSet {
    pub(crate) fn insert(&mut self, member: MemberIndex) {
        if let Some(word) = self.0.get_mut(usize::from(member / 64)) {
            *word |= 1 << (member % 64);
        }
    }

    pub(crate) fn contains(&self, member: MemberIndex) -> bool {
        let word = self.0.get(usize::from(member / 64));
        word.is_some_and(|word| word >> (member % 64) & 1 == 1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; MAX_CANDIDATES / 64]
    }

    pub(crate) fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }
}

impl FromIterator<MemberIndex> for MemberSet {
    fn from_iter<I: IntoIterator<Item = MemberIndex>>(members: I) -> Self {
        let mut set = Self::default();
        members.into_iter().for_each(|member| set.insert(member));
        set
    }
}

/// What `select` writes to: one per worker, reused for every query.
#[derive(Debug)]
pub struct Scratch {
    pub(crate) candidates: Candidates,
    pub(crate) tree: DecisionTree,
    chosen: [EndpointIndex; MAX_CHOSEN],
    count: usize,
}

impl Scratch {
    pub const fn new() -> Self {
        Self {
            candidates: Candidates::new(),
            tree: DecisionTree::new(),
            chosen: [EndpointIndex::NONE; MAX_CHOSEN],
            count: 0,
        }
    }

    /// The endpoints of the latest selection, best first.
    pub fn chosen(&self) -> &[EndpointIndex] {
        self.chosen.get(..self.count).unwrap_or(&[])
    }

    /// Chooses the candidates that are left, by the endpoints that `endpoint` knows of.
    pub(crate) fn choose(&mut self, endpoint: impl Fn(MemberIndex) -> Option<EndpointIndex>) {
        let candidates = self.candidates.as_slice().iter();
        let endpoints = candidates.filter_map(|candidate| endpoint(candidate.member));
        self.count = 0;
        for (slot, endpoint) in self.chosen.iter_mut().zip(endpoints) {
            *slot = endpoint;
            self.count += 1;
        }
    }

    /// The present choice, for `choose_again`.
    pub(crate) fn chosen_now(&self) -> ([EndpointIndex; MAX_CHOSEN], usize) {
        (self.chosen, self.count)
    }

    pub(crate) fn choose_again(&mut self, (chosen, count): ([EndpointIndex; MAX_CHOSEN], usize)) {
        (self.chosen, self.count) = (chosen, count);
    }

    pub(crate) fn choose_nobody(&mut self) {
        self.count = 0;
    }

    pub(crate) fn choose_one(&mut self, endpoint: Option<EndpointIndex>) {
        self.chosen[0] = endpoint.unwrap_or(EndpointIndex::NONE);
        self.count = usize::from(endpoint.is_some());
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

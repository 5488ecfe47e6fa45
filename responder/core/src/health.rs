//! What is believed of endpoints, as numbered states that only rise (docs/snapshot-format.md, "Health").

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::load::LoadReport;
use crate::steering::Family;

/// What is believed of one endpoint over one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    Up,
    Down,
    /// No verdict yet (H2).
    #[default]
    Unknown,
}

impl State {
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "up" => Some(Self::Up),
            "down" => Some(Self::Down),
            "unknown" => Some(Self::Unknown),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

/// What of an endpoint was judged (S12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// The endpoint is a host name.
    Name,
    V4,
    V6,
}

impl Path {
    /// From the format's number: 4, 6, or 0 for a host name.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Name),
            4 => Some(Self::V4),
            6 => Some(Self::V6),
            _ => None,
        }
    }

    pub fn number(self) -> u8 {
        match self {
            Self::Name => 0,
            Self::V4 => 4,
            Self::V6 => 6,
        }
    }
}

impl From<Family> for Path {
    fn from(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4,
            Family::V6 => Self::V6,
        }
    }
}

/// One state: endpoint id, what was judged, the verdict.
pub type Entry = (u32, Path, State);

/// One load: endpoint id, and what it said; nothing: what it said is to be forgotten.
pub type LoadEntry = (u32, Option<LoadReport>);

/// Whether an endpoint is failing but not yet down over one path (S14).
pub type FailingEntry = (u32, Path, bool);

/// What vantages say of an endpoint over one path: the id of a vantage's region, and whether it is up from there.
pub type Views = Box<[(u32, bool)]>;

/// Views of vantages that disagree (H4); none at all: they agree again.
pub type ViewsEntry = (u32, Path, Views);

/// A delta that is not the next one; only a full state helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceGap {
    pub have: u64,
    pub got: u64,
}

impl fmt::Display for SequenceGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { have, got } = self;
        write!(
            f,
            "health delta {got} does not follow {have}: ask for a full state"
        )
    }
}

impl std::error::Error for SequenceGap {}

/// All states and loads at one sequence number, also of endpoints that no snapshot knows yet. Immutable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthTable {
    sequence: u64,
    states: BTreeMap<(u32, Path), State>,
    loads: BTreeMap<u32, LoadReport>,
    failing: BTreeSet<(u32, Path)>,
    views: BTreeMap<(u32, Path), Views>,
}

impl HealthTable {
    /// A full state; of two entries for the same endpoint and path the later one counts.
    pub fn new(sequence: u64, states: impl IntoIterator<Item = Entry>) -> Self {
        let states = states
            .into_iter()
            .map(|(id, path, state)| ((id, path), state));
        Self {
            sequence,
            states: states.collect(),
            loads: BTreeMap::new(),
            failing: BTreeSet::new(),
            views: BTreeMap::new(),
        }
    }

    /// The table after the delta numbered `sequence`.
    pub fn apply(
        &self,
        sequence: u64,
        states: impl IntoIterator<Item = Entry>,
    ) -> Result<Self, SequenceGap> {
        if self.sequence.checked_add(1) != Some(sequence) {
            return Err(SequenceGap {
                have: self.sequence,
                got: sequence,
            });
        }
        let mut next = self.clone();
        next.sequence = sequence;
        let states = states
            .into_iter()
            .map(|(id, path, state)| ((id, path), state));
        next.states.extend(states);
        Ok(next)
    }

    /// The table with what the same message says of loads.
    pub fn with_loads(mut self, loads: impl IntoIterator<Item = LoadEntry>) -> Self {
        for (endpoint, load) in loads {
            match load {
                Some(load) => self.loads.insert(endpoint, load),
                None => self.loads.remove(&endpoint),
            };
        }
        self
    }

    /// The table with what the same message says of who is failing.
    pub fn with_failing(mut self, failing: impl IntoIterator<Item = FailingEntry>) -> Self {
        for (endpoint, path, is_failing) in failing {
            match is_failing {
                true => self.failing.insert((endpoint, path)),
                false => self.failing.remove(&(endpoint, path)),
            };
        }
        self
    }

    /// The table with what the same message says of who is seen differently from different vantages.
    pub fn with_views(mut self, views: impl IntoIterator<Item = ViewsEntry>) -> Self {
        for (endpoint, path, views) in views {
            match views.is_empty() {
                true => self.views.remove(&(endpoint, path)),
                false => self.views.insert((endpoint, path), views),
            };
        }
        self
    }

    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Every known state, sorted by endpoint id and path.
    pub fn states(&self) -> impl Iterator<Item = Entry> {
        self.states
            .iter()
            .map(|((id, path), state)| (*id, *path, *state))
    }

    /// Every known load, sorted by endpoint id.
    pub fn loads(&self) -> impl Iterator<Item = (u32, LoadReport)> {
        self.loads.iter().map(|(id, load)| (*id, *load))
    }

    /// Who is failing, sorted by endpoint id and path.
    pub fn failing(&self) -> impl Iterator<Item = (u32, Path)> {
        self.failing.iter().copied()
    }

    /// Who is seen differently from different vantages, sorted by endpoint id and path.
    pub fn views(&self) -> impl Iterator<Item = (u32, Path, &[(u32, bool)])> {
        let views = self.views.iter();
        views.map(|((id, path), views)| (*id, *path, &**views))
    }

    pub(crate) fn views_of(&self, endpoint: u32, path: Path) -> &[(u32, bool)] {
        self.views.get(&(endpoint, path)).map_or(&[], |views| views)
    }

    pub(crate) fn is_failing(&self, endpoint: u32, path: Path) -> bool {
        self.failing.contains(&(endpoint, path))
    }

    pub(crate) fn load(&self, endpoint: u32) -> Option<LoadReport> {
        self.loads.get(&endpoint).copied()
    }

    pub(crate) fn state(&self, endpoint: u32, path: Path) -> State {
        self.states
            .get(&(endpoint, path))
            .copied()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> HealthTable {
        HealthTable::new(17, [(11, Path::V4, State::Down), (10, Path::V4, State::Up)])
    }

    #[test]
    fn states_come_sorted() {
        let states: Vec<_> = table().states().collect();
        assert_eq!(
            states,
            [(10, Path::V4, State::Up), (11, Path::V4, State::Down)]
        );
    }

    #[test]
    fn the_next_delta_applies_and_leaves_the_old_table_alone() {
        let before = table();
        let after = before.apply(18, [(11, Path::V4, State::Up)]).unwrap();
        assert_eq!(after.sequence(), 18);
        assert_eq!(after.state(11, Path::V4), State::Up);
        assert_eq!(before.state(11, Path::V4), State::Down);
    }

    #[test]
    fn a_gap_or_a_repeat_asks_for_a_full_state() {
        for sequence in [0, 16, 17, 19] {
            let gap = table().apply(sequence, []).unwrap_err();
            assert_eq!((gap.have, gap.got), (17, sequence));
        }
    }

    #[test]
    fn a_load_holds_until_another_comes_or_it_is_forgotten() {
        let load = |share| LoadReport::new(share, 1000, 60);
        let first = table().with_loads([(11, load(0.9)), (10, load(0.5))]);
        let second = first.apply(18, []).unwrap();
        let second = second.with_loads([(10, None), (11, load(1.0))]);
        let loads = |table: &HealthTable| table.loads().collect::<Vec<_>>();
        assert_eq!(
            loads(&first),
            [(10, load(0.5).unwrap()), (11, load(0.9).unwrap())]
        );
        assert_eq!(loads(&second), [(11, load(1.0).unwrap())]);
    }

    #[test]
    fn an_endpoint_is_failing_until_it_is_said_that_it_is_not() {
        let first = table().with_failing([(10, Path::V6, true), (10, Path::V4, true)]);
        let second = first.apply(18, []).unwrap();
        let second = second.with_failing([(10, Path::V4, false), (9, Path::V4, false)]);
        assert_eq!(
            first.failing().collect::<Vec<_>>(),
            [(10, Path::V4), (10, Path::V6)]
        );
        assert_eq!(second.failing().collect::<Vec<_>>(), [(10, Path::V6)]);
    }

    #[test]
    fn vantages_disagree_until_it_is_said_that_they_agree() {
        let split: ViewsEntry = (10, Path::V4, [(3, true), (5, false)].into());
        let first = table().with_views([split, (9, Path::V4, Views::default())]);
        let second = first.apply(18, []).unwrap();
        let third = second
            .clone()
            .with_views([(10, Path::V4, Views::default())]);
        assert_eq!(second.views_of(10, Path::V4), [(3, true), (5, false)]);
        assert_eq!(second.views().count(), 1);
        assert_eq!(third.views().count(), 0);
    }

    #[test]
    fn an_endpoint_never_heard_of_is_unknown() {
        assert_eq!(table().state(99, Path::V6), State::Unknown);
    }
}

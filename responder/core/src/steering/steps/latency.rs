//! `latency`: orders by the round trip that is predicted for the client (S7).
//!
//! Of a client that has a row in the latency map the order is the row's: hysteresis is in it, so that the step stays a pure
//! function. Others are ordered by what distance and their groups say.

use serde::Deserialize;

use super::{Kind, Role, Sees};
use crate::geo::Position;
use crate::latency_map::{Column, Estimate, Outlook};
use crate::observe::Why;
use crate::steering::candidates::{Candidate, MemberIndex};
use crate::steering::compile::Context;
use crate::steering::decision_tree::Sight;
use crate::steering::run::{Flow, Run};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steering) struct Options {
    #[serde(default)]
    within_ms: f64,
    #[serde(default)]
    within_percent: f64,
}

#[derive(Debug)]
pub(in crate::steering) struct Latency {
    within_ms: f64,
    /// Of the best.
    within_share: f64,
    /// Where members are.
    positions: Box<[Position]>,
}

/// A region as a place that candidates can be in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::steering) struct Seat {
    column: Column,
    position: Position,
}

impl Kind for Latency {
    const NAME: &'static str = "latency";
    const ROLE: Role = Role::Sorts;
    type Options = Options;

    fn compile(options: Options, context: &mut Context<'_>) -> Result<Self, String> {
        for (field, value) in [
            ("within_ms", options.within_ms),
            ("within_percent", options.within_percent),
        ] {
            if !(0.0..=f64::MAX).contains(&value) {
                return Err(format!("{field}: must be 0 or more"));
            }
        }
        let members = context.members();
        let positions = members.map(|(_, endpoint)| context.position(endpoint));
        Ok(Self {
            within_ms: options.within_ms,
            within_share: options.within_percent / 100.0,
            positions: positions.collect::<Result<_, String>>()?,
        })
    }

    fn sees(&self) -> Sees {
        Sees::Address
    }

    fn apply(&self, run: &mut Run<'_>) -> Flow {
        let outlook = self.sighted(run);
        if run.candidates.len() < 2 {
            return Flow::Continue;
        }
        let mut keys = [f64::INFINITY; MemberIndex::MAX as usize + 1];
        for candidate in run.candidates.as_slice() {
            let member = usize::from(candidate.member);
            let seat = self.seat(run, candidate.member);
            if let (Some(slot), Some(seat)) = (keys.get_mut(member), seat) {
                *slot = key(&outlook, &seat);
            }
        }
        let key_of = |member: MemberIndex| keys.get(usize::from(member)).copied();
        run.candidates.refine(
            |member| key_of(member).unwrap_or(f64::INFINITY),
            |first, before, this| this == before || self.reaches(&outlook, first, this),
        );
        Flow::Continue
    }

    /// The different regions of the best tier: a bit each in `class`.
    fn sight(&self, run: &Run<'_>, order_counts: bool) -> Option<Sight> {
        if order_counts && self.has_reach() {
            return None;
        }
        let best = run.candidates.as_slice().iter();
        let best = best.take(run.candidates.best_tier_len());
        let mut seats: Vec<Seat> = Vec::new();
        for seat in best.filter_map(|candidate| self.seat(run, candidate.member)) {
            if !seats.contains(&seat) {
                seats.push(seat);
            }
        }
        (seats.len() <= u64::BITS as usize).then(|| Sight {
            seats: seats.into(),
            ..Sight::of(run.candidates)
        })
    }

    fn class(&self, run: &mut Run<'_>, sight: &Sight) -> Option<u64> {
        let outlook = self.sighted(run);
        if sight.count < 2 {
            return Some(0);
        }
        match outlook.row {
            Some(row) if !self.has_reach() => {
                let mut order = row.order();
                let first =
                    order.find_map(|column| bits(&sight.seats, |seat| seat.column == column));
                Some(first.unwrap_or(u64::MAX))
            }
            _ => Some(self.nearest(&sight.seats, &outlook)),
        }
    }

    fn why_kept(&self, run: &Run<'_>, candidate: &Candidate) -> Why {
        let estimate = self.estimate(run, &run.outlook(), candidate.member);
        estimate.map_or(Why::NoEstimate, Why::Latency)
    }
}

impl Latency {
    /// What is expected of a member; `None`: nothing is known.
    pub(super) fn estimate(
        &self,
        run: &Run<'_>,
        outlook: &Outlook<'_>,
        member: MemberIndex,
    ) -> Option<Estimate> {
        self.seat(run, member)?.estimate(outlook)
    }

    /// What the map says of the client; notes that it decided, if there is a choice at all. Steps before may have left one
    /// candidate in the best tier or several: the scope must not depend on whether the others were kept in mind.
    fn sighted<'a>(&self, run: &mut Run<'a>) -> Outlook<'a> {
        let outlook = run.outlook();
        if self.positions.len() > 1 {
            run.located_within(outlook.scope);
        }
        outlook
    }

    fn seat(&self, run: &Run<'_>, member: MemberIndex) -> Option<Seat> {
        Some(Seat {
            column: run.column(member),
            position: *self.positions.get(usize::from(member))?,
        })
    }

    fn has_reach(&self) -> bool {
        self.within_ms > 0.0 || self.within_share > 0.0
    }

    /// Whether what has the key `this` is nearly as good as what has the key `best`.
    fn reaches(&self, outlook: &Outlook<'_>, best: f64, this: f64) -> bool {
        if !self.has_reach() {
            return false;
        }
        let (best_ms, this_ms) = (rtt_ms(outlook, best), rtt_ms(outlook, this));
        this_ms - best_ms <= self.within_ms.max(self.within_share * best_ms)
    }

    /// A bit for each seat that shares the best tier.
    fn nearest(&self, seats: &[Seat], outlook: &Outlook<'_>) -> u64 {
        let mut keys = [f64::INFINITY; u64::BITS as usize];
        for (slot, seat) in keys.iter_mut().zip(seats) {
            *slot = key(outlook, seat);
        }
        let best = keys.iter().copied().fold(f64::INFINITY, f64::min);
        let bits = keys.iter().take(seats.len()).zip(0..);
        bits.filter(|(key, _)| **key == best || self.reaches(outlook, best, **key))
            .fold(0, |class, (_, bit)| class | 1 << bit)
    }
}

impl Seat {
    fn estimate(&self, outlook: &Outlook<'_>) -> Option<Estimate> {
        outlook.estimate(self.column, &self.position)
    }
}

/// What seats are ordered by: their place in the client's row, or without one the estimate in ms. Of what nothing is known
/// comes last.
fn key(outlook: &Outlook<'_>, seat: &Seat) -> f64 {
    let key = match outlook.row {
        Some(row) => {
            let place = row.order().position(|column| column == seat.column);
            place.map(|place| place as f64)
        }
        None => {
            let estimate = seat.estimate(outlook);
            estimate.map(|estimate| outlook.cautious_ms(&estimate))
        }
    };
    key.unwrap_or(f64::INFINITY)
}

/// The estimate behind a key.
fn rtt_ms(outlook: &Outlook<'_>, key: f64) -> f64 {
    let Some(row) = outlook.row else { return key };
    let column = row.order().nth(key as usize);
    let estimate = column.and_then(|column| row.estimate(column));
    estimate.map_or(f64::INFINITY, |(rtt_ms, _)| rtt_ms)
}

/// The class of clients that are served from the seats that are so.
fn bits(seats: &[Seat], is_so: impl Fn(&Seat) -> bool) -> Option<u64> {
    let found = seats.iter().zip(0..).filter(|(seat, _)| is_so(seat));
    let class = found.fold(0, |class, (_, bit)| class | 1 << bit);
    (class != 0).then_some(class)
}

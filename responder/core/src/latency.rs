//! How long queries wait for their answers: a histogram with one writer, as cheap as a counter.
//!
//! Two buckets an octave from a microsecond to a second: a bound is at most half more than the one before it, so a
//! percentile read from them is off by less than that.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::counters::add;

const FIRST_OCTAVE: u32 = 10;
const LAST_OCTAVE: u32 = 30;
/// The first holds everything up to 2^10 ns, the last everything beyond 2^30 ns.
pub const BUCKETS: usize = 2 * (LAST_OCTAVE - FIRST_OCTAVE) as usize + 2;

/// The upper bound of a bucket, which is part of it; `None`: the last has none.
pub fn bound_ns(bucket: usize) -> Option<u64> {
    let half_octaves = u32::try_from(bucket).ok()?;
    let octave = FIRST_OCTAVE + half_octaves / 2;
    let base = 1_u64.checked_shl(octave)?;
    (bucket < BUCKETS - 1).then_some(base + u64::from(half_octaves % 2) * base / 2)
}

fn bucket_of(time_ns: u64) -> usize {
    let below = time_ns.saturating_sub(1) >> (FIRST_OCTAVE - 1);
    if below < 2 {
        return 0;
    }
    let octave = below.ilog2();
    let second_half = below >> (octave - 1) & 1;
    let bucket = 2 * octave as usize - 1 + second_half as usize;
    bucket.min(BUCKETS - 1)
}

/// Written by one thread, read by any.
pub struct Latency {
    buckets: [AtomicU64; BUCKETS],
    sum_ns: AtomicU64,
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            sum_ns: AtomicU64::new(0),
        }
    }
}

impl Latency {
    /// `queries` waited `time_ns` each. Only the owning worker may call this.
    pub fn record(&self, time_ns: u64, queries: u64) {
        if let Some(bucket) = self.buckets.get(bucket_of(time_ns)) {
            add(bucket, queries);
        }
        add(&self.sum_ns, time_ns.saturating_mul(queries));
    }

    pub fn read(&self) -> LatencyTotals {
        LatencyTotals {
            counts: self
                .buckets
                .each_ref()
                .map(|bucket| bucket.load(Ordering::Acquire)),
            sum_ns: self.sum_ns.load(Ordering::Relaxed),
        }
    }
}

/// Of one worker, or summed over several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyTotals {
    /// Within each bucket, not up to it.
    pub counts: [u64; BUCKETS],
    pub sum_ns: u64,
}

impl Default for LatencyTotals {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
            sum_ns: 0,
        }
    }
}

impl LatencyTotals {
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum_ns += other.sum_ns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_the_bucket_below_it() {
        for bucket in 0..BUCKETS - 1 {
            let bound = bound_ns(bucket).unwrap();
            assert_eq!(bucket_of(bound), bucket, "{bound} ns");
            assert_eq!(bucket_of(bound + 1), bucket + 1, "{bound} ns and one more");
        }
        assert_eq!(bound_ns(BUCKETS - 1), None);
        assert_eq!((bucket_of(0), bucket_of(u64::MAX)), (0, BUCKETS - 1));
    }

    #[test]
    fn bounds_run_from_a_microsecond_to_a_second_in_steps_of_half_an_octave() {
        assert_eq!(bound_ns(0), Some(1 << 10));
        assert_eq!(bound_ns(1), Some(1536));
        assert_eq!(bound_ns(BUCKETS - 2), Some(1 << 30));
    }

    #[test]
    fn times_of_several_workers_add_up() {
        let (one, other) = (Latency::default(), Latency::default());
        one.record(2_000, 32);
        other.record(2_000, 1);
        other.record(3_000_000_000, 1);
        let mut totals = LatencyTotals::default();
        totals.merge(&one.read());
        totals.merge(&other.read());
        assert_eq!(totals.sum_ns, 33 * 2_000 + 3_000_000_000);
        assert_eq!(
            (
                totals.counts[2],
                totals.counts[BUCKETS - 1],
                totals.counts.iter().sum::<u64>()
            ),
            (33, 1, 34)
        );
    }
}

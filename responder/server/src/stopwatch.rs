//! Measures how long queries wait in a worker, without reading the clock for each.
//!
//! All datagrams of a batch wait from its arrival until its replies are sent, so one measurement counts for all of them.
//! Reading the clock twice costs some 50 ns: little for a large batch, and small ones are measured only now and then and
//! count for those that were not.

use std::time::Instant;

use responder_core::latency::Latency;

/// Every batch of at least this size is measured.
const LARGE_BATCH: usize = 32;
/// Of the smaller ones, one in so many is.
const ONE_IN: u32 = 32;

#[derive(Default)]
pub(crate) struct Stopwatch {
    since_measured: u32,
}

/// A batch that is being measured.
pub(crate) struct Running {
    started: Instant,
    /// How many batches the measurement counts for.
    batches: u64,
}

impl Stopwatch {
    /// `queries` have just arrived together, or 0 if nobody knows how many; `None`: they are not measured.
    pub fn start(&mut self, queries: usize) -> Option<Running> {
        if queries >= LARGE_BATCH {
            return Some(Running::of(1));
        }
        self.since_measured += 1;
        if self.since_measured < ONE_IN {
            return None;
        }
        self.since_measured = 0;
        Some(Running::of(ONE_IN))
    }
}

impl Running {
    /// A measurement that begins now and counts for `batches` such batches.
    pub fn of(batches: u32) -> Self {
        Self {
            started: Instant::now(),
            batches: batches.into(),
        }
    }

    /// The replies to `queries` are on their way.
    pub fn stop(self, latency: &Latency, queries: u64) {
        let time_ns = self.started.elapsed().as_nanos();
        let time_ns = u64::try_from(time_ns).unwrap_or(u64::MAX);
        latency.record(time_ns, queries * self.batches);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(batches: impl IntoIterator<Item = usize>) -> u64 {
        let (mut stopwatch, latency) = (Stopwatch::default(), Latency::default());
        for queries in batches {
            if let Some(running) = stopwatch.start(queries) {
                running.stop(&latency, queries as u64);
            }
        }
        latency.read().counts.iter().sum()
    }

    #[test]
    fn measurements_count_for_about_all_queries() {
        assert_eq!(counted([LARGE_BATCH; 3]), 3 * LARGE_BATCH as u64);
        assert_eq!(counted([1; 320]), 320);
        assert_eq!(counted([1; 31]), 0);
    }
}

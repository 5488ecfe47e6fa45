//! Latencies, counted in buckets of 1.6 % width.

const SUB_BITS: u32 = 6;
const BUCKETS: usize = (64 - SUB_BITS as usize) << SUB_BITS;

pub struct Histogram {
    counts: Box<[u64]>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS].into(),
            total: 0,
        }
    }
}

impl Histogram {
    pub fn count(&mut self, value: u64) {
        if let Some(count) = self.counts.get_mut(bucket_of(value)) {
            *count += 1;
            self.total += 1;
        }
    }

    /// The least value that at least `share` of all values do not exceed by more than a bucket; 0: nothing was counted.
    pub fn quantile(&self, share: f64) -> u64 {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return least_of(bucket);
            }
        }
        0
    }
}

/// Small values have a bucket each; of greater ones, the leading bits tell.
fn bucket_of(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(SUB_BITS + 1);
    ((u64::from(shift) << SUB_BITS) + (value >> shift)) as usize
}

fn least_of(bucket: usize) -> u64 {
    let shift = (bucket >> SUB_BITS).saturating_sub(1) as u64;
    (bucket as u64 - (shift << SUB_BITS)) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_begins_at_most_a_sixtieth_below_its_values() {
        for value in (0..200).chain([1_000, 123_456, u64::from(u32::MAX), 1 << 40]) {
            let least = least_of(bucket_of(value));
            assert!(least <= value && value - least <= value / 60, "{value}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut histogram = Histogram::default();
        (1..=100).for_each(|value| histogram.count(value * 1_000));
        assert!((49_000..=50_000).contains(&histogram.quantile(0.5)));
        assert!((97_000..=99_000).contains(&histogram.quantile(0.99)));
        assert_eq!(Histogram::default().quantile(0.5), 0);
    }
}

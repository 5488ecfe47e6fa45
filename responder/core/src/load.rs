//! How loaded an endpoint said to be, and whether that still counts.

/// What an endpoint said of its load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadReport {
    /// Of its capacity, in thousandths: above 1000 it has more to do than it can.
    pub thousandths: u32,
    /// Unix time.
    pub measured_s: u64,
    /// Older than this, it counts as unknown.
    pub max_age_s: u32,
}

/// What the report of an endpoint says at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// Nothing was reported.
    Unknown,
    TooOld {
        age_s: u64,
    },
    Known {
        /// Of its capacity; 1 is full.
        share: f64,
        age_s: u64,
    },
}

impl LoadReport {
    /// A share rounded to thousandths; `None` unless it is 0 or more and within reason.
    pub fn new(share: f64, measured_s: u64, max_age_s: u32) -> Option<Self> {
        let thousandths = (share * 1000.0).round();
        (0.0..=f64::from(u32::MAX))
            .contains(&thousandths)
            .then_some(Self {
                thousandths: thousandths as u32,
                measured_s,
                max_age_s,
            })
    }

    pub fn share(&self) -> f64 {
        f64::from(self.thousandths) / 1000.0
    }

    /// What it says at `now_s`. One from the future is news: clocks differ.
    pub fn at(&self, now_s: u64) -> Load {
        let age_s = now_s.saturating_sub(self.measured_s);
        match age_s > u64::from(self.max_age_s) {
            true => Load::TooOld { age_s },
            false => Load::Known {
                share: self.share(),
                age_s,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_until_it_is_older_than_it_may_be() {
        let report = LoadReport::new(0.7304, 1000, 60).unwrap();
        let known = |age_s| Load::Known { share: 0.73, age_s };
        assert_eq!(report.at(999), known(0), "the clocks differ");
        assert_eq!(report.at(1060), known(60));
        assert_eq!(report.at(1061), Load::TooOld { age_s: 61 });
    }

    #[test]
    fn a_share_is_a_number_from_nothing_on() {
        assert_eq!(LoadReport::new(1.2, 0, 1).unwrap().share(), 1.2);
        for share in [-0.001, f64::NAN, f64::INFINITY, 1e10] {
            assert_eq!(LoadReport::new(share, 0, 1), None, "{share}");
        }
    }
}

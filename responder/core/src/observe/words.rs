//! Reasons in words that a person understands.

use std::fmt;

use crate::load::Load;

use super::{Note, Reason, StageOutcome, StepOutcome, Why};
use crate::latency_map::Estimate;

impl StageOutcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Steered(_) => "steered",
            Self::Cname => "cname",
            Self::Dname => "dname",
            Self::Wildcard => "wildcard",
            Self::Referral => "referral",
            Self::Nodata => "nodata",
            Self::Nxdomain => "nxdomain",
            Self::Refused => "refused",
            Self::Alias => "alias",
        }
    }

    pub fn policy(self) -> Option<u32> {
        match self {
            Self::Steered(policy) => Some(policy),
            _ => None,
        }
    }
}

impl StepOutcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Bypassed => "bypassed",
            Self::Fallback => "fallback",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::SkippedInFallback => f.write_str("skipped: a fallback is served"),
            Self::KeptAll => f.write_str("would have dropped all, so it kept all"),
            Self::FallbackPool { id } => {
                write!(f, "would have dropped all: pool {id} is served instead")
            }
            Self::FallbackPolicy { id } => {
                write!(f, "would have dropped all: policy {id} answers instead")
            }
            Self::FallbackPoolUnable { id, family } => {
                write!(
                    f,
                    "kept all, for fallback pool {id} has no {family} address"
                )
            }
            Self::FallbackPolicyUnable { id, family } => {
                write!(
                    f,
                    "kept all, for fallback policy {id} has no {family} address"
                )
            }
            Self::Used { id } => write!(f, "policy {id} answers"),
            Self::Unwell {
                id,
                healthy,
                wanted,
            } => write!(
                f,
                "passed by: policy {id} needs {wanted} healthy endpoints and has {healthy}"
            ),
            Self::NoData => f.write_str("would have dropped all, and refuses: no address"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSaid => Ok(()),
            Self::NoAddress(family) => write!(f, "has no {family} address"),
            Self::NameUnresolvedAtApex(family) => write!(
                f,
                "a host name whose {family} addresses are not known; a zone's apex needs them"
            ),
            Self::Down => f.write_str("down"),
            Self::DownOver(family) => write!(f, "down over {family}"),
            Self::DownFrom(vantage) => {
                write!(
                    f,
                    "down from region {vantage}, the vantage nearest to the client"
                )
            }
            Self::NotYetKnown => f.write_str("not checked yet while another is up"),
            Self::SwitchedOff => f.write_str("switched off by a break-glass order"),
            Self::Draining => f.write_str("draining"),
            Self::Disabled => f.write_str("disabled"),
            Self::Denied(place) => write!(f, "denied by {place}"),
            Self::NotAllowedAnywhere => f.write_str("no allowed location matches"),
            Self::NotIn(place) => write!(f, "not in the rule {place}"),
            Self::NotInDefault => f.write_str("not in the default"),
            Self::NotSelected(number) => write!(f, "selector {number} does not match its labels"),
            Self::NotNamed => f.write_str("its label is not the first of the name asked for"),
            Self::Loaded {
                load,
                sheds_percent,
            } => match *sheds_percent < 100.0 {
                true => write!(
                    f,
                    "{load}, sheds {sheds_percent:.0} % of clients, this one too"
                ),
                false => write!(f, "{load}, sheds all clients"),
            },
            Self::BeyondFirst(count) => write!(f, "beyond the first {count}"),
            Self::BehindName => f.write_str("the best is a host name, which answers alone"),
            Self::NameAmongAddresses => {
                f.write_str("a host name cannot be answered beside addresses")
            }
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no load known"),
            Self::TooOld { age_s } => write!(f, "load is {age_s} s old, too old"),
            Self::Known { share, age_s } => write!(f, "load {share}, {age_s} s old"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSaid => Ok(()),
            Self::InSpiteOf(reason) => reason.fmt(f),
            Self::UpFrom(vantage) => {
                write!(
                    f,
                    "up from region {vantage}, the vantage nearest to the client"
                )
            }
            Self::NotFenced => f.write_str("not fenced"),
            Self::Allowed(place) => write!(f, "allowed by {place}"),
            Self::NotDenied => f.write_str("no denied location matches"),
            Self::Matched(place) => write!(f, "matched {place}"),
            Self::MatchedDefault => f.write_str("matched the default"),
            Self::Distance { km, bias: 0 } => write!(f, "{km:.0} km"),
            Self::Distance { km, bias } => write!(f, "{km:.0} km, bias {bias:+}"),
            Self::NoClientPosition => f.write_str("the client's position is not known"),
            Self::Latency(estimate) => estimate.fmt(f),
            Self::NoEstimate => f.write_str("nothing is known of how far it is"),
            Self::Explored(estimate) => write!(f, "explored: {estimate}"),
            Self::Cost(cost) => write!(f, "cost {cost}"),
            Self::Load {
                load,
                sheds_percent,
            } => match *sheds_percent > 0.0 {
                true => write!(
                    f,
                    "{load}, sheds {sheds_percent:.0} % of clients, not this one"
                ),
                false => load.fmt(f),
            },
            Self::Priority(priority) => write!(f, "priority {priority}"),
            // Weightless members are drawn after all others; the score says so by its size only.
            Self::Drawn { score, weight: 0 } => write!(f, "draw {:.3}, weight 0", score % 1000.0),
            Self::Drawn { score, weight } => write!(f, "draw {score:.3}, weight {weight}"),
        }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ms", self.rtt_ms)?;
        if let Some(error_ms) = self.error_ms {
            write!(f, " ± {error_ms:.1}")?;
        }
        match self.samples {
            0 => write!(f, " by {}", self.source.name()),
            1 => write!(f, " by {}, measured once", self.source.name()),
            samples => write!(f, " by {}, measured {samples} times", self.source.name()),
        }
    }
}

//! What an observer may see of a decision. Serving runs with `Silent`, which compiles to nothing; explaining runs
//! the very same code with a recorder (`explain.rs`).
//!
//! Steps know nothing of observers: `select` compares the candidates before and after a step and asks the step why.

mod words;

use std::net::IpAddr;

use crate::geo::Location;
use crate::latency_map::Estimate;
use crate::load::Load;
use crate::steering::{Client, Endpoint, Family, Place, Policy, PolicySet};
use crate::wire::Name;

/// Sees a decision while it is made. Every method does nothing unless it is overridden.
pub trait Observer {
    /// Whether anybody listens; `select` gathers what an event needs only then.
    const LISTENS: bool = true;

    /// A name was looked up, in the zone with this origin; none if no zone of ours speaks for it.
    fn looked_up(&mut self, _zone: Option<Name<'_>>, _name: Name<'_>, _outcome: StageOutcome) {}
    /// The client was located, before the first step of the first policy.
    fn located(&mut self, _event: &Located<'_>) {}
    /// A policy starts with its candidates; more than one if a fallback policy takes over.
    fn policy_started(&mut self, _event: &PolicyStarted<'_>) {}
    /// A member that cannot be a candidate at all.
    fn not_a_candidate(&mut self, _endpoint: &Endpoint, _reason: Reason) {}
    /// A member that the steps start with.
    fn candidate(&mut self, _event: &CandidateSeen<'_>) {}
    fn step_started(&mut self, _kind: &'static str) {}
    fn dropped(&mut self, _endpoint: &Endpoint, _reason: Reason) {}
    /// In the order after the step.
    fn kept(&mut self, _endpoint: &Endpoint, _tier: u16, _why: Why) {}
    fn step_ended(&mut self, _outcome: StepOutcome, _scope: u8, _note: Note) {}
    fn chosen(&mut self, _endpoint: &Endpoint) {}
    /// The TTL is the policy's lowest, for this candidate is failing but not yet down (S14).
    fn ttl_lowered(&mut self, _policy: &Policy, _endpoint: &Endpoint) {}
    fn policy_ended(&mut self, _ttl_s: u32, _scope: u8) {}
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    const LISTENS: bool = false;
}

/// What looking a name up led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageOutcome {
    Static,
    /// Answered by the policy with this id.
    Steered(u32),
    Cname,
    Dname,
    Wildcard,
    Referral,
    Nodata,
    Nxdomain,
    Refused,
    Alias,
}

/// Where the client is taken to be, and by which of its addresses.
#[derive(Debug)]
pub struct Located<'a> {
    pub client: &'a Client,
    /// The prefix that location and fences judge.
    pub prefix: (IpAddr, u8),
    pub by_subnet: bool,
    pub location: &'a Location,
    pub asn: Option<u32>,
}

#[derive(Debug)]
pub struct PolicyStarted<'a> {
    pub policy: &'a Policy,
    pub family: Family,
    pub time_slot: u64,
}

#[derive(Debug)]
pub struct CandidateSeen<'a> {
    pub policies: &'a PolicySet,
    pub endpoint: &'a Endpoint,
    pub family: Family,
    /// As said by member, endpoint or pool; the step's default applies otherwise.
    pub weight: Option<u32>,
    pub priority: Option<u32>,
    /// By a break-glass order, as is everybody else here (P6, S1).
    pub switched_off: bool,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    Applied,
    /// Nothing was dropped or moved.
    Unchanged,
    /// It would have dropped all, so it dropped none.
    Bypassed,
    Fallback,
    Refused,
}

/// What there is to say of a step as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    Nothing,
    /// A fallback is served: the step is not asked.
    SkippedInFallback,
    KeptAll,
    FallbackPool {
        id: u32,
    },
    FallbackPolicy {
        id: u32,
    },
    FallbackPoolUnable {
        id: u32,
        family: Family,
    },
    FallbackPolicyUnable {
        id: u32,
        family: Family,
    },
    /// Another policy answers.
    Used {
        id: u32,
    },
    /// It does not, for too few of its endpoints are up.
    Unwell {
        id: u32,
        healthy: u32,
        wanted: u32,
    },
    NoData,
}

/// Why a candidate was dropped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    NotSaid,
    NoAddress(Family),
    NameUnresolvedAtApex(Family),
    Down,
    DownOver(Family),
    /// From the vantage nearest to the client, a region's id, while others see it up.
    DownFrom(u32),
    NotYetKnown,
    /// By a break-glass order (P6).
    SwitchedOff,
    Draining,
    Disabled,
    Denied(Place),
    NotAllowedAnywhere,
    NotIn(Place),
    NotInDefault,
    /// The number of the selector that does not match, from 1 on.
    NotSelected(usize),
    NotNamed,
    /// The endpoint has too much to do, or sheds so many of a hundred clients, of which this is one.
    Loaded {
        load: Load,
        sheds_percent: f64,
    },
    BeyondFirst(usize),
    BehindName,
    NameAmongAddresses,
}

/// What a step found of a candidate that it kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Why {
    NotSaid,
    /// The step would have dropped it, but would have dropped all.
    InSpiteOf(Reason),
    /// From the vantage nearest to the client, a region's id, while others see it down.
    UpFrom(u32),
    NotFenced,
    Allowed(Place),
    NotDenied,
    Matched(Place),
    MatchedDefault,
    Distance {
        km: f64,
        bias: i8,
    },
    NoClientPosition,
    Latency(Estimate),
    NoEstimate,
    /// The client is one of those sent elsewhere to learn about it.
    Explored(Estimate),
    Cost(f64),
    /// The endpoint sheds so many of a hundred clients, of which this is none.
    Load {
        load: Load,
        sheds_percent: f64,
    },
    Priority(u32),
    Drawn {
        score: f64,
        weight: u32,
    },
}

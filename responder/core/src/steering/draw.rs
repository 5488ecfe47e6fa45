//! Draws: weighted rendezvous hashing, so that every draw is a hash and can be replayed (S15).
//!
//! Of the candidates of the best tier, each gets the score `-ln(u) / weight`, with `u` uniform in (0, 1) from a hash of
//! what the draw depends on and the endpoint's id; the lowest score wins. The scores are exponential variables with
//! the weights as rates, so each candidate wins with probability weight / sum of weights, and a score does not depend
//! on who else takes part: when one leaves, only the clients that it had won move (S4).
//!
//! The hash is SipHash-1-3 under the policy's salt, over octets in a fixed order, and one step of SplitMix64 per
//! endpoint; `ln` is libm's. Both give the same on every platform.

use std::hash::Hasher;
use std::net::IpAddr;

use siphasher::sip::SipHasher13;

use super::candidates::{Candidate, Candidates, MemberIndex};
use super::client::Subnet;
use super::policy::SaltKey;
use crate::observe::Why;
use crate::wire::Name;

/// What the draws of one query depend on, short of the endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seed(u64);

impl Seed {
    /// A draw that keeps its winner for the client (S4).
    pub(crate) fn sticky(salt: SaltKey, client: Subnet) -> Self {
        Self(hasher_over(salt, client).finish())
    }

    /// A draw that is made anew for each name and time slot (S3).
    pub(crate) fn passing(salt: SaltKey, client: Subnet, name: Name<'_>, time_slot: u64) -> Self {
        let mut hasher = hasher_over(salt, client);
        hasher.write(name.as_bytes());
        hasher.write(&time_slot.to_be_bytes());
        Self(hasher.finish())
    }

    /// A number in (0, 1) for one endpoint.
    fn uniform(self, endpoint: u32) -> f64 {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self
            .0
            .wrapping_add((u64::from(endpoint) + 1).wrapping_mul(GAMMA));
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ (mixed >> 31);
        const STEPS: f64 = (1u64 << 53) as f64;
        ((mixed >> 11) as f64 + 0.5) / STEPS
    }
}

fn hasher_over(salt: SaltKey, client: Subnet) -> SipHasher13 {
    let mut hasher = SipHasher13::new_with_keys(salt.0, salt.1);
    match client.address {
        IpAddr::V4(v4) => hasher.write(&v4.octets()),
        IpAddr::V6(v6) => hasher.write(&v6.octets()),
    }
    hasher.write(&[client.prefix]);
    hasher
}

/// What one member brings to a draw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stake {
    pub weight: u32,
    endpoint: u32,
    /// 1 / weight; 1 for weight 0, which is drawn after all others and evenly (S3).
    inverse_weight: f64,
    handicap: f64,
}

/// Above every score: `-ln` of the least `u` is below 38.
const WEIGHTLESS: f64 = 1000.0;

impl Stake {
    pub(crate) fn new(endpoint: u32, weight: u32) -> Self {
        let (inverse_weight, handicap) = match weight {
            0 => (1.0, WEIGHTLESS),
            _ => (1.0 / f64::from(weight), 0.0),
        };
        Self {
            weight,
            endpoint,
            inverse_weight,
            handicap,
        }
    }

    fn score(&self, seed: Seed) -> f64 {
        self.handicap - libm::log(seed.uniform(self.endpoint)) * self.inverse_weight
    }
}

/// Orders the best tier by draw. `stakes` are those of all members of the policy.
pub(crate) fn draw(candidates: &mut Candidates, stakes: &[Stake], seed: Seed) {
    let score = |member: MemberIndex| {
        let stake = stakes.get(usize::from(member));
        stake.map_or(f64::MAX, |stake| stake.score(seed))
    };
    candidates.rank_best_tier(score);
}

/// What the draw found of a candidate; nothing if it took no part.
pub(crate) fn why_drawn(candidate: &Candidate, stakes: &[Stake]) -> Why {
    match stakes.get(usize::from(candidate.member)) {
        Some(stake) if candidate.key.is_finite() => Why::Drawn {
            score: candidate.key,
            weight: stake.weight,
        },
        _ => Why::NotSaid,
    }
}

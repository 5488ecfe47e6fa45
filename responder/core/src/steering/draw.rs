//! Draws: weighted rendezvous hashing, so that every draw is a hash and can be replayed (S15).
//!
//! Of the candidates of the best tier, each gets the score `-ln(u) / weight`, with `u` uniform in (0, 1) from a hash of
//! what the draw depends on and the endpoint's id; the lowest score wins. The scores are exponential variables with
//! the weights as rates, so each candidate wins with probability weight / sum of weights, and a score does not depend
//! on who else takes part: when one leaves, only the clients that it had won move (S4).
//!
//! The hash is SipHash-1-3 under the policy's salt, over octets in a fixed order, and one step of SplitMix64 per
//! endpoint; the logarithm is a short series of products and sums. Both give the same on every platform.

use std::hash::Hasher;
use std::net::IpAddr;

use siphasher::sip::SipHasher13;

use super::candidates::{Candidate, Candidates, MemberIndex};
use super::client::Subnet;
use super::policy::SaltKey;
use crate::observe::Why;
use crate::wire::Name;

/// Whom a draw keeps its winner for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DrawKind {
    /// For the client and name, until the time slot ends (S3).
    Passing,
    /// For the client (S4).
    Sticky,
}

/// What the draws of one query depend on, short of the endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seed(u64);

impl Seed {
    /// A draw that keeps its winner for the client (S4).
    pub(crate) fn sticky(salt: SaltKey, client: Subnet) -> Self {
        let mut hasher = hasher(salt, client.address);
        hasher.write_u8(client.prefix);
        Self(hasher.finish())
    }

    /// A draw that is made anew for each name and time slot (S3).
    pub(crate) fn passing(salt: SaltKey, client: Subnet, name: Name<'_>, time_slot: u64) -> Self {
        let mut hasher = hasher(salt, client.address);
        let [_, a, b, c, d, e, f, g] = time_slot.to_be_bytes();
        hasher.write_u64(u64::from_le_bytes([client.prefix, a, b, c, d, e, f, g]));
        hasher.write(name.as_bytes());
        Self(hasher.finish())
    }

    /// `-ln(u)` of a number `u` in (0, 1) for one endpoint.
    #[inline]
    fn exponential(self, endpoint: u32) -> f64 {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self
            .0
            .wrapping_add((u64::from(endpoint) + 1).wrapping_mul(GAMMA));
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ (mixed >> 31);
        (f64::from(UNIFORM_BITS) - log2((mixed >> (64 - UNIFORM_BITS)) as f64 + 0.5))
            * std::f64::consts::LN_2
    }
}

/// As many as a float holds exactly, with a half added.
const UNIFORM_BITS: u32 = 52;

/// The binary logarithm of a positive, normal number, to nine digits: the exponent, and of the mantissa m the series of
/// the inverse hyperbolic tangent, `ln(m / √2) = 2 artanh((m - √2) / (m + √2))`.
#[inline]
fn log2(number: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    const ONE: u64 = 1023 << 52;
    let bits = number.to_bits();
    let exponent = (bits >> 52) as f64 - 1023.0;
    let mantissa = f64::from_bits(bits & MANTISSA | ONE);
    let t = (mantissa - std::f64::consts::SQRT_2) / (mantissa + std::f64::consts::SQRT_2);
    let s = t * t;
    let series = 1.0 / 5.0 + s * (1.0 / 7.0 + s * (1.0 / 9.0 + s * (1.0 / 11.0)));
    let series = 1.0 + s * (1.0 / 3.0 + s * series);
    exponent + 0.5 + t * series * (2.0 / std::f64::consts::LN_2)
}

/// Under way, the address in it: 16 octets, IPv4 as mapped (RFC 4291 section 2.5.5.2). Whole words are hashed fastest.
#[inline]
fn hasher(salt: SaltKey, address: IpAddr) -> SipHasher13 {
    let mut hasher = SipHasher13::new_with_keys(salt.0, salt.1);
    let bits = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    hasher.write_u64(((bits >> 64) as u64).swap_bytes());
    hasher.write_u64((bits as u64).swap_bytes());
    hasher
}

/// What one member brings to a draw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stake {
    pub weight: u32,
    endpoint: u32,
    /// 1 / weight; 1 for weight 0, which is drawn after all others and evenly (S3).
    inverse_weight: f64,
}

/// Above every score: `-ln` of the least `u` is below 37.
const WEIGHTLESS: f64 = 1000.0;

impl Stake {
    pub(crate) fn new(endpoint: u32, weight: u32) -> Self {
        Self {
            weight,
            endpoint,
            inverse_weight: 1.0 / f64::from(weight.max(1)),
        }
    }

    #[inline]
    pub(crate) fn score(&self, seed: Seed) -> f64 {
        let handicap = if self.weight == 0 { WEIGHTLESS } else { 0.0 };
        handicap + seed.exponential(self.endpoint) * self.inverse_weight
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::NameBuf;

    #[test]
    fn what_is_hashed_is_as_documented() {
        let client = Subnet {
            address: "192.0.2.0".parse().unwrap(),
            prefix: 24,
        };
        let mapped = b"\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\0\x02\0\x18";
        let slot = b"\0\0\0\0\0\x01\x02";
        let name = NameBuf::from_text("www.example.").unwrap();
        let hash = |octets: &[u8]| SipHasher13::new_with_keys(1, 2).hash(octets);
        let salt = SaltKey(1, 2);
        assert_eq!(Seed::sticky(salt, client).0, hash(mapped));
        let octets = [&mapped[..], slot, name.as_name().as_bytes()].concat();
        let passing = Seed::passing(salt, client, name.as_name(), 0x0102);
        assert_eq!(passing.0, hash(&octets));
    }

    #[test]
    fn the_logarithm_is_right_to_nine_digits() {
        for step in 0..100_000_u32 {
            let number = 0.5 + f64::from(step).powi(3);
            assert!((log2(number) - number.log2()).abs() < 1e-9, "{number}");
        }
    }
}

//! Draws: weighted rendezvous hashing, so that every draw is a hash and can be replayed (S15).
//!
//! Of the candidates of the best tier, each gets the score `-ln(u) / weight`, with `u` uniform in (0, 1) from a hash of
//! what the draw depends on and the endpoint's id; the lowest score wins. The scores are exponential variables with
//! the weights as rates, so each candidate wins with probability weight / sum of weights, and a score does not depend
//! on who else takes part: when one leaves, only the clients that it had won move (S4).
//!
//! The hash is SipHash-1-3 under the policy's salt, over octets in a fixed order, and one step of SplitMix64 per
//! endpoint; the logarithm is read from a table, in whole numbers. Both give the same on every platform.

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

    /// Whether a share of `1 - e^(-rate)` of all seeds is drawn and this is one of them. Apart from every endpoint's draw: ids
    /// are above 0.
    pub(crate) fn is_drawn(self, rate: f64) -> bool {
        self.exponential(0) < rate
    }

    /// Whether a loaded endpoint sheds the client (S5): as lasting as a sticky draw, and independent of it.
    pub(crate) fn shedding(salt: SaltKey, client: Subnet) -> Self {
        let mut hasher = hasher(salt, client.address);
        hasher.write_u8(client.prefix);
        hasher.write(b"load");
        Self(hasher.finish())
    }

    /// Whether a shadow looks at the client in this hour: independent of every draw.
    pub(crate) fn watching(salt: SaltKey, client: Subnet, hour: u64) -> Self {
        let mut hasher = hasher(salt, client.address);
        hasher.write_u8(client.prefix);
        hasher.write(b"shadow");
        hasher.write_u64(hour);
        Self(hasher.finish())
    }

    /// `-ln(u)` of a number `u` in (0, 1) for one endpoint.
    #[inline]
    fn exponential(self, endpoint: u32) -> f64 {
        halvings(self.random(endpoint)) as f64 * UNIT
    }

    /// A number from 0 to just below 1 for one endpoint.
    pub(crate) fn uniform(self, endpoint: u32) -> f64 {
        const BITS: u32 = f64::MANTISSA_DIGITS;
        (self.random(endpoint) >> (64 - BITS)) as f64 / (1_u64 << BITS) as f64
    }

    #[inline]
    fn random(self, endpoint: u32) -> u64 {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self
            .0
            .wrapping_add((u64::from(endpoint) + 1).wrapping_mul(GAMMA));
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// What `halvings` counts in: 2^-32 of a halving, whose natural logarithm is ln 2.
const UNIT: f64 = std::f64::consts::LN_2 / (1_u64 << 32) as f64;

/// How often 1 is to be halved to get `random` · 2^-64, in 2^-32ths; wrong by 11 millionths of a halving at most, so that
/// no endpoint's share is wrong by more.
#[inline]
fn halvings(random: u64) -> i64 {
    // Never 0, and never more than the last below 1.
    let zeros = (random | 1).leading_zeros();
    let mantissa = (random | 1) << zeros << 1;
    let segment = (mantissa >> (64 - SEGMENT_BITS)) as usize;
    let within = mantissa << SEGMENT_BITS >> 32;
    let (from, to) = match LOGARITHMS.get(segment..segment + 2) {
        Some([from, to]) => (*from, *to),
        _ => (0, 0),
    };
    let logarithm = from + (((to - from) * within) >> 32);
    ((i64::from(zeros) + 1) << 32) - logarithm as i64
}

const SEGMENT_BITS: u32 = 7;
const SEGMENTS: usize = 1 << SEGMENT_BITS;

/// The binary logarithms of 1, 1 + 1/128, … 2, in 2^-32ths.
static LOGARITHMS: [u64; SEGMENTS + 1] = logarithms();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn logarithms() -> [u64; SEGMENTS + 1] {
    let mut logarithms = [0; SEGMENTS + 1];
    let mut number = 1;
    while number <= SEGMENTS {
        logarithms[number] = logarithm((SEGMENTS + number) as u64);
        number += 1;
    }
    logarithms
}

/// Of `number` / 128, which is from 1 to 2. Squaring doubles a logarithm: each time that leads past 2, a bit of it is 1.
const fn logarithm(number: u64) -> u64 {
    let one = 1_u128 << 62;
    let mut power = (number as u128) << (62 - SEGMENT_BITS);
    let mut bits = 0;
    let mut step = 0;
    while step <= 32 {
        bits = bits << 1 | (power >= 2 * one) as u64;
        if power >= 2 * one {
            power >>= 1;
        }
        power = (power * power) >> 62;
        step += 1;
    }
    bits
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
}

/// Above every score: `-ln` of the least `u` is below 45.
const WEIGHTLESS: f64 = 1000.0;

impl Stake {
    pub(crate) fn new(endpoint: u32, weight: u32) -> Self {
        Self { weight, endpoint }
    }

    #[inline]
    pub(crate) fn score(&self, seed: Seed) -> f64 {
        // Weight 0 is drawn after all others, and evenly (S3).
        let handicap = if self.weight == 0 { WEIGHTLESS } else { 0.0 };
        handicap + seed.exponential(self.endpoint) / f64::from(self.weight.max(1))
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
        let shedding = [&mapped[..], b"load"].concat();
        assert_eq!(Seed::shedding(salt, client).0, hash(&shedding));
        let octets = [&mapped[..], slot, name.as_name().as_bytes()].concat();
        let passing = Seed::passing(salt, client, name.as_name(), 0x0102);
        assert_eq!(passing.0, hash(&octets));
    }

    #[test]
    fn as_often_as_halved_as_the_logarithm_says() {
        let randoms =
            (0..100_000_u64).map(|step| step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (step % 60));
        for random in randoms.chain([0, 1, 2, u64::MAX]) {
            let expected = 64.0 - ((random | 1) as f64).log2();
            let found = halvings(random) as f64 / (1_u64 << 32) as f64;
            assert!(
                (found - expected).abs() < 1.1e-5 && found >= 0.0,
                "{random}: {found}, {expected}"
            );
        }
    }
}

//! Response rate limiting: a server that answers over UDP is not to be a weapon against whoever a query claims to be from.
//!
//! ```text
//! client prefix ┐                                        credit left ─► Send
//! subject       ├─► hash ─► set of four buckets ─► bucket
//! time          ┘                                        none left ───► every slip-th: Slip, others: Drop
//! ```
//!
//! Replies are counted by client prefix and by what they are about, as BIND and NSD do: a flood of one kind leaves
//! the other replies to the same network alone. A reply that slips is sent truncated: hardly larger than its query, and
//! enough for a true client to come back over TCP, whose handshake no forger completes.
//!
//! Each bucket gains `responses_per_s` and holds no more than a second's worth. Of a full set, the bucket that rested
//! longest is given away: it is the fullest, so least is forgotten. The table neither grows nor allocates.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::client_prefix::ClientPrefix;
use crate::steering::Block;

/// NSD's default is 200 per second for ordinary zones, BIND's documentation suggests 5 to 15. Here one resolver asks for
/// one name once per client subnet and TTL, and TTLs are seconds, so that 1,000 per second and name from one /24 are
/// honest traffic of a large resolver. Against a victim it is about 1 Mbit/s of replies.
const RESPONSES_PER_S: u32 = 1000;
/// As in BIND and NSD: a client behind the flood gets through in two attempts on average.
const SLIP: u32 = 2;
/// More would not fit into a bucket, and no network is to get it from one server.
const MOST_RESPONSES_PER_S: u32 = 1_000_000;

/// One response in a bucket's credit, which then gains `responses_per_s` each millisecond.
const RESPONSE: u32 = 1000;
/// Only who comes near the rate needs a bucket that lasts, and of those a worker can serve some hundred at a time: 16,384
/// buckets are plenty, and their 256 KiB stay in a core's own cache.
const SETS: usize = 1 << 12;
const WAYS: usize = 4;

/// Nobody from outside comes from there, and who is inside needs no server to flood the machine.
const LOOPBACK: [Block; 2] = [
    Block {
        address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)),
        prefix: 8,
    },
    Block {
        address: IpAddr::V6(Ipv6Addr::LOCALHOST),
        prefix: 128,
    },
];

/// How the limit is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    /// To one client prefix about one subject, over one address; 0: no limit.
    pub responses_per_s: u32,
    /// Every so many limited replies one is sent truncated; 0: none.
    pub slip: u32,
    /// Never limited.
    pub exempt: Vec<Block>,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            responses_per_s: RESPONSES_PER_S,
            slip: SLIP,
            exempt: LOOPBACK.to_vec(),
        }
    }
}

/// What a reply is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An answer: the hash of the name that has it, which is the wildcard's if one was expanded.
    Name(u64),
    /// A denial or referral: the hash of its zone's origin, for the names in it are without end.
    Zone(u64),
    /// An error: about nothing of ours.
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Send,
    /// Send it truncated.
    Slip,
    Drop,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// When the credit was last brought up to date. Wraps every 50 days.
    updated_ms: u32,
    credit: u32,
    /// Replies that the limit kept back, for every `slip`-th of them.
    limited: u32,
}

/// One cache line.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Set {
    /// What is left of the hashes; 0: never used.
    tags: [u32; WAYS],
    buckets: [Bucket; WAYS],
}

/// Which bucket replies to a client about a subject are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    set: u32,
    tag: u32,
}

/// The limiter of one worker.
pub struct RateLimiter {
    sets: Box<[Set; SETS]>,
    seed: [u64; 2],
    gain_per_ms: u32,
    capacity: u32,
    slip: u32,
    exempt: Vec<Block>,
}

impl RateLimiter {
    /// `None`: without a limit there is nothing to do.
    ///
    /// The kernel spreads a client's queries over the `workers` of an address, so each of them gains its part of the
    /// rate; it still holds a whole second's worth, since the parts of a small burst are not equal. `seed` is secret, so
    /// that nobody can aim at the bucket of somebody else.
    pub fn new(limit: &RateLimit, workers: usize, seed: [u64; 2]) -> Option<Self> {
        let rate = limit.responses_per_s.min(MOST_RESPONSES_PER_S);
        let workers = u32::try_from(workers.max(1)).unwrap_or(u32::MAX);
        let sets = vec![Set::default(); SETS].into_boxed_slice();
        let sets = sets.try_into().ok().filter(|_| rate > 0)?;
        Some(Self {
            sets,
            seed,
            gain_per_ms: rate.div_ceil(workers),
            capacity: rate * RESPONSE,
            slip: limit.slip,
            exempt: limit.exempt.clone(),
        })
    }

    /// Where replies to `source` about `subject` are limited.
    #[inline]
    pub fn place(&self, source: IpAddr, subject: Subject) -> Place {
        let hash = self.hash(ClientPrefix::of(source), subject);
        Place {
            set: hash as u32 % SETS as u32,
            tag: (hash >> 32) as u32 | 1,
        }
    }

    /// What `check` will look at, for whoever can have it fetched in the meantime.
    #[inline]
    pub fn memory_at(&self, place: Place) -> Option<*const u8> {
        let set = self.sets.get(place.set as usize)?;
        Some((&raw const *set).cast())
    }

    /// What to do with a reply to `source` that is limited at `place`. `now_ms` may start anywhere, and may jump.
    #[inline]
    pub fn check(&mut self, place: Place, source: IpAddr, now_ms: u64) -> Verdict {
        let now_ms = now_ms as u32;
        let set = self.sets.get_mut(place.set as usize);
        let Some(bucket) = set.and_then(|set| set.bucket(place.tag, now_ms, self.capacity)) else {
            return Verdict::Send;
        };
        bucket.gain(now_ms, self.gain_per_ms, self.capacity);
        if let Some(rest) = bucket.credit.checked_sub(RESPONSE) {
            bucket.credit = rest;
            return Verdict::Send;
        }
        let verdict = bucket.keep_back(self.slip);
        // Asked last: hardly anybody comes so far.
        match self.exempt.iter().any(|block| block.contains(source)) {
            true => Verdict::Send,
            false => verdict,
        }
    }

    /// No more than one multiplication: what comes of it is seen by nobody, so nobody learns the seed from it.
    fn hash(&self, client: ClientPrefix, subject: Subject) -> u64 {
        let [first, second] = self.seed;
        let (kind, of) = match subject {
            Subject::Name(hash) => (1, hash),
            Subject::Zone(hash) => (2, hash),
            Subject::Error => (3, 0),
        };
        let client = client.as_u64() << 2 | kind;
        folded(client ^ first, of ^ second)
    }
}

impl Set {
    /// The bucket with this tag: a full one if there was none.
    #[inline]
    fn bucket(&mut self, tag: u32, now_ms: u32, capacity: u32) -> Option<&mut Bucket> {
        match self.places_of(tag) {
            0 => self.give_away(tag, now_ms, capacity),
            places => self
                .buckets
                .get_mut(places.trailing_zeros() as usize % WAYS),
        }
    }

    /// One bit for each place, found without a branch: nobody could predict which it is.
    #[inline]
    fn places_of(&self, tag: u32) -> u32 {
        let places = self.tags.iter().enumerate();
        places.fold(0, |places, (place, of)| {
            places | u32::from(*of == tag) << place
        })
    }

    fn give_away(&mut self, tag: u32, now_ms: u32, capacity: u32) -> Option<&mut Bucket> {
        let place = self.longest_rested(now_ms);
        *self.tags.get_mut(place)? = tag;
        let bucket = self.buckets.get_mut(place)?;
        *bucket = Bucket {
            updated_ms: now_ms,
            credit: capacity,
            limited: 0,
        };
        Some(bucket)
    }

    /// One that was never used, or else the one whose last use is longest ago; without a branch, too.
    fn longest_rested(&self, now_ms: u32) -> usize {
        let places = self.tags.iter().zip(&self.buckets).zip(0_u64..);
        let rested = places.map(|((tag, bucket), place)| {
            let unused = u64::from(*tag == 0) << 32;
            let rested = u64::from(now_ms.wrapping_sub(bucket.updated_ms));
            (unused | rested) << 2 | place
        });
        rested.max().unwrap_or(0) as usize % WAYS
    }
}

impl Bucket {
    fn gain(&mut self, now_ms: u32, per_ms: u32, capacity: u32) {
        let elapsed = now_ms.wrapping_sub(self.updated_ms);
        self.updated_ms = now_ms;
        // More than half the circle: the clock went back. Nothing is gained, and it goes on from here.
        if elapsed <= u32::MAX / 2 {
            let credit = u64::from(self.credit) + u64::from(elapsed) * u64::from(per_ms);
            self.credit = credit.min(capacity.into()) as u32;
        }
    }

    fn keep_back(&mut self, slip: u32) -> Verdict {
        self.limited = self.limited.wrapping_add(1);
        match self.limited.checked_rem(slip) {
            Some(0) => Verdict::Slip,
            _ => Verdict::Drop,
        }
    }
}

fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEED: [u64; 2] = [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210];
    const VICTIM: &str = "192.0.2.1";
    const ANSWER: Subject = Subject::Name(7);

    fn limiter(responses_per_s: u32, slip: u32) -> RateLimiter {
        let limit = RateLimit {
            responses_per_s,
            slip,
            exempt: vec![Block::parse("203.0.113.0/24").unwrap()],
        };
        RateLimiter::new(&limit, 1, SEED).unwrap()
    }

    fn ask(limiter: &mut RateLimiter, source: &str, subject: Subject, now_ms: u64) -> Verdict {
        let source = source.parse().unwrap();
        limiter.check(limiter.place(source, subject), source, now_ms)
    }

    /// How many of `count` replies about `subject` are sent whole.
    fn sent(
        limiter: &mut RateLimiter,
        source: &str,
        subject: Subject,
        (count, now_ms): (u32, u64),
    ) -> u32 {
        let verdicts = (0..count).map(|_| ask(limiter, source, subject, now_ms));
        verdicts.filter(|verdict| *verdict == Verdict::Send).count() as u32
    }

    #[test]
    fn a_second_s_worth_is_sent_at_once_and_then_what_is_gained() {
        let mut limiter = limiter(10, 0);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, 5)), 10);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, 104)), 0);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, 105)), 1);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, 1_105)), 10);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, 1_000_000)), 10);
    }

    #[test]
    fn every_second_limited_reply_slips() {
        let mut limiter = limiter(1, 2);
        let verdicts: Vec<_> = (0..5)
            .map(|_| ask(&mut limiter, VICTIM, ANSWER, 0))
            .collect();
        use Verdict::{Drop, Send, Slip};
        assert_eq!(verdicts, [Send, Drop, Slip, Drop, Slip]);
    }

    #[test]
    fn a_slip_of_one_drops_nothing_and_of_none_everything() {
        let mut always = limiter(1, 1);
        let mut never = limiter(1, 0);
        for _ in 0..3 {
            ask(&mut always, VICTIM, ANSWER, 0);
            ask(&mut never, VICTIM, ANSWER, 0);
        }
        assert_eq!(ask(&mut always, VICTIM, ANSWER, 0), Verdict::Slip);
        assert_eq!(ask(&mut never, VICTIM, ANSWER, 0), Verdict::Drop);
    }

    #[test]
    fn a_flood_takes_nothing_from_other_networks_or_other_subjects() {
        let mut limiter = limiter(10, 2);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (1000, 0)), 10);
        for (source, subject) in [
            ("192.0.3.1", ANSWER),
            ("2001:db8::1", ANSWER),
            (VICTIM, Subject::Name(8)),
            (VICTIM, Subject::Zone(7)),
            (VICTIM, Subject::Error),
        ] {
            assert_eq!(
                sent(&mut limiter, source, subject, (10, 0)),
                10,
                "{source} {subject:?}"
            );
        }
        assert_eq!(sent(&mut limiter, "192.0.2.99", ANSWER, (10, 0)), 0);
    }

    #[test]
    fn who_is_exempt_is_never_limited() {
        let mut limiter = limiter(1, 2);
        assert_eq!(sent(&mut limiter, "203.0.113.9", ANSWER, (100, 0)), 100);
        assert_eq!(sent(&mut limiter, "203.0.114.9", ANSWER, (100, 0)), 1);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_and_stops_nothing() {
        let mut limiter = limiter(10, 2);
        let late = 3_000_000_000;
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, late)), 10);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, late - 5_000)), 0);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, late - 4_000)), 10);
    }

    #[test]
    fn the_end_of_the_short_clock_is_passed_unnoticed() {
        let mut limiter = limiter(10, 2);
        let end = u64::from(u32::MAX);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, end - 50)), 10);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, end + 50)), 1);
    }

    #[test]
    fn the_workers_of_an_address_share_the_rate() {
        let limit = RateLimit::default();
        let mut worker = RateLimiter::new(&limit, 4, SEED).unwrap();
        assert_eq!(sent(&mut worker, VICTIM, ANSWER, (10_000, 0)), 1000);
        assert_eq!(sent(&mut worker, VICTIM, ANSWER, (10_000, 1_000)), 250);
    }

    #[test]
    fn no_rate_means_no_limiter() {
        let off = RateLimit {
            responses_per_s: 0,
            ..RateLimit::default()
        };
        assert!(RateLimiter::new(&off, 1, SEED).is_none());
    }

    #[test]
    fn a_flood_from_all_over_forgets_no_busy_bucket() {
        let mut limiter = limiter(10, 0);
        assert_eq!(sent(&mut limiter, VICTIM, ANSWER, (100, 0)), 10);
        for number in 0..200_000_u32 {
            let source = std::net::Ipv4Addr::from_bits(number << 8).into();
            let place = limiter.place(source, ANSWER);
            limiter.check(place, source, 1 + u64::from(number / 1000));
            if number % 1000 == 0 {
                sent(
                    &mut limiter,
                    VICTIM,
                    ANSWER,
                    (10, 1 + u64::from(number / 1000)),
                );
            }
        }
        // 200 ms have passed: two more are gained, and a bucket anew would have given ten.
        assert!(sent(&mut limiter, VICTIM, ANSWER, (100, 201)) <= 2);
    }

    proptest! {
        /// Over any time, a bucket gives no more than it could hold and gain, and no less if that was asked for. At a rate of 1
        /// it can run over while it holds less than a response.
        #[test]
        fn what_is_sent_is_what_was_held_and_gained(
            rate in 2u32..500,
            pauses_ms in prop::collection::vec(0u64..300, 1..20),
        ) {
            let mut limiter = limiter(rate, 2);
            let mut now_ms = 0;
            let mut total = u64::from(sent(&mut limiter, VICTIM, ANSWER, (2 * rate, 0)));
            for pause_ms in pauses_ms {
                now_ms += pause_ms;
                total += u64::from(sent(&mut limiter, VICTIM, ANSWER, (2 * rate, now_ms)));
            }
            let gained = now_ms * u64::from(rate) / 1000;
            prop_assert_eq!(total, u64::from(rate) + gained);
        }
    }
}

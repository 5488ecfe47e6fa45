//! Nanoseconds per `answer()`, in process: no sockets, no kernel.
//!
//! `answer-cost [WORKLOAD…]`. A set of queries is answered many times over, in batches. Printed are the mean over the
//! batches of each one's fastest and of its median time; on a machine with other work the fastest is the one to compare: a
//! batch is so short that it is undisturbed now and then. *Cold* is after something else has used the processor's caches,
//! as the kernel does between two batches.

use std::error::Error;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use responder_bench::chance::Chance;
use responder_bench::world;
use responder_core::answer::{Request, Scratch, Settings, Transport, answer};
use responder_core::beliefs::Beliefs;
use responder_core::health::HealthTable;
use responder_core::observe::Silent;
use responder_core::snapshot::World;

/// More than the branch predictor learns by heart.
const QUERIES: usize = 16_384;
/// As the server receives.
const BATCH: usize = 32;
const PASSES: usize = 201;
/// What is used between two batches, if the answers are to be cold: twice what a core of today has for itself.
const OTHER_WORK: usize = 1 << 20;
const CACHE_LINE: usize = 64;

/// Answers queries one after the other, as a worker does.
struct Answering<'w> {
    world: &'w World,
    beliefs: Beliefs,
    settings: Settings,
    scratch: Scratch,
    /// The query, then the reply in its place.
    message: Vec<u8>,
    other_work: Vec<u8>,
}

impl Answering<'_> {
    /// The length of the reply and its response code.
    fn answer(&mut self, packet: &[u8]) -> Option<(usize, u16)> {
        let request = Request {
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
            transport: Transport::Udp,
            now_s: 1_800_000_000,
            settings: &self.settings,
        };
        let message = &mut self.message;
        message.get_mut(..packet.len())?.copy_from_slice(packet);
        let reply = answer(
            self.world,
            &self.beliefs,
            &request,
            (message, packet.len()),
            &mut self.scratch,
            &mut Silent,
        )?;
        Some((reply.length, reply.tally.rcode))
    }

    fn forget_caches(&mut self) {
        let lines = self.other_work.iter_mut().step_by(CACHE_LINE);
        lines.for_each(|octet| *octet = octet.wrapping_add(1));
        black_box(&mut self.other_work);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let world = world::open()?;
    let mut answering = Answering {
        beliefs: Beliefs::new(world.policies(), &HealthTable::default()),
        world: &world,
        settings: Settings::default(),
        scratch: Scratch::new(),
        message: vec![0; 4096],
        other_work: vec![0; OTHER_WORK],
    };
    let mut chance = Chance::new(3);
    let mut queries = |make: &mut dyn FnMut(&mut Chance) -> _| -> Result<Vec<Vec<u8>>, _> {
        (0..QUERIES).map(|_| make(&mut chance)).collect()
    };
    let workloads = [
        ("static", queries(&mut world::static_query)?, 0),
        ("nxdomain", queries(&mut world::missing_query)?, 3),
        (
            "steered",
            queries(&mut |chance| world::steered_query(&world, chance))?,
            0,
        ),
    ];
    println!("ns per answer   fastest   median  fastest cold   median cold");
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let workloads = workloads
        .iter()
        .filter(|(name, ..)| asked.is_empty() || asked.iter().any(|asked| asked == name));
    for (name, packets, rcode) in workloads {
        check(&mut answering, packets, *rcode)?;
        let (fastest, median) = measure(&mut answering, packets, false);
        let (fastest_cold, median_cold) = measure(&mut answering, packets, true);
        println!(
            "{name:<14} {fastest:>8.1} {median:>8.1} {fastest_cold:>13.1} {median_cold:>13.1}"
        );
    }
    Ok(())
}

/// Only right answers are worth a measurement.
fn check(
    answering: &mut Answering<'_>,
    packets: &[Vec<u8>],
    rcode: u16,
) -> Result<(), Box<dyn Error>> {
    for packet in packets {
        match answering.answer(packet) {
            Some((length, found)) if found == rcode && length > packet.len() => {}
            other => return Err(format!("expected rcode {rcode} and a record: {other:?}").into()),
        }
    }
    Ok(())
}

/// Nanoseconds per answer: the fastest and the median of all passes.
fn measure(answering: &mut Answering<'_>, packets: &[Vec<u8>], is_cold: bool) -> (f64, f64) {
    let batches: Vec<&[Vec<u8>]> = packets.chunks(BATCH).collect();
    let mut times = vec![Vec::with_capacity(PASSES); batches.len()];
    for _ in 0..PASSES {
        for (batch, times) in batches.iter().zip(&mut times) {
            if is_cold {
                answering.forget_caches();
            }
            let started = Instant::now();
            for packet in *batch {
                black_box(answering.answer(black_box(packet)));
            }
            times.push(started.elapsed().as_nanos());
        }
    }
    times.iter_mut().for_each(|times| times.sort_unstable());
    let sum_at = |place: usize| {
        times
            .iter()
            .filter_map(|times| times.get(place))
            .sum::<u128>()
    };
    let per_answer = |sum: u128| sum as f64 / packets.len() as f64;
    (per_answer(sum_at(0)), per_answer(sum_at(PASSES / 2)))
}

//! How far two cores are apart.

use std::io;
use std::mem;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

const ROUND_TRIPS: u64 = 500;
/// Some of them run undisturbed by the machine's other work.
const ATTEMPTS: usize = 40;
const PATIENCE: u32 = 100_000;

/// Nanoseconds that a cache line takes from one core to the other: the fastest of some attempts.
pub fn ping_ns(first: usize, second: usize) -> io::Result<f64> {
    // Both can be had: whoever waits for the other below does not wait in vain.
    pin(second)?;
    pin(first)?;
    let ball = AtomicU64::new(0);
    let both_in_place = Barrier::new(2);
    thread::scope(|scope| {
        let returner = scope.spawn(|| return_ball(&ball, second, &both_in_place));
        // The other thread may still have to leave this core.
        both_in_place.wait();
        let mut fastest = f64::INFINITY;
        for attempt in 0..ATTEMPTS as u64 {
            let started = Instant::now();
            for trip in 0..ROUND_TRIPS {
                let number = 2 * (attempt * ROUND_TRIPS + trip);
                ball.store(number + 1, Ordering::Release);
                await_ball(&ball, number + 2);
            }
            let elapsed_ns = started.elapsed().as_nanos() as f64;
            fastest = fastest.min(elapsed_ns / (2 * ROUND_TRIPS) as f64);
        }
        match returner.join() {
            Ok(outcome) => outcome.map(|()| fastest),
            Err(_) => Err(io::Error::other("the thread on the other core panicked")),
        }
    })
}

fn return_ball(ball: &AtomicU64, core: usize, both_in_place: &Barrier) -> io::Result<()> {
    let pinned = pin(core);
    both_in_place.wait();
    pinned?;
    for trip in 0..ROUND_TRIPS * ATTEMPTS as u64 {
        await_ball(ball, 2 * trip + 1);
        ball.store(2 * trip + 2, Ordering::Release);
    }
    Ok(())
}

fn await_ball(ball: &AtomicU64, number: u64) {
    let mut spins = 0_u32;
    while ball.load(Ordering::Acquire) != number {
        std::hint::spin_loop();
        spins += 1;
        // Whoever shares a core after all must not be kept off it.
        if spins.is_multiple_of(PATIENCE) {
            thread::yield_now();
        }
    }
}

/// Ties the calling thread to one core.
pub fn pin(core: usize) -> io::Result<()> {
    // SAFETY: all-zero octets are the empty `cpu_set_t`.
    let mut cores: libc::cpu_set_t = unsafe { mem::zeroed() };
    if core >= libc::CPU_SETSIZE as usize {
        return Err(io::Error::other(format!("there is no core {core}")));
    }
    // SAFETY: `core` is within the set.
    unsafe { libc::CPU_SET(core, &mut cores) };
    // SAFETY: the kernel reads the set, whose size is given; 0 is the calling thread.
    match unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const cores) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

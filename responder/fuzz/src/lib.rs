//! Fuzz targets that check meaning: each compares the responder with a plain restatement of the rule.
//!
//! ```text
//! octets ─► target::check ─┬─► responder-core, as served
//!                          └─► reference (the RFC's words, no cleverness) ─► equal, or a panic that libFuzzer keeps
//! ```
//!
//! Each target is an ordinary function over octets, so that `cargo test` runs the kept corpus without libFuzzer.

pub mod answer;
pub mod ecs;
pub mod frame;
pub mod heap;
pub mod message;
pub mod name;
pub mod question;
pub mod reference;
pub mod reply;
pub mod round_trip;
pub mod seam;
pub mod seeds;
pub mod snapshot;
pub mod subnet;
pub mod tcp_framing;
pub mod world;

/// A target by its name, which is also that of its corpus.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("answer", answer::check),
    ("ecs", ecs::check),
    ("frame", frame::check),
    ("message", message::check),
    ("name", name::check),
    ("round_trip", round_trip::check),
    ("snapshot", snapshot::check),
    ("tcp_framing", tcp_framing::check),
];

//! Decides DNS answers from memory: no sockets, files, clock, randomness or threads.
#![forbid(unsafe_code)]

pub mod answer;
pub mod beliefs;
pub mod client_prefix;
pub mod counters;
pub mod dnstap;
pub mod explain;
pub mod frame;
pub mod frame_streams;
pub mod geo;
pub mod health;
pub mod latency;
pub mod latency_map;
pub mod load;
pub mod observe;
pub mod rate_limit;
pub mod snapshot;
pub mod steering;
pub mod wire;
pub mod zone;

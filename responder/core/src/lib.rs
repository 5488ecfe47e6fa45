//! Decides DNS answers from memory: no sockets, files, clock, randomness or threads.
#![forbid(unsafe_code)]

pub mod wire;
pub mod zone;

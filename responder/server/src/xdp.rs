//! Answers without the network stack: whole frames from the driver's receive path and back, by AF_XDP.
//!
//! ```text
//!            ┌─ program ── plainly a query to us ─► queue's socket ─► worker: answer in place ─► same frame, sent back
//! interface ─┤
//!            └──────────── all else ─► kernel ─► the sockets that serve the address anyway
//! ```
//!
//! The program (`program`, attached by `attachment`) runs in the kernel on every frame that arrives. One worker per
//! receive queue (`worker`) owns a socket (`socket`), the memory of its frames (`umem`) and the rings that pass them to
//! and fro (`rings`). Nothing here is needed to serve: where a right or a feature is missing, `Status` says which,
//! and sockets answer alone.

mod assembler;
mod attachment;
mod bpf;
mod control;
mod interface;
mod mapping;
mod program;
mod rings;
mod socket;
mod umem;
mod unavailable;
mod worker;

pub use attachment::Mode;
pub(crate) use control::Control;
pub use control::Status;

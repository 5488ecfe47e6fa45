//! UDP and TCP listeners, and AF_XDP, that answer with `responder-core`.
//!
//! ```text
//!                    ┌─ udp worker ×n per address: recvmmsg ─► answer ─► sendmmsg ─┐
//! Serving (arc-swap) ┼─ xdp worker ×n per interface: frame ─► answer ─► same frame ┼─► Counters, one per thread
//!                    └─ tcp worker  ×1 per address: poll loop over connections ────┘
//! ```
//!
//! A worker loads the serving world once per batch and shares nothing else with anyone: no lock and no allocation
//! on the way from packet to packet.

mod admission;
mod batch;
mod connection;
mod dnstap;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod handover;
mod handshakes;
mod interrupt;
mod limits;
mod listen;
mod memory;
mod packet_info;
mod prefetch;
mod receive_buffer;
mod recovery;
mod replies;
mod server;
mod serving;
mod stopwatch;
mod tcp;
mod tcp_common;
mod totals;
mod udp;
mod worker;
mod xdp;

pub use dnstap::{Collector, Dnstap, DnstapTotals, MalformedCollector};
pub use handover::{InheritError, Inherited, connections};
pub use handshakes::Handshake;
pub use limits::Limits;
pub use listen::BindError;
pub use receive_buffer::ReceiveBuffer;
pub use server::{Options, Server};
pub use serving::Serving;
pub use tcp_common::TcpTotals;
pub use totals::{ListenerTotals, Totals};
pub use xdp::{Mode as XdpMode, Status as XdpStatus};

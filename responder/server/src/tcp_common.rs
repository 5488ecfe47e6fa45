//! What the TCP workers of all addresses share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::admission::Admission;
use crate::handshakes::Handshakes;
use crate::limits::Limits;
use crate::memory::Memory;

pub(crate) struct TcpCommon {
    pub admission: Arc<Admission>,
    /// Of each listening address its own.
    pub memories: Vec<Arc<Memory>>,
    pub refused: AtomicU64,
    pub cut_off: AtomicU64,
    pub handshakes: Handshakes,
}

/// Of all TCP connections since the server started, and of those that are open now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TcpTotals {
    pub open: usize,
    /// What those that are open keep in memory.
    pub buffered_octets: usize,
    /// Not let in: too many of one client, or too many in all.
    pub refused: u64,
    /// Closed in the middle: too slow in asking or in listening, or holding too much.
    pub cut_off: u64,
    /// Handshakes whose round trip was kept for who takes them.
    pub handshakes: u64,
    /// Handshakes that were not: one of the same client network waits to be taken, or as many as there is room for.
    pub handshakes_left_out: u64,
}

impl TcpCommon {
    /// `limits`: those of one of the `listeners`.
    pub fn new(limits: &Limits, listeners: usize) -> Self {
        let memories = (0..listeners).map(|_| Arc::new(Memory::new(limits.buffered_octets)));
        Self {
            admission: Arc::new(Admission::new(limits)),
            memories: memories.collect(),
            refused: AtomicU64::new(0),
            cut_off: AtomicU64::new(0),
            handshakes: Handshakes::new(),
        }
    }

    pub fn totals(&self) -> TcpTotals {
        let (handshakes, handshakes_left_out) = self.handshakes.totals();
        TcpTotals {
            open: self.admission.present(),
            buffered_octets: self.memories.iter().map(|memory| memory.used()).sum(),
            refused: self.refused.load(Ordering::Relaxed),
            cut_off: self.cut_off.load(Ordering::Relaxed),
            handshakes,
            handshakes_left_out,
        }
    }
}

//! The memory that frames are received into, answered in and sent from.
//!
//! ```text
//!            ┌──── fill ◄───────────────── no reply ──┐
//!            ▼                                        │
//!         kernel ──── receive ───► Frame ─► answered in place
//!            ▲                                        │
//!  completion┴──── transmit ◄──────────────── reply ──┘
//! ```
//!
//! Every frame is at any time with the kernel or with us; with us it is a `Frame`, of which there is never a second one
//! to the same memory. Each ring has room for all frames, so that none is ever full.

use std::io;
use std::slice;

use super::mapping::Mapping;

pub(super) const FRAMES: u32 = 2048;
/// Two to a page, as all drivers support; the kernel keeps 256 octets in front of what it receives.
pub(super) const FRAME_SIZE: u32 = 2048;

pub(super) struct Umem {
    memory: Mapping,
}

/// The right to use the memory of one frame. Not to be copied: whoever passes it to the kernel loses it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Of the first octet, counted from the start of the memory.
    address: u64,
}

impl Umem {
    pub fn new() -> io::Result<Self> {
        let length = FRAMES as usize * FRAME_SIZE as usize;
        let memory = Mapping::anonymous(length)?;
        Ok(Self { memory })
    }

    /// All frames. To be called once per memory.
    pub fn frames() -> impl Iterator<Item = Frame> {
        (0..FRAMES).map(|number| Frame {
            address: u64::from(number) * u64::from(FRAME_SIZE),
        })
    }

    pub fn registration(&self) -> libc::xdp_umem_reg {
        libc::xdp_umem_reg {
            addr: self
                .memory
                .at::<u8>(0)
                .map_or(0, |start| start.as_ptr().expose_provenance() as u64),
            len: self.memory.length() as u64,
            chunk_size: FRAME_SIZE,
            headroom: 0,
            flags: 0,
            tx_metadata_len: 0,
        }
    }

    /// From the first octet received to the end of the frame.
    pub fn octets<'a>(&'a mut self, frame: &'a mut Frame) -> &'a mut [u8] {
        let room = u64::from(FRAME_SIZE) - frame.address % u64::from(FRAME_SIZE);
        let Some(start) = self.memory.at::<u8>(frame.address as usize) else {
            return &mut [];
        };
        // SAFETY: the frame lies within the memory, whose length is a multiple of the frame size. `frame` says that it is
        // with us: the kernel does not touch it, nor does anyone else while `frame` and `self` are borrowed.
        unsafe { slice::from_raw_parts_mut(start.as_ptr(), room as usize) }
    }
}

impl Frame {
    /// The frame that the kernel has just handed over at `address`.
    ///
    /// # Safety
    /// The kernel must have said so in a ring, and this must be the only call for it.
    pub unsafe fn from_kernel(address: u64) -> Self {
        Self { address }
    }

    /// Gives the frame away to the kernel, which finds it by its address.
    pub fn into_address(self) -> u64 {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_share_no_memory_and_none_reaches_beyond_its_end() {
        let mut umem = Umem::new().unwrap();
        let mark = |frame: &Frame| (frame.address / u64::from(FRAME_SIZE) % 251) as u8;
        for mut frame in Umem::frames() {
            let mark = mark(&frame);
            umem.octets(&mut frame).fill(mark);
        }
        for mut frame in Umem::frames() {
            let mark = mark(&frame);
            assert_eq!(umem.octets(&mut frame), [mark; FRAME_SIZE as usize]);
        }
    }

    #[test]
    fn what_is_received_behind_headroom_ends_with_its_frame() {
        let mut umem = Umem::new().unwrap();
        // SAFETY: no kernel uses this memory, and the frame at this address is made once.
        let mut frame = unsafe { Frame::from_kernel(3 * 2048 + 256) };
        assert_eq!(umem.octets(&mut frame).len(), 2048 - 256);
        // SAFETY: as above.
        let mut beyond = unsafe { Frame::from_kernel(u64::from(FRAMES * FRAME_SIZE)) };
        assert!(umem.octets(&mut beyond).is_empty());
    }
}

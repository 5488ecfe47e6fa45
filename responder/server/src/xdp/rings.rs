//! Rings: lists of frames between us and the kernel, with one writer and one reader each.
//!
//! A producer writes entries and then publishes how many there are; a consumer reads that number, the entries, and
//! publishes how many it took. Both numbers only rise (and wrap around); a place is the number modulo the ring's size.

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use super::mapping::Mapping;
use super::umem::FRAMES;

const MASK: u32 = FRAMES - 1;
const _: () = assert!(FRAMES.is_power_of_two());

/// A ring of `FRAMES` entries.
struct Ring<T> {
    produced: NonNull<AtomicU32>,
    consumed: NonNull<AtomicU32>,
    flags: NonNull<AtomicU32>,
    entries: NonNull<[T; FRAMES as usize]>,
    /// Our own number: only we change it.
    own: u32,
    /// Keeps what the pointers point to.
    _memory: Mapping,
}

// SAFETY: the pointers lead into the mapping, which may be used by any thread, and there is one ring to each.
unsafe impl<T: Send> Send for Ring<T> {}

/// A ring that we write and the kernel reads.
pub(super) struct Producer<T>(Ring<T>);

/// A ring that the kernel writes and we read.
pub(super) struct Consumer<T> {
    ring: Ring<T>,
    /// The kernel's number as last seen.
    produced: u32,
}

impl<T: Copy> Ring<T> {
    fn map(
        socket: BorrowedFd<'_>,
        page_offset: libc::off_t,
        offsets: &libc::xdp_ring_offset,
    ) -> io::Result<Self> {
        let length = offsets.desc as usize + FRAMES as usize * size_of::<T>();
        let memory = Mapping::of(socket, page_offset, length)?;
        let strange = || io::Error::other("the kernel describes a ring beyond its own memory");
        Ok(Self {
            produced: memory.at(offsets.producer as usize).ok_or_else(strange)?,
            consumed: memory.at(offsets.consumer as usize).ok_or_else(strange)?,
            flags: memory.at(offsets.flags as usize).ok_or_else(strange)?,
            entries: memory.at(offsets.desc as usize).ok_or_else(strange)?,
            own: 0,
            _memory: memory,
        })
    }

    fn place(&self, number: u32) -> NonNull<T> {
        // SAFETY: masked, the number is below the length of `entries`, which lies within the mapping.
        unsafe { self.entries.cast::<T>().add((number & MASK) as usize) }
    }

    fn produced(&self) -> &AtomicU32 {
        // SAFETY: aligned and within the mapping, as `Mapping::at` saw to; both sides use it atomically.
        unsafe { self.produced.as_ref() }
    }

    fn consumed(&self) -> &AtomicU32 {
        // SAFETY: as for `produced`.
        unsafe { self.consumed.as_ref() }
    }

    fn flags(&self) -> u32 {
        // SAFETY: as for `produced`.
        unsafe { self.flags.as_ref() }.load(Ordering::Relaxed)
    }
}

impl<T: Copy> Producer<T> {
    pub fn map(
        socket: BorrowedFd<'_>,
        page_offset: libc::off_t,
        offsets: &libc::xdp_ring_offset,
    ) -> io::Result<Self> {
        Ring::map(socket, page_offset, offsets).map(Self)
    }

    /// The kernel sees it after `publish`.
    pub fn push(&mut self, entry: T) {
        let place = self.0.place(self.0.own);
        // SAFETY: the ring has room for every frame there is, so the kernel has taken what was in this place; it does not
        // look again before `publish`.
        unsafe { place.write(entry) };
        self.0.own = self.0.own.wrapping_add(1);
    }

    pub fn publish(&mut self) {
        self.0.produced().store(self.0.own, Ordering::Release);
    }

    /// What was published and the kernel has not taken.
    pub fn pending(&self) -> u32 {
        let consumed = self.0.consumed().load(Ordering::Acquire);
        self.0.own.wrapping_sub(consumed)
    }

    /// Whether the kernel sleeps and wants a system call to look into the ring.
    pub fn needs_wakeup(&self) -> bool {
        self.0.flags() & libc::XDP_RING_NEED_WAKEUP != 0
    }
}

impl<T: Copy> Consumer<T> {
    pub fn map(
        socket: BorrowedFd<'_>,
        page_offset: libc::off_t,
        offsets: &libc::xdp_ring_offset,
    ) -> io::Result<Self> {
        let ring = Ring::map(socket, page_offset, offsets)?;
        Ok(Self { ring, produced: 0 })
    }

    /// Entries that the kernel has published and we have not taken.
    pub fn waiting(&self) -> u32 {
        let produced = self.ring.produced().load(Ordering::Acquire);
        produced.wrapping_sub(self.ring.own)
    }

    /// The next entry; the kernel learns of it by `release`.
    pub fn pop(&mut self) -> Option<T> {
        if self.produced == self.ring.own {
            self.produced = self.ring.produced().load(Ordering::Acquire);
        }
        if self.produced == self.ring.own {
            return None;
        }
        // SAFETY: the kernel has published this entry and does not write the place again before `release`.
        let entry = unsafe { self.ring.place(self.ring.own).read() };
        self.ring.own = self.ring.own.wrapping_add(1);
        Some(entry)
    }

    pub fn release(&mut self) {
        self.ring.consumed().store(self.ring.own, Ordering::Release);
    }
}

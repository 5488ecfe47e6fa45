//! Memory shared with the kernel, unmapped when dropped.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};

pub(super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a mapping belongs to the process, not to the thread that made it.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Memory of our own, zeroed and present.
    pub fn anonymous(length: usize) -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
        Self::map(length, flags, -1, 0)
    }

    /// A part of what the kernel offers behind `descriptor`.
    pub fn of(descriptor: BorrowedFd<'_>, offset: libc::off_t, length: usize) -> io::Result<Self> {
        let flags = libc::MAP_SHARED | libc::MAP_POPULATE;
        Self::map(length, flags, descriptor.as_raw_fd(), offset)
    }

    pub fn length(&self) -> usize {
        self.length
    }

    /// `None`: a `T` there would reach beyond the mapping or be misaligned. Valid as long as the mapping.
    pub fn at<T>(&self, offset: usize) -> Option<NonNull<T>> {
        let end = offset.checked_add(size_of::<T>())?;
        if end > self.length {
            return None;
        }
        // SAFETY: the whole `T` lies within the mapping.
        let place = unsafe { self.start.add(offset) }.cast::<T>();
        place.is_aligned().then_some(place)
    }

    fn map(length: usize, flags: i32, descriptor: i32, offset: libc::off_t) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: without MAP_FIXED, a new mapping touches no memory that anyone uses.
        let start =
            unsafe { libc::mmap(ptr::null_mut(), length, access, flags, descriptor, offset) };
        match NonNull::new(start) {
            Some(start) if start.as_ptr() != libc::MAP_FAILED => Ok(Self {
                start: start.cast(),
                length,
            }),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly what was mapped; whoever holds pointers into it also holds the mapping.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

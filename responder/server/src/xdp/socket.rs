//! One AF_XDP socket: a receive queue's frames, answered where they lie.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use super::rings::{Consumer, Producer};
use super::umem::{FRAMES, Frame, Umem};
use super::unavailable::{Step, Unavailable};

/// As many as the kernel sends per system call when it copies.
const BATCH: usize = 32;
/// Attempts to have the kernel send what it refuses to for now; then what is left waits for the next batch.
const SEND_ATTEMPTS: usize = 64;
/// So many sent frames may be with the driver while we sleep: the rest is enough to receive into until we wake up.
const MOST_UNRETURNED: u32 = FRAMES / 2;

pub(super) struct Socket {
    // Before the memory, which the kernel uses as long as the socket is open.
    descriptor: OwnedFd,
    fill: Producer<u64>,
    completion: Consumer<u64>,
    receive: Consumer<libc::xdp_desc>,
    transmit: Producer<libc::xdp_desc>,
    /// Frames queued for sending that have not come back by the completion ring. Without copies, that is long after the
    /// driver has taken them from the transmit ring.
    unreturned: u32,
    umem: Umem,
}

impl Socket {
    /// Receives what is redirected from `queue` of the interface `index`.
    pub fn bind(index: u32, queue: u32) -> Result<Self, Unavailable> {
        let descriptor = open().map_err(Unavailable::at(Step::OpenSocket))?;
        let umem = Umem::new().map_err(Unavailable::at(Step::ReserveMemory))?;
        set(&descriptor, libc::XDP_UMEM_REG, &umem.registration())
            .map_err(Unavailable::at(Step::ReserveMemory))?;
        let mut socket =
            Self::with_rings(descriptor, umem).map_err(Unavailable::at(Step::MakeRings))?;
        Umem::frames().for_each(|frame| socket.fill.push(frame.into_address()));
        socket.fill.publish();
        socket
            .bind_queue(index, queue)
            .map_err(Unavailable::at(Step::BindQueue(queue)))?;
        Ok(socket)
    }

    /// Has `answer` write a reply over every frame that waits, at most one batch, and queues the replies for sending.
    /// `answer` gets the frame with all room behind it and the length of what was received, and returns that of its reply.
    pub fn answer_each(
        &mut self,
        mut answer: impl FnMut(&mut [u8], usize) -> Option<usize>,
    ) -> usize {
        let mut count = 0;
        while count < BATCH
            && let Some(received) = self.receive.pop()
        {
            count += 1;
            // SAFETY: an entry of the receive ring, taken once.
            let mut frame = unsafe { Frame::from_kernel(received.addr) };
            let reply = answer(self.umem.octets(&mut frame), received.len as usize);
            self.pass_on(frame, reply);
        }
        if count > 0 {
            self.receive.release();
            self.transmit.publish();
            self.fill.publish();
        }
        count
    }

    /// Has the kernel send what is queued and receive more, and takes the frames back that were sent.
    pub fn send(&mut self) {
        for _ in 0..SEND_ATTEMPTS {
            if self.transmit.pending() == 0 || !self.transmit.needs_wakeup() {
                break;
            }
            // What it refuses otherwise it has dropped, or will refuse again.
            match self.wake_sender() {
                Err(error) if is_temporary(&error) => {}
                Err(_) => break,
                Ok(()) => {}
            }
        }
        if self.lacks_frames() && self.transmit.needs_wakeup() {
            // Only to have the driver look for what it has sent: some do so on no other occasion.
            let _ = self.wake_sender();
        }
        self.reclaim();
        if self.fill.needs_wakeup() {
            self.wake_receiver();
        }
    }

    pub fn has_unsent(&self) -> bool {
        self.transmit.pending() > 0
    }

    /// Whether most frames are still out for sending, so that hardly any is left to receive into.
    pub fn lacks_frames(&self) -> bool {
        self.unreturned > MOST_UNRETURNED
    }

    /// Frames that the next batch will have, if no more come.
    pub fn waiting(&self) -> usize {
        (self.receive.waiting() as usize).min(BATCH)
    }

    fn with_rings(descriptor: OwnedFd, umem: Umem) -> io::Result<Self> {
        let rings = [
            libc::XDP_UMEM_FILL_RING,
            libc::XDP_UMEM_COMPLETION_RING,
            libc::XDP_RX_RING,
            libc::XDP_TX_RING,
        ];
        for ring in rings {
            set(&descriptor, ring, &FRAMES)?;
        }
        let offsets = ring_offsets(&descriptor)?;
        let socket = descriptor.as_fd();
        let fill = libc::XDP_UMEM_PGOFF_FILL_RING as libc::off_t;
        let completion = libc::XDP_UMEM_PGOFF_COMPLETION_RING as libc::off_t;
        Ok(Self {
            fill: Producer::map(socket, fill, &offsets.fr)?,
            completion: Consumer::map(socket, completion, &offsets.cr)?,
            receive: Consumer::map(socket, libc::XDP_PGOFF_RX_RING, &offsets.rx)?,
            transmit: Producer::map(socket, libc::XDP_PGOFF_TX_RING, &offsets.tx)?,
            unreturned: 0,
            descriptor,
            umem,
        })
    }

    /// Without copies if the driver can.
    fn bind_queue(&self, index: u32, queue: u32) -> io::Result<()> {
        let address = libc::sockaddr_xdp {
            sxdp_family: libc::AF_XDP as u16,
            sxdp_flags: libc::XDP_USE_NEED_WAKEUP,
            sxdp_ifindex: index,
            sxdp_queue_id: queue,
            sxdp_shared_umem_fd: 0,
        };
        // SAFETY: `address` is a `sockaddr_xdp` of the stated length that outlives the call.
        let result = unsafe {
            libc::bind(
                self.descriptor.as_raw_fd(),
                (&raw const address).cast(),
                size_of::<libc::sockaddr_xdp>() as libc::socklen_t,
            )
        };
        check(result)
    }

    fn pass_on(&mut self, frame: Frame, reply: Option<usize>) {
        let address = frame.into_address();
        match reply {
            Some(length) => {
                self.unreturned += 1;
                self.transmit.push(libc::xdp_desc {
                    addr: address,
                    len: length as u32,
                    options: 0,
                });
            }
            None => self.fill.push(address),
        }
    }

    fn reclaim(&mut self) {
        let mut count = 0;
        while let Some(address) = self.completion.pop() {
            // SAFETY: an entry of the completion ring, taken once.
            let frame = unsafe { Frame::from_kernel(address) };
            self.fill.push(frame.into_address());
            count += 1;
        }
        self.unreturned -= count;
        if count > 0 {
            self.completion.release();
            self.fill.publish();
        }
    }

    fn wake_sender(&self) -> io::Result<()> {
        let descriptor = self.descriptor.as_raw_fd();
        let flags = libc::MSG_DONTWAIT;
        // SAFETY: no buffer and no address: the call only has the kernel look into the ring.
        let sent = unsafe { libc::sendto(descriptor, ptr::null(), 0, flags, ptr::null(), 0) };
        check(sent as libc::c_int)
    }

    /// Some drivers sleep when they ran out of frames.
    fn wake_receiver(&self) {
        let descriptor = self.descriptor.as_raw_fd();
        let (flags, none) = (libc::MSG_DONTWAIT, ptr::null_mut());
        // SAFETY: no buffer and no address: the call only has the kernel look into the ring. Should it fail, the next
        // batch asks again.
        unsafe { libc::recvfrom(descriptor, none, 0, flags, ptr::null_mut(), ptr::null_mut()) };
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// The kernel stops after some frames, or has no memory for more right now.
fn is_temporary(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAGAIN | libc::EBUSY | libc::ENOBUFS | libc::EINTR)
    )
}

fn open() -> io::Result<OwnedFd> {
    // SAFETY: plain numbers.
    let descriptor = unsafe { libc::socket(libc::AF_XDP, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    check(descriptor)?;
    // SAFETY: a descriptor that was just made for us.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn set<T>(descriptor: &OwnedFd, option: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: `value` is readable for its whole size, and the caller pairs each option with its type.
    let result = unsafe {
        libc::setsockopt(
            descriptor.as_raw_fd(),
            libc::SOL_XDP,
            option,
            ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    check(result)
}

fn ring_offsets(descriptor: &OwnedFd) -> io::Result<libc::xdp_mmap_offsets> {
    // SAFETY: all-zero octets are a valid `xdp_mmap_offsets`, which is made of numbers.
    let mut offsets: libc::xdp_mmap_offsets = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::xdp_mmap_offsets>() as libc::socklen_t;
    // SAFETY: `offsets` is writable for `length` octets.
    let result = unsafe {
        libc::getsockopt(
            descriptor.as_raw_fd(),
            libc::SOL_XDP,
            libc::XDP_MMAP_OFFSETS,
            (&raw mut offsets).cast(),
            &raw mut length,
        )
    };
    check(result)?;
    Ok(offsets)
}

fn check(result: libc::c_int) -> io::Result<()> {
    match result {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

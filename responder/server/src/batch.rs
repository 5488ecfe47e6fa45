//! Many datagrams per system call: `recvmmsg` and `sendmmsg`, without a copy.
//!
//! A batch owns all memory that the kernel reads or writes. Its message headers are filled with pointers into that
//! memory right before each call and not looked at in between, so no pointer outlives the borrow it was made from.

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

use crate::packet_info::Control;

/// Enough to make the system call cheap beside the answers, few enough to stay in the cache.
const BATCH: usize = 32;
/// No sane query is longer; of one that is, the rest is cut off and it will not parse. Replies fit as well.
const LARGEST_MESSAGE: usize = 4096;
/// Slots a multiple of the page size apart would share the same few sets of the processor's cache.
const CACHE_LINE: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Until the first datagram or the socket's timeout.
    UntilTimeout,
    No,
}

/// One datagram, then the reply in its place.
#[repr(C, align(64))]
struct Slot {
    source: libc::sockaddr_storage,
    /// Of the query, then of the reply; 0: no reply.
    length: usize,
    source_length: libc::socklen_t,
    control_length: usize,
    /// The address the datagram was sent to, which the reply must come from.
    control: Control,
    message: [u8; LARGEST_MESSAGE],
}

const _: () = assert!(size_of::<Slot>() % 4096 >= CACHE_LINE);

pub(crate) struct Batch {
    slots: Box<[Slot]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    received: usize,
    /// Whether each datagram says which address it was sent to.
    wants_packet_info: bool,
}

impl Batch {
    pub fn new(wants_packet_info: bool) -> Self {
        let vector = libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        };
        Self {
            slots: (0..BATCH).map(|_| Slot::new()).collect(),
            vectors: vec![vector; BATCH].into(),
            headers: vec![empty_header(); BATCH].into(),
            received: 0,
            wants_packet_info,
        }
    }

    /// Fills the batch with what waits in the socket, at least one datagram.
    pub fn receive(&mut self, socket: &UdpSocket, wait: Wait) -> io::Result<()> {
        let flags = match wait {
            Wait::UntilTimeout => libc::MSG_WAITFORONE,
            Wait::No => libc::MSG_DONTWAIT,
        };
        self.received = 0;
        let control_length = if self.wants_packet_info {
            size_of::<Control>()
        } else {
            0
        };
        let parts = self
            .headers
            .iter_mut()
            .zip(&mut self.vectors)
            .zip(&mut self.slots);
        for ((header, vector), slot) in parts {
            slot.aim_receive(header, vector, control_length);
        }
        // SAFETY: the headers and what they point to belong to `self`, are valid for their stated lengths and are
        // borrowed mutably for the whole call; a null timeout is allowed.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                flags,
                ptr::null_mut(),
            )
        };
        self.received = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (slot, header) in self.slots.iter_mut().zip(&self.headers).take(self.received) {
            slot.note_received(header);
        }
        Ok(())
    }

    /// How many datagrams are in the batch.
    pub fn received(&self) -> usize {
        self.received
    }

    /// Has `begin` write the reply to every datagram in its place, and then `finish` say of each how long it is, or that
    /// there is none: by then, what finishing needs of the memory has come for all of them at once.
    pub fn reply_to_each<B, W>(
        &mut self,
        worker: &mut W,
        mut begin: impl FnMut(&mut W, &mut [u8], usize, IpAddr, Sender<'_>) -> Option<B>,
        mut finish: impl FnMut(&mut W, &B, &mut [u8], IpAddr) -> Option<usize>,
    ) {
        let mut begun = [const { None }; BATCH];
        for (slot, begun) in self.slots.iter_mut().zip(&mut begun).take(self.received) {
            let length = slot.length.min(slot.message.len());
            slot.length = 0;
            let Some(source) = slot.source_ip() else {
                continue;
            };
            let (message, sender) = (&mut slot.message, Sender(&slot.source));
            *begun = begin(worker, message, length, source, sender).map(|begun| (begun, source));
        }
        for (slot, begun) in self.slots.iter_mut().zip(&begun).take(self.received) {
            if let Some((begun, source)) = begun {
                let reply = finish(worker, begun, &mut slot.message, *source);
                slot.length = reply.unwrap_or(0);
            }
        }
    }

    /// Sends all replies. One that cannot be sent is left out: the client will ask again.
    pub fn send(&mut self, socket: &UdpSocket) {
        let replying = self
            .slots
            .iter_mut()
            .take(self.received)
            .filter(|slot| slot.length > 0);
        let mut count = 0;
        for ((slot, header), vector) in replying.zip(&mut self.headers).zip(&mut self.vectors) {
            slot.aim_send(header, vector);
            count += 1;
        }
        let mut unsent = self.headers.get_mut(..count).unwrap_or_default();
        while !unsent.is_empty() {
            // SAFETY: the headers and what they point to belong to `self` and stay borrowed; the kernel reads the
            // replies and writes nothing but each header's `msg_len`.
            let sent = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    unsent.as_mut_ptr(),
                    unsent.len() as libc::c_uint,
                    // Replies to an address that nobody has wait in the kernel: no client may have the others wait too.
                    libc::MSG_DONTWAIT,
                )
            };
            let done = match usize::try_from(sent) {
                Ok(sent) => sent.max(1),
                Err(_) if is_interruption() => 0,
                Err(_) => 1,
            };
            unsent = unsent.get_mut(done..).unwrap_or_default();
        }
    }
}

impl Slot {
    fn new() -> Self {
        Self {
            // SAFETY: all-zero octets are a valid `sockaddr_storage`, of family AF_UNSPEC.
            source: unsafe { mem::zeroed() },
            length: 0,
            source_length: 0,
            control_length: 0,
            control: Control::EMPTY,
            message: [0; LARGEST_MESSAGE],
        }
    }

    fn aim_receive(
        &mut self,
        header: &mut libc::mmsghdr,
        vector: &mut libc::iovec,
        control_length: usize,
    ) {
        vector.iov_base = self.message.as_mut_ptr().cast();
        vector.iov_len = self.message.len();
        let message = &mut header.msg_hdr;
        message.msg_name = (&raw mut self.source).cast();
        message.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        message.msg_iov = vector;
        message.msg_iovlen = 1;
        message.msg_control = (&raw mut self.control).cast();
        message.msg_controllen = control_length;
        message.msg_flags = 0;
    }

    fn note_received(&mut self, header: &libc::mmsghdr) {
        self.length = header.msg_len as usize;
        self.source_length = header.msg_hdr.msg_namelen;
        self.control_length = header.msg_hdr.msg_controllen;
        self.control.forget_interface(self.control_length);
    }

    /// `None`: no datagram at all, but what a receive that was ended from outside leaves behind.
    fn source_ip(&self) -> Option<IpAddr> {
        match self.source_length {
            0 => None,
            _ => ip_of(&self.source),
        }
    }

    fn aim_send(&mut self, header: &mut libc::mmsghdr, vector: &mut libc::iovec) {
        vector.iov_base = self.message.as_mut_ptr().cast();
        vector.iov_len = self.length;
        let message = &mut header.msg_hdr;
        message.msg_name = (&raw mut self.source).cast();
        message.msg_namelen = self.source_length;
        message.msg_iov = vector;
        message.msg_iovlen = 1;
        message.msg_control = match self.control_length {
            0 => ptr::null_mut(),
            _ => (&raw mut self.control).cast(),
        };
        message.msg_controllen = self.control_length;
    }
}

fn is_interruption() -> bool {
    io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
}

fn empty_header() -> libc::mmsghdr {
    // SAFETY: all-zero octets are a valid `mmsghdr`: null pointers with zero lengths.
    unsafe { mem::zeroed() }
}

/// Who sent a datagram, as the kernel wrote it.
pub(crate) struct Sender<'a>(&'a libc::sockaddr_storage);

impl Sender<'_> {
    pub fn address(&self) -> Option<SocketAddr> {
        let ip = ip_of(self.0)?;
        let port = match ip {
            IpAddr::V4(_) => {
                // SAFETY: the family says that the kernel wrote a `sockaddr_in`; the storage has room and alignment.
                let v4 = unsafe { &*(&raw const *self.0).cast::<libc::sockaddr_in>() };
                v4.sin_port
            }
            IpAddr::V6(_) => {
                // SAFETY: the family says that the kernel wrote a `sockaddr_in6`; the storage has room and alignment.
                let v6 = unsafe { &*(&raw const *self.0).cast::<libc::sockaddr_in6>() };
                v6.sin6_port
            }
        };
        Some(SocketAddr::new(ip, u16::from_be(port)))
    }
}

fn ip_of(source: &libc::sockaddr_storage) -> Option<IpAddr> {
    match libc::c_int::from(source.ss_family) {
        libc::AF_INET => {
            // SAFETY: the kernel wrote a `sockaddr_in`, which the storage has size and alignment for.
            let v4 = unsafe { &*(&raw const *source).cast::<libc::sockaddr_in>() };
            Some(Ipv4Addr::from_bits(u32::from_be(v4.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: the kernel wrote a `sockaddr_in6`, which the storage has size and alignment for.
            let v6 = unsafe { &*(&raw const *source).cast::<libc::sockaddr_in6>() };
            Some(Ipv6Addr::from(v6.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

//! Many datagrams per system call over IPv4, and with `cores` the only unsafe code of the benchmarks.
//!
//! Apart from the server's own batches on purpose: what they are measured against is not to change with them. A batch owns
//! all memory that the kernel reads or writes. Its message headers are aimed at that memory right before each call.

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

/// As the server's: the echo is to differ from it in nothing but the answer.
pub const BATCH: usize = 32;
const LARGEST: usize = 4096;
/// Datagrams of one size that are handed to the kernel as one (UDP_SEGMENT): sending takes most of the generator's time.
const SEGMENTS: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Until the first datagram, or the socket's timeout.
    ForOne,
    No,
}

/// Says which of this machine's addresses a datagram leaves from, and of what size the datagrams are it consists of.
#[repr(C)]
struct SendControl {
    source_header: libc::cmsghdr,
    source: libc::in_pktinfo,
    segment_header: libc::cmsghdr,
    segment: u16,
}

struct Slot {
    octets: [u8; LARGEST],
    peer: libc::sockaddr_in,
    control: SendControl,
    length: usize,
    segments: usize,
}

pub struct Batch {
    slots: Box<[Slot]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    filled: usize,
}

impl Default for Batch {
    fn default() -> Self {
        let vector = libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        };
        // SAFETY: all-zero octets are a valid `mmsghdr`: null pointers with zero lengths.
        let header: libc::mmsghdr = unsafe { mem::zeroed() };
        Self {
            slots: (0..BATCH).map(|_| Slot::new()).collect(),
            vectors: vec![vector; BATCH].into(),
            headers: vec![header; BATCH].into(),
            filled: 0,
        }
    }
}

impl Batch {
    /// Fills the batch with what waits in the socket.
    pub fn receive(&mut self, socket: &UdpSocket, wait: Wait) -> io::Result<()> {
        let flags = match wait {
            Wait::ForOne => libc::MSG_WAITFORONE,
            Wait::No => libc::MSG_DONTWAIT,
        };
        self.filled = 0;
        let parts = self.headers.iter_mut().zip(&mut self.vectors);
        for ((header, vector), slot) in parts.zip(&mut self.slots) {
            slot.aim_receive(header, vector);
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
        self.filled = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (slot, header) in self.slots.iter_mut().zip(&self.headers).take(self.filled) {
            slot.length = header.msg_len as usize;
        }
        Ok(())
    }

    /// The datagrams that were received.
    pub fn received(&self) -> impl Iterator<Item = &[u8]> {
        let filled = self.slots.iter().take(self.filled);
        filled.map(|slot| slot.octets.get(..slot.length).unwrap_or_default())
    }

    pub fn clear(&mut self) {
        self.filled = 0;
    }

    pub fn is_full(&self) -> bool {
        self.filled == BATCH
    }

    /// Adds a datagram whose first two octets are `id`, to be sent from `source`, or from that of the datagram before it
    /// if both are of one size. A full batch is left as it is.
    pub fn push(&mut self, id: u16, packet: &[u8], source: Ipv4Addr, to: SocketAddrV4) {
        let last = self.filled.checked_sub(1);
        let last = last.and_then(|last| self.slots.get_mut(last));
        if last.is_some_and(|slot| slot.takes(packet) && slot.append(id, packet)) {
            return;
        }
        let Some(slot) = self.slots.get_mut(self.filled) else {
            return;
        };
        (slot.length, slot.segments) = (0, 0);
        slot.peer.sin_addr.s_addr = to.ip().to_bits().to_be();
        slot.peer.sin_port = to.port().to_be();
        slot.control.source.ipi_spec_dst.s_addr = source.to_bits().to_be();
        slot.control.segment = packet.len() as u16;
        slot.append(id, packet);
        self.filled += 1;
    }

    /// Sends what was pushed, each from the address it chose.
    pub fn send_pushed(&mut self, socket: &UdpSocket) -> io::Result<()> {
        self.send(socket, Slot::aim_send_from_source)
    }

    /// Sends every datagram that was received back to where it came from.
    pub fn send_back(&mut self, socket: &UdpSocket) -> io::Result<()> {
        self.send(socket, Slot::aim_send)
    }

    fn send(
        &mut self,
        socket: &UdpSocket,
        aim: fn(&mut Slot, &mut libc::mmsghdr, &mut libc::iovec),
    ) -> io::Result<()> {
        let parts = self.headers.iter_mut().zip(&mut self.vectors);
        for ((header, vector), slot) in parts.zip(&mut self.slots).take(self.filled) {
            aim(slot, header, vector);
        }
        let mut unsent = self.headers.get_mut(..self.filled).unwrap_or_default();
        while !unsent.is_empty() {
            // SAFETY: the headers and what they point to belong to `self` and stay borrowed; the kernel reads the
            // datagrams and writes nothing but each header's `msg_len`.
            let sent = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    unsent.as_mut_ptr(),
                    unsent.len() as libc::c_uint,
                    0,
                )
            };
            let sent = usize::try_from(sent).map_err(|_| io::Error::last_os_error())?;
            unsent = unsent.get_mut(sent.max(1)..).unwrap_or_default();
        }
        Ok(())
    }
}

impl Slot {
    fn new() -> Self {
        // SAFETY: all-zero octets are a valid `Slot`, which holds nothing but integers; `cmsghdr` and `sockaddr_in` are
        // plain data.
        let mut slot: Self = unsafe { mem::zeroed() };
        slot.peer.sin_family = libc::AF_INET as libc::sa_family_t;
        let header = &mut slot.control.source_header;
        header.cmsg_len = size_of::<libc::cmsghdr>() + size_of::<libc::in_pktinfo>();
        header.cmsg_level = libc::IPPROTO_IP;
        header.cmsg_type = libc::IP_PKTINFO;
        let header = &mut slot.control.segment_header;
        header.cmsg_len = size_of::<libc::cmsghdr>() + size_of::<u16>();
        header.cmsg_level = libc::SOL_UDP;
        header.cmsg_type = libc::UDP_SEGMENT;
        slot
    }

    fn takes(&self, packet: &[u8]) -> bool {
        self.segments < SEGMENTS && usize::from(self.control.segment) == packet.len()
    }

    /// False: there is no room.
    fn append(&mut self, id: u16, packet: &[u8]) -> bool {
        let end = self.length + packet.len();
        let Some(octets) = self.octets.get_mut(self.length..end) else {
            return false;
        };
        octets.copy_from_slice(packet);
        if let Some(octets) = octets.first_chunk_mut() {
            *octets = id.to_be_bytes();
        }
        self.length = end;
        self.segments += 1;
        true
    }

    fn aim_receive(&mut self, header: &mut libc::mmsghdr, vector: &mut libc::iovec) {
        self.length = LARGEST;
        self.aim_send(header, vector);
    }

    fn aim_send(&mut self, header: &mut libc::mmsghdr, vector: &mut libc::iovec) {
        vector.iov_base = self.octets.as_mut_ptr().cast();
        vector.iov_len = self.length;
        let message = &mut header.msg_hdr;
        message.msg_name = (&raw mut self.peer).cast();
        message.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        message.msg_iov = vector;
        message.msg_iovlen = 1;
        message.msg_control = ptr::null_mut();
        message.msg_controllen = 0;
        message.msg_flags = 0;
    }

    fn aim_send_from_source(&mut self, header: &mut libc::mmsghdr, vector: &mut libc::iovec) {
        self.aim_send(header, vector);
        header.msg_hdr.msg_control = (&raw mut self.control).cast();
        header.msg_hdr.msg_controllen = match self.segments {
            0 | 1 => mem::offset_of!(SendControl, segment_header),
            _ => size_of::<SendControl>(),
        };
    }
}

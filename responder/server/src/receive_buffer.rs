//! Room for the datagrams that wait at a socket: what was asked for, or as much of it as the kernel gives.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

use socket2::{SockRef, Socket};

/// Room for the bursts between two batches.
const WANTED: usize = 4 << 20;

/// Octets of one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReceiveBuffer {
    pub given: usize,
    pub wanted: usize,
}

impl ReceiveBuffer {
    pub(crate) fn of(socket: &UdpSocket) -> io::Result<Self> {
        // socket(7): the kernel says twice what was set, and keeps the second half for its own accounts.
        let given = SockRef::from(socket).recv_buffer_size()? / 2;
        let wanted = WANTED;
        Ok(Self { given, wanted })
    }
}

/// Beyond `net.core.rmem_max` only with CAP_NET_ADMIN; without, the kernel gives less and says nothing.
pub(crate) fn enlarge(socket: &Socket) -> io::Result<()> {
    let octets = WANTED as libc::c_int;
    // SAFETY: the option takes an int, and `octets` is one that outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUFFORCE,
            (&raw const octets).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    match result {
        0 => Ok(()),
        _ => socket.set_recv_buffer_size(WANTED),
    }
}

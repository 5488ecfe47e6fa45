//! On a wildcard socket: which of our addresses a datagram was sent to, so that the reply comes from the same one.

use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::ptr;

use socket2::{Domain, Socket};

/// Room for one `in_pktinfo` or `in6_pktinfo` with its header, aligned as the kernel wants it.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Control {
    octets: [u8; 64],
}

/// Has the kernel say with every datagram which address it was sent to. Of one that came before, it does not say.
pub(crate) fn enable(socket: &Socket) -> io::Result<()> {
    let (level, option) = match socket.domain()? {
        Domain::IPV4 => (libc::IPPROTO_IP, libc::IP_PKTINFO),
        _ => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
    };
    let on: libc::c_int = 1;
    // SAFETY: the option takes an int, and `on` is one that outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

impl Control {
    pub const EMPTY: Self = Self { octets: [0; 64] };

    /// Keeps the address and lets routing find the interface, which need not be the one the query came by. Link-local
    /// addresses keep theirs: they mean nothing without.
    pub fn forget_interface(&mut self, length: usize) {
        if length == 0 {
            return;
        }
        // SAFETY: all-zero octets are a valid `msghdr`.
        let mut message: libc::msghdr = unsafe { mem::zeroed() };
        message.msg_control = (&raw mut self.octets).cast();
        message.msg_controllen = length.min(self.octets.len());
        // SAFETY: `message` describes the octets that the kernel filled, or zeros; CMSG_FIRSTHDR returns null or a header
        // inside of them, aligned as `Control` is.
        let Some(header) = (unsafe { libc::CMSG_FIRSTHDR(&raw const message).as_mut() }) else {
            return;
        };
        // SAFETY: the data of a header inside `octets` starts inside of them or right behind.
        let data = unsafe { libc::CMSG_DATA(header) };
        match (header.cmsg_level, header.cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                let info = data.cast::<libc::in_pktinfo>();
                // SAFETY: level and type say that the kernel wrote an `in_pktinfo` here, and it fits into `octets`.
                unsafe { ptr::addr_of_mut!((*info).ipi_ifindex).write_unaligned(0) };
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let info = data.cast::<libc::in6_pktinfo>();
                // SAFETY: level and type say that the kernel wrote an `in6_pktinfo` here, and it fits into `octets`.
                let address = unsafe { ptr::addr_of!((*info).ipi6_addr).read_unaligned() };
                if !matches!(address.s6_addr, [0xFE, 0x80..=0xBF, ..]) {
                    // SAFETY: as above.
                    unsafe { ptr::addr_of_mut!((*info).ipi6_ifindex).write_unaligned(0) };
                }
            }
            _ => {}
        }
    }
}

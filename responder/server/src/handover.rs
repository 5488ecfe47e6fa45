//! Sockets and connections that another process had before this one.
//!
//! ```text
//!   old process                        new process
//!   Server::descriptors ──SCM_RIGHTS──► Inherited ──► Listening   the very same sockets: no queue is lost with one
//!   Server::leave ─────────SCM_RIGHTS─► Server::adopt             connections with nothing in flight
//! ```
//!
//! What comes is a number until it has been looked at: every descriptor is copied and asked what it is before any use.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use socket2::{Protocol, Socket, Type};

/// A descriptor that is not what it was handed over as.
#[derive(Debug)]
pub struct InheritError {
    pub descriptor: RawFd,
    pub cause: io::Error,
}

impl fmt::Display for InheritError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "descriptor {}: {}", self.descriptor, self.cause)
    }
}

impl std::error::Error for InheritError {}

/// Listening sockets, by the address they are bound to.
#[derive(Default)]
pub struct Inherited(HashMap<SocketAddr, Sockets>);

/// Those of one address.
#[derive(Default)]
pub(crate) struct Sockets {
    pub tcp: Option<TcpListener>,
    pub udp: Vec<UdpSocket>,
}

impl Inherited {
    /// Of UDP sockets and TCP listeners. The descriptors are copied: the caller's own stay open and are the caller's.
    pub fn copy_of(descriptors: &[RawFd]) -> Result<Self, InheritError> {
        let mut inherited = Self::default();
        for descriptor in descriptors {
            let added = inherited.add(*descriptor);
            added.map_err(|cause| InheritError {
                descriptor: *descriptor,
                cause,
            })?;
        }
        Ok(inherited)
    }

    /// Those of `address`, which are the caller's from now on. The ones nobody takes are closed in the end.
    pub(crate) fn take(&mut self, address: SocketAddr) -> Sockets {
        self.0.remove(&address).unwrap_or_default()
    }

    fn add(&mut self, descriptor: RawFd) -> io::Result<()> {
        let (socket, address) = bound_socket(descriptor)?;
        let sockets = self.0.entry(address).or_default();
        match (socket.r#type()?, socket.protocol()?) {
            (Type::DGRAM, Some(Protocol::UDP)) => sockets.udp.push(socket.into()),
            (Type::STREAM, Some(Protocol::TCP)) if socket.is_listener()? => {
                sockets.tcp = Some(socket.into());
            }
            _ => return Err(unfit("neither a UDP socket nor a TCP listener")),
        }
        Ok(())
    }
}

/// Established TCP connections, copied as by `Inherited`.
pub fn connections(descriptors: &[RawFd]) -> Result<Vec<TcpStream>, InheritError> {
    let copies = descriptors.iter().map(|descriptor| {
        connection(*descriptor).map_err(|cause| InheritError {
            descriptor: *descriptor,
            cause,
        })
    });
    copies.collect()
}

fn connection(descriptor: RawFd) -> io::Result<TcpStream> {
    let (socket, _) = bound_socket(descriptor)?;
    match (socket.r#type()?, socket.protocol()?) {
        (Type::STREAM, Some(Protocol::TCP)) if !socket.is_listener()? => Ok(socket.into()),
        _ => Err(unfit("no TCP connection")),
    }
}

fn bound_socket(descriptor: RawFd) -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::from(duplicate(descriptor)?);
    let address = socket.local_addr()?.as_socket();
    let address = address.ok_or_else(|| unfit("a socket without an IP address"))?;
    Ok((socket, address))
}

fn duplicate(descriptor: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC takes any number: one that is no open descriptor is answered with EBADF.
    let copy = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 0) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just made this descriptor, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

fn unfit(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

//! Binds an address over UDP and TCP, or goes on with the sockets that another process had bound.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::handover::{Inherited, Sockets};
use crate::packet_info;
use crate::receive_buffer::{self, ReceiveBuffer};

/// A worker that waits for datagrams is interrupted to stop; should that fail, it looks this often by itself.
const STOP_POLL: Duration = Duration::from_secs(1);

/// A reply that finds no room is left out.
const SEND_BUFFER: usize = 4 << 20;
const TCP_BACKLOG: i32 = 1024;
/// Of a connection, so that it cannot grow to megabytes of the kernel's memory: the largest reply fits once or twice.
const TCP_SEND_BUFFER: usize = 64 << 10;
/// Some hundreds of pipelined queries.
const TCP_RECEIVE_BUFFER: usize = 32 << 10;
/// For port 0: the port that TCP got may be taken over UDP.
const PORT_ATTEMPTS: usize = 16;

/// An address that could not be bound.
#[derive(Debug)]
pub struct BindError {
    pub address: SocketAddr,
    pub cause: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.address, self.cause)
    }
}

impl std::error::Error for BindError {}

/// The sockets of one address: the same port over TCP and, at least `workers` times, over UDP.
pub(crate) struct Listening {
    pub address: SocketAddr,
    pub tcp: TcpListener,
    pub udp: Vec<UdpSocket>,
    /// The smallest of `udp`.
    pub receive_buffer: Option<ReceiveBuffer>,
}

impl Listening {
    /// Inherited sockets are taken over, all of them, because closing one would lose what it has queued; what is missing
    /// to `workers` is bound.
    pub fn open(
        address: SocketAddr,
        workers: usize,
        inherited: &mut Inherited,
    ) -> Result<Self, BindError> {
        let Sockets { tcp, udp } = inherited.take(address);
        match tcp {
            Some(tcp) => {
                Self::complete(tcp, udp, workers).map_err(|cause| BindError { address, cause })
            }
            None => Self::bind(address, workers),
        }
    }

    fn bind(address: SocketAddr, workers: usize) -> Result<Self, BindError> {
        let attempts = if address.port() == 0 {
            PORT_ATTEMPTS
        } else {
            1
        };
        let mut last = Self::try_bind(address, workers);
        for _ in 1..attempts {
            if last.is_ok() {
                break;
            }
            last = Self::try_bind(address, workers);
        }
        last.map_err(|cause| BindError { address, cause })
    }

    /// TCP comes first: it does not share its port, so that a second server on the address is noticed.
    fn try_bind(address: SocketAddr, workers: usize) -> io::Result<Self> {
        Self::complete(tcp_listener(address)?, Vec::new(), workers)
    }

    fn complete(tcp: TcpListener, mut udp: Vec<UdpSocket>, workers: usize) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        while udp.len() < workers {
            udp.push(udp_socket(address)?);
        }
        let buffers = udp.iter().map(ReceiveBuffer::of);
        let buffers: Vec<_> = buffers.collect::<io::Result<_>>()?;
        Ok(Self {
            address,
            tcp,
            udp,
            receive_buffer: buffers.into_iter().min(),
        })
    }
}

fn tcp_listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address, Type::STREAM, Protocol::TCP)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Connections inherit both.
    socket.set_send_buffer_size(TCP_SEND_BUFFER)?;
    socket.set_recv_buffer_size(TCP_RECEIVE_BUFFER)?;
    socket.bind(&address.into())?;
    socket.listen(TCP_BACKLOG)?;
    Ok(socket.into())
}

fn udp_socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
    socket.set_reuse_port(true)?;
    receive_buffer::enlarge(&socket)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_read_timeout(Some(STOP_POLL))?;
    if address.ip().is_unspecified() {
        packet_info::enable(&socket)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// IPv6 sockets are for IPv6 alone: IPv4 has addresses of its own to listen on.
fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

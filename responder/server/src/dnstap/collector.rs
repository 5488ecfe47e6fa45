//! Where dnstap goes: `unix:/run/dnstap.sock` or `tcp:collector.example:6000`.

use std::fmt;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::ToSocketAddrs;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use responder_core::dnstap::CONTENT_TYPE;
use responder_core::frame_streams::{ControlType, check_control, control_frame, control_length};
use socket2::{Domain, SockAddr, Socket, Type};

/// A collector that takes longer to connect or to take octets counts as gone.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collector {
    Unix(PathBuf),
    /// Host and port; looked up anew for each connection.
    Tcp(String),
}

#[derive(Debug, PartialEq, Eq)]
pub struct MalformedCollector;

impl fmt::Display for MalformedCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not unix:/PATH or tcp:HOST:PORT")
    }
}

impl std::error::Error for MalformedCollector {}

impl FromStr for Collector {
    type Err = MalformedCollector;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(("tcp", place)) => match place.rsplit_once(':') {
                Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                    Ok(Self::Tcp(place.to_owned()))
                }
                _ => Err(MalformedCollector),
            },
            _ => Err(MalformedCollector),
        }
    }
}

impl fmt::Display for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(place) => write!(f, "tcp:{place}"),
        }
    }
}

/// A stream that the collector has accepted and that was started.
pub(super) struct Stream(Socket);

impl Collector {
    pub(super) fn connect(&self) -> io::Result<Stream> {
        let socket = match self {
            Self::Unix(path) => connected(&SockAddr::unix(path)?)?,
            Self::Tcp(place) => first_connected(place)?,
        };
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut stream = Stream(socket);
        stream.send(&control_frame(ControlType::Ready, Some(CONTENT_TYPE)))?;
        stream.expect(ControlType::Accept)?;
        stream.send(&control_frame(ControlType::Start, Some(CONTENT_TYPE)))?;
        Ok(stream)
    }
}

impl Stream {
    pub fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.0.write_all(octets)
    }

    /// Whether the collector has closed its end: what is sent after that may seem to arrive.
    pub fn is_over(&self) -> bool {
        let mut octet = [MaybeUninit::uninit()];
        let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        match self.0.recv_with_flags(&mut octet, flags) {
            Ok(count) => count == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// Ends the stream, waiting for the collector to say that it has taken everything.
    pub fn finish(mut self) -> io::Result<()> {
        self.send(&control_frame(ControlType::Stop, None))?;
        self.expect(ControlType::Finish)
    }

    fn expect(&mut self, due: ControlType) -> io::Result<()> {
        let mut head = [0; 8];
        self.0.read_exact(&mut head)?;
        let length = control_length(head).map_err(io::Error::other)?;
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload)?;
        check_control(&payload, due, CONTENT_TYPE).map_err(io::Error::other)
    }
}

fn first_connected(place: &str) -> io::Result<Socket> {
    let mut last = Err(io::ErrorKind::NotFound.into());
    for address in place.to_socket_addrs()? {
        last = connected(&address.into());
        if last.is_ok() {
            break;
        }
    }
    last
}

fn connected(address: &SockAddr) -> io::Result<Socket> {
    let socket = Socket::new(address.domain(), Type::STREAM, None)?;
    // Bounds connecting over a Unix socket too, which waits for room in the backlog.
    socket.set_write_timeout(Some(PATIENCE))?;
    match address.domain() {
        Domain::UNIX => socket.connect(address)?,
        _ => socket.connect_timeout(address, PATIENCE)?,
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_prints_as_it_was_written() {
        for text in [
            "unix:/run/dnstap.sock",
            "tcp:127.0.0.1:6000",
            "tcp:[::1]:6000",
            "tcp:collector.example:6000",
        ] {
            let collector: Collector = text.parse().unwrap();
            assert_eq!(collector.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_collector_is_refused() {
        for text in [
            "",
            "/run/dnstap.sock",
            "unix:dnstap.sock",
            "tcp:6000",
            "tcp::6000",
            "tcp:host:port",
            "udp:host:6000",
        ] {
            assert_eq!(
                text.parse::<Collector>(),
                Err(MalformedCollector),
                "{text:?}"
            );
        }
    }
}

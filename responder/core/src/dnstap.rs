//! Queries and answers as dnstap messages (dnstap.proto of dnstap.info), each a data frame of a Frame Streams stream.
//!
//! ```text
//! frame ── length (4 octets) ── Dnstap ─┬─ identity, version, type MESSAGE
//!                                       └─ Message ── type, family, protocol, addresses, ports, times, DNS message
//! ```
//!
//! Fifteen fields of three kinds, written by hand: a code generator and its runtime would be more to read and to keep up
//! to date, and would copy both DNS messages into owned vectors on the packet path. Fields are put through a `Sink` twice,
//! first to learn the length of the inner message, so nothing is moved and nothing is allocated once `out` has grown.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::answer::Transport;

pub const CONTENT_TYPE: &str = "protobuf:dnstap.Dnstap";

/// Who the messages of a server are from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    pub identity: Box<str>,
    pub version: Box<str>,
}

/// A query on its way. Times are since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Exchange {
    pub transport: Transport,
    pub client: SocketAddr,
    /// The address asked; the port alone is known where a socket listens on all addresses.
    pub server: SocketAddr,
    pub query_time: Duration,
}

/// Appends the frame of an AUTH_QUERY.
pub fn put_query(out: &mut Vec<u8>, origin: &Origin, exchange: &Exchange, message: &[u8]) {
    put_frame(out, origin, &Tapped::Query(message), exchange);
}

/// Appends the frame of an AUTH_RESPONSE.
pub fn put_response(
    out: &mut Vec<u8>,
    origin: &Origin,
    exchange: &Exchange,
    message: &[u8],
    response_time: Duration,
) {
    put_frame(
        out,
        origin,
        &Tapped::Response(message, response_time),
        exchange,
    );
}

enum Tapped<'a> {
    Query(&'a [u8]),
    Response(&'a [u8], Duration),
}

/// Numbers of fields and values in dnstap.proto.
mod proto {
    pub const IDENTITY: u32 = 1;
    pub const VERSION: u32 = 2;
    pub const MESSAGE: u32 = 14;
    pub const TYPE: u32 = 15;
    pub const TYPE_MESSAGE: u64 = 1;

    pub const MESSAGE_TYPE: u32 = 1;
    pub const SOCKET_FAMILY: u32 = 2;
    pub const SOCKET_PROTOCOL: u32 = 3;
    pub const QUERY_ADDRESS: u32 = 4;
    pub const RESPONSE_ADDRESS: u32 = 5;
    pub const QUERY_PORT: u32 = 6;
    pub const RESPONSE_PORT: u32 = 7;
    pub const QUERY_TIME_SEC: u32 = 8;
    pub const QUERY_TIME_NSEC: u32 = 9;
    pub const QUERY_MESSAGE: u32 = 10;
    pub const RESPONSE_TIME_SEC: u32 = 12;
    pub const RESPONSE_TIME_NSEC: u32 = 13;
    pub const RESPONSE_MESSAGE: u32 = 14;

    pub const AUTH_QUERY: u64 = 1;
    pub const AUTH_RESPONSE: u64 = 2;
    pub const INET: u64 = 1;
    pub const INET6: u64 = 2;
    pub const UDP: u64 = 1;
    pub const TCP: u64 = 2;
}

fn put_frame(out: &mut Vec<u8>, origin: &Origin, tapped: &Tapped<'_>, exchange: &Exchange) {
    let mut length = Length(0);
    put_dnstap(&mut length, origin, tapped, exchange);
    out.put(&(length.0 as u32).to_be_bytes());
    put_dnstap(out, origin, tapped, exchange);
}

fn put_dnstap(sink: &mut impl Sink, origin: &Origin, tapped: &Tapped<'_>, exchange: &Exchange) {
    if !origin.identity.is_empty() {
        sink.octets(proto::IDENTITY, origin.identity.as_bytes());
    }
    if !origin.version.is_empty() {
        sink.octets(proto::VERSION, origin.version.as_bytes());
    }
    let mut length = Length(0);
    put_message(&mut length, tapped, exchange);
    sink.key(proto::MESSAGE, Kind::Delimited);
    sink.varint(length.0 as u64);
    put_message(sink, tapped, exchange);
    sink.number(proto::TYPE, proto::TYPE_MESSAGE);
}

fn put_message(sink: &mut impl Sink, tapped: &Tapped<'_>, exchange: &Exchange) {
    let message_type = match tapped {
        Tapped::Query(_) => proto::AUTH_QUERY,
        Tapped::Response(..) => proto::AUTH_RESPONSE,
    };
    let protocol = match exchange.transport {
        Transport::Udp => proto::UDP,
        Transport::Tcp => proto::TCP,
    };
    let family = match exchange.client {
        SocketAddr::V4(_) => proto::INET,
        SocketAddr::V6(_) => proto::INET6,
    };
    sink.number(proto::MESSAGE_TYPE, message_type);
    sink.number(proto::SOCKET_FAMILY, family);
    sink.number(proto::SOCKET_PROTOCOL, protocol);
    sink.address(proto::QUERY_ADDRESS, exchange.client.ip());
    if !exchange.server.ip().is_unspecified() {
        sink.address(proto::RESPONSE_ADDRESS, exchange.server.ip());
    }
    sink.number(proto::QUERY_PORT, exchange.client.port().into());
    sink.number(proto::RESPONSE_PORT, exchange.server.port().into());
    sink.number(proto::QUERY_TIME_SEC, exchange.query_time.as_secs());
    sink.fixed(proto::QUERY_TIME_NSEC, exchange.query_time.subsec_nanos());
    match tapped {
        Tapped::Query(message) => sink.octets(proto::QUERY_MESSAGE, message),
        Tapped::Response(message, time) => {
            sink.number(proto::RESPONSE_TIME_SEC, time.as_secs());
            sink.fixed(proto::RESPONSE_TIME_NSEC, time.subsec_nanos());
            sink.octets(proto::RESPONSE_MESSAGE, message);
        }
    }
}

/// How a field is written (protobuf.dev, Encoding).
#[derive(Clone, Copy)]
enum Kind {
    Varint = 0,
    Delimited = 2,
    Fixed32 = 5,
}

/// Takes fields as they are written.
trait Sink {
    fn put(&mut self, octets: &[u8]);

    fn varint(&mut self, mut value: u64) {
        while value > 0x7F {
            self.put(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.put(&[value as u8]);
    }

    fn key(&mut self, field: u32, kind: Kind) {
        self.varint(u64::from(field << 3 | kind as u32));
    }

    fn number(&mut self, field: u32, value: u64) {
        self.key(field, Kind::Varint);
        self.varint(value);
    }

    fn fixed(&mut self, field: u32, value: u32) {
        self.key(field, Kind::Fixed32);
        self.put(&value.to_le_bytes());
    }

    fn octets(&mut self, field: u32, value: &[u8]) {
        self.key(field, Kind::Delimited);
        self.varint(value.len() as u64);
        self.put(value);
    }

    fn address(&mut self, field: u32, address: IpAddr) {
        match address {
            IpAddr::V4(v4) => self.octets(field, &v4.octets()),
            IpAddr::V6(v6) => self.octets(field, &v6.octets()),
        }
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, octets: &[u8]) {
        self.extend_from_slice(octets);
    }
}

struct Length(usize);

impl Sink for Length {
    fn put(&mut self, octets: &[u8]) {
        self.0 += octets.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: (&str, &str) = ("fra1", "0.1");

    fn origin() -> Origin {
        Origin {
            identity: ORIGIN.0.into(),
            version: ORIGIN.1.into(),
        }
    }

    fn exchange(client: &str, server: &str) -> Exchange {
        Exchange {
            transport: Transport::Udp,
            client: client.parse().unwrap(),
            server: server.parse().unwrap(),
            query_time: Duration::new(300, 5),
        }
    }

    #[test]
    fn a_query_is_written_octet_by_octet_as_the_schema_says() {
        let mut out = Vec::new();
        let exchange = exchange("192.0.2.7:4096", "198.51.100.1:53");
        put_query(&mut out, &origin(), &exchange, b"dns");
        let message = [
            &[0x08, 1, 0x10, 1, 0x18, 1][..],
            &[0x22, 4, 192, 0, 2, 7],
            &[0x2A, 4, 198, 51, 100, 1],
            &[0x30, 0x80, 0x20],
            &[0x38, 53],
            &[0x40, 0xAC, 0x02],
            &[0x4D, 5, 0, 0, 0],
            &[0x52, 3, b'd', b'n', b's'],
        ]
        .concat();
        let dnstap = [
            &[0x0A, 4][..],
            b"fra1",
            &[0x12, 3],
            b"0.1",
            &[0x72, message.len() as u8],
            &message,
            &[0x78, 1],
        ]
        .concat();
        assert_eq!(out, [&[0, 0, 0, dnstap.len() as u8][..], &dnstap].concat());
    }

    #[test]
    fn frames_follow_each_other_in_one_buffer() {
        let mut out = Vec::new();
        let exchange = exchange("[2001:db8::7]:4096", "[::]:53");
        put_query(&mut out, &Origin::default(), &exchange, &[1; 300]);
        let first = out.len();
        put_response(
            &mut out,
            &Origin::default(),
            &exchange,
            &[2; 70_000],
            Duration::new(301, 0),
        );
        let length_at = |at: usize| u32::from_be_bytes(out[at..at + 4].try_into().unwrap());
        assert_eq!(length_at(0) as usize, first - 4);
        assert_eq!(length_at(first) as usize, out.len() - first - 4);
    }

    #[test]
    fn a_wildcard_is_no_address() {
        let written = |server| {
            let mut out = Vec::new();
            let exchange = exchange("192.0.2.7:4096", server);
            put_query(&mut out, &origin(), &exchange, b"dns");
            out.len()
        };
        assert_eq!(written("0.0.0.0:53") + 6, written("198.51.100.1:53"));
    }
}

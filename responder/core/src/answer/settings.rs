//! How a server speaks the protocol, whatever it serves.

use std::fmt;

use crate::wire::cookie::Secrets;
use crate::wire::edns::LONGEST_NSID;

/// Given to every answer; a change takes the place of the whole.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which server this is, for who asks (RFC 5001); empty: not said.
    pub nsid: Box<[u8]>,
    /// `None`: cookies are an unknown option.
    pub cookie_secrets: Option<Secrets>,
    /// `version.bind` and `version.server` of class CH; empty: refused.
    pub version: Box<str>,
    /// `id.server` and `hostname.bind` of class CH (RFC 4892); empty: refused.
    pub identity: Box<str>,
    /// After how long an idle TCP connection is closed, in units of 100 milliseconds (RFC 7828).
    pub tcp_idle_timeout: u16,
    /// Whether the snapshot is older than it should be.
    pub is_stale: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            nsid: Box::default(),
            cookie_secrets: None,
            version: Box::default(),
            identity: Box::default(),
            tcp_idle_timeout: 100,
            is_stale: false,
        }
    }
}

/// A character-string of a TXT record (RFC 1035 section 3.3).
const LONGEST_TEXT: usize = 255;

/// A value that does not fit into a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    pub setting: &'static str,
    pub octets: usize,
    pub most: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            setting,
            octets,
            most,
        } = self;
        write!(f, "{setting}: {octets} octets, at most {most} fit")
    }
}

impl std::error::Error for TooLong {}

impl Settings {
    pub fn checked(self) -> Result<Self, TooLong> {
        let lengths = [
            ("nsid", self.nsid.len(), LONGEST_NSID),
            ("version", self.version.len(), LONGEST_TEXT),
            ("identity", self.identity.len(), LONGEST_TEXT),
        ];
        match lengths.into_iter().find(|(_, octets, most)| octets > most) {
            Some((setting, octets, most)) => Err(TooLong {
                setting,
                octets,
                most,
            }),
            None => Ok(self),
        }
    }
}

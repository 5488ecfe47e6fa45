//! The OPT record (RFC 6891).

use super::cookie::{Cookie, ReplyCookie};
use super::ecs::ClientSubnet;
use super::output::Output;
use super::reader::{ReadError, Reader};
use super::types::RecordType;
use super::writer::Verdict;

/// What we accept and the most we send over UDP: fits every path's MTU without fragments (DNS flag day 2020).
pub const OWN_UDP_SIZE: u16 = 1232;
/// RFC 6891 section 6.2.3: "Values lower than 512 MUST be treated as equal to 512."
pub const LEAST_UDP_SIZE: u16 = 512;
/// Longer ones could fill the smallest reply. With this, all options together leave room for any question in it.
pub const LONGEST_NSID: usize = 128;

const OPTION_NSID: u16 = 3;
pub(super) const OPTION_CLIENT_SUBNET: u16 = 8;
pub(super) const OPTION_COOKIE: u16 = 10;
const OPTION_KEEPALIVE: u16 = 11;
const OPTION_PADDING: u16 = 12;
const OPTION_EXTENDED_ERROR: u16 = 15;

const FLAG_DNSSEC_OK: u16 = 0x8000;
/// Root owner, type, class, ttl and length.
const OPT_FIXED: usize = 11;
const OPTION_HEADER: usize = 4;
const EXTENDED_ERROR_LEN: usize = OPTION_HEADER + 2;
/// RFC 8467 section 4.1: what responses are padded to a multiple of.
const PADDING_BLOCK: usize = 468;

/// What a query's OPT record says; unknown options are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edns {
    pub udp_size: u16,
    pub version: u8,
    pub dnssec_ok: bool,
    pub client_subnet: Option<ClientSubnet>,
    pub cookie: Option<Cookie>,
    pub wants_nsid: bool,
    pub is_padded: bool,
    pub keepalive: Option<Keepalive>,
}

/// The edns-tcp-keepalive option of a query (RFC 7828).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keepalive {
    Asked,
    /// It says a timeout, which only servers may.
    Misused,
}

/// An option that is cut short, a client subnet against E3, or a cookie of a length that none has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedOption;

impl From<ReadError> for MalformedOption {
    fn from(_: ReadError) -> Self {
        Self
    }
}

impl Edns {
    /// Reads an OPT record's class, TTL and rdata into `slot`; with a malformed option, all but the options.
    ///
    /// The options of an unknown version are not looked at: their meaning is unknown too.
    pub fn read(
        slot: &mut Option<Self>,
        class: u16,
        ttl: u32,
        rdata: &[u8],
    ) -> Result<(), MalformedOption> {
        let [_, version, flags @ ..] = ttl.to_be_bytes();
        let edns = slot.insert(Self {
            udp_size: class.max(LEAST_UDP_SIZE),
            version,
            dnssec_ok: u16::from_be_bytes(flags) & FLAG_DNSSEC_OK != 0,
            client_subnet: None,
            cookie: None,
            wants_nsid: false,
            is_padded: false,
            keepalive: None,
        });
        if version != 0 {
            return Ok(());
        }
        let read = edns.read_options(rdata);
        if read.is_err() {
            edns.forget_options();
        }
        read
    }

    pub fn forget_options(&mut self) {
        self.client_subnet = None;
        self.cookie = None;
        self.wants_nsid = false;
        self.is_padded = false;
        self.keepalive = None;
    }

    fn read_options(&mut self, rdata: &[u8]) -> Result<(), MalformedOption> {
        let mut options = Reader::new(rdata);
        while !options.is_at_end() {
            let [a, b, c, d] = options.array()?;
            let data = options.take(u16::from_be_bytes([c, d]).into())?;
            match u16::from_be_bytes([a, b]) {
                OPTION_CLIENT_SUBNET => {
                    let subnet = ClientSubnet::parse(data).map_err(|_| MalformedOption)?;
                    // Two subnets leave open which of them the answer is for.
                    if self.client_subnet.replace(subnet).is_some() {
                        return Err(MalformedOption);
                    }
                }
                // RFC 7873 section 5.2: "only the first (the one closest to the DNS header) is considered".
                OPTION_COOKIE if self.cookie.is_none() => {
                    self.cookie = Some(Cookie::parse(data).map_err(|_| MalformedOption)?);
                }
                OPTION_NSID => self.wants_nsid = true,
                OPTION_PADDING => self.is_padded = true,
                OPTION_KEEPALIVE if data.is_empty() => self.keepalive = Some(Keepalive::Asked),
                OPTION_KEEPALIVE => self.keepalive = Some(Keepalive::Misused),
                _ => {}
            }
        }
        Ok(())
    }

    /// Appends the OPT record of the reply, which with it may get as long as `limit`.
    pub(super) fn compose_reply(
        &self,
        extras: &Extras<'_>,
        verdict: &Verdict,
        limit: usize,
        out: &mut Output<'_>,
    ) {
        let mut length = self.reply_len(extras);
        let error = verdict.extended_error;
        let error = error.filter(|_| out.position() + length + EXTENDED_ERROR_LEN <= limit);
        length += error.map_or(0, |_| EXTENDED_ERROR_LEN);
        let padding = extras.padding(out.position() + length, limit);
        length += padding.map_or(0, |padding| OPTION_HEADER + padding);
        self.put_front(verdict, length - OPT_FIXED, out);
        extras.put(out);
        if let Some(error) = error {
            put_option(OPTION_EXTENDED_ERROR, &[&error.code().to_be_bytes()], out);
        }
        if let Some(padding) = padding {
            const ZEROS: &[u8] = &[0; PADDING_BLOCK];
            put_option(
                OPTION_PADDING,
                &[ZEROS.get(..padding).unwrap_or(ZEROS)],
                out,
            );
        }
    }

    /// What is in every OPT record, and the client subnet, which comes first of the options.
    #[inline]
    fn put_front(&self, verdict: &Verdict, length: usize, out: &mut Output<'_>) {
        let [type_high, type_low] = RecordType::OPT.0.to_be_bytes();
        let [size_high, size_low] = OWN_UDP_SIZE.to_be_bytes();
        // RFC 3225 section 3: "The DO bit of the query MUST be copied in the response."
        let flags = if self.dnssec_ok { FLAG_DNSSEC_OK } else { 0 };
        let [flags_high, flags_low] = flags.to_be_bytes();
        let [length_high, length_low] = (length as u16).to_be_bytes();
        let fixed = [
            0,
            type_high,
            type_low,
            size_high,
            size_low,
            verdict.rcode.in_opt(),
            0,
            flags_high,
            flags_low,
            length_high,
            length_low,
        ];
        let Some(subnet) = &self.client_subnet else {
            out.put(&fixed);
            return;
        };
        let mut octets = [0; OPT_FIXED + OPTION_HEADER + ClientSubnet::LONGEST];
        let (front, option) = octets.split_at_mut(OPT_FIXED);
        let (header, data) = option.split_at_mut(OPTION_HEADER);
        let length = subnet.composed_len();
        let [code_high, code_low] = OPTION_CLIENT_SUBNET.to_be_bytes();
        front.copy_from_slice(&fixed);
        header.copy_from_slice(&[code_high, code_low, 0, length as u8]);
        data.copy_from_slice(&subnet.composed(verdict.scope));
        out.put_front(&octets, OPT_FIXED + OPTION_HEADER + length);
    }

    /// How many octets `compose_reply` appends at least: extended errors and padding only take what is left.
    pub fn reply_len(&self, extras: &Extras<'_>) -> usize {
        let subnet = self.client_subnet.as_ref();
        let subnet = subnet.map_or(0, |subnet| OPTION_HEADER + subnet.composed_len());
        OPT_FIXED + subnet + extras.len()
    }
}

/// Options that a reply carries because its query asked for them, beside the client subnet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras<'s> {
    pub cookie: Option<ReplyCookie>,
    /// Empty: none.
    pub nsid: &'s [u8],
    /// In units of 100 milliseconds (RFC 7828 section 3.1).
    pub keepalive: Option<u16>,
    pub is_padded: bool,
}

impl Extras<'_> {
    fn len(&self) -> usize {
        let cookie = self.cookie.map_or(0, |_| OPTION_HEADER + ReplyCookie::LEN);
        let nsid = match self.nsid.len() {
            0 => 0,
            length => OPTION_HEADER + length,
        };
        cookie + nsid + self.keepalive.map_or(0, |_| OPTION_HEADER + 2)
    }

    fn put(&self, out: &mut Output<'_>) {
        if let Some(cookie) = &self.cookie {
            put_option(OPTION_COOKIE, &cookie.parts(), out);
        }
        if !self.nsid.is_empty() {
            put_option(OPTION_NSID, &[self.nsid], out);
        }
        if let Some(timeout) = self.keepalive {
            put_option(OPTION_KEEPALIVE, &[&timeout.to_be_bytes()], out);
        }
    }

    /// How many zeros, behind an option header, make a message of `length` octets as long as it is to be.
    fn padding(&self, length: usize, limit: usize) -> Option<usize> {
        let bare = length + OPTION_HEADER;
        if !self.is_padded || bare > limit {
            return None;
        }
        let padded = bare.next_multiple_of(PADDING_BLOCK).min(limit);
        Some(padded - bare)
    }
}

fn put_option(code: u16, parts: &[&[u8]], out: &mut Output<'_>) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.put_u16(code);
    out.put_u16(length as u16);
    for part in parts {
        out.put(part);
    }
}

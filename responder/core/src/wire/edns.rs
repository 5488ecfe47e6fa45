//! The OPT record (RFC 6891).

use super::ecs::ClientSubnet;
use super::output::Output;
use super::reader::{ReadError, Reader};
use super::types::{Rcode, RecordType};

/// What we accept and the most we send over UDP: fits every path's MTU without fragments (DNS flag day 2020).
pub const OWN_UDP_SIZE: u16 = 1232;
/// RFC 6891 section 6.2.3: "Values lower than 512 MUST be treated as equal to 512."
pub const LEAST_UDP_SIZE: u16 = 512;

pub(super) const OPTION_CLIENT_SUBNET: u16 = 8;
const FLAG_DNSSEC_OK: u16 = 0x8000;
/// Root owner, type, class, ttl and length.
const OPT_FIXED: usize = 11;
const OPTION_HEADER: usize = 4;

/// What a query's OPT record says; unknown options are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edns {
    pub udp_size: u16,
    pub version: u8,
    pub dnssec_ok: bool,
    pub client_subnet: Option<ClientSubnet>,
}

/// The OPT record, or something before or behind it, is malformed: FORMERR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedEdns {
    /// What the reply's OPT record can still be made from: without one, the client would think that we lack EDNS.
    pub reply_with: Option<Edns>,
}

impl From<ReadError> for MalformedEdns {
    fn from(_: ReadError) -> Self {
        Self { reply_with: None }
    }
}

/// An option that is cut short, or a client subnet against E3.
struct MalformedOption;

impl From<ReadError> for MalformedOption {
    fn from(_: ReadError) -> Self {
        Self
    }
}

impl Edns {
    /// From an OPT record's class, TTL and rdata.
    ///
    /// The options of an unknown version are not looked at: their meaning is unknown too.
    pub fn parse(class: u16, ttl: u32, rdata: &[u8]) -> Result<Self, MalformedEdns> {
        let [_, version, flags @ ..] = ttl.to_be_bytes();
        let mut edns = Self {
            udp_size: class.max(LEAST_UDP_SIZE),
            version,
            dnssec_ok: u16::from_be_bytes(flags) & FLAG_DNSSEC_OK != 0,
            client_subnet: None,
        };
        if version == 0 {
            edns.client_subnet =
                client_subnet_option(rdata).map_err(|MalformedOption| MalformedEdns {
                    reply_with: Some(edns),
                })?;
        }
        Ok(edns)
    }

    /// Appends the OPT record of the answer.
    pub(super) fn compose_reply(&self, rcode: Rcode, scope: u8, out: &mut Output<'_>) {
        let [type_high, type_low] = RecordType::OPT.0.to_be_bytes();
        let [size_high, size_low] = OWN_UDP_SIZE.to_be_bytes();
        // RFC 3225 section 3: "The DO bit of the query MUST be copied in the response."
        let flags = if self.dnssec_ok { FLAG_DNSSEC_OK } else { 0 };
        let [flags_high, flags_low] = flags.to_be_bytes();
        let [length_high, length_low] = ((self.reply_len() - OPT_FIXED) as u16).to_be_bytes();
        out.put(&[
            0,
            type_high,
            type_low,
            size_high,
            size_low,
            rcode.in_opt(),
            0,
            flags_high,
            flags_low,
            length_high,
            length_low,
        ]);
        if let Some(subnet) = &self.client_subnet {
            let (data, length) = subnet.composed(scope);
            out.put_u16(OPTION_CLIENT_SUBNET);
            out.put_u16(length as u16);
            out.put(data.get(..length).unwrap_or(&[]));
        }
    }

    /// How many octets `compose_reply` appends.
    pub fn reply_len(&self) -> usize {
        let subnet = self.client_subnet.as_ref();
        OPT_FIXED + subnet.map_or(0, |subnet| OPTION_HEADER + subnet.composed_len())
    }
}

fn client_subnet_option(rdata: &[u8]) -> Result<Option<ClientSubnet>, MalformedOption> {
    let mut options = Reader::new(rdata);
    let mut found = None;
    while !options.is_at_end() {
        let code = options.u16()?;
        let length = options.u16()?;
        let data = options.take(length.into())?;
        if code != OPTION_CLIENT_SUBNET {
            continue;
        }
        let subnet = ClientSubnet::parse(data).map_err(|_| MalformedOption)?;
        // Two subnets leave open which of them the answer is for.
        if found.replace(subnet).is_some() {
            return Err(MalformedOption);
        }
    }
    Ok(found)
}

//! Names of class CH, where a server tells about itself (RFC 4892).

use super::Settings;
use crate::wire::writer::{MessageWriter, Verdict};
use crate::wire::{Name, Rcode, RecordType};

const VERSION: [&[u8]; 2] = [b"\x07version\x04bind\x00", b"\x07version\x06server\x00"];
const IDENTITY: [&[u8]; 2] = [b"\x02id\x06server\x00", b"\x08hostname\x04bind\x00"];

/// Answers what the operator wants to be told; all else is refused.
pub(super) fn answer(
    name: Name<'_>,
    record_type: RecordType,
    settings: &Settings,
    writer: &mut MessageWriter<'_>,
) -> Verdict {
    let text = match name.as_bytes() {
        octets if VERSION.contains(&octets) => &settings.version,
        octets if IDENTITY.contains(&octets) => &settings.identity,
        _ => "",
    };
    if text.is_empty() || !matches!(record_type, RecordType::TXT | RecordType::ANY) {
        return super::protocol::verdict(Rcode::REFUSED);
    }
    Verdict {
        authoritative: true,
        truncated: writer.put_chaos_text(text).is_err(),
        ..Verdict::of(Rcode::NOERROR)
    }
}

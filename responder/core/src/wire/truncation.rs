//! Makes a reply so small that nobody gains by having it sent to somebody else.

use super::edns::{OPTION_CLIENT_SUBNET, OPTION_COOKIE};
use super::query::PlainRecord;
use super::reader::{HEADER_LEN, ReadError, Reader};
use super::types::{Rcode, RecordType};

const FLAGS_AT: usize = 2;
/// In the first octet of the flags.
const FLAG_TRUNCATED: u8 = 0x02;
const FLAG_AUTHORITATIVE: u8 = 0x04;
/// In the second one.
const RCODE: u8 = 0x0F;
/// Answers, authority and additional records.
const COUNTS_AT: usize = 6;
/// Type and class.
const QUESTION_FIXED: usize = 4;

/// Root owner, type, class, TTL and length.
const OPT_FIXED: usize = 11;
/// Where in an OPT record the high bits of the response code are.
const OPT_CODE_AT: usize = 5;
const OPTION_HEADER: usize = 4;

/// Makes the reply in the first `length` octets of `message` say no more than that there is an answer over TCP: as `bare`
/// leaves it, and with TC set. Returns its length; `None`: it is no reply of ours.
pub fn truncate(message: &mut [u8], length: usize) -> Option<usize> {
    let length = bare(message, length)?;
    *message.get_mut(FLAGS_AT)? |= FLAG_TRUNCATED;
    Some(length)
}

/// Makes the reply in the first `length` octets of `message` say no more than that its client is to come back with the
/// server cookie in it (RFC 7873 section 5.2.3). Returns its length; `None`: it is no reply of ours, or has no OPT record.
pub fn ask_for_cookie(message: &mut [u8], length: usize) -> Option<usize> {
    let length = bare(message, length)?;
    let (opt, _) = parts(message.get(..length)?).ok()?;
    let code = message.get_mut(opt + OPT_CODE_AT..length)?.first_mut()?;
    *code = Rcode::BADCOOKIE.in_opt();
    let [high, low] = message.get_mut(FLAGS_AT..)?.first_chunk_mut::<2>()?;
    *high &= !FLAG_AUTHORITATIVE;
    *low = *low & !RCODE | Rcode::BADCOOKIE.in_header();
    Some(length)
}

/// Leaves of the reply in the first `length` octets of `message` its header, question and OPT record, and of that the
/// options that repeat the query's: a client subnet, and a cookie, which gets its client out of the limit. Returns its
/// length; `None`: it is no reply of ours.
pub fn bare(message: &mut [u8], length: usize) -> Option<usize> {
    let (question_end, opt) = parts(message.get(..length)?).ok()?;
    let end = match opt {
        None => question_end,
        Some(opt) => {
            message.copy_within(opt..length, question_end);
            let end = question_end + (length - opt);
            keep_repeated(message.get_mut(question_end..end)?)? + question_end
        }
    };
    let counts = message.get_mut(COUNTS_AT..HEADER_LEN)?;
    counts.copy_from_slice(&[0, 0, 0, 0, 0, u8::from(opt.is_some())]);
    Some(end)
}

/// Takes the other options out of an OPT record, and returns what length is left of it.
fn keep_repeated(opt: &mut [u8]) -> Option<usize> {
    let (mut at, mut kept) = (OPT_FIXED, OPT_FIXED);
    while let Some([a, b, c, d]) = opt.get(at..).and_then(<[u8]>::first_chunk).copied() {
        let (code, length) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let end = at + OPTION_HEADER + usize::from(length);
        if matches!(code, OPTION_CLIENT_SUBNET | OPTION_COOKIE) {
            opt.get(at..end)?;
            opt.copy_within(at..end, kept);
            kept += end - at;
        }
        at = end;
    }
    let length = ((kept - OPT_FIXED) as u16).to_be_bytes();
    opt.get_mut(OPT_FIXED - 2..OPT_FIXED)?
        .copy_from_slice(&length);
    Some(kept)
}

/// Where the question ends, and where the OPT record starts, which is the last.
fn parts(reply: &[u8]) -> Result<(usize, Option<usize>), ReadError> {
    let mut reader = Reader::new(reply).at(HEADER_LEN - 8);
    let questions = reader.u16()?;
    let records = [reader.u16()?, reader.u16()?, reader.u16()?];
    for _ in 0..questions {
        reader.name()?;
        reader.take(QUESTION_FIXED)?;
    }
    let question_end = reader.position();
    for _ in 0..records.into_iter().map(u32::from).sum() {
        let start = reader.position();
        if PlainRecord::read(&mut reader)?.record_type == RecordType::OPT {
            return Ok((question_end, Some(start)));
        }
    }
    Ok((question_end, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reply to `a. A` with one address and these options.
    fn reply(options: &[u8]) -> Vec<u8> {
        let length = (options.len() as u16).to_be_bytes();
        let parts: [&[u8]; 6] = [
            &[0, 7, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 1],
            &[1, b'a', 0, 0, 1, 0, 1],
            &[0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1],
            &[0, 0, 41, 4, 208, 0, 0, 0, 0],
            &length,
            options,
        ];
        parts.concat()
    }

    #[test]
    fn what_the_query_did_not_bring_is_left_out() {
        let nsid: &[u8] = &[0, 3, 0, 2, b'f', b'1'];
        let subnet: &[u8] = &[0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2];
        let cookie: &[u8] = &[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
        let mut message = reply(&[nsid, subnet, nsid, cookie, nsid].concat());
        let length = message.len();
        let length = truncate(&mut message, length).unwrap();
        message.truncate(length);
        let mut expected = reply(&[subnet, cookie].concat());
        expected.drain(19..35);
        expected[2] |= FLAG_TRUNCATED;
        expected[7] = 0;
        assert_eq!(message, expected);
    }
}

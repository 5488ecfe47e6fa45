//! Makes a reply so small that nobody gains by having it sent to somebody else.

use super::query::PlainRecord;
use super::reader::{HEADER_LEN, ReadError, Reader};
use super::types::RecordType;

const FLAGS_AT: usize = 2;
/// In the first octet of the flags.
const FLAG_TRUNCATED: u8 = 0x02;
/// Answers, authority and additional records.
const COUNTS_AT: usize = 6;
/// Type and class.
const QUESTION_FIXED: usize = 4;

/// Leaves of the reply in the first `length` octets of `message` its question and OPT record, and sets TC. Returns its
/// length; `None`: it is no reply of ours.
pub fn truncate(message: &mut [u8], length: usize) -> Option<usize> {
    let (question_end, opt) = parts(message.get(..length)?).ok()?;
    let opt_len = opt.map_or(0, |opt| length - opt);
    if let Some(opt) = opt {
        message.copy_within(opt..length, question_end);
    }
    *message.get_mut(FLAGS_AT)? |= FLAG_TRUNCATED;
    let counts = message.get_mut(COUNTS_AT..HEADER_LEN)?;
    counts.copy_from_slice(&[0, 0, 0, 0, 0, u8::from(opt.is_some())]);
    Some(question_end + opt_len)
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

//! Frame Streams, as its sender speaks it over a connection with a way back (fstrm, `control.h`).
//!
//! ```text
//! sender                  receiver
//!   READY content types ────►
//!   ◄──────────── ACCEPT content types
//!   START content type ─────►
//!   data frame … ───────────►
//!   STOP ───────────────────►
//!   ◄──────────────────── FINISH
//! ```
//!
//! Every number is four octets, big-endian. A data frame is its length and its octets; a control frame begins with a
//! length of zero, which no data frame has.

use std::fmt;

/// The longest control frame that a peer may send (fstrm's own bound).
pub const LONGEST_CONTROL: usize = 512;

const FIELD_CONTENT_TYPE: u32 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlType {
    Accept,
    Start,
    Stop,
    Ready,
    Finish,
}

impl ControlType {
    const ALL: [Self; 5] = [
        Self::Accept,
        Self::Start,
        Self::Stop,
        Self::Ready,
        Self::Finish,
    ];

    fn number(self) -> u32 {
        match self {
            Self::Accept => 1,
            Self::Start => 2,
            Self::Stop => 3,
            Self::Ready => 4,
            Self::Finish => 5,
        }
    }

    fn from_number(number: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|control| control.number() == number)
    }
}

/// A control frame with its escape, ready to be sent. `content_type`: for READY and START.
pub fn control_frame(control: ControlType, content_type: Option<&str>) -> Vec<u8> {
    let mut payload = control.number().to_be_bytes().to_vec();
    if let Some(content_type) = content_type {
        payload.extend(FIELD_CONTENT_TYPE.to_be_bytes());
        payload.extend((content_type.len() as u32).to_be_bytes());
        payload.extend(content_type.as_bytes());
    }
    let mut frame = [0; 4].to_vec();
    frame.extend((payload.len() as u32).to_be_bytes());
    frame.extend(payload);
    frame
}

/// What a peer sent instead of the control frame that was due.
#[derive(Debug, PartialEq, Eq)]
pub enum ControlError {
    NotControl,
    TooLong,
    Malformed,
    Unexpected(ControlType),
    OtherContentType,
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotControl => write!(f, "the collector sent something else than a control frame"),
            Self::TooLong => write!(
                f,
                "the collector sent a control frame of more than {LONGEST_CONTROL} octets"
            ),
            Self::Malformed => write!(f, "the collector sent a malformed control frame"),
            Self::Unexpected(found) => write!(f, "the collector sent {found:?} out of turn"),
            Self::OtherContentType => write!(f, "the collector does not take dnstap"),
        }
    }
}

impl std::error::Error for ControlError {}

/// The length of the control frame that follows, from the eight octets of escape and length before it.
pub fn control_length(head: [u8; 8]) -> Result<usize, ControlError> {
    let (escape, length) = (
        (u64::from_be_bytes(head) >> 32) as u32,
        u64::from_be_bytes(head) as u32,
    );
    match (escape, length as usize) {
        (0, length) if length > LONGEST_CONTROL => Err(ControlError::TooLong),
        (0, length) => Ok(length),
        _ => Err(ControlError::NotControl),
    }
}

/// Checks that `payload` is the frame that is `due`. One that names content types has to name `content_type`.
pub fn check_control(
    payload: &[u8],
    due: ControlType,
    content_type: &str,
) -> Result<(), ControlError> {
    let (number, mut fields) = take_u32(payload)?;
    let found = ControlType::from_number(number).ok_or(ControlError::Malformed)?;
    if found != due {
        return Err(ControlError::Unexpected(found));
    }
    let (mut named, mut fits) = (false, false);
    while !fields.is_empty() {
        let (field, rest) = take_u32(fields)?;
        let (length, rest) = take_u32(rest)?;
        let parts = rest.split_at_checked(length as usize);
        let (value, rest) = parts.ok_or(ControlError::Malformed)?;
        if field == FIELD_CONTENT_TYPE {
            named = true;
            fits |= value == content_type.as_bytes();
        }
        fields = rest;
    }
    if named && !fits {
        return Err(ControlError::OtherContentType);
    }
    Ok(())
}

fn take_u32(octets: &[u8]) -> Result<(u32, &[u8]), ControlError> {
    let (number, rest) = octets.split_first_chunk().ok_or(ControlError::Malformed)?;
    Ok((u32::from_be_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "protobuf:dnstap.Dnstap";

    fn payload(frame: &[u8]) -> &[u8] {
        let (head, payload) = frame.split_first_chunk().unwrap();
        assert_eq!(control_length(*head), Ok(payload.len()));
        payload
    }

    #[test]
    fn a_frame_that_was_written_is_read_back() {
        for (control, content_type) in [
            (ControlType::Ready, Some(TYPE)),
            (ControlType::Accept, Some(TYPE)),
            (ControlType::Accept, None),
            (ControlType::Finish, None),
        ] {
            let frame = control_frame(control, content_type);
            assert_eq!(check_control(payload(&frame), control, TYPE), Ok(()));
        }
    }

    #[test]
    fn what_is_not_due_is_named() {
        let finish = control_frame(ControlType::Finish, None);
        let other = control_frame(ControlType::Accept, Some("text:lines"));
        let check = |frame| check_control(payload(frame), ControlType::Accept, TYPE);
        assert_eq!(
            check(&finish),
            Err(ControlError::Unexpected(ControlType::Finish))
        );
        assert_eq!(check(&other), Err(ControlError::OtherContentType));
        assert_eq!(
            control_length([0, 0, 0, 9, 0, 0, 0, 4]),
            Err(ControlError::NotControl)
        );
        assert_eq!(
            control_length([0, 0, 0, 0, 0, 1, 0, 0]),
            Err(ControlError::TooLong)
        );
    }

    #[test]
    fn no_cut_of_a_frame_is_taken_for_whole() {
        let frame = control_frame(ControlType::Accept, Some(TYPE));
        let whole = payload(&frame);
        for length in (0..whole.len()).filter(|length| *length != 4) {
            assert_eq!(
                check_control(&whole[..length], ControlType::Accept, TYPE),
                Err(ControlError::Malformed)
            );
        }
    }
}

//! The replies of one turn of a TCP connection, framed and ready to be sent with one call.

/// The two octets before each message (RFC 1035 section 4.2.2).
pub(crate) const FRAME_HEADER: usize = 2;
const LARGEST_MESSAGE: usize = u16::MAX as usize;
/// RFC 7766 section 8 asks for few segments: so much is sent together, unless the queries run out before.
const ENOUGH_TO_SEND: usize = 16 << 10;

/// Of a worker, not of a connection: what the peer does not take at once is copied out of here.
pub(crate) struct Replies {
    /// The largest message fits behind whatever is not yet enough to send.
    octets: Box<[u8]>,
    length: usize,
}

impl Replies {
    pub fn new() -> Self {
        Self {
            octets: vec![0; ENOUGH_TO_SEND + FRAME_HEADER + LARGEST_MESSAGE].into(),
            length: 0,
        }
    }

    pub fn clear(&mut self) {
        self.length = 0;
    }

    pub fn is_enough(&self) -> bool {
        self.length >= ENOUGH_TO_SEND
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or(&[])
    }

    /// Appends the reply to `query`, which `answer` puts in the place of the query; false: there is to be none.
    pub fn push(
        &mut self,
        query: &[u8],
        answer: impl FnOnce(&mut [u8], usize) -> Option<usize>,
    ) -> bool {
        self.try_push(query, answer).is_some()
    }

    fn try_push(
        &mut self,
        query: &[u8],
        answer: impl FnOnce(&mut [u8], usize) -> Option<usize>,
    ) -> Option<()> {
        let free = self.octets.get_mut(self.length..)?;
        let (header, free) = free.split_first_chunk_mut::<FRAME_HEADER>()?;
        let message = free.get_mut(..LARGEST_MESSAGE)?;
        message.get_mut(..query.len())?.copy_from_slice(query);
        let length = u16::try_from(answer(message, query.len())?).ok()?;
        *header = length.to_be_bytes();
        self.length += FRAME_HEADER + usize::from(length);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_takes_the_place_of_its_query_behind_its_length() {
        let mut replies = Replies::new();
        let upper = |message: &mut [u8], length: usize| {
            message[..length].make_ascii_uppercase();
            Some(length)
        };
        assert!(replies.push(b"query", upper));
        assert!(!replies.push(b"junk", |_, _| None));
        assert!(replies.push(b"more", upper));
        assert_eq!(replies.as_bytes(), b"\0\x05QUERY\0\x04MORE");
    }

    #[test]
    fn the_largest_reply_fits_behind_what_is_not_yet_enough() {
        let mut replies = Replies::new();
        assert!(replies.push(&[], |_, _| Some(ENOUGH_TO_SEND - FRAME_HEADER - 1)));
        assert!(!replies.is_enough());
        assert!(replies.push(&[7; LARGEST_MESSAGE], |_, length| Some(length)));
        assert!(replies.is_enough());
        assert!(replies.as_bytes().ends_with(&[7; LARGEST_MESSAGE]));
    }
}

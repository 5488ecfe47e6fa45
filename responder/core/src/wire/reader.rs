//! A bounds-checked cursor over a received message.

use super::name::{NameBuf, NameError};

/// RFC 1035 section 4.1.1.
pub const HEADER_LEN: usize = 12;

/// The message ends inside a field, or a name in it is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadError {
    Short,
    Name(NameError),
}

impl From<NameError> for ReadError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

#[derive(Debug, Clone)]
pub struct Reader<'a> {
    message: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub fn new(message: &'a [u8]) -> Self {
        Self {
            message,
            position: 0,
        }
    }

    /// A reader of the same message from `position` on.
    pub fn at(&self, position: usize) -> Self {
        Self {
            message: self.message,
            position,
        }
    }

    pub fn position(&self) -> usize {
        self.position
    }

    pub fn is_at_end(&self) -> bool {
        self.position >= self.message.len()
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ReadError> {
        let end = self.position.saturating_add(count);
        let taken = self.message.get(self.position..end);
        self.position = end.min(self.message.len());
        taken.ok_or(ReadError::Short)
    }

    pub fn u8(&mut self) -> Result<u8, ReadError> {
        self.array::<1>().map(u8::from_be_bytes)
    }

    pub fn u16(&mut self) -> Result<u16, ReadError> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, ReadError> {
        self.array().map(u32::from_be_bytes)
    }

    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let rest = self.message.get(self.position..).unwrap_or(&[]);
        match rest.first_chunk() {
            Some(octets) => {
                self.position += N;
                Ok(*octets)
            }
            None => {
                self.position = self.message.len();
                Err(ReadError::Short)
            }
        }
    }

    /// Reads a name and follows its compression pointers (RFC 1035 section 4.1.4).
    ///
    /// Each pointer must point before the place where its run of labels began, so that no chain can loop, and
    /// behind the header, where no name is.
    pub fn name(&mut self) -> Result<NameBuf, ReadError> {
        let mut name = NameBuf::empty();
        let mut run = self.clone();
        let mut run_start = self.position;
        let mut end = None;
        loop {
            match run.u8()? {
                0 => break,
                length @ 1..=63 => name.push_label(run.take(length.into())?)?,
                high @ 0xC0.. => {
                    let target = usize::from(high & 0x3F) << 8 | usize::from(run.u8()?);
                    end.get_or_insert(run.position);
                    if target >= run_start || target < HEADER_LEN {
                        return Err(NameError::BadPointer.into());
                    }
                    run.position = target;
                    run_start = target;
                }
                _ => return Err(NameError::LabelTooLong.into()),
            }
        }
        name.push_root()?;
        self.position = end.unwrap_or(run.position);
        Ok(name)
    }
}

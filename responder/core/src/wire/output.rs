//! Octets that are written one after another into room that is given.

/// Counts on past the end of the room instead of writing there, so that whoever writes looks once, afterwards.
pub(super) struct Output<'a> {
    octets: &'a mut [u8],
    at: usize,
}

impl<'a> Output<'a> {
    /// Goes on behind the first `at` octets, which stay.
    pub fn behind(at: usize, octets: &'a mut [u8]) -> Self {
        Self { octets, at }
    }

    pub fn position(&self) -> usize {
        self.at
    }

    /// How much has been written, if the room was enough.
    pub fn written(&self) -> &[u8] {
        self.octets.get(..self.at).unwrap_or(self.octets)
    }

    pub fn truncate(&mut self, at: usize) {
        self.at = at;
    }

    #[inline]
    pub fn put(&mut self, octets: &[u8]) {
        let end = self.at + octets.len();
        if let Some(free) = self.octets.get_mut(self.at..end) {
            free.copy_from_slice(octets);
        }
        self.at = end;
    }

    /// Puts the first `length` of `octets`, which fill no more than the room behind if they are copied whole.
    #[inline]
    pub fn put_front<const N: usize>(&mut self, octets: &[u8; N], length: usize) {
        let end = self.at + length;
        if let Some(free) = self.octets.get_mut(self.at..self.at + N) {
            free.copy_from_slice(octets);
            self.at = end;
        } else {
            self.put(octets.get(..length).unwrap_or(octets));
        }
    }

    #[inline]
    pub fn put_u16(&mut self, number: u16) {
        self.put(&number.to_be_bytes());
    }

    /// Writes over what was put before.
    #[inline]
    pub fn replace<const N: usize>(&mut self, at: usize, octets: [u8; N]) {
        if let Some(before) = self.octets.get_mut(at..at + N) {
            before.copy_from_slice(&octets);
        }
    }
}

//! Extended DNS errors (RFC 8914): why an answer is what it is, for whoever operates the client.

/// The info-codes that we use, by their numbers in the IANA registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum ExtendedError {
    /// From a snapshot that is older than an edge should serve.
    StaleAnswer = 3,
    /// A fence keeps this client out.
    Prohibited = 18,
    /// As `StaleAnswer`, of a name that did not exist then.
    StaleNxDomain = 19,
    /// None of our zones holds the name.
    NotAuthoritative = 20,
    /// A class or type of question that nobody gets an answer to here.
    NotSupported = 21,
    /// The target of an ALIAS outside our zones could not be resolved.
    NoReachableAuthority = 22,
}

impl ExtendedError {
    pub fn code(self) -> u16 {
        self as u16
    }
}

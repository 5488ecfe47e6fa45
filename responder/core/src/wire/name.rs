//! Domain names in uncompressed wire format: borrowed (`Name`) and owned without a heap (`NameBuf`).
//!
//! Neither changes case by itself; lookups work on `NameBuf::lowered`.

use std::cmp::Ordering;
use std::fmt;

/// RFC 1035 section 2.3.4: a name takes 255 octets or less.
pub const MAX_NAME: usize = 255;
/// RFC 1035 section 2.3.4: a label takes 63 octets or less.
pub const MAX_LABEL: usize = 63;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// The octets end inside the name.
    Truncated,
    /// A label is longer than 63 octets or uses a reserved label type.
    LabelTooLong,
    /// The name is longer than 255 octets.
    NameTooLong,
    /// A compression pointer where none may stand, or one that does not point backwards.
    BadPointer,
    /// Octets follow a name that should have ended its field.
    TrailingOctets,
    /// Two dots in a row, or a dot at the start.
    EmptyLabel,
    /// A backslash that is not followed by a character or by three digits up to 255.
    BadEscape,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the name is cut short",
            Self::LabelTooLong => "a label is longer than 63 octets",
            Self::NameTooLong => "the name is longer than 255 octets",
            Self::BadPointer => "a compression pointer that does not point backwards",
            Self::TrailingOctets => "octets follow the name",
            Self::EmptyLabel => "an empty label",
            Self::BadEscape => "a malformed escape",
        })
    }
}

impl std::error::Error for NameError {}

/// A well-formed, absolute, uncompressed name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    octets: &'a [u8],
}

impl<'a> Name<'a> {
    pub const ROOT: Name<'static> = Name { octets: &[0] };

    /// Reads a name from the front of `octets` and returns it with what follows.
    pub fn split_from(octets: &'a [u8]) -> Result<(Self, &'a [u8]), NameError> {
        let mut length = 0;
        loop {
            match octets.get(length) {
                None => return Err(NameError::Truncated),
                Some(0) => break,
                Some(&label) if usize::from(label) <= MAX_LABEL => length += usize::from(label) + 1,
                Some(&label) if label >= 0xC0 => return Err(NameError::BadPointer),
                Some(_) => return Err(NameError::LabelTooLong),
            }
            if length >= MAX_NAME {
                return Err(NameError::NameTooLong);
            }
        }
        let (octets, rest) = octets
            .split_at_checked(length + 1)
            .ok_or(NameError::Truncated)?;
        Ok((Self { octets }, rest))
    }

    /// The name that fills `octets` exactly.
    pub fn whole(octets: &'a [u8]) -> Result<Self, NameError> {
        match Self::split_from(octets)? {
            (name, []) => Ok(name),
            _ => Err(NameError::TrailingOctets),
        }
    }

    /// The name in octets that were found to be one before, such as those of a loaded zone.
    pub(crate) fn known(octets: &'a [u8]) -> Self {
        debug_assert!(Self::whole(octets).is_ok());
        Self { octets }
    }

    pub fn as_bytes(self) -> &'a [u8] {
        self.octets
    }

    pub fn is_root(self) -> bool {
        self.octets.len() == 1
    }

    /// The first label with the name behind it; `None` for the root.
    pub fn split_label(self) -> Option<(&'a [u8], Self)> {
        let (&length, rest) = self.octets.split_first()?;
        let (label, octets) = rest.split_at_checked(usize::from(length))?;
        (length > 0).then_some((label, Self { octets }))
    }

    /// The name without its first label; `None` for the root.
    pub fn parent(self) -> Option<Self> {
        self.split_label().map(|(_, parent)| parent)
    }

    /// The name and all names above it, the root last.
    pub fn ancestors(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |name| name.parent())
    }

    /// Labels from the leftmost on, without the root's empty one.
    pub fn labels(self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let (label, parent) = rest.split_label()?;
            rest = parent;
            Some(label)
        })
    }

    pub fn label_count(self) -> usize {
        self.labels().count()
    }

    /// The ancestor with `count` labels; the name itself if it has no more than that.
    pub fn with_labels(self, count: usize) -> Self {
        let surplus = self.label_count().saturating_sub(count);
        self.ancestors().nth(surplus).unwrap_or(self)
    }

    /// Whether the name is `ancestor` or below it. Compares octets: both must be lower-cased alike.
    pub fn is_within(self, ancestor: Name<'_>) -> bool {
        self.with_labels(ancestor.label_count()).octets == ancestor.octets
    }

    pub fn is_wildcard(self) -> bool {
        self.octets.starts_with(b"\x01*")
    }

    pub fn is_lowered(self) -> bool {
        !self.octets.iter().any(u8::is_ascii_uppercase)
    }

    /// RFC 4034 section 6.1: sorted by labels from the right, each as octets, absent before empty.
    pub fn canonical_cmp(self, other: Name<'_>) -> Ordering {
        let (mine, my_count) = label_starts(self.octets);
        let (theirs, their_count) = label_starts(other.octets);
        let mine = mine.iter().take(my_count).rev();
        let theirs = theirs.iter().take(their_count).rev();
        for (&left, &right) in mine.zip(theirs) {
            let order = label_at(self.octets, left).cmp(label_at(other.octets, right));
            if order != Ordering::Equal {
                return order;
            }
        }
        my_count.cmp(&their_count)
    }
}

/// Where each label starts, and how many there are; 127 labels fit into 255 octets.
fn label_starts(octets: &[u8]) -> ([u8; 128], usize) {
    let mut starts = [0; 128];
    let (mut position, mut count) = (0usize, 0);
    while let Some(&length) = octets.get(position)
        && length > 0
        && let Some(start) = starts.get_mut(count)
    {
        *start = position as u8;
        count += 1;
        position += usize::from(length) + 1;
    }
    (starts, count)
}

fn label_at(octets: &[u8], start: u8) -> &[u8] {
    let start = usize::from(start);
    let length = usize::from(octets.get(start).copied().unwrap_or(0));
    octets.get(start + 1..start + 1 + length).unwrap_or(&[])
}

/// Presentation format with the final dot (RFC 1035 section 5.1).
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for label in self.labels() {
            for &octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                        write!(f, "\\{}", char::from(octet))?;
                    }
                    0x21..=0x7e => write!(f, "{}", char::from(octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A name that owns its octets, without a heap.
#[derive(Clone, Copy)]
pub struct NameBuf {
    octets: [u8; MAX_NAME],
    length: u8,
}

impl NameBuf {
    pub const ROOT: Self = Self {
        octets: [0; MAX_NAME],
        length: 1,
    };

    const EMPTY: Self = Self {
        octets: [0; MAX_NAME],
        length: 0,
    };

    /// Parses presentation format; the final dot may be missing, the name is absolute all the same.
    pub fn from_text(text: &str) -> Result<Self, NameError> {
        let mut name = Self::EMPTY;
        if text == "." {
            return Ok(Self::ROOT);
        }
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let (label, length, after) = text_label(rest)?;
            name.push_label(label.get(..length).unwrap_or(&[]))?;
            rest = after;
        }
        if name.length == 0 {
            return Err(NameError::EmptyLabel);
        }
        name.push_root()?;
        Ok(name)
    }

    /// `name` in lower case.
    pub fn lowered(name: Name<'_>) -> Self {
        let mut lowered = Self::from(name);
        lowered.octets.make_ascii_lowercase();
        lowered
    }

    /// RFC 6672 section 2.2: `name` with its ancestor `owner` replaced by `target`; an error if that gets too long.
    pub fn substituted(
        name: Name<'_>,
        owner: Name<'_>,
        target: Name<'_>,
    ) -> Result<Self, NameError> {
        let kept = name.label_count().saturating_sub(owner.label_count());
        let mut substitute = Self::EMPTY;
        for label in name.labels().take(kept).chain(target.labels()) {
            substitute.push_label(label)?;
        }
        substitute.push_root()?;
        Ok(substitute)
    }

    pub fn as_name(&self) -> Name<'_> {
        let octets = self.octets.get(..usize::from(self.length));
        octets.map_or(Name::ROOT, |octets| Name { octets })
    }

    /// Starts a name that is built label by label and ended with `push_root`.
    pub(super) fn empty() -> Self {
        Self::EMPTY
    }

    pub(super) fn push_label(&mut self, label: &[u8]) -> Result<(), NameError> {
        if label.len() > MAX_LABEL {
            return Err(NameError::LabelTooLong);
        }
        self.push(&[label.len() as u8])?;
        self.push(label)
    }

    pub(super) fn push_root(&mut self) -> Result<(), NameError> {
        self.push(&[0])
    }

    fn push(&mut self, octets: &[u8]) -> Result<(), NameError> {
        let start = usize::from(self.length);
        let free = self.octets.get_mut(start..start + octets.len());
        free.ok_or(NameError::NameTooLong)?.copy_from_slice(octets);
        self.length = (start + octets.len()) as u8;
        Ok(())
    }
}

impl From<Name<'_>> for NameBuf {
    fn from(name: Name<'_>) -> Self {
        let mut owned = Self::EMPTY;
        for (to, from) in owned.octets.iter_mut().zip(name.octets) {
            *to = *from;
        }
        owned.length = name.octets.len() as u8;
        owned
    }
}

impl PartialEq for NameBuf {
    fn eq(&self, other: &Self) -> bool {
        self.as_name() == other.as_name()
    }
}

impl Eq for NameBuf {}

impl fmt::Debug for NameBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_name(), f)
    }
}

/// One label of presentation text: its octets, their number and the text behind its dot.
fn text_label(text: &[u8]) -> Result<([u8; MAX_LABEL], usize, &[u8]), NameError> {
    let mut label = [0; MAX_LABEL];
    let mut length = 0;
    let mut rest = text;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        let octet = match octet {
            b'.' => break,
            b'\\' => {
                let (octet, after) = text_escape(rest)?;
                rest = after;
                octet
            }
            octet => octet,
        };
        *label.get_mut(length).ok_or(NameError::LabelTooLong)? = octet;
        length += 1;
    }
    match length {
        0 => Err(NameError::EmptyLabel),
        _ => Ok((label, length, rest)),
    }
}

fn text_escape(text: &[u8]) -> Result<(u8, &[u8]), NameError> {
    match text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
            let value = [a, b, c]
                .iter()
                .fold(0u32, |sum, digit| sum * 10 + u32::from(**digit - b'0'));
            let octet = u8::try_from(value).map_err(|_| NameError::BadEscape)?;
            Ok((octet, rest))
        }
        [b'0'..=b'9', ..] | [] => Err(NameError::BadEscape),
        [octet, rest @ ..] => Ok((*octet, rest)),
    }
}

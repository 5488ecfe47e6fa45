//! Versions 1 and 2 of the manifest (`docs/snapshot-format.md`): the first names all zones itself, the second by lists.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::digest::Digest;
use super::error::SnapshotError;
use super::listed::Listed;
use super::zone_list::{self, ZoneDigests};
use super::{Chunks, World};
use crate::wire::NameBuf;
use crate::wire::name::{MAX_LABEL, MAX_NAME};

const WITHOUT_LISTS: u64 = 1;
const WITH_LISTS: u64 = 2;
pub(super) const MALFORMED_DIGEST: &str = "a digest is 64 lower-case hexadecimal digits";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u64,
    generation: u64,
    created: String,
    zones: Listed,
    policies: String,
    geo: Listed,
}

/// Which chunks make up a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub generation: u64,
    /// When, as the control plane wrote it: nothing is decided by it.
    pub created: String,
    /// Sorted by number.
    pub lists: Vec<ZoneList>,
    pub policies: Digest,
    /// Role and MMDB file, sorted by role.
    pub geo: Vec<(String, Digest)>,
}

/// Some of the zones: those whose origins lead to this number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneList {
    pub number: u8,
    pub zones: ListedZones,
}

/// Where it is written which zones a list has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedZones {
    /// In the manifest.
    Here(ZoneDigests),
    /// In this chunk.
    In(Digest),
}

impl Manifest {
    pub fn parse(json: &[u8]) -> Result<Self, SnapshotError> {
        let written = read(json)?;
        if written.generation == 0 {
            return Err(field("generation", "must be at least 1"));
        }
        Ok(Self {
            generation: written.generation,
            created: written.created,
            lists: match written.format {
                WITH_LISTS => lists(written.zones)?,
                _ => lists_here(written.zones)?,
            },
            policies: digest("policies", &written.policies)?,
            geo: digests("geo", written.geo)?,
        })
    }

    /// The digests of the chunks that it names itself.
    pub fn digests(&self) -> Vec<Digest> {
        let mut digests = vec![self.policies];
        for list in &self.lists {
            match &list.zones {
                ListedZones::Here(zones) => digests.extend(zones.iter().map(|(_, digest)| *digest)),
                ListedZones::In(digest) => digests.push(*digest),
            }
        }
        digests.extend(self.geo.iter().map(|(_, digest)| *digest));
        digests
    }

    /// The digests of the zone lists that `previous` does not hold already.
    pub fn lists_missing_from(&self, previous: Option<&World>) -> Vec<Digest> {
        let lists = self.lists.iter().filter_map(|list| match list.zones {
            ListedZones::In(digest) if !holds_list(previous, list.number, &digest) => Some(digest),
            _ => None,
        });
        lists.collect()
    }

    /// The digests of all chunks that `previous` does not hold already; of zone lists that are not in `chunks` only
    /// their own.
    pub fn missing_from(
        &self,
        previous: Option<&World>,
        chunks: &Chunks<'_>,
    ) -> Result<Vec<Digest>, SnapshotError> {
        let mut missing = Vec::new();
        for list in &self.lists {
            match &list.zones {
                ListedZones::Here(zones) => {
                    missing.extend(missing_zones(list.number, zones, previous));
                }
                ListedZones::In(digest) if holds_list(previous, list.number, digest) => {}
                ListedZones::In(digest) => {
                    missing.push(*digest);
                    if chunks.contains_key(digest) {
                        let zones = zone_list::read(list.number, *digest, chunks)?;
                        missing.extend(missing_zones(list.number, &zones, previous));
                    }
                }
            }
        }
        if !previous.is_some_and(|world| world.has_policies(&self.policies)) {
            missing.push(self.policies);
        }
        // A geo file is opened for its role.
        let held = |role: &str, digest: &Digest| previous?.geo_file(role, digest);
        let geo = self.geo.iter();
        let geo = geo.filter(|(role, digest)| held(role, digest).is_none());
        missing.extend(geo.map(|(_, digest)| *digest));
        Ok(missing)
    }
}

fn holds_list(previous: Option<&World>, number: u8, digest: &Digest) -> bool {
    previous.is_some_and(|world| world.zones.held_list(number, digest).is_some())
}

fn missing_zones(number: u8, listed: &[(String, Digest)], previous: Option<&World>) -> Vec<Digest> {
    let Some(previous) = previous else {
        return listed.iter().map(|(_, digest)| *digest).collect();
    };
    let zones = listed.iter().zip(previous.zones.held(number, listed));
    let missing = zones.filter(|(_, held)| held.is_none());
    missing.map(|((_, digest), _)| *digest).collect()
}

fn read(json: &[u8]) -> Result<Written, SnapshotError> {
    /// Of another version, nothing else is known.
    #[derive(Deserialize)]
    struct Versioned {
        format: u64,
    }
    let shape = |error: serde_json::Error| SnapshotError::Manifest {
        reason: error.to_string(),
    };
    let read = serde_json::from_slice::<Written>(json);
    let format = match &read {
        Ok(written) => written.format,
        Err(_) => {
            let Versioned { format } = serde_json::from_slice(json).map_err(shape)?;
            format
        }
    };
    match format {
        WITHOUT_LISTS | WITH_LISTS => read.map_err(shape),
        format => Err(SnapshotError::UnknownFormat { format }),
    }
}

fn lists(listed: Listed) -> Result<Vec<ZoneList>, SnapshotError> {
    let lists = digests("zones", listed)?.into_iter();
    let lists = lists.map(|(name, digest)| match list_number(&name) {
        Some(number) => Ok(ZoneList {
            number,
            zones: ListedZones::In(digest),
        }),
        None => Err(field(
            &format!("zones: {name}"),
            "a zone list is named by two lower-case hexadecimal digits",
        )),
    });
    lists.collect()
}

/// Two digits say the same order as the numbers do.
fn list_number(name: &str) -> Option<u8> {
    let number = u8::from_str_radix(name, 16).ok()?;
    (format!("{number:02x}") == name).then_some(number)
}

fn lists_here(listed: Listed) -> Result<Vec<ZoneList>, SnapshotError> {
    let mut by_number = BTreeMap::<u8, ZoneDigests>::new();
    for (origin, digest) in digests("zones", listed)? {
        check_origin(&origin).map_err(|reason| field(&format!("zones: {origin}"), reason))?;
        let list = by_number.entry(zone_list::number_of(&origin));
        list.or_default().push((origin, digest));
    }
    let lists = by_number.into_iter().map(|(number, zones)| ZoneList {
        number,
        zones: ListedZones::Here(zones),
    });
    Ok(lists.collect())
}

fn digests(field: &str, Listed(listed): Listed) -> Result<Vec<(String, Digest)>, SnapshotError> {
    let pairs = listed.into_iter().map(|(key, digest)| match digest {
        Some(digest) => Ok((key, digest)),
        None => Err(malformed(&format!("{field}: {key}"))),
    });
    pairs.collect()
}

fn digest(of: &str, text: &str) -> Result<Digest, SnapshotError> {
    text.parse().map_err(|_| malformed(of))
}

fn malformed(of: &str) -> SnapshotError {
    field(of, MALFORMED_DIGEST)
}

pub(super) fn check_origin(origin: &str) -> Result<(), &'static str> {
    if is_plain(origin) {
        return Ok(());
    }
    let canonical = NameBuf::from_text(origin)
        .is_ok_and(|name| name.as_name().is_lowered() && name.as_name().to_string() == origin);
    match canonical {
        true => Ok(()),
        false => Err("an origin is a lower-case name with its final dot"),
    }
}

/// What nearly all origins are: labels of letters, digits, hyphens and underscores, each with its dot.
fn is_plain(origin: &str) -> bool {
    let mut label = 0;
    for octet in origin.bytes() {
        match octet {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' if label < MAX_LABEL => label += 1,
            b'.' if label > 0 => label = 0,
            _ => return false,
        }
    }
    // On the wire a name takes one octet more than as text with its final dot.
    label == 0 && (1..MAX_NAME).contains(&origin.len())
}

fn field(field: &str, reason: &'static str) -> SnapshotError {
    SnapshotError::Field {
        field: field.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_plain_is_canonical(origin in "[a-z0-9_.\\\\-]{0,12}|([a-z]{50,64}\\.){1,5}") {
            if is_plain(&origin) {
                let name = NameBuf::from_text(&origin).unwrap();
                prop_assert!(name.as_name().is_lowered());
                prop_assert_eq!(name.as_name().to_string(), origin);
            }
        }
    }

    #[test]
    fn common_origins_are_plain() {
        for origin in ["example.test.", "a-b.c_d.2.", "com."] {
            assert!(is_plain(origin), "{origin}");
        }
    }
}

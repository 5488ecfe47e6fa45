//! Zone lists (`docs/snapshot-format.md`): a manifest names lists, and these the zones, so that a changed zone changes
//! one short list.

use super::digest::Digest;
use super::error::SnapshotError;
use super::listed::Listed;
use super::manifest::{MALFORMED_DIGEST, check_origin};
use super::open::{Chunks, verified};

/// Origin and chunk of zones, sorted by origin as text.
pub type ZoneDigests = Vec<(String, Digest)>;

/// The number of the list that the zone of an origin is in: the first octet of the SHA-256 of the origin as text.
pub(super) fn number_of(origin: &str) -> u8 {
    Digest::of(origin.as_bytes()).first_octet()
}

/// The zones that the list `number`, whose chunk is `digest`, names.
pub(super) fn read(
    number: u8,
    digest: Digest,
    chunks: &Chunks<'_>,
) -> Result<ZoneDigests, SnapshotError> {
    parse(
        number,
        verified(chunks, &format!("zone list {number:02x}"), digest)?,
    )
}

fn parse(number: u8, json: &[u8]) -> Result<ZoneDigests, SnapshotError> {
    let refused = |reason: String| SnapshotError::ZoneList { number, reason };
    let Listed(listed) =
        serde_json::from_slice(json).map_err(|error| refused(error.to_string()))?;
    if listed.is_empty() {
        return Err(refused("a list without zones is left out".to_owned()));
    }
    let zones = listed.into_iter().map(|(origin, digest)| {
        let digest = digest.ok_or(MALFORMED_DIGEST);
        let zone = check_origin(&origin).and(digest).map_err(str::to_owned);
        let digest = zone.and_then(|digest| match number_of(&origin) {
            own if own == number => Ok(digest),
            other => Err(format!("the zone is one of list {other:02x}")),
        });
        match digest {
            Ok(digest) => Ok((origin, digest)),
            Err(reason) => Err(refused(format!("{origin}: {reason}"))),
        }
    });
    zones.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_in_the_list_that_its_origin_says() {
        let origin = "demo.test.";
        let number = number_of(origin);
        let json = format!(r#"{{"{origin}":"{}"}}"#, "0".repeat(64));
        assert_eq!(parse(number, json.as_bytes()).unwrap().len(), 1);
        let elsewhere = parse(number ^ 1, json.as_bytes()).unwrap_err().to_string();
        assert!(
            elsewhere.contains(&format!("the zone is one of list {number:02x}")),
            "{elsewhere}"
        );
    }
}

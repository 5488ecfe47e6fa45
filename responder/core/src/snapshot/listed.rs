//! The maps of a manifest, read straight into sorted lists: a manifest can name tens of thousands of zones.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::digest::Digest;

/// Keys with the digest of each, sorted by key; none where the text is no digest.
pub(super) struct Listed(pub Vec<(String, Option<Digest>)>);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ListedVisitor)
    }
}

struct ListedVisitor;

impl<'de> Visitor<'de> for ListedVisitor {
    type Value = Listed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from name to digest")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listed, A::Error> {
        let mut listed = Vec::with_capacity(map.size_hint().unwrap_or(0));
        while let Some((key, Text(digest))) = map.next_entry::<String, Text>()? {
            listed.push((key, digest));
        }
        if !listed.is_sorted_by(|(a, _), (b, _)| a < b) {
            listed.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        let mut neighbours = listed.iter().zip(listed.iter().skip(1));
        match neighbours.find(|((a, _), (b, _))| a == b) {
            Some(((key, _), _)) => Err(Error::custom(format!("{key:?} is listed twice"))),
            None => Ok(Listed(listed)),
        }
    }
}

struct Text(Option<Digest>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.parse().ok()))
    }
}

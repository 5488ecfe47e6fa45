//! One schema for the records of every vendor.
//!
//! | vendor | country | continent | subdivision | position | autonomous system |
//! |---|---|---|---|---|---|
//! | MaxMind, DB-IP | `country.iso_code` | `continent.code` | `subdivisions[0].iso_code` | `location.{latitude,longitude}` | `autonomous_system_number` |
//! | IPinfo | `country_code`, or `country` | `continent_code`, or `continent` | `region_code` | `lat`, `lng`, or `loc` | `asn: "AS64500"` |
//! | flat | `country_code` | | `state1` | `latitude`, `longitude` | `autonomous_system_number` |

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Continent, CountryIndex, Position, Subdivision, countries};

/// The fields of a record that decide anything, as they came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    country: Code<'a>,
    #[serde(borrow)]
    registered_country: Code<'a>,
    #[serde(borrow)]
    country_code: Code<'a>,
    #[serde(borrow)]
    continent: Code<'a>,
    #[serde(borrow)]
    continent_code: Code<'a>,
    #[serde(borrow)]
    subdivisions: First<'a>,
    #[serde(borrow)]
    region_code: Code<'a>,
    #[serde(borrow)]
    state1: Code<'a>,
    location: Coordinates,
    #[serde(alias = "lat")]
    latitude: Number,
    #[serde(alias = "lng", alias = "lon")]
    longitude: Number,
    #[serde(borrow)]
    loc: Code<'a>,
    #[serde(alias = "autonomous_system_number")]
    asn: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Coordinates {
    latitude: Number,
    longitude: Number,
}

impl Record<'_> {
    pub(super) fn country(&self) -> Option<CountryIndex> {
        [&self.country, &self.country_code, &self.registered_country]
            .into_iter()
            .find_map(|code| countries::find(code.0?))
    }

    pub(super) fn continent(&self) -> Option<Continent> {
        [&self.continent, &self.continent_code]
            .into_iter()
            .find_map(|code| Continent::from_code(code.0?))
    }

    pub(super) fn subdivision(&self, country: [u8; 2]) -> Option<Subdivision> {
        [&self.subdivisions.0, &self.region_code, &self.state1]
            .into_iter()
            .find_map(|code| Subdivision::new(country, code.0?))
    }

    pub(super) fn position(&self) -> Option<Position> {
        let apart = |text: &str| {
            let (latitude, longitude) = text.split_once(',')?;
            Some((
                latitude.trim().parse().ok()?,
                longitude.trim().parse().ok()?,
            ))
        };
        let (latitude, longitude) = pair(&self.location.latitude, &self.location.longitude)
            .or_else(|| pair(&self.latitude, &self.longitude))
            .or_else(|| self.loc.0.and_then(apart))?;
        let on_globe = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        on_globe.then(|| Position::new(latitude, longitude))
    }

    pub(super) fn asn(&self) -> Option<u32> {
        self.asn.0.map(|number| number as u32)
    }
}

fn pair(latitude: &Number, longitude: &Number) -> Option<(f64, f64)> {
    Some((latitude.0?, longitude.0?))
}

/// A code written plainly, or in a map under `iso_code` or `code`.
#[derive(Debug, Default)]
struct Code<'a>(Option<&'a str>);

/// The code of the first element of a list.
#[derive(Debug, Default)]
struct First<'a>(Code<'a>);

/// A number written as a float, an integer or text, which may start with `AS`.
#[derive(Debug, Default)]
struct Number(Option<f64>);

impl<'de: 'a, 'a> Deserialize<'de> for Code<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CodeVisitor)
    }
}

struct CodeVisitor;

impl<'de> Visitor<'de> for CodeVisitor {
    type Value = Code<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a code, or a map with one")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Code(Some(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut code = Code(None);
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "iso_code" | "code" => code = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(code)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FirstVisitor)
    }
}

struct FirstVisitor;

impl<'de> Visitor<'de> for FirstVisitor {
    type Value = First<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of subdivisions, the largest first")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let first = list.next_element()?.unwrap_or_default();
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(First(first))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, as such or as text")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number(Some(number)))
    }

    fn visit_f32<E>(self, number: f32) -> Result<Number, E> {
        Ok(Number(Some(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number(Some(number as f64)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
        Ok(Number(Some(number as f64)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Number, E> {
        let digits = text.strip_prefix("AS").unwrap_or(text);
        Ok(Number(digits.parse().ok()))
    }
}

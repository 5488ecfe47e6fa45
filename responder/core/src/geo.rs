//! Where clients are: MMDB files behind one schema, with country centroids where a file has no coordinates.
//!
//! ```text
//! address ─► city file ─┐
//!            country ───┴─► place: continent, country, subdivision, position + the prefix it holds for
//!            asn file ─────► autonomous system                               + the prefix it holds for
//! ```
//!
//! A file's match says for which prefix it holds; that becomes the scope of answers (RFC 7871 section 7.2.1).

pub mod codes;
pub mod countries;
mod record;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use maxminddb::Reader;

pub use codes::{Continent, Subdivision};
pub use countries::{Country, CountryIndex};
use record::Record;

/// What a file is asked for, in the manifest's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeoRole {
    Country,
    City,
    Asn,
}

impl GeoRole {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "country" => Some(Self::Country),
            "city" => Some(Self::City),
            "asn" => Some(Self::Asn),
            _ => None,
        }
    }
}

/// A geo file that cannot be used. The message names its role.
#[derive(Debug, PartialEq, Eq)]
pub enum GeoError {
    UnknownRole(String),
    Twice(&'static str),
    Unreadable { role: String, reason: String },
}

impl fmt::Display for GeoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownRole(role) => {
                write!(
                    f,
                    "geo file \"{role}\": no such role; it is country, city or asn"
                )
            }
            Self::Twice(role) => write!(f, "geo file \"{role}\": given twice"),
            Self::Unreadable { role, reason } => {
                write!(f, "geo file \"{role}\": not a readable MMDB file: {reason}")
            }
        }
    }
}

impl std::error::Error for GeoError {}

/// A point on the globe as a unit vector: distances need no trigonometry of the query but one arcsine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    pub latitude: f64,
    pub longitude: f64,
    unit: [f64; 3],
}

impl Position {
    /// `latitude` and `longitude` in degrees.
    pub fn new(latitude: f64, longitude: f64) -> Self {
        let (sin_latitude, cos_latitude) = libm::sincos(latitude.to_radians());
        let (sin_longitude, cos_longitude) = libm::sincos(longitude.to_radians());
        Self {
            latitude,
            longitude,
            unit: [
                cos_latitude * cos_longitude,
                cos_latitude * sin_longitude,
                sin_latitude,
            ],
        }
    }

    /// Great-circle distance on the mean Earth radius.
    pub fn distance_km(&self, other: &Self) -> f64 {
        const EARTH_RADIUS_KM: f64 = 6371.0088;
        let [x, y, z] = self.unit;
        let [u, v, w] = other.unit;
        let chord = libm::sqrt((x - u) * (x - u) + (y - v) * (y - v) + (z - w) * (z - w));
        2.0 * EARTH_RADIUS_KM * libm::asin((chord / 2.0).min(1.0))
    }
}

/// What gave a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionSource {
    /// A record's own coordinates.
    City,
    /// The table of countries.
    Country,
}

impl PositionSource {
    pub fn name(self) -> &'static str {
        match self {
            Self::City => "city",
            Self::Country => "country",
        }
    }
}

/// What is known of an address. `scope` is the length of the prefix around it for which all of it holds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Location {
    pub continent: Option<Continent>,
    pub country: Option<CountryIndex>,
    pub subdivision: Option<Subdivision>,
    pub position: Option<Position>,
    pub position_source: Option<PositionSource>,
    pub scope: u8,
}

type File = Reader<Arc<[u8]>>;

/// The geo files of one snapshot.
#[derive(Debug, Default)]
pub struct GeoData {
    country: Option<File>,
    city: Option<File>,
    asn: Option<File>,
}

impl GeoData {
    /// Opens the manifest's files, given as role and bytes. The bytes are shared, not copied.
    pub fn open<'a>(
        files: impl IntoIterator<Item = (&'a str, Arc<[u8]>)>,
    ) -> Result<Self, GeoError> {
        let mut geo = Self::default();
        for (name, bytes) in files {
            geo.add(name, bytes)?;
        }
        Ok(geo)
    }

    fn add(&mut self, name: &str, bytes: Arc<[u8]>) -> Result<(), GeoError> {
        let role =
            GeoRole::from_name(name).ok_or_else(|| GeoError::UnknownRole(name.to_owned()))?;
        let file = Reader::from_source(bytes).map_err(|error| GeoError::Unreadable {
            role: name.to_owned(),
            reason: error.to_string(),
        })?;
        let (slot, role) = match role {
            GeoRole::Country => (&mut self.country, "country"),
            GeoRole::City => (&mut self.city, "city"),
            GeoRole::Asn => (&mut self.asn, "asn"),
        };
        match slot.replace(file) {
            None => Ok(()),
            Some(_) => Err(GeoError::Twice(role)),
        }
    }

    /// The place of `address`: from the city file, and from the country file where that names no country.
    pub fn locate(&self, address: IpAddr) -> Location {
        let (city, city_scope) = look_up(self.city.as_ref(), address);
        if let Some(country) = city.country() {
            return place(&city, country, city_scope);
        }
        let (record, scope) = look_up(self.country.as_ref(), address);
        let scope = scope.max(city_scope);
        match record.country() {
            Some(country) => place(&record, country, scope),
            None => Location {
                continent: record.continent().or(city.continent()),
                scope,
                ..Location::default()
            },
        }
    }

    /// The autonomous system that announces `address`, and the length of the prefix for which that holds.
    pub fn asn(&self, address: IpAddr) -> (Option<u32>, u8) {
        let (record, scope) = look_up(self.asn.as_ref(), address);
        (record.asn(), scope)
    }
}

fn place(record: &Record<'_>, country: CountryIndex, scope: u8) -> Location {
    let entry = countries::country(country);
    let (position, source) = match record.position() {
        Some(position) => (position, PositionSource::City),
        None => (entry.position, PositionSource::Country),
    };
    Location {
        continent: record.continent().or(Some(entry.continent)),
        country: Some(country),
        subdivision: record.subdivision(entry.code),
        position: Some(position),
        position_source: Some(source),
        scope,
    }
}

/// The record of `address` and its prefix length; nothing, for every address alike, from a file that is missing,
/// holds another address family or cannot be decoded.
fn look_up(file: Option<&File>, address: IpAddr) -> (Record<'_>, u8) {
    let Some(found) = file.and_then(|file| file.lookup(address).ok()) else {
        return (Record::default(), 0);
    };
    let scope = match (found.network(), address) {
        (Ok(network), _) if network.is_ipv4() == address.is_ipv4() => network.prefix(),
        _ => 0,
    };
    let record = found.decode::<Record<'_>>().ok().flatten();
    (record.unwrap_or_default(), scope)
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

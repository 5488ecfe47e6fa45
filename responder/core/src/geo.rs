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
mod file;
mod prefix_map;
mod record;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use maxminddb::MaxMindDbError;

pub use codes::{Continent, Subdivision};
pub use countries::{Country, CountryIndex};
use file::File;
use prefix_map::{Leaf, MOST_VALUES};
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
        let chord = libm::sqrt(self.chord_squared(other));
        2.0 * EARTH_RADIUS_KM * libm::asin((chord / 2.0).min(1.0))
    }

    /// The square of the straight line through the globe, in radii: it orders as the distance does.
    pub(crate) fn chord_squared(&self, other: &Self) -> f64 {
        let [x, y, z] = self.unit;
        let [u, v, w] = other.unit;
        (x - u) * (x - u) + (y - v) * (y - v) + (z - w) * (z - w)
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

/// Where an address was found in the files: what tells its location from others, without a look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub place: PlaceNumber,
    pub country: Option<CountryIndex>,
    /// As in `Location`.
    pub scope: u8,
}

/// Addresses with the same number have the same location, but for its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlaceNumber {
    city: u32,
    /// 0 where the city file names a country: this one is not asked.
    country: u32,
}

impl PlaceNumber {
    pub const BITS: u32 = 2 * MOST_VALUES.trailing_zeros();

    pub fn to_bits(self) -> u64 {
        u64::from(self.city) << (Self::BITS / 2) | u64::from(self.country)
    }
}

/// A file of places, and beside each its country, which is all that counting needs to know of most of them.
pub struct Places {
    file: File<Place>,
    countries: Box<[Option<CountryIndex>]>,
}

impl Places {
    fn new(file: File<Place>) -> Self {
        let countries = file.values().iter().map(|place| place.country).collect();
        Self { file, countries }
    }

    fn country(&self, number: u32) -> Option<CountryIndex> {
        self.countries.get(number as usize).copied().flatten()
    }

    fn place(&self, number: u32) -> Option<&Place> {
        self.file.values().get(number as usize)
    }
}

/// One opened file of a snapshot, by its role.
pub enum GeoFile {
    Country(Arc<Places>),
    City(Arc<Places>),
    Asn(Arc<File<Option<u32>>>),
}

impl GeoFile {
    /// Opens a file given as the manifest's role and the file's octets, which are not needed afterwards.
    pub fn open(role: &str, octets: &[u8]) -> Result<Self, GeoError> {
        let unreadable = |error: MaxMindDbError| GeoError::Unreadable {
            role: role.to_owned(),
            reason: error.to_string(),
        };
        let places = || {
            let file = File::open(octets, Place::of_record);
            file.map(|file| Arc::new(Places::new(file)))
                .map_err(unreadable)
        };
        match GeoRole::from_name(role) {
            None => Err(GeoError::UnknownRole(role.to_owned())),
            Some(GeoRole::Country) => places().map(Self::Country),
            Some(GeoRole::City) => places().map(Self::City),
            Some(GeoRole::Asn) => {
                let file = File::open(octets, |record| record.asn());
                file.map(|file| Self::Asn(Arc::new(file)))
                    .map_err(unreadable)
            }
        }
    }
}

/// The geo files of one snapshot.
#[derive(Default)]
pub struct GeoData {
    country: Option<Arc<Places>>,
    city: Option<Arc<Places>>,
    asn: Option<Arc<File<Option<u32>>>>,
}

impl GeoData {
    /// Of files with different roles.
    pub fn new<'f>(files: impl IntoIterator<Item = &'f GeoFile>) -> Result<Self, GeoError> {
        let mut geo = Self::default();
        for file in files {
            let (taken, role) = match file {
                GeoFile::Country(file) => (geo.country.replace(file.clone()).is_some(), "country"),
                GeoFile::City(file) => (geo.city.replace(file.clone()).is_some(), "city"),
                GeoFile::Asn(file) => (geo.asn.replace(file.clone()).is_some(), "asn"),
            };
            if taken {
                return Err(GeoError::Twice(role));
            }
        }
        Ok(geo)
    }

    /// The place of `address`: from the city file, and from the country file where that names no country.
    pub fn locate(&self, address: IpAddr) -> Location {
        self.location(self.sight(address))
    }

    #[inline]
    pub(crate) fn sight(&self, address: IpAddr) -> Sighting {
        let mut city = Leaf::default();
        if let Some(cities) = &self.city {
            city = cities.file.get(address);
            if let Some(country) = cities.country(city.value) {
                return Sighting {
                    place: PlaceNumber {
                        city: city.value,
                        country: 0,
                    },
                    country: Some(country),
                    scope: city.prefix,
                };
            }
        }
        let countries = self.country.as_ref();
        let country = countries.map_or(Leaf::default(), |countries| countries.file.get(address));
        Sighting {
            place: PlaceNumber {
                city: city.value,
                country: country.value,
            },
            country: countries.and_then(|countries| countries.country(country.value)),
            scope: country.prefix.max(city.prefix),
        }
    }

    pub(crate) fn location(&self, sighting: Sighting) -> Location {
        let Sighting { place, scope, .. } = sighting;
        let place_in = |places: &Option<Arc<Places>>, number| {
            let place = places.as_ref()?.place(number)?;
            Some(*place)
        };
        let city = place_in(&self.city, place.city).unwrap_or_default();
        if city.country.is_some() {
            return city.location(scope);
        }
        let country = place_in(&self.country, place.country).unwrap_or_default();
        Location {
            continent: country.continent.or(city.continent),
            ..country.location(scope)
        }
    }

    /// The autonomous system that announces `address`, and the length of the prefix for which that holds.
    pub fn asn(&self, address: IpAddr) -> (Option<u32>, u8) {
        // Without a file, nothing of every address alike.
        let Some(asns) = &self.asn else {
            return (None, 0);
        };
        let found = asns.get(address);
        let asn = asns.values().get(found.value as usize);
        (asn.copied().flatten(), found.prefix)
    }
}

/// What a record says, wherever it holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    continent: Option<Continent>,
    country: Option<CountryIndex>,
    subdivision: Option<Subdivision>,
    position: Option<Position>,
    position_source: Option<PositionSource>,
}

impl Place {
    fn of_record(record: &Record<'_>) -> Self {
        let Some(country) = record.country() else {
            return Self {
                continent: record.continent(),
                ..Self::default()
            };
        };
        let entry = countries::country(country);
        let (position, source) = match record.position() {
            Some(position) => (position, PositionSource::City),
            None => (entry.position, PositionSource::Country),
        };
        Self {
            continent: record.continent().or(Some(entry.continent)),
            country: Some(country),
            subdivision: record.subdivision(entry.code),
            position: Some(position),
            position_source: Some(source),
        }
    }

    fn location(&self, scope: u8) -> Location {
        Location {
            continent: self.continent,
            country: self.country,
            subdivision: self.subdivision,
            position: self.position,
            position_source: self.position_source,
            scope,
        }
    }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

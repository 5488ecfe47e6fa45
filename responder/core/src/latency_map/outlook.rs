//! What a map says of one client.

use super::groups::{Group, Kind};
use super::pages::{Found, key_of};
use super::row::Row;
use super::{Column, LatencyMap, PREFIX_V4, PREFIX_V6, Terms};
use crate::geo::{Location, Position, countries};
use crate::steering::Subnet;

/// No estimate says less.
const LEAST_RTT_MS: f64 = 0.1;

/// What carries an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// What is known of the client's own prefix.
    Cell,
    Network,
    Country,
    Distance,
    Everyone,
}

impl Source {
    pub fn name(self) -> &'static str {
        match self {
            Self::Cell => "its prefix",
            Self::Network => "its network",
            Self::Country => "its country",
            Self::Distance => "distance",
            Self::Everyone => "all clients",
        }
    }
}

/// A round trip that is expected of a client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub rtt_ms: f64,
    /// Its standard error; `None`: nobody measured, it is a guess by distance.
    pub error_ms: Option<f64>,
    pub source: Source,
    /// Observations behind what carries it.
    pub samples: u16,
}

/// Of one client.
pub(crate) struct Outlook<'m> {
    pub row: Option<Row<'m>>,
    /// How many bits of the client's address decided that.
    pub scope: u8,
    terms: Terms,
    position: Option<Position>,
    /// From the least to the most specific.
    groups: [Option<(Source, &'m Group)>; 3],
}

impl LatencyMap {
    /// `asn` is the network of the client, and for how many bits of its address that holds.
    pub(crate) fn outlook(
        &self,
        client: Subnet,
        location: &Location,
        asn: impl FnOnce() -> (Option<u32>, u8),
    ) -> Outlook<'_> {
        let (row, prefix_scope) = self.row(client);
        let mut outlook = Outlook {
            row,
            scope: prefix_scope,
            terms: self.terms,
            position: location.position,
            groups: [None; 3],
        };
        if row.is_none() {
            outlook.scope = prefix_scope.max(location.scope);
            let (asn, asn_scope) = match self.groups.has_networks() {
                true => asn(),
                false => (None, 0),
            };
            outlook.scope = outlook.scope.max(asn_scope);
            outlook.groups = self.groups_of(location, asn);
        }
        outlook
    }

    #[inline]
    fn row(&self, client: Subnet) -> (Option<Row<'_>>, u8) {
        let (pages, whole, page) = match client.address.is_ipv4() {
            true => (&self.ipv4, PREFIX_V4, 16),
            false => (&self.ipv6, PREFIX_V6, 32),
        };
        match pages.find(key_of(client.address), self.shape) {
            Found::Row(row) if client.prefix >= whole => (Some(row), whole),
            Found::Row(_) | Found::Neighbours => (None, whole),
            Found::Nothing if pages.is_empty() => (None, 0),
            // A shorter prefix may hold pages that this address is not in.
            Found::Nothing if client.prefix < page => (None, whole),
            Found::Nothing => (None, page),
        }
    }

    fn groups_of(&self, location: &Location, asn: Option<u32>) -> [Option<(Source, &Group)>; 3] {
        let group = |kind, key, source| Some((source, self.groups.get(kind, key)?));
        let network = |kind| group(kind, asn?, Source::Network);
        if location.position.is_none() {
            let everyone = group(Kind::PlacelessEveryone, 0, Source::Everyone);
            return [None, everyone, network(Kind::PlacelessNetwork)];
        }
        let country = location
            .country
            .map(|country| countries::country(country).code);
        let country = country.and_then(|[first, second]| {
            let key = u32::from(u16::from_be_bytes([first, second]));
            group(Kind::Country, key, Source::Country)
        });
        [
            group(Kind::Everyone, 0, Source::Distance),
            country,
            network(Kind::Network),
        ]
    }
}

impl Outlook<'_> {
    /// Towards a region at `position` whose column is `column`; `None`: nothing is known.
    pub fn estimate(&self, column: Column, position: &Position) -> Option<Estimate> {
        match self.row {
            Some(row) => {
                let (rtt_ms, error_ms) = row.estimate(column)?;
                Some(Estimate {
                    rtt_ms,
                    error_ms: Some(error_ms),
                    source: Source::Cell,
                    samples: u16::from(row.samples()),
                })
            }
            None if self.position.is_some() => self.over_distance(column, position),
            None => self.placeless(column),
        }
    }

    /// By which estimates are compared where no order is given, in ms.
    pub fn cautious_ms(&self, estimate: &Estimate) -> f64 {
        estimate.rtt_ms + self.terms.caution * estimate.error_ms.unwrap_or(0.0)
    }

    fn over_distance(&self, column: Column, region: &Position) -> Option<Estimate> {
        let km = self.position.as_ref()?.distance_km(region);
        let mut estimate = Estimate {
            rtt_ms: self.terms.distance_ms + self.terms.slope_ms_per_km * km,
            error_ms: None,
            source: Source::Distance,
            samples: 0,
        };
        for (source, group) in self.groups.iter().flatten() {
            let Some(rtt_ms) = group.rtt_ms(column) else {
                continue;
            };
            estimate.rtt_ms += rtt_ms;
            estimate.error_ms = group.error_ms(column);
            (estimate.source, estimate.samples) = (*source, group.samples);
        }
        estimate.rtt_ms = estimate.rtt_ms.max(LEAST_RTT_MS);
        Some(estimate)
    }

    fn placeless(&self, column: Column) -> Option<Estimate> {
        let (source, group) = self.groups.iter().flatten().next_back()?;
        Some(Estimate {
            rtt_ms: group.rtt_ms(column)?,
            error_ms: group.error_ms(column),
            source: *source,
            samples: group.samples,
        })
    }
}

//! Messages: read whole and checked before anything of them is taken.

use std::sync::Arc;

use super::groups::{Group, Groups, Key, Kind};
use super::pages::{Keyed, Pages};
use super::row::Shape;
use super::{LatencyMap, LatencyMapError, Terms};
use crate::wire::reader::Reader;

const MAGIC: [u8; 4] = *b"TML1";

/// As it is written.
struct Message<'m> {
    sequence: u64,
    base: u64,
    made_s: u64,
    terms: Terms,
    regions: Vec<u32>,
    shape: Shape,
    groups: Vec<(Key, Group)>,
    ipv4: Vec<Keyed<'m>>,
    ipv6: Vec<Keyed<'m>>,
}

impl LatencyMap {
    /// The map that `octets` lead to from this one.
    pub fn apply(&self, octets: &[u8]) -> Result<Self, LatencyMapError> {
        let message = Message::read(octets)?;
        let (have, got) = (self.sequence, message.sequence);
        if got <= have {
            return Err(LatencyMapError::Stale { have, got });
        }
        if message.base == 0 {
            return Ok(message.onto(&Self::default()));
        }
        if message.base != have {
            let base = message.base;
            return Err(LatencyMapError::Gap { have, base });
        }
        if *message.regions != *self.regions {
            return Err(LatencyMapError::OtherRegions);
        }
        Ok(message.onto(self))
    }
}

impl<'m> Message<'m> {
    fn onto(self, base: &LatencyMap) -> LatencyMap {
        let regions: Arc<[u32]> = match *base.regions == *self.regions {
            true => base.regions.clone(),
            false => self.regions.into(),
        };
        let with = |pages: &Pages, rows: &[Keyed<'_>]| pages.with(rows, self.shape);
        LatencyMap {
            sequence: self.sequence,
            made_s: self.made_s,
            terms: self.terms,
            shape: self.shape,
            regions,
            groups: Groups::with(&base.groups, self.groups),
            ipv4: with(&base.ipv4, &self.ipv4),
            ipv6: with(&base.ipv6, &self.ipv6),
        }
    }

    fn read(octets: &'m [u8]) -> Result<Self, LatencyMapError> {
        let malformed = LatencyMapError::Malformed;
        let mut reader = Reader::new(octets);
        if reader.array()? != MAGIC {
            return Err(malformed("it does not begin with TML1"));
        }
        let [sequence, base, made_s] = [(); 3].map(|()| reader.array().map(u64::from_be_bytes));
        let (sequence, base, made_s) = (sequence?, base?, made_s?);
        if base >= sequence {
            return Err(malformed("its base is not before it"));
        }
        let terms = read_terms(&mut reader)?;
        let count = reader.u8()?;
        let regions = (0..count).map(|_| reader.u32());
        let regions = regions.collect::<Result<Vec<_>, _>>()?;
        if !regions.is_sorted_by(|one, next| one < next) {
            return Err(malformed("its regions do not rise"));
        }
        let shape = Shape::new(regions.len());
        let groups = read_groups(&mut reader, regions.len())?;
        let ipv4 = read_rows(&mut reader, shape, |reader| {
            let [a, b, c, d] = reader.array()?;
            Ok(u64::from(u32::from_be_bytes([a, b, c, d])))
        })?;
        let ipv6 = read_rows(&mut reader, shape, |reader| {
            Ok(u64::from_be_bytes(reader.array()?))
        })?;
        let last_key = |rows: &[Keyed<'_>]| rows.last().map_or(0, |row| row.0);
        if last_key(&ipv4) >> super::PREFIX_V4 != 0 || last_key(&ipv6) >> super::PREFIX_V6 != 0 {
            return Err(malformed("a key has more bits than a prefix"));
        }
        if !reader.is_at_end() {
            return Err(malformed("something follows the last row"));
        }
        Ok(Self {
            sequence,
            base,
            made_s,
            terms,
            regions,
            shape,
            groups,
            ipv4,
            ipv6,
        })
    }
}

fn read_terms(reader: &mut Reader<'_>) -> Result<Terms, LatencyMapError> {
    let mut number = || -> Result<f64, LatencyMapError> {
        let number = f64::from(f32::from_be_bytes(reader.array()?));
        match (0.0..1e6).contains(&number) {
            true => Ok(number),
            false => Err(LatencyMapError::Malformed("a term is no number from 0 on")),
        }
    };
    Ok(Terms {
        distance_ms: number()?,
        slope_ms_per_km: number()?,
        caution: number()?,
    })
}

fn read_groups(
    reader: &mut Reader<'_>,
    regions: usize,
) -> Result<Vec<(Key, Group)>, LatencyMapError> {
    let count = reader.u32()?;
    let mut groups: Vec<(Key, Group)> = Vec::new();
    for _ in 0..count {
        let kind = Kind::from_number(reader.u8()?);
        let kind = kind.ok_or(LatencyMapError::Malformed("a group of an unknown kind"))?;
        let key = (kind, reader.u32()?);
        let samples = reader.u16()?;
        let columns = (0..regions).map(|_| {
            let rtt = i16::from_be_bytes(reader.array()?);
            Ok((rtt, reader.u8()?))
        });
        let columns = columns.collect::<Result<_, LatencyMapError>>()?;
        if groups.last().is_some_and(|(last, _)| *last >= key) {
            return Err(LatencyMapError::Malformed("groups do not rise"));
        }
        groups.push((key, Group { samples, columns }));
    }
    Ok(groups)
}

fn read_rows<'m>(
    reader: &mut Reader<'m>,
    shape: Shape,
    mut key: impl FnMut(&mut Reader<'m>) -> Result<u64, LatencyMapError>,
) -> Result<Vec<Keyed<'m>>, LatencyMapError> {
    let count = reader.u32()?;
    let mut keys = Vec::new();
    for _ in 0..count {
        keys.push(key(reader)?);
    }
    if !keys.is_sorted_by(|one, next| one < next) {
        return Err(LatencyMapError::Malformed("keys do not rise"));
    }
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let row = reader.take(shape.octets())?;
        if !shape.is_sound(row) {
            return Err(LatencyMapError::Malformed(
                "an order does not name every region once",
            ));
        }
        rows.push((key, row));
    }
    Ok(rows)
}

//! Values by location, looked up from the most specific to the least.

use std::collections::HashMap;

use super::cidr::BlockMap;
use super::client::{Subnet, masked};
use super::place::{Block, Place};
use crate::geo::countries::MAX_COUNTRIES;
use crate::geo::{Continent, Location, Subdivision};

#[derive(Debug)]
pub(crate) struct PlaceMap<T> {
    blocks: BlockMap<T>,
    asns: HashMap<u32, T>,
    subdivisions: HashMap<Subdivision, T>,
    /// By country, where in `values` its value stands, counted from 1; small, so that many maps stay in the cache.
    countries: Box<[u16]>,
    continents: [u16; Continent::COUNT],
    values: Vec<T>,
}

impl<T: Copy> PlaceMap<T> {
    pub(crate) fn new() -> Self {
        Self {
            blocks: BlockMap::new(),
            asns: HashMap::new(),
            subdivisions: HashMap::new(),
            countries: vec![0; MAX_COUNTRIES].into(),
            continents: [0; Continent::COUNT],
            values: Vec::new(),
        }
    }

    /// Gives `place` the value, in place of the one it had.
    pub(crate) fn insert(&mut self, place: Place, value: T) {
        match place {
            Place::Block(block) => self.blocks.insert(block, value),
            Place::Asn(asn) => {
                self.asns.insert(asn, value);
            }
            Place::Subdivision(subdivision) => {
                self.subdivisions.insert(subdivision, value);
            }
            Place::Country(country) => {
                let slot = self.countries.get_mut(country.as_usize());
                set(&mut self.values, slot, value);
            }
            Place::Continent(continent) => {
                let slot = self.continents.get_mut(continent as usize);
                set(&mut self.values, slot, value);
            }
        }
    }

    /// The longest block that holds `subnet`, and how many bits decided that.
    pub(crate) fn by_block(&self, subnet: Subnet) -> (Option<(Place, T)>, u8) {
        let matched = self.blocks.longest_match(subnet);
        let found = matched.found.map(|(value, prefix)| {
            let address = masked(subnet.address, prefix);
            (Place::Block(Block { address, prefix }), *value)
        });
        (found, matched.depth)
    }

    /// Whether the location alone decides.
    pub(crate) fn is_regional(&self) -> bool {
        self.blocks.is_empty() && self.asns.is_empty()
    }

    pub(crate) fn has_asns(&self) -> bool {
        !self.asns.is_empty()
    }

    pub(crate) fn by_asn(&self, asn: u32) -> Option<(Place, T)> {
        let value = self.asns.get(&asn)?;
        Some((Place::Asn(asn), *value))
    }

    /// Subdivision, country and continent of `location`, as far as they have a value.
    pub(crate) fn by_region(&self, location: &Location) -> impl Iterator<Item = (Place, T)> {
        let subdivision = location.subdivision.and_then(|subdivision| {
            let value = self.subdivisions.get(&subdivision)?;
            Some((Place::Subdivision(subdivision), *value))
        });
        let country = location.country.and_then(|country| {
            let value = self.value(*self.countries.get(country.as_usize())?)?;
            Some((Place::Country(country), value))
        });
        let continent = location.continent.and_then(|continent| {
            let value = self.value(*self.continents.get(continent as usize)?)?;
            Some((Place::Continent(continent), value))
        });
        [subdivision, country, continent].into_iter().flatten()
    }

    /// The value at `place`, counted from 1.
    fn value(&self, place: u16) -> Option<T> {
        self.values.get(usize::from(place.checked_sub(1)?)).copied()
    }
}

/// There are fewer continents and countries than a `u16` counts, and each has one value at most.
fn set<T>(values: &mut Vec<T>, slot: Option<&mut u16>, value: T) {
    let Some(slot) = slot else { return };
    match values.get_mut(usize::from(*slot).wrapping_sub(1)) {
        Some(known) => *known = value,
        None => {
            values.push(value);
            *slot = values.len() as u16;
        }
    }
}

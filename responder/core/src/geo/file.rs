//! One MMDB file, turned into flat tables: every distinct record is decoded once, when the file is opened.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use maxminddb::{MaxMindDbError, Reader, WithinOptions};

use super::prefix_map::{Leaf, MOST_VALUES, Network, PrefixMap};
use super::record::Record;

/// What one kind of file says of an address, by network.
pub struct File<T> {
    ipv4: PrefixMap,
    ipv6: PrefixMap,
    /// The first is that of addresses without a record.
    values: Vec<T>,
}

impl<T: Default> File<T> {
    /// Reads `octets`, an MMDB file, by what `value` takes from each record; one that cannot be decoded says nothing.
    pub(super) fn open(
        octets: &[u8],
        value: impl Fn(&Record<'_>) -> T,
    ) -> Result<Self, MaxMindDbError> {
        let reader = Reader::from_source(octets)?;
        let mut reading = Reading {
            reader: &reader,
            values: vec![T::default()],
            by_offset: HashMap::new(),
            value,
            most: octets.len(),
        };
        let everything_v4 = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let everything_v6 = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        Ok(Self {
            ipv4: reading.networks(everything_v4)?,
            ipv6: match reader.metadata().ip_version {
                6 => reading.networks(everything_v6)?,
                _ => PrefixMap::new(&[], Leaf::default()),
            },
            values: reading.values,
        })
    }

    /// What is known of `address`, and the length of the prefix around it for which that holds.
    #[inline]
    pub(super) fn get(&self, address: IpAddr) -> Option<(&T, u8)> {
        let leaf = match address {
            IpAddr::V4(v4) => self.ipv4.get(u128::from(v4.to_bits()) << 96),
            IpAddr::V6(v6) => self.ipv6.get(v6.to_bits()),
        };
        Some((self.values.get(leaf.value as usize)?, leaf.prefix))
    }
}

struct Reading<'f, T, V> {
    reader: &'f Reader<&'f [u8]>,
    values: Vec<T>,
    /// Records that many networks share are decoded once.
    by_offset: HashMap<usize, u32>,
    value: V,
    /// A tree of n nodes of six octets or more tells n + 1 networks apart. A file whose nodes share so many of theirs that
    /// there are more than this was not written for use, and could keep us busy for ever.
    most: usize,
}

impl<T: Default, V: Fn(&Record<'_>) -> T> Reading<'_, T, V> {
    fn networks(&mut self, everything: IpAddr) -> Result<PrefixMap, MaxMindDbError> {
        let is_ipv4 = everything.is_ipv4();
        let family = format!("{everything}/0").parse();
        let family = family.map_err(|_| MaxMindDbError::invalid_input("no such network"))?;
        let options = WithinOptions::default().include_networks_without_data();
        let mut networks = Vec::new();
        for found in self.reader.within(family, options)? {
            let found = found?;
            if networks.len() == self.most {
                let reason = "more networks than octets";
                return Err(MaxMindDbError::invalid_database(reason));
            }
            let network = found.network()?;
            if network.is_ipv4() != is_ipv4 {
                continue;
            }
            let value = match found.offset() {
                Some(offset) => match self.by_offset.get(&offset) {
                    Some(value) => *value,
                    None => {
                        let record = found.decode::<Record<'_>>().ok().flatten();
                        self.add(offset, &record.unwrap_or_default())?
                    }
                },
                None => 0,
            };
            networks.push(Network {
                bits: match network.ip() {
                    IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
                    IpAddr::V6(v6) => v6.to_bits(),
                },
                length: network.prefix(),
                leaf: Leaf {
                    value,
                    prefix: network.prefix(),
                },
            });
        }
        networks.sort_unstable_by_key(|network| network.bits);
        Ok(PrefixMap::new(&networks, Leaf::default()))
    }

    fn add(&mut self, offset: usize, record: &Record<'_>) -> Result<u32, MaxMindDbError> {
        let value = self.values.len();
        if value == MOST_VALUES {
            return Err(MaxMindDbError::invalid_database("too many records"));
        }
        self.values.push((self.value)(record));
        self.by_offset.insert(offset, value as u32);
        Ok(value as u32)
    }
}

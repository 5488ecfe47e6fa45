//! One MMDB file, turned into flat tables: every distinct record is decoded once, when the file is opened.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use maxminddb::{LookupResult, MaxMindDbError, Reader, WithinOptions};

use super::prefix_map::{Leaf, MOST_VALUES, Network, PrefixMap};
use super::record::Record;

/// What one kind of file says of an address, by network.
pub struct File<T> {
    ipv4: PrefixMap,
    ipv6: PrefixMap,
    /// IPv6 networks in which the file says of an address what it says of the IPv4 address inside it.
    aliases: Vec<Alias>,
    /// The first is that of addresses without a record.
    values: Vec<T>,
}

/// An IPv6 network whose addresses have an IPv4 address behind its prefix.
#[derive(Clone, Copy)]
struct Alias {
    network: Ipv6Addr,
    prefix: u8,
}

/// Those that MMDB writers point to the IPv4 part of the tree: mapped addresses, Teredo and 6to4.
const ALIASES: [Alias; 3] = [
    Alias {
        network: Ipv6Addr::new(0, 0, 0, 0, 0, 0xFFFF, 0, 0),
        prefix: 96,
    },
    Alias {
        network: Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        prefix: 32,
    },
    Alias {
        network: Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0),
        prefix: 16,
    },
];

/// In an IPv6 file, IPv4 addresses are at `::/96`: nobody has such an IPv6 address.
const IPV4_PART: u8 = 96;

/// Nothing is known, and nothing of the neighbours either.
const GAP: Leaf = Leaf {
    value: 0,
    prefix: 128,
};

impl Alias {
    fn address(self, inside: u32) -> Ipv6Addr {
        let shift = 96 - u32::from(self.prefix);
        Ipv6Addr::from_bits(self.network.to_bits() | u128::from(inside) << shift)
    }

    /// The IPv4 address inside `bits`, if the network holds it.
    fn inside(self, bits: u128) -> Option<u32> {
        let behind = 128 - u32::from(self.prefix);
        let is_held = bits >> behind == self.network.to_bits() >> behind;
        is_held.then_some((bits >> (behind - 32)) as u32)
    }
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
            most: octets.len().min(MOST_NETWORKS),
        };
        let ipv4 = reading.networks(IpAddr::V4(Ipv4Addr::UNSPECIFIED))?;
        let (ipv6, aliases) = match reader.metadata().ip_version {
            6 => (
                reading.networks(IpAddr::V6(Ipv6Addr::UNSPECIFIED))?,
                aliases_in(&reader, &ipv4)?,
            ),
            _ => (Vec::new(), Vec::new()),
        };
        let elsewhere = match ipv6.is_empty() {
            true => Leaf::default(),
            false => GAP,
        };
        Ok(Self {
            ipv4: PrefixMap::new(&ipv4, Leaf::default()),
            ipv6: PrefixMap::new(&ipv6, elsewhere),
            aliases,
            values: reading.values,
        })
    }

    /// The number of what is known of `address`, and the length of the prefix around it for which that holds.
    #[inline]
    pub(super) fn get(&self, address: IpAddr) -> Leaf {
        match address {
            IpAddr::V4(v4) => self.ipv4.get(aligned(v4.to_bits())),
            IpAddr::V6(v6) => self.get_ipv6(v6.to_bits()),
        }
    }

    /// By number.
    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    fn get_ipv6(&self, bits: u128) -> Leaf {
        let mut aliases = self.aliases.iter();
        let inside = aliases.find_map(|alias| Some((alias.prefix, alias.inside(bits)?)));
        match inside {
            None => self.ipv6.get(bits),
            Some((prefix, inside)) => {
                let leaf = self.ipv4.get(aligned(inside));
                Leaf {
                    prefix: prefix + leaf.prefix,
                    ..leaf
                }
            }
        }
    }
}

fn aligned(bits: u32) -> u128 {
    u128::from(bits) << 96
}

/// How many networks with a record are looked at: an alias says of all of them what they say.
const PROBES: usize = 16;

/// Which aliases the file has; iterating passes them by.
fn aliases_in(reader: &Reader<&[u8]>, ipv4: &[Network]) -> Result<Vec<Alias>, MaxMindDbError> {
    let known = ipv4.iter().filter(|network| network.leaf.value > 0);
    let probes: Vec<u32> = known
        .step_by(ipv4.len() / PROBES + 1)
        .map(|network| (network.bits >> 96) as u32)
        .collect();
    let mut found = Vec::new();
    for alias in ALIASES {
        let mut says_the_same = !probes.is_empty();
        for probe in &probes {
            let plain = reader.lookup(Ipv4Addr::from_bits(*probe).into())?;
            let aliased = reader.lookup(alias.address(*probe).into())?;
            says_the_same &= plain.offset() == aliased.offset()
                && plain.network()?.prefix() + alias.prefix == aliased.network()?.prefix();
        }
        if says_the_same {
            found.push(alias);
        }
    }
    Ok(found)
}

/// While a file is read, each takes 32 octets.
const MOST_NETWORKS: usize = 1 << 24;

struct Reading<'f, T, V> {
    reader: &'f Reader<&'f [u8]>,
    values: Vec<T>,
    /// Records that many networks share are decoded once.
    by_offset: HashMap<usize, u32>,
    value: V,
    /// A tree of n nodes of six octets or more tells n + 1 networks apart; nodes that share subtrees, a few times as many.
    /// A file with more than an octet for each was not written for use, and could keep us busy for ever.
    most: usize,
}

impl<T: Default, V: Fn(&Record<'_>) -> T> Reading<'_, T, V> {
    /// Of one family, sorted.
    fn networks(&mut self, everything: IpAddr) -> Result<Vec<Network>, MaxMindDbError> {
        let is_ipv4 = everything.is_ipv4();
        let family = format!("{everything}/0").parse();
        let family = family.map_err(|_| MaxMindDbError::invalid_input("no such network"))?;
        let options = WithinOptions::default().include_networks_without_data();
        let mut networks = Vec::new();
        let (mut seen, mut has_ipv4_part) = (0, false);
        for found in self.reader.within(family, options)? {
            let found = found?;
            seen += 1;
            if seen > self.most {
                let reason = "more networks than octets";
                return Err(MaxMindDbError::invalid_database(reason));
            }
            let network = found.network()?;
            if network.is_ipv4() != is_ipv4 {
                has_ipv4_part = true;
                continue;
            }
            networks.push(Network {
                bits: match network.ip() {
                    IpAddr::V4(v4) => aligned(v4.to_bits()),
                    IpAddr::V6(v6) => v6.to_bits(),
                },
                leaf: Leaf {
                    value: self.value_of(&found)?,
                    prefix: network.prefix(),
                },
            });
        }
        if has_ipv4_part {
            networks.push(Network {
                bits: 0,
                leaf: Leaf {
                    value: 0,
                    prefix: IPV4_PART,
                },
            });
        }
        networks.sort_unstable_by_key(|network| network.bits);
        Ok(networks)
    }

    fn value_of(&mut self, found: &LookupResult<'_, &[u8]>) -> Result<u32, MaxMindDbError> {
        let Some(offset) = found.offset() else {
            return Ok(0);
        };
        match self.by_offset.get(&offset) {
            Some(value) => Ok(*value),
            None => {
                let record = found.decode::<Record<'_>>().ok().flatten();
                self.add(offset, &record.unwrap_or_default())
            }
        }
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

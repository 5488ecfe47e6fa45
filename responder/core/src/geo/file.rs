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

/// An IPv6 network, as a rule one whose addresses have an IPv4 address behind its prefix.
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

/// In an IPv6 file, IPv4 addresses are there: nobody has such an IPv6 address.
const IPV4_PART: Alias = Alias {
    network: Ipv6Addr::UNSPECIFIED,
    prefix: 96,
};

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
        self.holds(bits).then_some((bits >> (behind - 32)) as u32)
    }

    fn holds(self, bits: u128) -> bool {
        let differing = bits ^ self.network.to_bits();
        differing.leading_zeros() >= self.prefix.into()
    }

    fn covers(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.holds(other.network.to_bits())
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
        let ipv4 = reading.networks(&[(Ipv4Addr::UNSPECIFIED.into(), 0)])?;
        let (ipv6, aliases) = match reader.metadata().ip_version {
            6 => {
                let aliases = aliases_in(&reader, &ipv4)?;
                (reading.ipv6_networks(&aliases)?, aliases)
            }
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

/// Which aliases the file has.
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
    /// Sorted, without those that `aliases` lead to.
    fn ipv6_networks(&mut self, aliases: &[Alias]) -> Result<Vec<Network>, MaxMindDbError> {
        let mut parts = Vec::new();
        let taken: Vec<_> = aliases.iter().copied().chain([IPV4_PART]).collect();
        all_but(&taken, (0, 0), &mut parts);
        let mut networks = self.networks(&parts)?;
        let covers_ipv4_part =
            |first: &Network| first.bits == 0 && first.leaf.prefix <= IPV4_PART.prefix;
        if !networks.first().is_some_and(covers_ipv4_part) {
            let leaf = Leaf {
                value: 0,
                prefix: IPV4_PART.prefix,
            };
            networks.insert(0, Network { bits: 0, leaf });
        }
        Ok(networks)
    }

    /// Those in `parts`, which are of one family and sorted. What leads to the same part of the tree is not passed by, as
    /// it could be in silence for ever, but counted like everything else.
    fn networks(&mut self, parts: &[(IpAddr, u8)]) -> Result<Vec<Network>, MaxMindDbError> {
        let options = WithinOptions::default()
            .include_networks_without_data()
            .include_aliased_networks();
        let mut networks = Vec::new();
        let mut seen = 0;
        for (address, prefix) in parts {
            let part = format!("{address}/{prefix}").parse();
            let part = part.map_err(|_| MaxMindDbError::invalid_input("no such network"))?;
            for found in self.reader.within(part, options)? {
                let found = found?;
                seen += 1;
                if seen > self.most {
                    let reason = "more networks than octets";
                    return Err(MaxMindDbError::invalid_database(reason));
                }
                let network = found.network()?;
                if network.is_ipv4() != address.is_ipv4() {
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
        }
        networks.sort_unstable_by_key(|network| network.bits);
        // One that holds several parts is found in each of them.
        networks.dedup_by_key(|network| network.bits);
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

/// The IPv6 networks that are in the one with these first bits but in none of `taken`, as few as there can be; sorted.
fn all_but(taken: &[Alias], (bits, prefix): (u128, u8), found: &mut Vec<(IpAddr, u8)>) {
    let network = Alias {
        network: Ipv6Addr::from_bits(bits),
        prefix,
    };
    if taken.iter().any(|taken| taken.covers(network)) {
        return;
    }
    if !taken.iter().any(|taken| network.covers(*taken)) {
        found.push((network.network.into(), prefix));
        return;
    }
    let half = 1 << (127 - prefix);
    for bits in [bits, bits | half] {
        all_but(taken, (bits, prefix + 1), found);
    }
}

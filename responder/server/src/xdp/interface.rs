//! What must be known of a network interface, and the addresses of this host.

use std::ffi::CStr;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::ptr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MacAddress(pub [u8; 6]);

#[derive(Debug, Clone)]
pub(super) struct Interface {
    pub index: u32,
    pub mac: MacAddress,
    pub receive_queues: u32,
    pub mtu: u32,
}

/// One thing that the kernel says of an interface of the given name.
enum Fact {
    Link { index: u32, mac: MacAddress },
    Address(IpAddr),
}

impl Interface {
    /// `None`: there is no Ethernet interface `name`.
    pub fn find(name: &str) -> io::Result<Option<Self>> {
        let mut facts = facts()?.into_iter();
        let link = facts.find_map(|(owner, fact)| match fact {
            Fact::Link { index, mac } if owner == name => Some((index, mac)),
            _ => None,
        });
        let Some((index, mac)) = link else {
            return Ok(None);
        };
        let directory = Path::new("/sys/class/net").join(name);
        Ok(Some(Self {
            index,
            mac,
            receive_queues: receive_queues(directory.join("queues"))?,
            mtu: mtu(directory.join("mtu"))?,
        }))
    }
}

/// The addresses to be served, with those of this host for an unspecified one.
pub(super) fn specific(listen: &[SocketAddr]) -> io::Result<Vec<SocketAddr>> {
    let host: Vec<_> = host_addresses()?;
    let each = listen.iter().flat_map(|address| {
        let is_meant = move |ip: &IpAddr| match address.ip().is_unspecified() {
            true => ip.is_ipv4() == address.is_ipv4(),
            false => *ip == address.ip(),
        };
        let own = host.iter().copied().filter(is_meant);
        own.map(|ip| SocketAddr::new(ip, address.port()))
    });
    let mut specific: Vec<_> = each.collect();
    specific.sort_unstable();
    specific.dedup();
    Ok(specific)
}

fn host_addresses() -> io::Result<Vec<IpAddr>> {
    let addresses = facts()?.into_iter().filter_map(|(_, fact)| match fact {
        Fact::Address(ip) => Some(ip),
        Fact::Link { .. } => None,
    });
    // Loopback addresses never come by an interface, and link-local ones mean nothing without it.
    let is_usual = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local(),
    };
    Ok(addresses.filter(is_usual).collect())
}

fn receive_queues(directory: PathBuf) -> io::Result<u32> {
    let mut count = 0;
    for entry in fs::read_dir(directory)? {
        count += u32::from(entry?.file_name().to_string_lossy().starts_with("rx-"));
    }
    Ok(count)
}

fn mtu(file: PathBuf) -> io::Result<u32> {
    let text = fs::read_to_string(file)?;
    text.trim().parse().map_err(io::Error::other)
}

fn facts() -> io::Result<Vec<(String, Fact)>> {
    let mut list = ptr::null_mut();
    // SAFETY: `list` is a place for the pointer that the call writes.
    if unsafe { libc::getifaddrs(&raw mut list) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut facts = Vec::new();
    let mut next = list;
    // SAFETY: `next` is null or an entry of the list, which lives until it is freed below.
    while let Some(entry) = unsafe { next.as_ref() } {
        // SAFETY: the name of an entry is a C string that lives as long as the list.
        let name = unsafe { CStr::from_ptr(entry.ifa_name) };
        let fact = fact(entry);
        facts.extend(fact.map(|fact| (name.to_string_lossy().into_owned(), fact)));
        next = entry.ifa_next;
    }
    // SAFETY: the list came from `getifaddrs`, is freed once, and nothing borrowed from it is left.
    unsafe { libc::freeifaddrs(list) };
    Ok(facts)
}

fn fact(entry: &libc::ifaddrs) -> Option<Fact> {
    // SAFETY: the address of an entry is null or points to a `sockaddr` that lives as long as the list.
    let address = unsafe { entry.ifa_addr.as_ref() }?;
    match libc::c_int::from(address.sa_family) {
        libc::AF_INET => {
            // SAFETY: the family says that this is a `sockaddr_in`.
            let v4 = unsafe { &*entry.ifa_addr.cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from_bits(u32::from_be(v4.sin_addr.s_addr));
            Some(Fact::Address(ip.into()))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that this is a `sockaddr_in6`.
            let v6 = unsafe { &*entry.ifa_addr.cast::<libc::sockaddr_in6>() };
            Some(Fact::Address(Ipv6Addr::from(v6.sin6_addr.s6_addr).into()))
        }
        libc::AF_PACKET => {
            // SAFETY: the family says that this is a `sockaddr_ll`.
            link(unsafe { &*entry.ifa_addr.cast::<libc::sockaddr_ll>() })
        }
        _ => None,
    }
}

fn link(link: &libc::sockaddr_ll) -> Option<Fact> {
    let is_ethernet = link.sll_hatype == libc::ARPHRD_ETHER;
    let mac = MacAddress(*link.sll_addr.first_chunk()?);
    let index = u32::try_from(link.sll_ifindex).ok()?;
    is_ethernet.then_some(Fact::Link { index, mac })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_does_not_exist_is_not_found() {
        assert!(Interface::find("none-of-these").unwrap().is_none());
    }

    #[test]
    fn loopback_addresses_are_left_to_the_sockets() {
        let listen = ["127.0.0.1:53", "[::1]:53"].map(|text| text.parse().unwrap());
        assert_eq!(specific(&listen).unwrap(), []);
    }

    #[test]
    fn an_unspecified_address_stands_for_those_of_the_host() {
        let served = specific(&["0.0.0.0:53".parse().unwrap()]).unwrap();
        assert!(served.iter().all(|address| address.is_ipv4()));
        assert!(served.iter().all(|address| !address.ip().is_unspecified()));
    }
}

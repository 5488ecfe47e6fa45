//! The client subnet option: rules E2 and E3, said once more, beside what the responder accepts and echoes.

use std::net::IpAddr;

use responder_core::wire::{ClientSubnet, Query, Rcode};

use crate::seam::{self, Read};

pub fn check(octets: &[u8]) {
    let (scope, data) = octets.split_first().unwrap_or((&0, &[]));
    let parsed = ClientSubnet::parse(data);
    assert_eq!(parsed.is_ok(), is_acceptable(data), "{data:?}");
    check_in_query(data, parsed.ok());
    if let Ok(subnet) = parsed {
        check_subnet(&subnet, data, *scope);
    }
    check_made(octets);
}

/// RFC 7871 sections 6 and 7.1.2; a family of 0 is what `dig +subnet=0` sends.
fn is_acceptable(data: &[u8]) -> bool {
    let [0, family, prefix, scope, address @ ..] = data else {
        return false;
    };
    let width = match family {
        0 => 0,
        1 => 32,
        2 => 128,
        _ => return false,
    };
    *scope == 0
        && *prefix <= width
        && address.len() == usize::from(prefix.div_ceil(8))
        && ends_after(address, *prefix)
}

/// E1: echoed octet by octet, with the scope of the answer. E2: a hidden subnet has scope 0.
fn check_subnet(subnet: &ClientSubnet, data: &[u8], scope: u8) {
    let prefix = data[2];
    let (composed, length) = (subnet.composed(scope), subnet.composed_len());
    let echoed = &composed[..length];
    let scope = if prefix == 0 { 0 } else { scope };
    assert_eq!(echoed, [&data[..3], &[scope], &data[4..]].concat());
    assert_eq!(subnet.composed_len(), length);
    assert_eq!(subnet.source_prefix(), prefix);
    match subnet.address() {
        None => assert_eq!(prefix, 0),
        Some(address) => {
            assert_eq!(ClientSubnet::new(address, prefix), Ok(*subnet));
            assert!(octets_of(address).starts_with(&data[4..]));
            assert_eq!(address.is_ipv4(), data[1] == 1);
        }
    }
}

fn octets_of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// In a query, the option is what was parsed, or the query a FORMERR that still shows EDNS.
fn check_in_query(data: &[u8], parsed: Option<ClientSubnet>) {
    let length = data.len() as u16;
    let mut packet = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1];
    packet.extend([0, 0, 41, 4, 208, 0, 0, 0, 0]);
    packet.extend((length + 4).to_be_bytes());
    packet.extend([0, 8]);
    packet.extend(length.to_be_bytes());
    packet.extend(data);
    match (seam::read_query(&packet), parsed) {
        (Read::Query { query, .. }, Some(_)) => assert_eq!(subnet_of(&query), parsed),
        (Read::Refused(Rcode::FORMERR, query), None) => {
            assert!(query.edns.is_some());
            assert_eq!(subnet_of(&query), None);
        }
        (read, parsed) => panic!("{read:?} with {parsed:?}"),
    }
}

fn subnet_of(query: &Query) -> Option<ClientSubnet> {
    query.edns.and_then(|edns| edns.client_subnet)
}

/// An option made from any address and prefix is one that would be accepted, or none.
fn check_made(octets: &[u8]) {
    let Some((prefix, rest)) = octets.split_first() else {
        return;
    };
    let v4 = rest.first_chunk::<4>().map(|octets| IpAddr::from(*octets));
    let v6 = rest.first_chunk::<16>().map(|octets| IpAddr::from(*octets));
    for address in [v4, v6].into_iter().flatten() {
        let width = octets_of(address).len() * 8;
        let made = ClientSubnet::new(address, *prefix);
        let fits = usize::from(*prefix) <= width && ends_after(&octets_of(address), *prefix);
        assert_eq!(made.is_ok(), fits, "{address}/{prefix}");
    }
}

/// Whether no bit is set behind the first `prefix`.
fn ends_after(octets: &[u8], prefix: u8) -> bool {
    let octets = octets.iter();
    let bits = octets.flat_map(|octet| (0..8).map(move |bit| octet << bit & 0x80 != 0));
    bits.skip(prefix.into()).all(|bit| !bit)
}

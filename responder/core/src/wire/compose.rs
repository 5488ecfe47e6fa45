//! A query as a client would send it: for explanations and tests.

use super::ecs::ClientSubnet;
use super::edns::{OPTION_CLIENT_SUBNET, OWN_UDP_SIZE};
use super::name::Name;
use super::types::{CLASS_IN, RecordType};

/// One question with EDNS, and the client subnet if there is one.
pub fn query(name: Name<'_>, record_type: RecordType, subnet: Option<&ClientSubnet>) -> Vec<u8> {
    let mut packet = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    packet.extend_from_slice(name.as_bytes());
    put_u16s(&mut packet, &[record_type.0, CLASS_IN]);
    packet.push(0);
    put_u16s(&mut packet, &[RecordType::OPT.0, OWN_UDP_SIZE, 0, 0]);
    match subnet {
        None => put_u16s(&mut packet, &[0]),
        Some(subnet) => {
            let length = subnet.composed_len() as u16;
            put_u16s(&mut packet, &[4 + length, OPTION_CLIENT_SUBNET, length]);
            let (data, length) = (subnet.composed(0), subnet.composed_len());
            packet.extend(data.iter().take(length));
        }
    }
    packet
}

fn put_u16s(packet: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        packet.extend_from_slice(&number.to_be_bytes());
    }
}

//! Names and queries out of fuzzed octets, such that most reach what is behind the parser.

use arbitrary::{Result, Unstructured};

use crate::reference::{self, LONGEST_NAME, Labels};
use crate::world;

const LABELS: [&[u8]; 8] = [b"a", b"b", b"www", b"example", b"test", b"A", b"*", b"ns"];
const TYPES: [u16; 18] = [
    1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 43, 48, 64, 65, 252, 255, 65280, 65401,
];
const MOST_LABELS: usize = 6;
const ECS: u16 = 8;

/// Names that often share their ends, so that compression has something to do.
pub fn any_name(u: &mut Unstructured<'_>) -> Result<Labels> {
    let mut labels = Labels::new();
    for _ in 0..u.int_in_range(0..=MOST_LABELS)? {
        push_label(u, &mut labels)?;
    }
    Ok(labels)
}

fn push_label(u: &mut Unstructured<'_>, labels: &mut Labels) -> Result<()> {
    let label = match u.ratio(1, 6)? {
        true => {
            let length = u.int_in_range(1..=63)?;
            u.bytes(length)?.to_vec()
        }
        false => u.choose(&LABELS)?.to_vec(),
    };
    labels.insert(0, label);
    if reference::wire(labels).len() > LONGEST_NAME {
        labels.remove(0);
    }
    Ok(())
}

/// A query that is mostly well-formed, mostly about names of the world that is asked.
pub fn any_query(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut name = u.choose(world::names())?.clone();
    for _ in 0..u.int_in_range(0..=2)? {
        push_label(u, &mut name)?;
    }
    for label in name.iter_mut().filter(|_| u.ratio(1, 8).unwrap_or(false)) {
        label.make_ascii_uppercase();
    }
    let record_type = match u.ratio(1, 12)? {
        true => u.arbitrary()?,
        false => *u.choose(&TYPES)?,
    };
    let class: u16 = if u.ratio(1, 32)? { u.arbitrary()? } else { 1 };
    let flags: u16 = if u.ratio(1, 16)? {
        u.arbitrary()?
    } else {
        0x0100
    };
    let opts = *u.choose(&[0_u16, 1, 1, 1, 1, 1, 1, 2])?;
    let mut packet = vec![0x12, 0x34];
    for number in [flags, 1, 0, 0, opts] {
        packet.extend(number.to_be_bytes());
    }
    packet.extend(reference::wire(&name));
    packet.extend(record_type.to_be_bytes());
    packet.extend(class.to_be_bytes());
    for _ in 0..opts {
        packet.extend(any_opt(u)?);
    }
    Ok(packet)
}

fn any_opt(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let size: u16 = *u.choose(&[0, 512, 513, 700, 1232, 4096, 65535])?;
    let ttl: u32 = if u.ratio(1, 8)? { u.arbitrary()? } else { 0 };
    let mut options = Vec::new();
    for _ in 0..*u.choose(&[0, 1, 1, 1, 2])? {
        options.extend(any_option(u)?);
    }
    let mut opt = vec![0, 0, 41];
    opt.extend(size.to_be_bytes());
    opt.extend(ttl.to_be_bytes());
    opt.extend((options.len() as u16).to_be_bytes());
    opt.extend(options);
    Ok(opt)
}

fn any_option(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let (code, data) = match u.ratio(5, 8)? {
        true => (ECS, any_subnet(u)?),
        false => {
            // NSID, DAU, EXPIRE, COOKIE, KEEPALIVE, PADDING, CHAIN, EDE
            let code = *u.choose(&[3, 5, 9, 10, 11, 12, 13, 15, 65001])?;
            let length = *u.choose(&[0, 1, 2, 8, 16, 24, 40])?;
            (code, u.bytes(length)?.to_vec())
        }
    };
    let mut option = Vec::new();
    option.extend(u16::to_be_bytes(code));
    option.extend((data.len() as u16).to_be_bytes());
    option.extend(data);
    Ok(option)
}

/// Well-formed but for a few, and half of them where the world's geo files know something.
fn any_subnet(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let (family, width) = *u.choose(&[(1_u8, 32_u8), (1, 32), (2, 128), (0, 0)])?;
    let prefix = u.int_in_range(0..=width)?;
    let mut address = u.bytes(usize::from(width / 8))?.to_vec();
    if let [first, ..] = &mut address[..]
        && u.arbitrary()?
    {
        *first = 10;
    }
    for bit in usize::from(prefix)..usize::from(width) {
        address[bit / 8] &= !(0x80 >> (bit % 8));
    }
    address.truncate(usize::from(prefix.div_ceil(8)));
    let scope = if u.ratio(1, 32)? { u.arbitrary()? } else { 0 };
    Ok([&[0, family, prefix, scope][..], &address].concat())
}

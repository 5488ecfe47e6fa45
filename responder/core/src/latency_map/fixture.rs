//! Writes messages as the control plane does, for tests.

/// A row: samples, round trips in ms with the codes of their errors, and columns in order.
#[derive(Debug, Clone)]
pub(crate) struct WrittenRow {
    pub samples: u8,
    pub columns: Vec<(f64, u8)>,
    pub order: Vec<u8>,
}

/// A group: kind, key, samples, and eighths of a millisecond with the codes of their errors.
pub(crate) type WrittenGroup = (u8, u32, u16, Vec<(i16, u8)>);

#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    pub sequence: u64,
    pub base: u64,
    pub regions: Vec<u32>,
    pub groups: Vec<WrittenGroup>,
    /// By the first 24 bits.
    pub ipv4: Vec<(u32, WrittenRow)>,
    /// By the first 48 bits.
    pub ipv6: Vec<(u64, WrittenRow)>,
}

impl Written {
    pub fn octets(&self) -> Vec<u8> {
        let mut octets = b"TML1".to_vec();
        for number in [self.sequence, self.base, 1_795_248_000] {
            octets.extend(number.to_be_bytes());
        }
        for term in [15.0_f32, 0.0165, 0.25] {
            octets.extend(term.to_be_bytes());
        }
        octets.push(self.regions.len() as u8);
        octets.extend(self.regions.iter().flat_map(|id| id.to_be_bytes()));
        octets.extend((self.groups.len() as u32).to_be_bytes());
        for (kind, key, samples, columns) in &self.groups {
            octets.push(*kind);
            octets.extend(key.to_be_bytes());
            octets.extend(samples.to_be_bytes());
            for (rtt, error) in columns {
                octets.extend(rtt.to_be_bytes());
                octets.push(*error);
            }
        }
        octets.extend((self.ipv4.len() as u32).to_be_bytes());
        octets.extend(self.ipv4.iter().flat_map(|(key, _)| key.to_be_bytes()));
        octets.extend(self.ipv4.iter().flat_map(|(_, row)| row.octets()));
        octets.extend((self.ipv6.len() as u32).to_be_bytes());
        octets.extend(self.ipv6.iter().flat_map(|(key, _)| key.to_be_bytes()));
        octets.extend(self.ipv6.iter().flat_map(|(_, row)| row.octets()));
        octets
    }
}

impl WrittenRow {
    fn octets(&self) -> Vec<u8> {
        let mut octets = vec![self.samples];
        for (rtt_ms, error) in &self.columns {
            let packed = code_of(*rtt_ms) << 4 | u16::from(*error);
            octets.extend(packed.to_be_bytes());
        }
        let width = (8 - (self.order.len() as u8 - 1).leading_zeros()).max(1) as usize;
        let mut bits = vec![0_u8; (self.order.len() * width).div_ceil(8)];
        for (place, column) in self.order.iter().enumerate() {
            for bit in 0..width {
                let at = place * width + bit;
                bits[at / 8] |= (column >> (width - 1 - bit) & 1) << (7 - at % 8);
            }
        }
        octets.extend(bits);
        octets
    }
}

fn code_of(rtt_ms: f64) -> u16 {
    let (mut mantissa, mut exponent) = ((rtt_ms * 64.0).round() as u32, 0);
    while mantissa >= 512 {
        mantissa /= 2;
        exponent += 1;
    }
    match mantissa >= 256 {
        true => (exponent + 1) << 8 | (mantissa - 256) as u16,
        false => mantissa as u16,
    }
}

//! One client's estimates, packed: 12 bits of round trip and 4 of error a region, and the order to serve regions in.

use super::Column;

/// How rows of so many regions are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    regions: usize,
    /// That number a column in the order.
    bits: usize,
}

impl Shape {
    /// Of at most 255 regions.
    pub fn new(regions: usize) -> Self {
        let bits = match regions {
            0..=2 => 1,
            _ => usize::BITS - (regions - 1).leading_zeros(),
        };
        Self {
            regions,
            bits: bits as usize,
        }
    }

    pub fn octets(self) -> usize {
        1 + 2 * self.regions + (self.regions * self.bits).div_ceil(8)
    }

    /// Whether `row`, as long as a row is, names every column once in its order.
    pub fn is_sound(self, row: &[u8]) -> bool {
        let mut seen = [0_u64; 4];
        let order = Row::new(self, row).order();
        let named = order.filter(|column| {
            let Some(word) = seen.get_mut(usize::from(column / 64)) else {
                return false;
            };
            let bit = 1 << (column % 64);
            let is_new = *word & bit == 0;
            *word |= bit;
            is_new && usize::from(*column) < self.regions
        });
        named.count() == self.regions
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'m> {
    octets: &'m [u8],
    shape: Shape,
}

impl<'m> Row<'m> {
    pub(super) fn new(shape: Shape, octets: &'m [u8]) -> Self {
        Self { octets, shape }
    }

    pub fn samples(self) -> u8 {
        self.octets.first().copied().unwrap_or(0)
    }

    /// Round trip and standard error, in ms.
    pub fn estimate(self, column: Column) -> Option<(f64, f64)> {
        let place = 1 + 2 * usize::from(column);
        let in_shape = usize::from(column) < self.shape.regions;
        let octets = self.octets.get(place..place + 2).filter(|_| in_shape)?;
        let packed = u16::from_be_bytes(*octets.first_chunk()?);
        Some((rtt_ms(packed >> 4), error_ms(packed as u8 & 0xF)))
    }

    /// Columns, the one to serve first.
    pub fn order(self) -> impl Iterator<Item = Column> + 'm {
        let (Shape { regions, bits }, octets) = (self.shape, self.octets);
        let order = octets.get(1 + 2 * regions..).unwrap_or(&[]);
        (0..regions).map(move |place| {
            let from = place * bits;
            let octet = |at: usize| u16::from(order.get(at).copied().unwrap_or(0));
            let word = octet(from / 8) << 8 | octet(from / 8 + 1);
            (word << (from % 8) >> (16 - bits)) as Column
        })
    }
}

/// Of the small float that rows hold: four bits of exponent and eight of mantissa, in 64ths of a millisecond.
fn rtt_ms(code: u16) -> f64 {
    let (exponent, mantissa) = (u32::from(code >> 8), u32::from(code & 0xFF));
    let sixty_fourths = match exponent {
        0 => mantissa,
        _ => (256 + mantissa) << (exponent - 1),
    };
    f64::from(sixty_fourths) / 64.0
}

/// Half a millisecond, √2 times as much for each further code.
pub(super) fn error_ms(code: u8) -> f64 {
    let whole = f64::from(1_u32 << (code.min(15) / 2)) / 2.0;
    match code % 2 {
        0 => whole,
        _ => whole * std::f64::consts::SQRT_2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_is_exact_below_four_milliseconds_and_to_a_quarter_percent_above() {
        assert_eq!(rtt_ms(0), 0.0);
        assert_eq!(rtt_ms(0x0FF), 255.0 / 64.0);
        assert_eq!(rtt_ms(0x100), 4.0);
        for code in 0x100..0xFFF {
            let (this, next) = (rtt_ms(code), rtt_ms(code + 1));
            assert!(next > this && next - this <= this / 256.0, "{code}");
        }
    }

    #[test]
    fn errors_double_every_second_code() {
        assert_eq!((error_ms(0), error_ms(2), error_ms(14)), (0.5, 1.0, 64.0));
        assert!((error_ms(3) - error_ms(2) * 1.414).abs() < 0.001);
    }

    #[test]
    fn an_order_takes_as_many_bits_as_its_columns_need() {
        let shapes = [(1, 4), (2, 6), (3, 8), (20, 54), (255, 766)];
        for (regions, octets) in shapes {
            assert_eq!(Shape::new(regions).octets(), octets, "{regions} regions");
        }
        let row = [9, 0, 0, 0, 0, 0, 0, 0b10_00_01_00];
        let shape = Shape::new(3);
        let order: Vec<_> = Row::new(shape, &row).order().collect();
        assert_eq!(order, [2, 0, 1]);
        assert!(shape.is_sound(&row));
    }

    #[test]
    fn an_order_that_names_a_column_twice_or_none_is_unsound() {
        for order in [0b10_00_00_00, 0b10_11_01_00] {
            assert!(!Shape::new(3).is_sound(&[9, 0, 0, 0, 0, 0, 0, order]));
        }
    }
}

//! The table of countries: code, continent, name and where to place a client of whom only the country is known.

use std::sync::LazyLock;

use super::{Continent, Position};

/// One country of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: [u8; 2],
    pub continent: Continent,
    pub name: &'static str,
    pub position: Position,
}

impl Country {
    pub fn code_text(&self) -> &str {
        str::from_utf8(&self.code).unwrap_or_default()
    }
}

/// Where a country stands in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountryIndex(u8);

impl CountryIndex {
    pub fn as_usize(self) -> usize {
        usize::from(self.0)
    }
}

/// The table's length is below this, so that steps can index arrays by country.
pub const MAX_COUNTRIES: usize = 256;

struct Table {
    countries: Vec<Country>,
    by_letters: [u8; LETTERS * LETTERS],
}

const LETTERS: usize = 26;
const NO_COUNTRY: u8 = u8::MAX;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let text = include_str!("../../data/countries.tsv");
    let countries: Vec<_> = text.lines().filter_map(parse_line).collect();
    let mut by_letters = [NO_COUNTRY; LETTERS * LETTERS];
    for (index, country) in (0..NO_COUNTRY).zip(&countries) {
        if let Some(slot) = slot_of(country.code).and_then(|slot| by_letters.get_mut(slot)) {
            *slot = index;
        }
    }
    Table {
        countries,
        by_letters,
    }
});

fn parse_line(line: &'static str) -> Option<Country> {
    let mut fields = line.split('\t');
    let code = fields.next()?.as_bytes().try_into().ok()?;
    let continent = Continent::from_code(fields.next()?)?;
    let name = fields.next()?;
    let latitude = fields.next()?.parse().ok()?;
    let longitude = fields.next()?.parse().ok()?;
    Some(Country {
        code,
        continent,
        name,
        position: Position::new(latitude, longitude),
    })
}

fn slot_of([first, second]: [u8; 2]) -> Option<usize> {
    let letter = |octet: u8| {
        octet
            .is_ascii_uppercase()
            .then(|| usize::from(octet - b'A'))
    };
    Some(letter(first)? * LETTERS + letter(second)?)
}

/// Every country, sorted by code.
pub fn countries() -> &'static [Country] {
    &TABLE.countries
}

/// The country with the code `code`.
pub fn find(code: &str) -> Option<CountryIndex> {
    let slot = slot_of(code.as_bytes().try_into().ok()?)?;
    let index = *TABLE.by_letters.get(slot)?;
    (index != NO_COUNTRY).then_some(CountryIndex(index))
}

/// The entry at `index`, which only `find` hands out.
pub fn country(index: CountryIndex) -> &'static Country {
    static NOWHERE: LazyLock<Country> = LazyLock::new(|| Country {
        code: *b"  ",
        continent: Continent::Antarctica,
        name: "",
        position: Position::new(0.0, 0.0),
    });
    TABLE
        .countries
        .get(index.as_usize())
        .unwrap_or_else(|| &NOWHERE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_country() {
        let lines = include_str!("../../data/countries.tsv")
            .lines()
            .filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), countries().len());
        assert!(countries().len() < usize::from(NO_COUNTRY));
        assert!(countries().is_sorted_by(|a, b| a.code < b.code));
    }

    #[test]
    fn every_country_is_found_by_its_code() {
        for entry in countries() {
            let index = find(entry.code_text()).expect("known code");
            assert_eq!(country(index), entry);
            assert!(entry.position.latitude.abs() <= 90.0);
            assert!(entry.position.longitude.abs() <= 180.0);
        }
    }

    #[test]
    fn a_code_that_is_no_country_is_not_found() {
        for code in ["", "D", "de", "ZZ", "DEU", "D1", "Ü"] {
            assert_eq!(find(code), None, "{code}");
        }
    }
}

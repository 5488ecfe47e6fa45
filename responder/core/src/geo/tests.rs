use super::fixture::{mmdb, mmdb_with_aliases, tangled};
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn country_code(location: &Location) -> Option<&'static str> {
    location
        .country
        .map(|country| countries::country(country).code_text())
}

fn geo(files: &[(&str, &[(&str, Value)])]) -> GeoData {
    let files = files.iter().map(|(role, records)| (*role, mmdb(records)));
    opened(files).unwrap()
}

fn opened<'r>(files: impl Iterator<Item = (&'r str, Arc<[u8]>)>) -> Result<GeoData, GeoError> {
    let files = files.map(|(role, octets)| GeoFile::open(role, &octets));
    GeoData::new(&files.collect::<Result<Vec<_>, _>>()?)
}

fn at(geo: &GeoData, address: &str) -> Location {
    geo.locate(address.parse().unwrap())
}

#[test]
fn every_vendor_says_the_same_in_its_own_words() {
    let maxmind = json!({
        "continent": {"code": "NA", "geoname_id": 6255149, "names": {"en": "North America"}},
        "country": {"iso_code": "US", "names": {"en": "United States"}},
        "registered_country": {"iso_code": "CA"},
        "location": {"accuracy_radius": 20, "latitude": 37.5, "longitude": -122.25, "time_zone": "America/Los_Angeles"},
        "subdivisions": [{"iso_code": "CA", "names": {"en": "California"}}, {"iso_code": "001"}],
    });
    let ipinfo = json!({
        "city": "Mountain View", "region": "California", "region_code": "CA", "country": "United States",
        "country_code": "US", "continent": "North America", "continent_code": "NA",
        "lat": "37.5", "lng": "-122.25", "timezone": "America/Los_Angeles",
    });
    let ipinfo_short =
        json!({"country": "US", "continent": "NA", "region_code": "CA", "loc": "37.5,-122.25"});
    let flat =
        json!({"country_code": "US", "state1": "CA", "latitude": 37.5, "longitude": -122.25});
    for record in [maxmind, ipinfo, ipinfo_short, flat] {
        let geo = geo(&[("city", &[("203.0.113.0/24", record.clone())])]);
        let location = at(&geo, "203.0.113.9");
        let position = location.position.unwrap();
        assert_eq!(
            location.continent,
            Some(Continent::NorthAmerica),
            "{record}"
        );
        assert_eq!(country_code(&location), Some("US"), "{record}");
        assert_eq!(location.subdivision.unwrap().to_string(), "US-CA");
        assert_eq!((position.latitude, position.longitude), (37.5, -122.25));
        assert_eq!(location.position_source, Some(PositionSource::City));
        assert_eq!(location.scope, 24);
    }
}

#[test]
fn an_as_number_is_read_as_number_or_text() {
    for record in [
        json!({"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}),
        json!({"asn": "AS64500", "as_name": "Example"}),
    ] {
        let geo = geo(&[("asn", &[("2001:db8::/32", record)])]);
        let asn = |address: &str| geo.asn(address.parse().unwrap());
        assert_eq!(asn("2001:db8::1"), (Some(64500), 32));
        assert_eq!(asn("2001:db9::1").0, None);
    }
}

#[test]
fn a_record_without_coordinates_is_placed_at_its_country() {
    let record = json!({"country": {"iso_code": "DE"}, "continent": {"code": "EU"}});
    let geo = geo(&[("country", &[("91.0.0.0/10", record)])]);
    let location = at(&geo, "91.12.0.1");
    let germany = countries::country(countries::find("DE").unwrap());
    assert_eq!(location.position, Some(germany.position));
    assert_eq!(location.position_source, Some(PositionSource::Country));
    assert_eq!(location.scope, 10);
}

#[test]
fn the_country_file_answers_where_the_city_file_names_no_country() {
    let geo = geo(&[
        (
            "city",
            &[("10.0.0.0/9", json!({"country": {"iso_code": "FR"}}))],
        ),
        (
            "country",
            &[("10.0.0.0/8", json!({"country": {"iso_code": "DE"}}))],
        ),
    ]);
    assert_eq!(country_code(&at(&geo, "10.1.0.0")), Some("FR"));
    let other = at(&geo, "10.200.0.0");
    assert_eq!((country_code(&other), other.scope), (Some("DE"), 9));
}

#[test]
fn a_region_without_a_country_keeps_its_continent() {
    let geo = geo(&[(
        "country",
        &[("10.0.0.0/8", json!({"continent": {"code": "EU"}}))],
    )]);
    let location = at(&geo, "10.0.0.1");
    assert_eq!(location.continent, Some(Continent::Europe));
    assert_eq!((location.country, location.position), (None, None));
}

#[test]
fn without_files_nobody_is_known_and_nothing_narrows_the_scope() {
    assert_eq!(at(&GeoData::default(), "10.0.0.1"), Location::default());
    assert_eq!(GeoData::default().asn("::1".parse().unwrap()), (None, 0));
}

#[test]
fn a_file_that_cannot_be_used_is_named_by_its_role() {
    let open = |role, bytes: &[u8]| {
        let file: Arc<[u8]> = bytes.into();
        opened([(role, file)].into_iter())
            .err()
            .unwrap()
            .to_string()
    };
    assert_eq!(
        open("town", b""),
        "geo file \"town\": no such role; it is country, city or asn"
    );
    let unreadable = open("city", b"not an MMDB file");
    assert!(unreadable.starts_with("geo file \"city\": not a readable MMDB file: "));
    let country = mmdb(&[("10.0.0.0/8", json!({"country": "DE"}))]);
    let twice = opened([("country", country.clone()), ("country", country)].into_iter());
    assert_eq!(
        twice.err().unwrap().to_string(),
        "geo file \"country\": given twice"
    );
}

#[test]
fn distances_are_those_of_the_globe() {
    let position = |latitude, longitude| Position::new(latitude, longitude);
    let frankfurt = position(50.11, 8.68);
    let new_york = position(40.71, -74.01);
    assert!((frankfurt.distance_km(&new_york) - 6206.0).abs() < 10.0);
    assert_eq!(frankfurt.distance_km(&frankfurt), 0.0);
    let antipodes = position(0.0, 0.0).distance_km(&position(0.0, 180.0));
    assert!((antipodes - 20_015.1).abs() < 0.1);
}

proptest! {
    /// The key to ECS: within the scope, every address has the same location.
    #[test]
    fn a_location_holds_within_its_scope(
        networks in prop::collection::vec((any::<u32>(), 1u8..=32, 0usize..3), 1..12),
        address: u32,
        other: u32,
    ) {
        let codes = ["DE", "FR", "US"];
        let records: Vec<_> = networks.iter().map(|(bits, length, code)| {
            let network = std::net::Ipv4Addr::from_bits(bits & (u32::MAX << (32 - length)));
            (format!("{network}/{length}"), json!({"country": {"iso_code": codes[*code]}}))
        }).collect();
        let records: Vec<_> = records.iter().map(|(network, record)| (network.as_str(), record.clone())).collect();
        let geo = geo(&[("country", &records)]);
        let located = |bits| geo.locate(IpAddr::V4(std::net::Ipv4Addr::from_bits(bits)));
        let location = located(address);
        let mask = u32::MAX.checked_shl(32 - u32::from(location.scope)).unwrap_or(0);
        prop_assert_eq!(located(address & mask | other & !mask), location);
    }
}

#[test]
fn a_small_file_of_endless_networks_is_refused_at_once() {
    // With 97 nodes, the IPv4 part is one of two networks, and all the others lead to it.
    for depth in [96, 97, 98, 120] {
        let file = tangled(depth, &json!({"country": {"iso_code": "DE"}}));
        assert!(file.len() < 2000);
        let error = GeoFile::open("city", &file).err().unwrap();
        let reason = "not a readable MMDB file: invalid database: more networks than octets";
        assert_eq!(error.to_string(), format!("geo file \"city\": {reason}"));
    }
}

#[test]
fn an_address_that_carries_an_ipv4_address_is_where_that_is() {
    let records = [
        ("8.8.0.0/16", json!({"country": "US"})),
        ("91.0.0.0/10", json!({"country": "DE"})),
        ("2a00::/16", json!({"country": "FR"})),
    ];
    let networks = ["2002::/16", "2001::/32", "::ffff:0:0/96"];
    let file = mmdb_with_aliases(&records, &networks);
    let geo = opened([("country", file)].into_iter()).unwrap();
    for (address, code, scope) in [
        ("8.8.8.8", "US", 16),
        ("2002:808:808::1", "US", 32),
        ("2001:0:5b01:203::1", "DE", 42),
        ("::ffff:91.1.2.3", "DE", 106),
        ("2a00::1", "FR", 16),
    ] {
        let location = at(&geo, address);
        assert_eq!(
            (country_code(&location), location.scope),
            (Some(code), scope),
            "{address}"
        );
    }
    let nowhere = at(&geo, "2002:a00::1");
    assert_eq!(country_code(&nowhere), None);
    assert!(nowhere.scope > 16, "its neighbours are somewhere");
}

#[test]
fn a_file_without_aliases_says_of_6to4_what_it_says() {
    let records = [
        ("8.8.0.0/16", json!({"country": "US"})),
        ("2002::/16", json!({"country": "FR"})),
    ];
    let geo = geo(&[("country", &records)]);
    assert_eq!(country_code(&at(&geo, "2002:808:808::1")), Some("FR"));
    assert_eq!(at(&geo, "::9.9.9.9").scope, 96);
}

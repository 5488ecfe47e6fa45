//! The world that queries are put to: something of everything that an answer can be made from.

mod policies;
mod zones;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use responder_core::beliefs::Beliefs;
use responder_core::health::{HealthTable, Path, State};
use responder_core::latency_map::LatencyMap;
use responder_core::load::LoadReport;
use responder_core::snapshot::{Chunks, Digest, Manifest, World};
use responder_core::wire::NameBuf;

use crate::reference::{self, Labels};

#[path = "../../core/src/geo/fixture.rs"]
mod fixture;
#[path = "../../core/src/latency_map/fixture.rs"]
mod latency_fixture;

/// MMDB files by role.
pub type GeoFiles = Vec<(&'static str, Arc<[u8]>)>;

/// A world with the health that it is served with.
pub struct Served {
    pub world: World,
    pub health: Beliefs,
}

static SERVED: LazyLock<Served> = LazyLock::new(|| serve(policy_chunk()));
static UNSHADOWED: LazyLock<Served> = LazyLock::new(|| serve(&policies::chunk_without_shadows()));
static POLICIES: LazyLock<Vec<u8>> = LazyLock::new(policies::chunk);
static GEO: LazyLock<GeoFiles> = LazyLock::new(policies::geo_files);
static NAMES: LazyLock<Vec<Labels>> = LazyLock::new(all_names);

pub fn served() -> &'static Served {
    &SERVED
}

/// The same, where no policy has a shadow.
pub fn unshadowed() -> &'static Served {
    &UNSHADOWED
}

/// Every owner in the world, and some names that are not ours.
pub fn names() -> &'static [Labels] {
    &NAMES
}

pub fn policy_chunk() -> &'static [u8] {
    &POLICIES
}

pub fn geo_files() -> &'static [(&'static str, Arc<[u8]>)] {
    &GEO
}

/// A geo file of few octets and endless networks.
pub fn tangled_geo_file() -> Arc<[u8]> {
    fixture::tangled(120, &serde_json::json!({"country": {"iso_code": "DE"}}))
}

/// Origin and chunk of every zone.
pub fn zone_chunks() -> Vec<(&'static str, Vec<u8>)> {
    let zones = zones::all().into_iter();
    zones.map(|zone| (zone.origin, zone.chunk())).collect()
}

/// The chunks of the same zones, without what is large in them.
pub fn small_chunks() -> Vec<Vec<u8>> {
    zones::small().iter().map(zones::Zone::chunk).collect()
}

fn serve(policies: &[u8]) -> Served {
    let world = open(&zone_chunks(), policies, geo_files());
    let world = world.unwrap_or_else(|error| panic!("the world of the targets: {error}"));
    let health = HealthTable::new(
        1,
        [
            (10, Path::V4, State::Up),
            (11, Path::V4, State::Down),
            (12, Path::V6, State::Up),
            (13, Path::V4, State::Up),
            (13, Path::V6, State::Down),
            (20, Path::Name, State::Up),
        ],
    );
    // Full, half full, half shedding, and known no longer.
    let loads = [
        (10, 1.0, u32::MAX),
        (11, 0.5, u32::MAX),
        (13, 0.7, u32::MAX),
        (15, 1.0, 0),
    ];
    let loads = loads.map(|(id, share, max_age_s)| (id, LoadReport::new(share, 0, max_age_s)));
    let health = Beliefs::new(world.policies(), &health.with_loads(loads));
    let latency = LatencyMap::default().apply(&policies::latency_map());
    let latency = latency.unwrap_or_else(|error| panic!("the map of the targets: {error}"));
    let health = health.with_latency(world.policies(), Arc::new(latency));
    Served { world, health }
}

/// The chunk of a zone `z.` with a name for each of the policies, and these names.
pub fn steered_by(policies: &[u32]) -> (Vec<u8>, Vec<Labels>) {
    let zone = zones::steered_by(policies);
    let owners = zone.owners().into_iter().filter(|owner| owner.len() > 1);
    (zone.chunk(), owners.collect())
}

/// Opens chunks with a manifest that fits them.
pub fn open(
    zones: &[(&str, Vec<u8>)],
    policies: &[u8],
    geo: &[(&str, Arc<[u8]>)],
) -> Result<World, responder_core::snapshot::SnapshotError> {
    let mut chunks = Chunks::from([(Digest::of(policies), policies)]);
    chunks.extend(
        zones
            .iter()
            .map(|(_, chunk)| (Digest::of(chunk), &chunk[..])),
    );
    chunks.extend(geo.iter().map(|(_, file)| (Digest::of(file), &file[..])));
    let zones = zones
        .iter()
        .map(|(origin, chunk)| (*origin, Digest::of(chunk)));
    let geo = geo.iter().map(|(role, file)| (*role, Digest::of(file)));
    let manifest = manifest(zones, Digest::of(policies), geo);
    World::open(&Manifest::parse(&manifest)?, &chunks, None)
}

pub fn manifest<'a>(
    zones: impl Iterator<Item = (&'a str, Digest)>,
    policies: Digest,
    geo: impl Iterator<Item = (&'a str, Digest)>,
) -> Vec<u8> {
    let texts = |pairs: &mut dyn Iterator<Item = (&'a str, Digest)>| {
        let texts = pairs.map(|(key, digest)| (key.to_owned(), digest.to_string()));
        texts.collect::<BTreeMap<_, _>>()
    };
    let (mut zones, mut geo) = (zones, geo);
    let manifest = serde_json::json!({
        "format": 1, "generation": 1, "created": "", "zones": texts(&mut zones),
        "policies": policies.to_string(), "geo": texts(&mut geo),
    });
    manifest.to_string().into_bytes()
}

/// A manifest of format 2, all of whose chunks are the same.
pub fn manifest_of_lists(digest: Digest) -> Vec<u8> {
    let digest = digest.to_string();
    let manifest = serde_json::json!({
        "format": 2, "generation": 1, "created": "", "zones": {"00": digest, "ff": digest},
        "policies": digest, "geo": {},
    });
    manifest.to_string().into_bytes()
}

fn all_names() -> Vec<Labels> {
    let outside = [
        "nowhere.",
        "example.net.",
        ".",
        "version.bind.",
        "id.server.",
    ];
    let outside = outside.iter().map(|text| labels(text));
    let owners = zones::all().into_iter().flat_map(|zone| zone.owners());
    owners.chain(outside).collect()
}

/// The labels of a name in presentation format.
pub fn labels(text: &str) -> Labels {
    let name = NameBuf::from_text(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let (labels, _) = reference::name(name.as_name().as_bytes(), 0).expect("a name of our own");
    labels
}

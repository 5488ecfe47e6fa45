//! `replay`, and what it tells as the typed dictionaries of the stub.

use std::collections::HashMap;

use pyo3::prelude::*;
use responder_core::answer::replay::{
    Asking, Basis, Comparison, CountrySummary, Move, Replay, Spread, replay as replayed,
};

use crate::functions::{TypeArgument, malformed, replaying, subnets};
use crate::health::Health;
use crate::latency_map::{LatencyMap, known};
use crate::snapshot::Snapshot;

#[derive(IntoPyObject)]
pub(crate) struct ReplayDict {
    weighed_by: &'static str,
    moves: Vec<MoveRow>,
    latency: Option<ComparisonDict>,
    countries: Vec<CountryDict>,
}

/// Country, endpoint now, endpoint then, share.
type MoveRow = (String, u32, u32, f64);

#[derive(IntoPyObject)]
struct CountryDict {
    country: String,
    share: f64,
    latency: Option<ComparisonDict>,
}

#[derive(IntoPyObject)]
struct ComparisonDict {
    estimated: f64,
    before: SpreadDict,
    after: SpreadDict,
}

#[derive(IntoPyObject)]
struct SpreadDict {
    mean_ms: f64,
    p50_ms: f64,
    p95_ms: f64,
}

#[pyfunction]
#[pyo3(signature = (present, proposed, health, qname, qtype, clients, *, countries=None, networks=None, latency=None,
                    now_s=0))]
#[expect(
    clippy::too_many_arguments,
    reason = "one for each argument of the function in Python"
)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "what Python's texts are copied to"
)]
pub(crate) fn replay(
    py: Python<'_>,
    present: &Snapshot,
    proposed: &Snapshot,
    health: &Health,
    qname: &str,
    qtype: TypeArgument,
    clients: Vec<String>,
    countries: Option<HashMap<String, u64>>,
    networks: Option<HashMap<u32, u64>>,
    latency: Option<&LatencyMap>,
    now_s: u64,
) -> PyResult<ReplayDict> {
    let replaying = replaying(qname, &qtype, now_s)?;
    let clients = subnets(&clients)?;
    let asking = Asking {
        countries: by_code(countries.unwrap_or_default())?,
        networks: networks.unwrap_or_default(),
    };
    let worlds = (&*present.world, &*proposed.world);
    let known = known(Some(health), latency);
    let replay = py.detach(|| replayed(worlds, &known, &replaying, &asking, clients));
    Ok(replay_dict(replay))
}

fn by_code(countries: HashMap<String, u64>) -> PyResult<HashMap<[u8; 2], u64>> {
    let countries = countries.into_iter();
    let coded = countries.map(|(country, queries)| match country.as_bytes() {
        [] => Ok(([0; 2], queries)),
        [first, second] => Ok(([*first, *second], queries)),
        _ => Err(malformed("countries", &country, "not two letters")),
    });
    coded.collect()
}

fn replay_dict(replay: Replay) -> ReplayDict {
    ReplayDict {
        weighed_by: match replay.basis {
            Basis::Addresses => "addresses",
            Basis::Countries => "countries",
            Basis::CountriesAndNetworks => "networks",
        },
        moves: replay.moves.into_iter().map(move_row).collect(),
        latency: replay.latency.map(comparison_dict),
        countries: replay.countries.into_iter().map(country_dict).collect(),
    }
}

fn move_row((found, share): (Move, f64)) -> MoveRow {
    (code_text(found.country), found.from, found.to, share)
}

fn country_dict(summary: CountrySummary) -> CountryDict {
    CountryDict {
        country: code_text(summary.country),
        share: summary.share,
        latency: summary.latency.map(comparison_dict),
    }
}

fn comparison_dict(comparison: Comparison) -> ComparisonDict {
    ComparisonDict {
        estimated: comparison.estimated,
        before: spread_dict(comparison.before),
        after: spread_dict(comparison.after),
    }
}

fn spread_dict(spread: Spread) -> SpreadDict {
    SpreadDict {
        mean_ms: spread.mean_ms,
        p50_ms: spread.median_ms,
        p95_ms: spread.p95_ms,
    }
}

fn code_text(country: [u8; 2]) -> String {
    let letters = country.iter().filter(|letter| **letter != 0);
    letters.map(|letter| char::from(*letter)).collect()
}

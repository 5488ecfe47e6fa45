//! `respond`, `explain`, `choose` and `countries`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use responder_core::answer::explained::{Asking, explained};
use responder_core::answer::replay::{Replaying, tallies};
use responder_core::answer::{Request, Scratch, Transport, answer};
use responder_core::beliefs::Beliefs;
use responder_core::geo::countries::{Country, countries as all_countries};
use responder_core::observe::Silent;
use responder_core::wire::{ClientSubnet, NameBuf, RecordType};

use crate::health::Health;
use crate::latency_map::{LatencyMap, known};
use crate::settings::{Settings, settings_of};
use crate::snapshot::Snapshot;

#[pyfunction]
#[pyo3(signature = (snapshot, health, query, source, *, latency=None, tcp=false, now_s=0, settings=None,
                    switched_off=BTreeSet::new()))]
#[expect(
    clippy::too_many_arguments,
    reason = "one for each keyword of the function in Python"
)]
pub(crate) fn respond<'py>(
    py: Python<'py>,
    snapshot: &Snapshot,
    health: &Health,
    query: &[u8],
    source: &str,
    latency: Option<&LatencyMap>,
    tcp: bool,
    now_s: u64,
    settings: Option<&Settings>,
    switched_off: BTreeSet<u32>,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let room = query.len().max(usize::from(u16::MAX));
    let mut message = query.to_vec();
    message.resize(room, 0);
    let request = Request {
        source: address("source", source)?,
        transport: if tcp { Transport::Tcp } else { Transport::Udp },
        now_s,
        settings: &settings_of(settings),
    };
    let world = &snapshot.world;
    let mut known = known(Some(health), latency);
    known.switched_off = Arc::new(switched_off);
    let beliefs = Beliefs::of(world.policies(), &known);
    let reply = answer(
        world,
        &beliefs,
        &request,
        (&mut message, query.len()),
        &mut Scratch::new(),
        &mut Silent,
    );
    let reply = reply.and_then(|reply| message.get(..reply.length));
    Ok(reply.map(|octets| PyBytes::new(py, octets)))
}

#[pyfunction]
#[pyo3(signature = (snapshot, health, qname, qtype, client, ecs=None, *, latency=None, now_s=0,
                    switched_off=BTreeSet::new()))]
#[expect(
    clippy::too_many_arguments,
    reason = "one for each argument of the function in Python"
)]
pub(crate) fn explain(
    snapshot: &Snapshot,
    health: &Health,
    qname: &str,
    qtype: TypeArgument,
    client: &str,
    ecs: Option<&str>,
    latency: Option<&LatencyMap>,
    now_s: u64,
    switched_off: BTreeSet<u32>,
) -> PyResult<String> {
    let name = NameBuf::from_text(qname);
    let asking = Asking {
        name: name.map_err(|error| malformed("qname", qname, &error.to_string()))?,
        record_type: qtype.record_type()?,
        resolver: address("client", client)?,
        subnet: ecs.map(|text| subnet("ecs", text)).transpose()?,
        now_s,
    };
    let mut known = known(Some(health), latency);
    known.switched_off = Arc::new(switched_off);
    let explanation = explained(&snapshot.world, &known, &asking);
    serde_json::to_string(&explanation).map_err(|error| PyValueError::new_err(error.to_string()))
}

#[pyfunction]
#[pyo3(signature = (snapshot, health, qname, qtype, clients, *, latency=None, now_s=0))]
#[expect(
    clippy::too_many_arguments,
    reason = "one for each argument of the function in Python"
)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "what Python's texts are copied to"
)]
pub(crate) fn choose(
    py: Python<'_>,
    snapshot: &Snapshot,
    health: &Health,
    qname: &str,
    qtype: TypeArgument,
    clients: Vec<String>,
    latency: Option<&LatencyMap>,
    now_s: u64,
) -> PyResult<Vec<(u32, bool)>> {
    let replaying = replaying(qname, &qtype, now_s)?;
    let clients = subnets(&clients)?;
    let known = known(Some(health), latency);
    let chosen = py.detach(|| tallies(&snapshot.world, &known, &replaying, clients));
    let chosen = chosen
        .into_iter()
        .map(|tally| tally.map_or((0, false), |tally| (tally.endpoint, tally.is_explored)));
    Ok(chosen.collect())
}

pub(crate) fn replaying(qname: &str, qtype: &TypeArgument, now_s: u64) -> PyResult<Replaying> {
    let name = NameBuf::from_text(qname);
    Ok(Replaying {
        name: name.map_err(|error| malformed("qname", qname, &error.to_string()))?,
        record_type: qtype.record_type()?,
        now_s,
    })
}

pub(crate) fn subnets(clients: &[String]) -> PyResult<Vec<ClientSubnet>> {
    let clients = clients.iter().map(|client| subnet("clients", client));
    clients.collect()
}

#[pyfunction]
pub(crate) fn countries() -> Vec<(&'static str, &'static str, &'static str, f64, f64)> {
    all_countries().iter().map(country_row).collect()
}

fn country_row(country: &'static Country) -> (&'static str, &'static str, &'static str, f64, f64) {
    let position = country.position;
    (
        country.code_text(),
        country.continent.code(),
        country.name,
        position.latitude,
        position.longitude,
    )
}

/// A record type by mnemonic, by `TYPE` and number, or by number.
#[derive(FromPyObject)]
pub(crate) enum TypeArgument {
    Number(u16),
    Text(String),
}

impl TypeArgument {
    fn record_type(&self) -> PyResult<RecordType> {
        match self {
            Self::Number(number) => Ok(RecordType(*number)),
            Self::Text(text) => {
                text.parse()
                    .map_err(|error: responder_core::wire::types::UnknownType| {
                        malformed("qtype", text, &error.to_string())
                    })
            }
        }
    }
}

fn address(argument: &str, text: &str) -> PyResult<IpAddr> {
    text.parse()
        .map_err(|_| malformed(argument, text, "not an IPv4 or IPv6 address"))
}

/// A prefix; an address alone is a prefix of its full length.
fn subnet(argument: &str, text: &str) -> PyResult<ClientSubnet> {
    let refused = || malformed(argument, text, "not a prefix such as 203.0.113.0/24");
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| refused())?;
    let prefix = match (prefix, address) {
        (Some(prefix), _) => prefix.parse().map_err(|_| refused())?,
        (None, IpAddr::V4(_)) => 32,
        (None, IpAddr::V6(_)) => 128,
    };
    ClientSubnet::new(address, prefix).map_err(|_| {
        malformed(
            argument,
            text,
            "the address has bits set past the prefix, or the prefix is too long",
        )
    })
}

pub(crate) fn malformed(argument: &str, value: &str, reason: &str) -> PyErr {
    PyValueError::new_err(format!("{argument}: {value:?}: {reason}"))
}

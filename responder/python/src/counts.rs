//! `Counters` as the typed dictionaries of the stub.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use responder_core::answer::Transport;
use responder_core::counters::{NetworkTally, ShadowTally, Tally};
use responder_core::latency::{BUCKETS, bound_ns};
use responder_server::{DnstapTotals, Handshake, ListenerTotals, TcpTotals, Totals};

#[pyfunction]
pub(crate) fn latency_bounds_ns() -> Vec<u64> {
    (0..BUCKETS).filter_map(bound_ns).collect()
}

pub(crate) fn counters_dict<'py>(py: Python<'py>, totals: &Totals) -> PyResult<Bound<'py, PyDict>> {
    let counters = PyDict::new(py);
    counters.set_item("queries", totals.queries)?;
    counters.set_item("dropped", totals.dropped)?;
    counters.set_item("withheld", totals.withheld)?;
    counters.set_item("slipped", totals.slipped)?;
    let answers = PyList::empty(py);
    for (tally, count) in &totals.answers {
        answers.append(answer_count(py, tally, *count)?)?;
    }
    counters.set_item("answers", answers)?;
    let networks = PyList::empty(py);
    for (tally, count) in &totals.networks {
        networks.append(network_count(py, tally, *count)?)?;
    }
    counters.set_item("networks", networks)?;
    let shadows = PyList::empty(py);
    for (tally, count) in &totals.shadows {
        shadows.append(shadow_count(py, tally, *count)?)?;
    }
    counters.set_item("shadows", shadows)?;
    let listeners = PyList::empty(py);
    for listener in &totals.listeners {
        listeners.append(listener_count(py, listener)?)?;
    }
    counters.set_item("listeners", listeners)?;
    counters.set_item("dnstap", dnstap_count(py, &totals.dnstap)?)?;
    counters.set_item("tcp", tcp_counts(py, &totals.tcp)?)?;
    Ok(counters)
}

fn tcp_counts<'py>(py: Python<'py>, totals: &TcpTotals) -> PyResult<Bound<'py, PyDict>> {
    let counts = PyDict::new(py);
    counts.set_item("open", totals.open)?;
    counts.set_item("buffered_octets", totals.buffered_octets)?;
    counts.set_item("refused", totals.refused)?;
    counts.set_item("cut_off", totals.cut_off)?;
    counts.set_item("handshakes", totals.handshakes)?;
    counts.set_item("handshakes_left_out", totals.handshakes_left_out)?;
    Ok(counts)
}

pub(crate) fn handshake_dict<'py>(
    py: Python<'py>,
    handshake: &Handshake,
) -> PyResult<Bound<'py, PyDict>> {
    let said = PyDict::new(py);
    said.set_item("client", handshake.client.to_string())?;
    said.set_item("rtt_us", handshake.rtt_us)?;
    said.set_item("measured_s", handshake.answered_s)?;
    Ok(said)
}

fn network_count<'py>(
    py: Python<'py>,
    tally: &NetworkTally,
    count: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let network = PyDict::new(py);
    network.set_item("policy", tally.policy)?;
    network.set_item("network", tally.network)?;
    network.set_item("count", count)?;
    Ok(network)
}

fn shadow_count<'py>(
    py: Python<'py>,
    tally: &ShadowTally,
    count: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let shadow = PyDict::new(py);
    shadow.set_item("shadow", tally.shadow)?;
    shadow.set_item("country", country(&tally.country))?;
    shadow.set_item("endpoint", tally.endpoint)?;
    shadow.set_item("shadow_endpoint", tally.shadow_endpoint)?;
    shadow.set_item("count", count)?;
    Ok(shadow)
}

fn listener_count<'py>(py: Python<'py>, listener: &ListenerTotals) -> PyResult<Bound<'py, PyDict>> {
    let transport = match (listener.address, listener.transport) {
        (None, _) => "xdp",
        (Some(_), Transport::Udp) => "udp",
        (Some(_), Transport::Tcp) => "tcp",
    };
    let address = listener.address.map(|address| address.to_string());
    let counted = PyDict::new(py);
    counted.set_item("address", address)?;
    counted.set_item("transport", transport)?;
    counted.set_item("queries", listener.queries)?;
    counted.set_item("dropped", listener.dropped)?;
    counted.set_item("latency", listener.latency.counts.to_vec())?;
    counted.set_item("latency_sum_ns", listener.latency.sum_ns)?;
    Ok(counted)
}

fn dnstap_count<'py>(py: Python<'py>, totals: &DnstapTotals) -> PyResult<Bound<'py, PyDict>> {
    let counted = PyDict::new(py);
    counted.set_item("sent", totals.sent)?;
    counted.set_item("lost", totals.lost)?;
    Ok(counted)
}

fn answer_count<'py>(py: Python<'py>, tally: &Tally, count: u64) -> PyResult<Bound<'py, PyDict>> {
    let answer = PyDict::new(py);
    answer.set_item("policy", tally.policy)?;
    answer.set_item("endpoint", tally.endpoint)?;
    answer.set_item("country", country(&tally.country))?;
    answer.set_item("rcode", tally.rcode)?;
    answer.set_item("explored", tally.is_explored)?;
    answer.set_item("count", count)?;
    Ok(answer)
}

fn country(code: &[u8; 2]) -> &str {
    match code {
        [0, 0] => "",
        code => str::from_utf8(code).unwrap_or_default(),
    }
}

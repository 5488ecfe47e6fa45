//! `Counters` as the typed dictionaries of the stub.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use responder_core::counters::Tally;
use responder_server::{TcpTotals, Totals};

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
    counters.set_item("tcp", tcp_counts(py, &totals.tcp)?)?;
    Ok(counters)
}

fn tcp_counts<'py>(py: Python<'py>, totals: &TcpTotals) -> PyResult<Bound<'py, PyDict>> {
    let counts = PyDict::new(py);
    counts.set_item("open", totals.open)?;
    counts.set_item("buffered_octets", totals.buffered_octets)?;
    counts.set_item("refused", totals.refused)?;
    counts.set_item("cut_off", totals.cut_off)?;
    Ok(counts)
}

fn answer_count<'py>(py: Python<'py>, tally: &Tally, count: u64) -> PyResult<Bound<'py, PyDict>> {
    let answer = PyDict::new(py);
    answer.set_item("policy", tally.policy)?;
    answer.set_item("endpoint", tally.endpoint)?;
    answer.set_item("country", country(tally))?;
    answer.set_item("rcode", tally.rcode)?;
    answer.set_item("count", count)?;
    Ok(answer)
}

fn country(tally: &Tally) -> &str {
    match &tally.country {
        [0, 0] => "",
        code => str::from_utf8(code).unwrap_or_default(),
    }
}

//! `Counters` as the typed dictionaries of the stub.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use responder_core::counters::Tally;
use responder_server::Totals;

pub(crate) fn counters_dict<'py>(py: Python<'py>, totals: &Totals) -> PyResult<Bound<'py, PyDict>> {
    let counters = PyDict::new(py);
    counters.set_item("queries", totals.queries)?;
    counters.set_item("dropped", totals.dropped)?;
    let answers = PyList::empty(py);
    for (tally, count) in &totals.answers {
        answers.append(answer_count(py, tally, *count)?)?;
    }
    counters.set_item("answers", answers)?;
    Ok(counters)
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

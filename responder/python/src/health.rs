//! `Health`: states of endpoints at one sequence number.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use responder_core::health::{Entry, HealthTable, Path, State};

/// A state as Python writes it: endpoint id, family, state.
type Written = (u32, u8, String);

#[pyclass(frozen, module = "responder")]
pub(crate) struct Health {
    pub table: Arc<HealthTable>,
}

#[pymethods]
impl Health {
    #[new]
    #[pyo3(signature = (sequence=0, states=Vec::new()), text_signature = "(sequence=0, states=())")]
    fn new(sequence: u64, states: Vec<Written>) -> PyResult<Self> {
        let table = HealthTable::new(sequence, entries(states)?);
        Ok(Self::of(table))
    }

    #[getter]
    fn sequence(&self) -> u64 {
        self.table.sequence()
    }

    #[getter]
    fn states(&self) -> Vec<(u32, u8, &'static str)> {
        let states = self.table.states();
        states
            .map(|(endpoint, path, state)| (endpoint, path.number(), state.name()))
            .collect()
    }

    fn apply(&self, sequence: u64, states: Vec<Written>) -> PyResult<Self> {
        let table = self.table.apply(sequence, entries(states)?);
        let table = table.map_err(|gap| PyValueError::new_err(gap.to_string()))?;
        Ok(Self::of(table))
    }
}

impl Health {
    pub fn of(table: HealthTable) -> Self {
        Self {
            table: Arc::new(table),
        }
    }
}

fn entries(written: Vec<Written>) -> PyResult<Vec<Entry>> {
    written.into_iter().map(entry).collect()
}

fn entry((endpoint, family, state): Written) -> PyResult<Entry> {
    let malformed = |what: String| {
        PyValueError::new_err(format!("health state of endpoint {endpoint}: {what}"))
    };
    let path = Path::from_number(family)
        .ok_or_else(|| malformed(format!("family {family} is none of 0, 4 and 6")))?;
    let state = State::from_name(&state)
        .ok_or_else(|| malformed(format!("{state:?} is none of up, down and unknown")))?;
    Ok((endpoint, path, state))
}

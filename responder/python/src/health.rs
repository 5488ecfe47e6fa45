//! `Health`: states and loads of endpoints at one sequence number.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use responder_core::health::{Entry, HealthTable, LoadEntry, Path, State};
use responder_core::load::LoadReport;

/// A state as Python writes it: endpoint id, family, state.
type Written = (u32, u8, String);

/// A load as Python writes it: endpoint id, share (none: forgotten), when it was measured, how old it may get.
type WrittenLoad = (u32, Option<f64>, u64, u32);

#[pyclass(frozen, module = "responder")]
pub(crate) struct Health {
    pub table: Arc<HealthTable>,
}

#[pymethods]
impl Health {
    #[new]
    #[pyo3(
        signature = (sequence=0, states=Vec::new(), loads=Vec::new()),
        text_signature = "(sequence=0, states=(), loads=())"
    )]
    fn new(sequence: u64, states: Vec<Written>, loads: Vec<WrittenLoad>) -> PyResult<Self> {
        let table = HealthTable::new(sequence, entries(states)?);
        Ok(Self::of(table.with_loads(load_entries(loads)?)))
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

    #[getter]
    fn loads(&self) -> Vec<(u32, f64, u64, u32)> {
        let loads = self.table.loads();
        loads
            .map(|(endpoint, load)| (endpoint, load.share(), load.measured_s, load.max_age_s))
            .collect()
    }

    #[pyo3(
        signature = (sequence, states, loads=Vec::new()),
        text_signature = "($self, sequence, states, loads=())"
    )]
    fn apply(
        &self,
        sequence: u64,
        states: Vec<Written>,
        loads: Vec<WrittenLoad>,
    ) -> PyResult<Self> {
        let table = self.table.apply(sequence, entries(states)?);
        let table = table.map_err(|gap| PyValueError::new_err(gap.to_string()))?;
        Ok(Self::of(table.with_loads(load_entries(loads)?)))
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

fn load_entries(written: Vec<WrittenLoad>) -> PyResult<Vec<LoadEntry>> {
    written.into_iter().map(load_entry).collect()
}

fn load_entry((endpoint, share, measured_s, max_age_s): WrittenLoad) -> PyResult<LoadEntry> {
    let Some(share) = share else {
        return Ok((endpoint, None));
    };
    let load = LoadReport::new(share, measured_s, max_age_s).ok_or_else(|| {
        PyValueError::new_err(format!("load of endpoint {endpoint}: {share} is no share"))
    })?;
    Ok((endpoint, Some(load)))
}

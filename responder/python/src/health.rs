//! `Health`: states and loads of endpoints, who is failing, and whom vantages see differently, at one sequence number.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use responder_core::health::{
    Entry, FailingEntry, HealthTable, LoadEntry, Path, State, ViewsEntry,
};
use responder_core::load::LoadReport;

/// A state as Python writes it: endpoint id, family, state.
type Written = (u32, u8, String);

/// A load as Python writes it: endpoint id, share (none: forgotten), when it was measured, how old it may get.
type WrittenLoad = (u32, Option<f64>, u64, u32);

/// Whether an endpoint is failing, as Python writes it: endpoint id, family, whether it is.
type WrittenFailing = (u32, u8, bool);

/// What vantages say that disagree, as Python writes it: endpoint id, family, and of each vantage its region and whether
/// the endpoint is up from there.
type WrittenViews = (u32, u8, Vec<(u32, bool)>);

#[pyclass(frozen, module = "responder")]
pub(crate) struct Health {
    pub table: Arc<HealthTable>,
}

#[pymethods]
impl Health {
    #[new]
    #[pyo3(
        signature = (
            sequence=0, states=Vec::new(), loads=Vec::new(), failing=Vec::new(), views=Vec::new(),
        ),
        text_signature = "(sequence=0, states=(), loads=(), failing=(), views=())"
    )]
    fn new(
        sequence: u64,
        states: Vec<Written>,
        loads: Vec<WrittenLoad>,
        failing: Vec<WrittenFailing>,
        views: Vec<WrittenViews>,
    ) -> PyResult<Self> {
        let table = HealthTable::new(sequence, entries(states)?);
        Self::completed(table, loads, failing, views)
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

    #[getter]
    fn failing(&self) -> Vec<(u32, u8, bool)> {
        let failing = self.table.failing();
        failing
            .map(|(endpoint, path)| (endpoint, path.number(), true))
            .collect()
    }

    #[getter]
    fn views(&self) -> Vec<WrittenViews> {
        let views = self.table.views();
        views
            .map(|(endpoint, path, views)| (endpoint, path.number(), views.to_vec()))
            .collect()
    }

    #[pyo3(
        signature = (sequence, states, loads=Vec::new(), failing=Vec::new(), views=Vec::new()),
        text_signature = "($self, sequence, states, loads=(), failing=(), views=())"
    )]
    fn apply(
        &self,
        sequence: u64,
        states: Vec<Written>,
        loads: Vec<WrittenLoad>,
        failing: Vec<WrittenFailing>,
        views: Vec<WrittenViews>,
    ) -> PyResult<Self> {
        let table = self.table.apply(sequence, entries(states)?);
        let table = table.map_err(|gap| PyValueError::new_err(gap.to_string()))?;
        Self::completed(table, loads, failing, views)
    }
}

impl Health {
    fn completed(
        table: HealthTable,
        loads: Vec<WrittenLoad>,
        failing: Vec<WrittenFailing>,
        views: Vec<WrittenViews>,
    ) -> PyResult<Self> {
        let failing = failing.into_iter().map(failing_entry);
        let failing: Vec<_> = failing.collect::<PyResult<_>>()?;
        let views = views.into_iter().map(views_entry);
        let views: Vec<_> = views.collect::<PyResult<_>>()?;
        let table = table.with_loads(load_entries(loads)?);
        Ok(Self::of(table.with_failing(failing).with_views(views)))
    }

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
    let path = path_of(endpoint, family)?;
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

fn failing_entry((endpoint, family, is_failing): WrittenFailing) -> PyResult<FailingEntry> {
    Ok((endpoint, path_of(endpoint, family)?, is_failing))
}

fn views_entry((endpoint, family, views): WrittenViews) -> PyResult<ViewsEntry> {
    Ok((endpoint, path_of(endpoint, family)?, views.into()))
}

fn path_of(endpoint: u32, family: u8) -> PyResult<Path> {
    Path::from_number(family).ok_or_else(|| {
        let message =
            format!("health state of endpoint {endpoint}: family {family} is none of 0, 4 and 6");
        PyValueError::new_err(message)
    })
}

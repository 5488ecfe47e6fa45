//! `LatencyMap`: how far regions are from clients, at one sequence number.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use responder_core::beliefs::Known;
use responder_core::latency_map;

use crate::health::Health;

pyo3::create_exception!(responder, LatencyMapError, PyValueError);

#[pyclass(frozen, module = "responder")]
pub(crate) struct LatencyMap {
    pub map: Arc<latency_map::LatencyMap>,
}

#[pymethods]
impl LatencyMap {
    #[new]
    fn new() -> Self {
        Self {
            map: Arc::default(),
        }
    }

    #[getter]
    fn sequence(&self) -> u64 {
        self.map.sequence()
    }

    #[getter]
    fn made_s(&self) -> u64 {
        self.map.made_s()
    }

    #[getter]
    fn rows(&self) -> usize {
        self.map.rows()
    }

    #[getter]
    fn octets(&self) -> usize {
        self.map.octets()
    }

    fn apply(&self, py: Python<'_>, message: &[u8]) -> PyResult<Self> {
        let map = py.detach(|| self.map.apply(message));
        let map = map.map_err(|error| LatencyMapError::new_err(error.to_string()))?;
        Ok(Self { map: Arc::new(map) })
    }
}

/// Both as what is known; of what is left out nothing is.
pub(crate) fn known(health: Option<&Health>, latency: Option<&LatencyMap>) -> Known {
    Known {
        health: health.map_or_else(Arc::default, |health| health.table.clone()),
        latency: latency.map_or_else(Arc::default, |latency| latency.map.clone()),
        ..Known::default()
    }
}

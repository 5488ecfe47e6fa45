//! `Manifest`: which chunks make up a generation.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFrozenSet, PyMapping};
use responder_core::snapshot::Digest;

use crate::snapshot::{Snapshot, fetch, octets_of, snapshot_error};

#[pyclass(frozen, module = "responder")]
pub(crate) struct Manifest {
    octets: Py<PyBytes>,
    pub manifest: responder_core::snapshot::Manifest,
}

#[pymethods]
impl Manifest {
    #[new]
    fn new(octets: Bound<'_, PyBytes>) -> PyResult<Self> {
        let manifest = responder_core::snapshot::Manifest::parse(octets.as_bytes());
        Ok(Self {
            manifest: manifest.map_err(snapshot_error)?,
            octets: octets.unbind(),
        })
    }

    #[getter]
    fn octets(&self, py: Python<'_>) -> Py<PyBytes> {
        self.octets.clone_ref(py)
    }

    #[getter]
    fn generation(&self) -> u64 {
        self.manifest.generation
    }

    #[getter]
    fn created(&self) -> &str {
        &self.manifest.created
    }

    #[getter]
    fn digests<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        as_set(py, self.manifest.digests())
    }

    #[getter]
    fn lists<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        as_set(py, self.manifest.lists_missing_from(None))
    }

    #[pyo3(signature = (snapshot, chunks=None))]
    fn missing_from<'py>(
        &self,
        py: Python<'py>,
        snapshot: Option<&Snapshot>,
        chunks: Option<&Bound<'py, PyMapping>>,
    ) -> PyResult<Bound<'py, PyFrozenSet>> {
        let world = snapshot.map(|snapshot| snapshot.world.as_ref());
        let lists = match chunks {
            Some(chunks) => fetch(chunks, &self.manifest.lists_missing_from(world))?,
            None => HashMap::new(),
        };
        let missing = self.manifest.missing_from(world, &octets_of(&lists));
        as_set(py, missing.map_err(snapshot_error)?)
    }
}

pub(crate) fn as_set(
    py: Python<'_>,
    digests: impl IntoIterator<Item = Digest>,
) -> PyResult<Bound<'_, PyFrozenSet>> {
    PyFrozenSet::new(py, digests.into_iter().map(|digest| digest.to_string()))
}

//! `Snapshot`: a verified world.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFrozenSet, PyMapping};
use responder_core::geo::countries::country;
use responder_core::snapshot::{Chunks, Digest, World};
use responder_core::zone::loss;

use crate::manifest::{Manifest, as_set};

pyo3::create_exception!(responder, SnapshotError, PyValueError);

pub(crate) fn snapshot_error(error: responder_core::snapshot::SnapshotError) -> PyErr {
    SnapshotError::new_err(error.to_string())
}

#[pyclass(frozen, module = "responder")]
pub(crate) struct Snapshot {
    pub world: Arc<World>,
}

#[pymethods]
impl Snapshot {
    #[staticmethod]
    #[pyo3(signature = (manifest, chunks, previous=None))]
    fn open(
        py: Python<'_>,
        manifest: &Manifest,
        chunks: &Bound<'_, PyMapping>,
        previous: Option<&Snapshot>,
    ) -> PyResult<Self> {
        let previous = previous.map(|snapshot| snapshot.world.as_ref());
        let manifest = &manifest.manifest;
        let lists = fetch(chunks, &manifest.lists_missing_from(previous))?;
        let missing = manifest.missing_from(previous, &octets_of(&lists));
        let fetched = fetch(chunks, &missing.map_err(snapshot_error)?)?;
        let octets = octets_of(&fetched);
        let world = py.detach(|| World::open(manifest, &octets, previous));
        Ok(Self {
            world: Arc::new(world.map_err(snapshot_error)?),
        })
    }

    #[getter]
    fn generation(&self) -> u64 {
        self.world.generation()
    }

    fn missing_from<'py>(
        &self,
        py: Python<'py>,
        other: &Snapshot,
    ) -> PyResult<Bound<'py, PyFrozenSet>> {
        as_set(py, self.world.missing_from(&other.world))
    }

    #[getter]
    fn origins(&self) -> Vec<String> {
        let zones = self.world.zones().iter();
        let mut origins: Vec<_> = zones.map(|zone| zone.origin().to_string()).collect();
        origins.sort_unstable();
        origins
    }

    #[getter]
    fn policies(&self) -> HashMap<u32, &str> {
        let policies = self.world.policies().policies().iter();
        policies.map(|policy| (policy.id, &*policy.name)).collect()
    }

    #[getter]
    fn endpoints(&self) -> HashMap<u32, &str> {
        let endpoints = self.world.policies().endpoints().iter();
        endpoints
            .map(|endpoint| (endpoint.id, &*endpoint.name))
            .collect()
    }

    /// Name and endpoints of each.
    #[getter]
    fn pools(&self) -> HashMap<u32, (&str, Vec<u32>)> {
        let pools = self.world.policies().pools().iter();
        pools
            .map(|pool| (pool.id, (&*pool.name, pool.members.to_vec())))
            .collect()
    }

    #[getter]
    fn steered(&self) -> Vec<(String, String, String, u32)> {
        let zones = self.world.zones().iter();
        let steered = zones.flat_map(|zone| {
            zone.steered().map(|steered| {
                let (origin, owner) = (zone.origin().to_string(), steered.owner.to_string());
                (
                    origin,
                    owner,
                    steered.set.record_type.to_string(),
                    steered.policy,
                )
            })
        });
        steered.collect()
    }

    fn loss(&self, py: Python<'_>, origin: &str, after: &Snapshot) -> (usize, usize) {
        py.detach(|| {
            let before = self.world.zones().of(origin);
            let found = before.map(|before| loss(before, after.world.zones().of(origin)));
            found.map_or((0, 0), |found| (found.before, found.lost))
        })
    }

    fn locate(&self, prefixes: Vec<String>) -> PyResult<Vec<Place<'_>>> {
        let geo = self.world.geo();
        let place = |prefix: &String| {
            let address = first_address(prefix)?;
            let location = geo.locate(address);
            let position = location.position;
            Ok((
                geo.asn(address).0,
                location.country.map(|number| country(number).code_text()),
                position.map(|position| position.latitude),
                position.map(|position| position.longitude),
            ))
        };
        prefixes.iter().map(place).collect()
    }
}

/// Autonomous system, country, degrees north and east.
type Place<'a> = (Option<u32>, Option<&'a str>, Option<f64>, Option<f64>);

fn first_address(prefix: &str) -> PyResult<IpAddr> {
    let address = prefix.split('/').next().unwrap_or(prefix);
    let refused = |_| PyValueError::new_err(format!("{prefix:?} is no address or prefix"));
    address.parse().map_err(refused)
}

/// The chunks that are there; `World::open` says which is missing and what for.
pub(crate) fn fetch<'py>(
    chunks: &Bound<'py, PyMapping>,
    digests: &[Digest],
) -> PyResult<HashMap<Digest, Bound<'py, PyBytes>>> {
    let mut fetched = HashMap::with_capacity(digests.len());
    for digest in digests {
        match chunks.get_item(digest.to_string()) {
            Ok(chunk) => {
                fetched.insert(*digest, chunk.cast_into::<PyBytes>()?);
            }
            Err(error) if error.is_instance_of::<PyKeyError>(chunks.py()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(fetched)
}

pub(crate) fn octets_of<'f>(fetched: &'f HashMap<Digest, Bound<'_, PyBytes>>) -> Chunks<'f> {
    let octets = fetched.iter();
    octets
        .map(|(digest, bytes)| (*digest, bytes.as_bytes()))
        .collect()
}

//! `Dnstap`: what a server taps, and where it goes.

use std::num::NonZeroU32;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use responder_core::dnstap::Origin;
use responder_server::MalformedCollector;

#[pyclass(frozen, module = "responder")]
pub(crate) struct Dnstap {
    pub inner: responder_server::Dnstap,
}

#[pymethods]
impl Dnstap {
    #[new]
    #[pyo3(signature = (collector, *, sample=100, identity="", version=""))]
    fn new(collector: &str, sample: u32, identity: &str, version: &str) -> PyResult<Self> {
        let refused = |error: MalformedCollector| {
            PyValueError::new_err(format!("collector: {collector:?}: {error}"))
        };
        let zero = || PyValueError::new_err("sample: at least 1 is needed");
        let inner = responder_server::Dnstap {
            collector: collector.parse().map_err(refused)?,
            sample: NonZeroU32::new(sample).ok_or_else(zero)?,
            origin: Origin {
                identity: identity.into(),
                version: version.into(),
            },
        };
        Ok(Self { inner })
    }
}

//! `Server`: listeners and their threads.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{IntoRawFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use responder_server::{BindError, InheritError, Inherited, Limits, Options, XdpStatus};

use crate::counts::{counters_dict, handshake_dict};
use crate::dnstap::Dnstap;
use crate::health::Health;
use crate::latency_map::{LatencyMap, known};
use crate::limits::limits_of;
use crate::settings::{Settings, settings_of};
use crate::snapshot::{Snapshot, snapshot_error};

#[pyclass(frozen, module = "responder")]
pub(crate) struct Server {
    inner: Mutex<responder_server::Server>,
    addresses: Vec<String>,
}

#[pymethods]
impl Server {
    #[new]
    #[pyo3(signature = (
        listen, snapshot, health=None, *, latency=None, workers=None, inherited=None, limits=None, dnstap=None,
        settings=None, switched_off=BTreeSet::new()
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments in Python")]
    fn new(
        py: Python<'_>,
        listen: Vec<String>,
        snapshot: &Snapshot,
        health: Option<&Health>,
        latency: Option<&LatencyMap>,
        workers: Option<usize>,
        inherited: Option<Vec<RawFd>>,
        limits: Option<&Bound<'_, PyDict>>,
        dnstap: Option<&Dnstap>,
        settings: Option<&Settings>,
        switched_off: BTreeSet<u32>,
    ) -> PyResult<Self> {
        let listen: Vec<_> = listen
            .iter()
            .map(|text| address(text))
            .collect::<PyResult<_>>()?;
        if workers == Some(0) {
            return Err(PyValueError::new_err("workers: at least 1 is needed"));
        }
        let workers = workers.unwrap_or_else(one_per_core);
        let options = Options {
            inherited: Inherited::copy_of(&inherited.unwrap_or_default()).map_err(inherit_error)?,
            limits: limits.map_or_else(|| Ok(Limits::default()), limits_of)?,
            dnstap: dnstap.map(|dnstap| dnstap.inner.clone()),
            settings: settings_of(settings),
        };
        let world = snapshot.world.clone();
        let mut known = known(health, latency);
        known.switched_off = Arc::new(switched_off);
        let server =
            py.detach(|| responder_server::Server::start(&listen, workers, world, known, options));
        let server = server.map_err(os_error)?;
        Ok(Self {
            addresses: server
                .addresses()
                .iter()
                .map(SocketAddr::to_string)
                .collect(),
            inner: Mutex::new(server),
        })
    }

    #[getter]
    fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }

    /// Given and wanted.
    #[getter]
    fn receive_buffer(&self, py: Python<'_>) -> Option<(usize, usize)> {
        let buffer = py.detach(|| self.lock().receive_buffer())?;
        Some((buffer.given, buffer.wanted))
    }

    fn use_xdp(&self, py: Python<'_>, interface: &str) {
        py.detach(|| self.lock().use_xdp(interface));
    }

    /// A pair of what is the case and a sentence about it.
    #[getter]
    fn xdp(&self, py: Python<'_>) -> Option<(&'static str, String)> {
        let status = py.detach(|| self.lock().xdp())?;
        let word = match status {
            XdpStatus::Answering { .. } => "answering",
            XdpStatus::Waiting { .. } => "waiting",
            XdpStatus::Unavailable { .. } => "unavailable",
        };
        Some((word, status.to_string()))
    }

    fn swap(&self, py: Python<'_>, snapshot: &Snapshot) -> PyResult<()> {
        let world = snapshot.world.clone();
        py.detach(|| self.lock().swap(world))
            .map_err(snapshot_error)
    }

    fn set_health(&self, py: Python<'_>, health: &Health) {
        let table = health.table.clone();
        py.detach(|| self.lock().set_health(table));
    }

    fn set_latency(&self, py: Python<'_>, latency: &LatencyMap) {
        let map = latency.map.clone();
        py.detach(|| self.lock().set_latency(map));
    }

    fn set_switched_off(&self, py: Python<'_>, endpoints: BTreeSet<u32>) {
        py.detach(|| self.lock().set_switched_off(endpoints));
    }

    fn set_settings(&self, py: Python<'_>, settings: &Settings) {
        let settings = settings.settings.clone();
        py.detach(|| self.lock().set_settings(settings));
    }

    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let totals = py.detach(|| self.lock().totals());
        counters_dict(py, &totals)
    }

    fn take_handshakes<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let taken = py.detach(|| self.lock().take_handshakes());
        let said = taken.iter().map(|handshake| handshake_dict(py, handshake));
        said.collect()
    }

    fn filenos(&self, py: Python<'_>) -> Vec<RawFd> {
        py.detach(|| self.lock().descriptors())
    }

    fn adopt(&self, py: Python<'_>, connections: Vec<RawFd>) -> PyResult<()> {
        let connections = responder_server::connections(&connections).map_err(inherit_error)?;
        py.detach(|| self.lock().adopt(connections));
        Ok(())
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.lock().stop());
    }

    fn leave(&self, py: Python<'_>) -> Vec<RawFd> {
        let left = py.detach(|| self.lock().leave());
        left.into_iter().map(IntoRawFd::into_raw_fd).collect()
    }
}

impl Server {
    /// Always taken without the GIL: whoever holds it may be joining threads.
    fn lock(&self) -> MutexGuard<'_, responder_server::Server> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn address(text: &str) -> PyResult<SocketAddr> {
    text.parse().map_err(|_| {
        PyValueError::new_err(format!(
            "listen: {text:?} is no address:port, such as 127.0.0.1:53 or [::1]:53"
        ))
    })
}

fn one_per_core() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn inherit_error(error: InheritError) -> PyErr {
    PyValueError::new_err(format!("inherited: {error}"))
}

/// The Python class that fits the cause (`PermissionError`, …), naming the address.
fn os_error(error: BindError) -> PyErr {
    let kind = error.cause.kind();
    io::Error::new(kind, error.to_string()).into()
}

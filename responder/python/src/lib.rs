//! The Python module `responder`: bindings only. `responder.pyi` is its documentation.

mod counts;
mod dnstap;
mod functions;
mod health;
mod latency_map;
mod limits;
mod manifest;
mod replay;
mod server;
mod settings;
mod snapshot;

use pyo3::prelude::*;

#[pymodule]
mod responder {
    use std::hash::{BuildHasher, RandomState};

    use pyo3::prelude::*;

    /// The standard library keys its hash tables with the system's randomness.
    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        let random = || RandomState::new().hash_one(());
        responder_core::wire::lookup_name::keep_secret([random(), random()]);
        Ok(())
    }

    #[pymodule_export]
    use crate::counts::latency_bounds_ns;
    #[pymodule_export]
    use crate::dnstap::Dnstap;
    #[pymodule_export]
    use crate::functions::{choose, countries, explain, respond};
    #[pymodule_export]
    use crate::health::Health;
    #[pymodule_export]
    use crate::latency_map::{LatencyMap, LatencyMapError};
    #[pymodule_export]
    use crate::manifest::Manifest;
    #[pymodule_export]
    use crate::replay::replay;
    #[pymodule_export]
    use crate::server::Server;
    #[pymodule_export]
    use crate::settings::Settings;
    #[pymodule_export]
    use crate::snapshot::{Snapshot, SnapshotError};
}

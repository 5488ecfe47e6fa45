//! The Python module `responder`: bindings only. `responder.pyi` is its documentation.

mod counts;
mod dnstap;
mod functions;
mod health;
mod limits;
mod server;
mod settings;
mod snapshot;

use pyo3::prelude::*;

#[pymodule]
mod responder {
    #[pymodule_export]
    use crate::counts::latency_bounds_ns;
    #[pymodule_export]
    use crate::dnstap::Dnstap;
    #[pymodule_export]
    use crate::functions::{countries, explain, respond};
    #[pymodule_export]
    use crate::health::Health;
    #[pymodule_export]
    use crate::server::Server;
    #[pymodule_export]
    use crate::settings::Settings;
    #[pymodule_export]
    use crate::snapshot::{Snapshot, SnapshotError};
}

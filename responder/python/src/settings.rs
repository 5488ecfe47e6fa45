//! `Settings`: how a server speaks the protocol.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use responder_core::wire::cookie::Secrets;

#[pyclass(frozen, module = "responder")]
pub(crate) struct Settings {
    pub settings: responder_core::answer::Settings,
}

#[pymethods]
impl Settings {
    #[new]
    #[pyo3(
        signature = (*, nsid=Vec::new(), cookie_secrets=Vec::new(), version=String::new(), identity=String::new(),
                     stale=false),
        text_signature = "(*, nsid=b'', cookie_secrets=(), version='', identity='', stale=False)"
    )]
    fn new(
        nsid: Vec<u8>,
        cookie_secrets: Vec<Vec<u8>>,
        version: String,
        identity: String,
        stale: bool,
    ) -> PyResult<Self> {
        let secrets = cookie_secrets.into_iter().map(secret);
        let secrets: Vec<_> = secrets.collect::<PyResult<_>>()?;
        let settings = responder_core::answer::Settings {
            nsid: nsid.into(),
            cookie_secrets: Secrets::new(&secrets),
            version: version.into(),
            identity: identity.into(),
            is_stale: stale,
            ..responder_core::answer::Settings::default()
        };
        let settings = settings.checked();
        let settings = settings.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { settings })
    }
}

/// Those given, or those of a server that was told nothing.
pub(crate) fn settings_of(given: Option<&Settings>) -> responder_core::answer::Settings {
    given.map_or_else(Default::default, |given| given.settings.clone())
}

fn secret(octets: Vec<u8>) -> PyResult<[u8; 16]> {
    octets.try_into().map_err(|octets: Vec<u8>| {
        let length = octets.len();
        PyValueError::new_err(format!("cookie_secrets: {length} octets where 16 belong"))
    })
}

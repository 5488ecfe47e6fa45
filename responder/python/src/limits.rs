//! `Limits` from the typed dictionary of the stub.

use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use responder_core::steering::Block;
use responder_server::Limits;

pub(crate) fn limits_of(dict: &Bound<'_, PyDict>) -> PyResult<Limits> {
    let mut limits = Limits::default();
    for (key, value) in dict {
        match key.extract::<&str>()? {
            "connections" => limits.connections = value.extract()?,
            "connections_per_client" => limits.connections_per_client = value.extract()?,
            "idle_timeout_s" => limits.idle_timeout = duration(&value)?,
            "query_timeout_s" => limits.query_timeout = duration(&value)?,
            "reply_timeout_s" => limits.reply_timeout = duration(&value)?,
            "lifetime_s" => limits.lifetime = duration(&value)?,
            "buffered_octets" => limits.buffered_octets = value.extract()?,
            "responses_per_s" => limits.rate_limit.responses_per_s = value.extract()?,
            "slip" => limits.rate_limit.slip = value.extract()?,
            "exempt" => limits.rate_limit.exempt = blocks(&value)?,
            unknown => return Err(refused(&format!("{unknown:?} is none of them"))),
        }
    }
    Ok(limits)
}

fn duration(value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let seconds = value.extract()?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| refused(&format!("{seconds} seconds: {error}")))
}

fn blocks(value: &Bound<'_, PyAny>) -> PyResult<Vec<Block>> {
    let texts: Vec<String> = value.extract()?;
    let blocks = texts.iter().map(|text| Block::parse(text));
    blocks
        .collect::<Result<_, _>>()
        .map_err(|problem| refused(&problem))
}

fn refused(problem: &str) -> PyErr {
    PyValueError::new_err(format!("limits: {problem}"))
}

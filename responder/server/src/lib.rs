//! UDP and TCP listeners that answer with `responder-core`.

//! The Python module `responder`: bindings only.

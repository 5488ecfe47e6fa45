//! The DNS wire format: what may arrive, checked, and what may leave, within its size.
//!
//! ```text
//! packet ─► Query::read (query, edns, ecs) ─► … ─► MessageWriter ─► response
//!                                                     Message (reads a response back, for people and tests)
//! ```

pub mod compose;
mod compressor;
pub mod cookie;
pub mod ecs;
pub mod edns;
pub mod extended_error;
pub mod lookup_name;
pub mod message;
pub mod name;
mod output;
pub mod query;
pub mod rdata;
mod rdata_text;
pub mod reader;
pub mod svcb;
pub mod truncation;
pub mod types;
pub mod writer;

pub use ecs::ClientSubnet;
pub use edns::Edns;
pub use lookup_name::LookupName;
pub use name::{Name, NameBuf, NameError};
pub use query::{Query, Refusal};
pub use types::{Rcode, RecordType};

//! Parts of the benchmarks: see docs/performance.md.

pub mod chance;
pub mod cores;
pub mod datagrams;
pub mod flights;
pub mod histogram;
pub mod load;
pub mod processor_time;
pub mod queries;
#[cfg(feature = "in-process")]
pub mod world;

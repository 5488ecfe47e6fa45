//! Parts of the benchmarks: see docs/performance.md.

pub mod chance;
pub mod world;

//! Which endpoints a client gets: a policy's chain of steps over the members of its pools.
//!
//! ```text
//! policy chunk ─► chunk_v1 (as written) ─► compile (checked, resolved) ─► PolicySet
//!                                                                            │
//! client, name, time, health, location ──────────────────────────────────► select ─► Selection
//! ```
//!
//! Everything that can be decided without the client is decided by `compile`, so that `select` compares
//! integers, allocates nothing and is a pure function (S15).

mod candidates;
mod chunk_v1;
mod cidr;
mod client;
mod compile;
mod decision_tree;
mod draw;
mod id_map;
mod lots;
mod place;
mod place_map;
mod policy;
mod run;
mod select;
mod selector;
mod shadow;
mod shortcuts;
mod sift;
mod steps;

pub use candidates::Scratch;
pub use client::{Client, Family, Subnet};
pub(crate) use client::{ClientView, EcsMode};
pub use compile::PolicyError;
pub use place::{Block, Place};
pub(crate) use policy::Shown;
pub use policy::{
    AdminState, Endpoint, EndpointIndex, Flattened, Policy, PolicyIndex, PolicySet, Pool, Region,
};
pub use run::{Question, Targets};
pub use select::{Outcome, Selection, select};
pub use shadow::{Watched, watch};

#[cfg(test)]
mod tests;

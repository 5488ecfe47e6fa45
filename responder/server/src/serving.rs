//! What is being served, swapped as a whole between two batches of queries (P2).

use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use responder_core::health::{HealthTable, HealthView};
use responder_core::snapshot::{SnapshotError, World};

/// A world and what is believed of its endpoints.
pub struct Serving {
    pub world: Arc<World>,
    pub health: HealthView,
}

/// The present `Serving`, read by workers without a lock and written by whoever holds the table.
pub(crate) struct Current {
    serving: ArcSwap<Serving>,
    /// The states behind the served view, also those of endpoints that the world does not know yet.
    table: Mutex<Arc<HealthTable>>,
}

impl Current {
    pub fn new(world: Arc<World>, table: Arc<HealthTable>) -> Self {
        Self {
            serving: ArcSwap::from_pointee(serving(world, &table)),
            table: Mutex::new(table),
        }
    }

    pub fn load(&self) -> Guard<Arc<Serving>> {
        self.serving.load()
    }

    pub fn swap_world(&self, world: Arc<World>) -> Result<(), SnapshotError> {
        let table = self.lock();
        world.check_follows(self.load().world.generation())?;
        self.serving.store(Arc::new(serving(world, &table)));
        Ok(())
    }

    pub fn set_health(&self, new: Arc<HealthTable>) {
        let mut table = self.lock();
        *table = new;
        let world = self.load().world.clone();
        self.serving.store(Arc::new(serving(world, &table)));
    }

    /// The table is replaced as a whole, so a panic of another writer cannot have left it half-made.
    fn lock(&self) -> MutexGuard<'_, Arc<HealthTable>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serving(world: Arc<World>, table: &HealthTable) -> Serving {
    let health = HealthView::new(world.policies(), table);
    Serving { world, health }
}

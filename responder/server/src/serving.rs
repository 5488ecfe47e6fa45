//! What is being served, swapped as a whole between two batches of queries (P2).

use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use responder_core::answer::Settings;
use responder_core::beliefs::Beliefs;
use responder_core::health::HealthTable;
use responder_core::snapshot::{SnapshotError, World};

/// A world, what is believed of its endpoints, and how the protocol is spoken.
pub struct Serving {
    pub world: Arc<World>,
    pub beliefs: Beliefs,
    pub settings: Arc<Settings>,
}

/// The present `Serving`, read by workers without a lock and written by whoever holds the table.
pub(crate) struct Current {
    serving: ArcSwap<Serving>,
    /// The states behind the served view, also those of endpoints that the world does not know yet.
    table: Mutex<Arc<HealthTable>>,
}

impl Current {
    pub fn new(world: Arc<World>, table: Arc<HealthTable>, settings: Settings) -> Self {
        Self {
            serving: ArcSwap::from_pointee(serving(world, &table, Arc::new(settings))),
            table: Mutex::new(table),
        }
    }

    pub fn load(&self) -> Guard<Arc<Serving>> {
        self.serving.load()
    }

    pub fn swap_world(&self, world: Arc<World>) -> Result<(), SnapshotError> {
        let table = self.lock();
        let present = self.load();
        world.check_follows(present.world.generation())?;
        self.store(serving(world, &table, present.settings.clone()));
        Ok(())
    }

    pub fn set_health(&self, new: Arc<HealthTable>) {
        let mut table = self.lock();
        *table = new;
        let present = self.load();
        let mut next = serving(present.world.clone(), &table, present.settings.clone());
        next.beliefs = next.beliefs.following(&present.beliefs);
        self.store(next);
    }

    pub fn set_settings(&self, settings: Settings) {
        let table = self.lock();
        let world = self.load().world.clone();
        self.store(serving(world, &table, Arc::new(settings)));
    }

    fn store(&self, serving: Serving) {
        self.serving.store(Arc::new(serving));
    }

    /// The table is replaced as a whole, so a panic of another writer cannot have left it half-made.
    fn lock(&self) -> MutexGuard<'_, Arc<HealthTable>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serving(world: Arc<World>, table: &HealthTable, settings: Arc<Settings>) -> Serving {
    let beliefs = Beliefs::new(world.policies(), table);
    Serving {
        world,
        beliefs,
        settings,
    }
}

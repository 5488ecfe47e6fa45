//! What is being served, swapped as a whole between two batches of queries (P2).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use responder_core::answer::Settings;
use responder_core::beliefs::{Beliefs, Known};
use responder_core::health::HealthTable;
use responder_core::latency_map::LatencyMap;
use responder_core::snapshot::{SnapshotError, World};

/// A world, what is believed of its endpoints, and how the protocol is spoken.
pub struct Serving {
    pub world: Arc<World>,
    pub beliefs: Beliefs,
    pub settings: Arc<Settings>,
}

/// The present `Serving`, read by workers without a lock and written by whoever holds what is known.
pub(crate) struct Current {
    serving: ArcSwap<Serving>,
    /// What the served beliefs were made of.
    known: Mutex<Known>,
}

impl Current {
    pub fn new(world: Arc<World>, known: Known, settings: Settings) -> Self {
        Self {
            serving: ArcSwap::from_pointee(serving(world, &known, Arc::new(settings))),
            known: Mutex::new(known),
        }
    }

    pub fn load(&self) -> Guard<Arc<Serving>> {
        self.serving.load()
    }

    pub fn swap_world(&self, world: Arc<World>) -> Result<(), SnapshotError> {
        let known = self.lock();
        let present = self.load();
        world.check_follows(present.world.generation())?;
        self.store(serving(world, &known, present.settings.clone()));
        Ok(())
    }

    pub fn set_health(&self, health: Arc<HealthTable>) {
        self.learn(|known| known.health = health);
    }

    pub fn set_latency(&self, latency: Arc<LatencyMap>) {
        self.learn(|known| known.latency = latency);
    }

    pub fn set_switched_off(&self, ids: Arc<BTreeSet<u32>>) {
        self.learn(|known| known.switched_off = ids);
    }

    fn learn(&self, news: impl FnOnce(&mut Known)) {
        let mut known = self.lock();
        news(&mut known);
        let present = self.load();
        let mut next = serving(present.world.clone(), &known, present.settings.clone());
        next.beliefs = next.beliefs.following(&present.beliefs);
        self.store(next);
    }

    pub fn set_settings(&self, settings: Settings) {
        let known = self.lock();
        let world = self.load().world.clone();
        self.store(serving(world, &known, Arc::new(settings)));
    }

    fn store(&self, serving: Serving) {
        self.serving.store(Arc::new(serving));
    }

    /// Each part is replaced as a whole, so a panic of another writer cannot have left it half-made.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serving(world: Arc<World>, known: &Known, settings: Arc<Settings>) -> Serving {
    let beliefs = Beliefs::of(world.policies(), known);
    Serving {
        world,
        beliefs,
        settings,
    }
}

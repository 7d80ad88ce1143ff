//! All breakers of a process, by venue and class of operations.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use platform::{Auditor, EntropyStream};
use thiserror::Error;

use crate::breaker::{Breaker, BreakerConfig, BreakerConfigError, BreakerName, BreakerSnapshot};

/// Most breakers in a registry: far more than venues have classes of operations.
const BREAKERS_MAX: usize = 1024;

/// Breakers by name, `venue/class`. Cheap to clone; clones are the same registry.
///
/// It keeps no breaker alive: one that is dropped leaves, and its name is free again.
#[derive(Debug, Clone, Default)]
pub struct BreakerRegistry {
    breakers: Arc<Mutex<BTreeMap<BreakerName, Weak<Breaker>>>>,
}

/// Why a breaker was not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The breaker makes no sense.
    #[error(transparent)]
    Config(#[from] BreakerConfigError),
    /// Another breaker that is alive has the name: their metrics would be mixed up.
    #[error("a breaker `{0}` is registered already")]
    Taken(BreakerName),
    /// A bare breaker has no name to be found by.
    #[error("a breaker without a name cannot be registered")]
    Nameless,
    /// 1024 breakers are registered.
    #[error("too many breakers are registered")]
    Full,
}

impl BreakerRegistry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an observed breaker named `venue/class` and registers it.
    ///
    /// # Errors
    /// [`RegistryError`]: the settings or the name make no sense, or the name is taken.
    ///
    /// # Determinism
    /// As [`Breaker::observed`].
    pub fn build(
        &self,
        venue: &str,
        class: &str,
        config: BreakerConfig,
        auditor: Auditor,
        entropy: EntropyStream,
    ) -> Result<Arc<Breaker>, RegistryError> {
        let breaker = Breaker::observed(&format!("{venue}/{class}"), config, auditor, entropy)?;
        let breaker = Arc::new(breaker);
        self.register(&breaker)?;
        Ok(breaker)
    }

    /// Registers a breaker under its name.
    ///
    /// # Errors
    /// [`RegistryError`]: it has no name, or the name is taken, or the registry is full.
    pub fn register(&self, breaker: &Arc<Breaker>) -> Result<(), RegistryError> {
        let name = BreakerName::new(breaker.name()).filter(|name| !name.is_empty());
        let name = name.ok_or(RegistryError::Nameless)?;
        let mut breakers = self.breakers.lock();
        breakers.retain(|_, breaker| breaker.strong_count() > 0);
        if breakers.contains_key(&name) {
            return Err(RegistryError::Taken(name));
        }
        if breakers.len() >= BREAKERS_MAX {
            return Err(RegistryError::Full);
        }
        breakers.insert(name, Arc::downgrade(breaker));
        Ok(())
    }

    /// The breaker of a venue and class of operations.
    pub fn get(&self, venue: &str, class: &str) -> Option<Arc<Breaker>> {
        self.named(&format!("{venue}/{class}"))
    }

    /// The breaker of a name.
    pub fn named(&self, name: &str) -> Option<Arc<Breaker>> {
        self.breakers.lock().get(&BreakerName::new(name)?)?.upgrade()
    }

    /// All breakers, in the order of their names.
    pub fn breakers(&self) -> Vec<Arc<Breaker>> {
        self.breakers.lock().values().filter_map(Weak::upgrade).collect()
    }

    /// All breakers at this moment, in the order of their names.
    pub fn snapshots(&self) -> Vec<BreakerSnapshot> {
        self.breakers().iter().map(|breaker| breaker.snapshot()).collect()
    }

    /// Writes all breakers to the metrics recorder of the moment: [`Breaker::publish`].
    pub fn publish(&self) {
        for breaker in self.breakers() {
            breaker.publish();
        }
    }
}

#[cfg(test)]
mod tests;

#![doc = include_str!("../docs/cache.md")]

mod config;
mod flight;
mod store;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indexmap::Equivalent;
use metrics::{counter, gauge};
use parking_lot::Mutex;
use tokio::time::Instant;

pub use self::config::{CacheConfig, CacheConfigError};
use self::flight::{Flight, Flights, Landing, Place, Seat};
use self::store::Store;
use crate::gather::count;

/// A cache at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSnapshot {
    /// Values held, those included that are past their ttl and not yet overwritten or evicted.
    pub entries: usize,
    /// Keys that are being loaded.
    pub loading: usize,
    /// Questions that a held value answered.
    pub hits: u64,
    /// Questions that none answered.
    pub misses: u64,
    /// Loads that brought a value.
    pub loaded: u64,
    /// Loads that brought an error.
    pub failed: u64,
    /// Loads whose caller went away, or that panicked.
    pub abandoned: u64,
    /// Values that went to make room for others.
    pub evicted: u64,
}

/// Values by key, each for a limited time; of callers that miss the same key at once, one loads it.
/// Cheap to clone; clones are the same cache.
///
/// `E` is the error of a load. It is never kept, but those who waited for the load share it.
pub struct TtlCache<K, V, E> {
    shared: Arc<Shared<K, V, E>>,
}

#[derive(Debug)]
struct Shared<K, V, E> {
    name: String,
    ttl: Duration,
    store: Mutex<Store<K, V>>,
    /// May be held while `store` is locked; never the other way round.
    flights: Mutex<Flights<K, V, E>>,
    loads: Loads,
}

#[derive(Debug, Default)]
struct Loads {
    loaded: AtomicU64,
    failed: AtomicU64,
    abandoned: AtomicU64,
}

impl<K, V, E> TtlCache<K, V, E>
where
    K: Clone + Eq + Hash + Ord,
    V: Clone,
{
    /// An empty cache. `name` is its label in metrics: `kraken/instruments`.
    ///
    /// # Errors
    /// [`CacheConfigError`]: the configuration makes no sense.
    pub fn new(name: &str, config: CacheConfig) -> Result<Self, CacheConfigError> {
        config.validate()?;
        let shared = Shared {
            name: name.to_owned(),
            ttl: config.ttl,
            store: Mutex::new(Store::new(config.entries_max)),
            flights: Mutex::new(Flights::new()),
            loads: Loads::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The value of a key, if it is held and not past its ttl. Counts as a hit or a miss.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        self.shared.store.lock().get(key, Instant::now)
    }

    /// The value of a key, loaded if need be.
    ///
    /// Callers that miss a key while another loads it wait for that load and share what it brings, a
    /// value or an error. An error is not kept: the next caller loads again. If the caller that loads
    /// goes away, one of those who wait loads in its place. `load` is called at most once.
    ///
    /// The caller must go on polling: whoever loads and is not polled holds up those who wait.
    ///
    /// # Errors
    /// What the load brought. Loads are not bounded here: give `load` a deadline.
    ///
    /// # Panics
    /// With the panic of `load`; another caller then loads.
    ///
    /// # Cancel safety
    /// Dropping it drops a load of its own and lets another caller load.
    pub async fn get_or_load<F>(&self, key: &K, load: impl FnOnce() -> F) -> Result<V, Arc<E>>
    where
        F: Future<Output = Result<V, E>>,
    {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        loop {
            let seat = Seat::take(&self.shared.flights, key);
            let landing = match seat.flight().place().await {
                // After an invalidation the key has another flight: nobody leads this one any more.
                Place::Leader if !self.shared.flights.lock().is_on_board(&seat) => {
                    seat.flight().give_up();
                    continue;
                }
                Place::Leader => return self.lead(&seat, key, load).await,
                Place::Landed(landing) => landing,
            };
            match landing {
                Landing::Failed(error) => return Err(error),
                Landing::Loaded { value, expires_at } if Instant::now() < expires_at => {
                    return Ok(value);
                }
                // Waited so long that the value is too old.
                Landing::Loaded { .. } => {}
            }
        }
    }

    /// Forgets a key. A load that is under way answers those who wait for it already, but is not
    /// kept, and whoever asks from now on loads anew.
    pub fn invalidate(&self, key: &K) {
        let mut flights = self.shared.flights.lock();
        flights.detach(key);
        // Under both locks: what a new flight brings is not removed with the old value.
        self.shared.store.lock().remove(key);
    }

    /// Forgets every key, as [`TtlCache::invalidate`] does one.
    pub fn invalidate_all(&self) {
        let mut flights = self.shared.flights.lock();
        flights.detach_all();
        self.shared.store.lock().clear();
    }

    /// Name of the cache.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The cache at this moment.
    pub fn snapshot(&self) -> CacheSnapshot {
        let Loads { loaded, failed, abandoned } = &self.shared.loads;
        let loading = self.shared.flights.lock().count();
        let store = self.shared.store.lock();
        CacheSnapshot {
            entries: store.len(),
            loading,
            hits: store.hits(),
            misses: store.misses(),
            loaded: loaded.load(Ordering::Relaxed),
            failed: failed.load(Ordering::Relaxed),
            abandoned: abandoned.load(Ordering::Relaxed),
            evicted: store.evicted(),
        }
    }

    /// Writes the snapshot to the metrics `wavetank_cache_*`, with the label `cache`.
    pub fn publish(&self) {
        let now = self.snapshot();
        let name = &self.shared.name;
        gauge!("wavetank_cache_entries", "cache" => name.clone()).set(count(now.entries));
        gauge!("wavetank_cache_loading", "cache" => name.clone()).set(count(now.loading));
        for (result, total) in [("hit", now.hits), ("miss", now.misses)] {
            counter!("wavetank_cache_lookups_total", "cache" => name.clone(), "result" => result)
                .absolute(total);
        }
        let loads = [("loaded", now.loaded), ("failed", now.failed), ("abandoned", now.abandoned)];
        for (result, total) in loads {
            counter!("wavetank_cache_loads_total", "cache" => name.clone(), "result" => result)
                .absolute(total);
        }
        counter!("wavetank_cache_evicted_total", "cache" => name.clone()).absolute(now.evicted);
    }

    /// Loads, for the caller and for everybody who waits.
    async fn lead<F>(
        &self,
        seat: &Seat<'_, K, V, E>,
        key: &K,
        load: impl FnOnce() -> F,
    ) -> Result<V, Arc<E>>
    where
        F: Future<Output = Result<V, E>>,
    {
        let Shared { ttl, store, flights, loads, .. } = &*self.shared;
        let leading = Leading { flight: seat.flight(), abandoned: &loads.abandoned };
        // A value may have come in between the miss and the seat.
        let held = store.lock().peek(key, Instant::now());
        if let Some(entry) = held {
            flights.lock().take(seat);
            leading
                .land(Landing::Loaded { value: entry.value.clone(), expires_at: entry.expires_at });
            return Ok(entry.value);
        }
        match load().await {
            Ok(value) => {
                loads.loaded.fetch_add(1, Ordering::Relaxed);
                let expires_at = Instant::now() + *ttl;
                // Detached and kept are one decision: an invalidation comes before or after both.
                let mut flights = flights.lock();
                if flights.take(seat) {
                    store.lock().insert(key.clone(), value.clone(), expires_at);
                }
                drop(flights);
                leading.land(Landing::Loaded { value: value.clone(), expires_at });
                Ok(value)
            }
            Err(error) => {
                loads.failed.fetch_add(1, Ordering::Relaxed);
                flights.lock().take(seat);
                let error = Arc::new(error);
                leading.land(Landing::Failed(Arc::clone(&error)));
                Err(error)
            }
        }
    }
}

/// The one who loads. Dropping it without a landing lets another load.
struct Leading<'a, V, E> {
    flight: &'a Flight<V, E>,
    abandoned: &'a AtomicU64,
}

impl<V: Clone, E> Leading<'_, V, E> {
    fn land(self, landing: Landing<V, E>) {
        self.flight.land(landing);
    }
}

impl<V, E> Drop for Leading<'_, V, E> {
    fn drop(&mut self) {
        if self.flight.give_up() {
            self.abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<K, V, E> Clone for TtlCache<K, V, E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

/// Without the values: they may be secrets.
impl<K, V, E> fmt::Debug for TtlCache<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TtlCache").field("name", &self.shared.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

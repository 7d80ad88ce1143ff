//! The values: bounded, each until its time. Pure.

use std::collections::BTreeMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash};

use indexmap::{Equivalent, IndexMap};
use tokio::time::Instant;

/// Keys are hashed without a random seed: equal in every process.
type FixedState = BuildHasherDefault<DefaultHasher>;

/// A value that is held.
#[derive(Debug, Clone)]
pub(super) struct Entry<V> {
    pub(super) value: V,
    /// From here on it is stale.
    pub(super) expires_at: Instant,
    /// Number of its load: its place in `order`.
    loaded: u64,
}

/// Values by key, at most so many. When there is no room, the value that was loaded first goes: with
/// one ttl for all, that is the one that would be stale first.
#[derive(Debug)]
pub(super) struct Store<K, V> {
    entries_max: usize,
    /// For lookups only; nothing looks at its order.
    entries: IndexMap<K, Entry<V>, FixedState>,
    /// Keys by the number of their load.
    order: BTreeMap<u64, K>,
    next_load: u64,
    hits: u64,
    misses: u64,
    evicted: u64,
}

impl<K: Clone + Eq + Hash, V: Clone> Store<K, V> {
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            entries_max,
            entries: IndexMap::default(),
            order: BTreeMap::new(),
            next_load: 0,
            hits: 0,
            misses: 0,
            evicted: 0,
        }
    }

    /// The value of a key unless it is stale; counts. The clock is read for a key that is there only.
    #[inline]
    pub(super) fn get<Q>(&mut self, key: &Q, now: impl FnOnce() -> Instant) -> Option<V>
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        let entry = self.entries.get(key).filter(|entry| now() < entry.expires_at);
        if entry.is_some() {
            self.hits += 1;
        } else {
            self.misses += 1;
        }
        entry.map(|entry| entry.value.clone())
    }

    /// As [`Store::get`], with its time, uncounted.
    pub(super) fn peek(&self, key: &K, now: Instant) -> Option<Entry<V>> {
        self.entries.get(key).filter(|entry| now < entry.expires_at).cloned()
    }

    /// Holds a value. It is now the one loaded last.
    pub(super) fn insert(&mut self, key: K, value: V, expires_at: Instant) {
        self.remove(&key);
        if self.entries.len() >= self.entries_max
            && let Some((_, first)) = self.order.pop_first()
        {
            self.forget(&first);
            self.evicted += 1;
        }
        let loaded = self.next_load;
        self.next_load += 1;
        self.order.insert(loaded, key.clone());
        self.entries.insert(key, Entry { value, expires_at, loaded });
    }

    pub(super) fn remove(&mut self, key: &K) {
        if let Some(entry) = self.forget(key) {
            self.order.remove(&entry.loaded);
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }

    #[expect(clippy::disallowed_methods, reason = "nothing looks at the order of this map")]
    fn forget(&mut self, key: &K) -> Option<Entry<V>> {
        self.entries.swap_remove(key)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) const fn hits(&self) -> u64 {
        self.hits
    }

    pub(super) const fn misses(&self) -> u64 {
        self.misses
    }

    pub(super) const fn evicted(&self) -> u64 {
        self.evicted
    }
}

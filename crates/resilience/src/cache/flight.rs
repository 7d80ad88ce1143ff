//! Loads under way: one leads, the others wait.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What a load brought.
#[derive(Debug)]
pub(super) enum Landing<V, E> {
    Loaded { value: V, expires_at: Instant },
    Failed(Arc<E>),
}

impl<V: Clone, E> Clone for Landing<V, E> {
    fn clone(&self) -> Self {
        match self {
            Self::Loaded { value, expires_at } => {
                Self::Loaded { value: value.clone(), expires_at: *expires_at }
            }
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
        }
    }
}

/// What a caller is to a flight.
#[derive(Debug)]
pub(super) enum Place<V, E> {
    /// It loads.
    Leader,
    /// Somebody has loaded.
    Landed(Landing<V, E>),
}

/// One key that is being loaded.
#[derive(Debug)]
pub(super) struct Flight<V, E> {
    stage: Mutex<Stage<V, E>>,
    changed: Notify,
}

#[derive(Debug)]
enum Stage<V, E> {
    /// Nobody loads: the next who looks does.
    Vacant,
    Led,
    Landed(Landing<V, E>),
}

impl<V, E> Flight<V, E> {
    fn new() -> Self {
        Self { stage: Mutex::new(Stage::Vacant), changed: Notify::new() }
    }

    /// The leader ends without a landing; true if there was none.
    ///
    /// All who wait are woken, and the first that runs leads. To hand the lead to one of them would
    /// make the others depend on its being polled.
    pub(super) fn give_up(&self) -> bool {
        let mut stage = self.stage.lock();
        if matches!(*stage, Stage::Landed(_)) {
            return false;
        }
        *stage = Stage::Vacant;
        drop(stage);
        self.changed.notify_waiters();
        true
    }
}

impl<V: Clone, E> Flight<V, E> {
    /// Leads, or waits until the flight has landed.
    pub(super) async fn place(&self) -> Place<V, E> {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(place) = self.look() {
                return place;
            }
            changed.await;
        }
    }

    fn look(&self) -> Option<Place<V, E>> {
        let mut stage = self.stage.lock();
        match &*stage {
            Stage::Vacant => {
                *stage = Stage::Led;
                Some(Place::Leader)
            }
            Stage::Landed(landing) => Some(Place::Landed(landing.clone())),
            Stage::Led => None,
        }
    }

    pub(super) fn land(&self, landing: Landing<V, E>) {
        *self.stage.lock() = Stage::Landed(landing);
        self.changed.notify_waiters();
    }
}

/// Flights by key. There are never more than callers.
pub(super) struct Flights<K, V, E> {
    by_key: BTreeMap<K, Boarded<V, E>>,
}

struct Boarded<V, E> {
    flight: Arc<Flight<V, E>>,
    seats: usize,
}

impl<K: Clone + Ord, V, E> Flights<K, V, E> {
    pub(super) const fn new() -> Self {
        Self { by_key: BTreeMap::new() }
    }

    pub(super) fn count(&self) -> usize {
        self.by_key.len()
    }

    /// Whoever asks for the key from now on is on another flight.
    pub(super) fn detach(&mut self, key: &K) {
        self.by_key.remove(key);
    }

    pub(super) fn detach_all(&mut self) {
        self.by_key.clear();
    }

    /// Takes the seat's flight out; false if it was detached before.
    pub(super) fn take(&mut self, seat: &Seat<'_, K, V, E>) -> bool {
        let ours = self.is_on_board(seat);
        if ours {
            self.by_key.remove(&seat.key);
        }
        ours
    }

    /// False once the seat's flight was detached.
    pub(super) fn is_on_board(&mut self, seat: &Seat<'_, K, V, E>) -> bool {
        self.boarded(seat).is_some()
    }

    fn boarded(&mut self, seat: &Seat<'_, K, V, E>) -> Option<&mut Boarded<V, E>> {
        self.by_key.get_mut(&seat.key).filter(|boarded| Arc::ptr_eq(&boarded.flight, &seat.flight))
    }
}

impl<K: fmt::Debug, V, E> fmt::Debug for Flights<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_key.keys()).finish()
    }
}

/// A caller's seat on a flight. The flight is forgotten with its last seat.
pub(super) struct Seat<'a, K: Clone + Ord, V, E> {
    flights: &'a Mutex<Flights<K, V, E>>,
    key: K,
    flight: Arc<Flight<V, E>>,
}

impl<'a, K: Clone + Ord, V, E> Seat<'a, K, V, E> {
    /// A seat on the flight of a key, which is a new one if there is none.
    pub(super) fn take(flights: &'a Mutex<Flights<K, V, E>>, key: &K) -> Self {
        let mut all = flights.lock();
        let new = || Boarded { flight: Arc::new(Flight::new()), seats: 0 };
        let boarded = all.by_key.entry(key.clone()).or_insert_with(new);
        boarded.seats += 1;
        let flight = Arc::clone(&boarded.flight);
        drop(all);
        Self { flights, key: key.clone(), flight }
    }

    pub(super) fn flight(&self) -> &Flight<V, E> {
        &self.flight
    }
}

impl<K: Clone + Ord, V, E> Drop for Seat<'_, K, V, E> {
    fn drop(&mut self) {
        let mut all = self.flights.lock();
        let Some(boarded) = all.boarded(self) else {
            return;
        };
        boarded.seats -= 1;
        if boarded.seats == 0 {
            all.by_key.remove(&self.key);
        }
    }
}

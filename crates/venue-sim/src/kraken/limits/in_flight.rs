//! Private requests of a key that are not answered yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Requests of one key that may be under way. Kraken has such a limit and does not tell it; clients that wait
/// for an answer before they ask again, as its nonces demand, are far from it.
pub(crate) const IN_FLIGHT_MAX: u32 = 32;

/// The counts, by API key.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<BTreeMap<String, u32>>>);

/// The place of one request; dropping it ends the request.
#[derive(Debug)]
pub(crate) struct Place {
    key: String,
    counts: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl InFlight {
    /// A place for a request of a key; `None` if there are too many.
    pub(crate) fn enter(&self, key: &str) -> Option<Place> {
        let mut counts = self.0.lock();
        let count = counts.entry(key.to_owned()).or_default();
        if *count >= IN_FLIGHT_MAX {
            return None;
        }
        *count += 1;
        Some(Place { key: key.to_owned(), counts: Arc::clone(&self.0) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_so_many_places_and_gets_them_back() {
        let counts = InFlight::default();
        let places: Vec<_> = (0..IN_FLIGHT_MAX).map(|_| counts.enter("a").unwrap()).collect();
        assert!(counts.enter("a").is_none());
        assert!(counts.enter("b").is_some(), "another key has its own");
        drop(places);
        assert!(counts.enter("a").is_some());
        assert!(counts.0.lock().is_empty(), "nothing is remembered of who is gone");
    }
}

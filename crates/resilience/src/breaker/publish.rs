//! The breaker in metrics.

use model::audit::BreakerState;

use super::circuit::Breaker;

impl Breaker {
    /// Writes state and counters to the metrics recorder of the moment, labelled with the name. A
    /// bare breaker has none and writes nothing.
    ///
    /// `wavetank_breaker_state` is 0 closed, 1 open, 2 half-open, 3 isolated. Reads the breaker's
    /// own atomics, and takes the lock of the untold changes only; for every scrape, not for every call.
    pub fn publish(&self) {
        if self.name().is_empty() {
            return;
        }
        let state = match self.state() {
            BreakerState::Closed => 0_u32,
            BreakerState::Open => 1,
            BreakerState::HalfOpen => 2,
            BreakerState::Isolated => 3,
        };
        let name = || self.name().to_owned();
        let [trips, rejected, stale, cancelled, expired] = self.counts();
        metrics::gauge!("wavetank_breaker_state", "breaker" => name()).set(state);
        metrics::counter!("wavetank_breaker_trips_total", "breaker" => name()).absolute(trips);
        metrics::counter!("wavetank_breaker_rejected_total", "breaker" => name())
            .absolute(rejected);
        metrics::counter!("wavetank_breaker_stale_results_total", "breaker" => name())
            .absolute(stale);
        metrics::counter!("wavetank_breaker_probes_cancelled_total", "breaker" => name())
            .absolute(cancelled);
        metrics::counter!("wavetank_breaker_probes_expired_total", "breaker" => name())
            .absolute(expired);
        metrics::counter!("wavetank_breaker_events_lost_total", "breaker" => name())
            .absolute(self.events_lost());
    }
}

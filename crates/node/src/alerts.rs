//! What a person should look at though it may be working at the moment: alerts of breakers, trouble with
//! the key.
//!
//! Each is a line of the log at level error, which whoever finds it writes, and a reason in the health; that
//! of a breaker is a metric, too.

use std::sync::Arc;

use platform::TaskResult;
use resilience::{Breaker, BreakerEvent};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::dependencies::Dependency;

/// Follows the alerts of a breaker, for as long as it lives. What it guards is degraded for as long as the
/// window of the alert, even if it works again.
pub(crate) async fn of_breaker(breaker: Arc<Breaker>, guarded: Arc<Dependency>) -> TaskResult {
    let name = breaker.name().to_owned();
    let mut events = breaker.subscribe();
    drop(breaker);
    let alerts = metrics::counter!("wavetank_breaker_alerts_total", "breaker" => name.clone());
    let mut count = 0_u64;
    alerts.absolute(count);
    loop {
        match events.recv().await {
            Ok(BreakerEvent::TripsRepeatedly { trips, window, .. }) => {
                count = count.saturating_add(1);
                alerts.absolute(count);
                let seconds = window.as_secs();
                guarded.warn(format!("its breaker tripped {trips} times in {seconds} s"), window);
            }
            Ok(_) => {}
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(breaker = name, lost, "events of a breaker lost");
            }
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

/// Follows what is wrong with a key.
pub(crate) async fn of_key(
    mut trouble: watch::Receiver<Option<&'static str>>,
    key: Arc<Dependency>,
) -> TaskResult {
    loop {
        let now = *trouble.borrow_and_update();
        match now {
            Some(reason) => key.fails(reason),
            None => key.works(),
        }
        if trouble.changed().await.is_err() {
            return Ok(());
        }
    }
}

//! What must be known before the first order.

use std::sync::Arc;
use std::time::Duration;

use kraken::switch::DeadMansSwitch;
use kraken::{Rest, RestError};
use model::{Instrument, OrderReport};
use platform::{Clock, Platform};
use resilience::Deadline;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::config::{ForeignOrders, NodeConfig};
use crate::error::NodeError;
use crate::strays::Strays;
use crate::switch;

/// Grain of the venue's clock.
const SECOND: Duration = Duration::from_secs(1);

/// What is known, and done, before the first order.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) instruments: Vec<Instrument>,
    /// Armed, if there is to be one.
    pub(crate) switch: Option<DeadMansSwitch>,
}

/// Learns what must be known, then arms the dead man's switch; `None` when told to stop meanwhile.
pub(crate) async fn start(
    config: &NodeConfig,
    platform: &Platform,
    rest: &Rest,
    stop: &CancellationToken,
) -> Result<Option<Started>, NodeError> {
    let until = Instant::now() + config.startup_max;
    let Some(instruments) = learn(config, platform, rest, stop).await? else {
        return Ok(None);
    };
    let Some(switch) = config.switch else {
        return Ok(Some(Started { instruments, switch: None }));
    };
    // Not before it is known that no order of others would be cancelled.
    let rest = &rest.by(Deadline::at(until));
    let mut backoff = Backoff::new(config.ask_again, platform.entropy.stream("node/switch"));
    let mut last = "no answer yet".to_owned();
    let arming = async {
        loop {
            match switch::arm(rest, switch).await {
                Ok(armed) => return armed,
                Err(error) => last = error.to_string(),
            }
            backoff.wait().await;
        }
    };
    let armed = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(None),
        armed = tokio::time::timeout_at(until, arming) => armed,
    };
    match armed {
        Ok(armed) => Ok(Some(Started { instruments, switch: Some(armed) })),
        Err(_) => {
            let last = format!("the dead man's switch is not armed: {last}");
            Err(NodeError::Startup { startup_max: config.startup_max, last })
        }
    }
}

/// Loads the instruments, looks at the account, and cancels what an earlier run left there if that is
/// wanted; `None` when told to stop meanwhile.
async fn learn(
    config: &NodeConfig,
    platform: &Platform,
    rest: &Rest,
    stop: &CancellationToken,
) -> Result<Option<Vec<Instrument>>, NodeError> {
    let rest = &rest.by(Deadline::after(config.startup_max));
    let mut backoff = Backoff::new(config.ask_again, platform.entropy.stream("node/startup"));
    let mut last = "no answer yet".to_owned();
    let strays = Strays::new(config, rest, platform.clock.now());
    let asking = async {
        loop {
            match look(config, platform.clock.as_ref(), rest).await {
                Ok(found) => match &strays {
                    // Beside what it is about to cancel, no strategy shall trade.
                    Some(strays) if found.clock_skew <= config.clock_skew_max => {
                        match strays.cancel(&found.orders).await {
                            0 => return found,
                            left => last = format!("{left} orders of an earlier run are open"),
                        }
                    }
                    Some(_) | None => return found,
                },
                // What opened the breaker, or took the time, says more than that it did.
                Err(error)
                    if matches!(*error, RestError::BreakerOpen(_) | RestError::DeadlineElapsed) => {
                }
                Err(error) => last = error.to_string(),
            }
            backoff.wait().await;
        }
    };
    let bounded = tokio::time::timeout(config.startup_max, asking);
    let looked = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(None),
        looked = bounded => looked,
    };
    let Ok(found) = looked else {
        return Err(NodeError::Startup { startup_max: config.startup_max, last });
    };
    if found.clock_skew > config.clock_skew_max {
        let (skew, allowed) = (found.clock_skew, config.clock_skew_max);
        return Err(NodeError::Clock { skew, allowed });
    }
    let may_stay = config.foreign_orders == ForeignOrders::Leave;
    if !may_stay && !found.orders.is_empty() {
        let orders = found.orders.iter().map(|order| order.venue_order_id.to_string()).collect();
        return Err(NodeError::ForeignOrders { orders });
    }
    Ok(Some(found.instruments))
}

/// What the venue says at the start.
struct Found {
    /// By how much its clock differs from ours, less what the request may have taken.
    clock_skew: Duration,
    instruments: Vec<Instrument>,
    /// The account's open orders.
    orders: Vec<OrderReport>,
}

async fn look(
    config: &NodeConfig,
    clock: &dyn Clock,
    rest: &Rest,
) -> Result<Found, Arc<RestError>> {
    let before = clock.now();
    let venue = rest.server_time().await?;
    let after = clock.now();
    // It was somewhere between `before` and `after`, and the venue cuts fractions of a second off.
    let clock_skew = before.since(venue.plus(SECOND)).max(venue.since(after));
    let instruments = rest.instruments(&config.kraken.symbols).await?;
    let orders = rest.open_orders().await?;
    Ok(Found { clock_skew, instruments, orders })
}

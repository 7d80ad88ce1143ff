//! What must be known before the first order.

use std::sync::Arc;
use std::time::Duration;

use kraken::switch::DeadMansSwitch;
use kraken::{Rest, RestError};
use model::{Instrument, OrderReport, UnixNanos};
use platform::{Clock, Platform};
use resilience::Deadline;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::config::{ForeignOrders, NodeConfig};
use crate::error::NodeError;
use crate::heritage::{Heritage, HeritageError, Known, Positions};
use crate::strays::Strays;
use crate::{clock, switch};

/// What is known, and done, before the first order.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) instruments: Vec<Instrument>,
    /// What earlier runs hold; empty if nothing is inherited.
    pub(crate) positions: Positions,
    /// The orders of which that is known.
    pub(crate) known: Known,
    /// Armed, if there is to be one.
    pub(crate) switch: Option<DeadMansSwitch>,
}

/// Learns what must be known and what earlier runs hold, then arms the dead man's switch; `None` when told to stop meanwhile.
pub(crate) async fn start(
    config: &NodeConfig,
    platform: &Platform,
    rest: &Rest,
    began: UnixNanos,
    stop: &CancellationToken,
) -> Result<Option<Started>, NodeError> {
    let until = Instant::now() + config.startup_max;
    let Some(instruments) = learn(config, platform, rest, stop).await? else {
        return Ok(None);
    };
    let asking = Asking { config, platform, stop, until };
    let heritage = Heritage::new(config, &rest.by(Deadline::at(until)), began, began);
    let positions = match &heritage {
        None => Some(Positions::new()),
        Some(heritage) => {
            let read = || async {
                match heritage.read().await {
                    Ok(held) => Ok(held.positions),
                    Err(HeritageError::Rest(error)) if !tells_why(&error) => Err(None),
                    Err(error) => Err(Some(error.to_string())),
                }
            };
            asking.insist("node/heritage", "positions of earlier runs are not known", read).await?
        }
    };
    let Some(positions) = positions else { return Ok(None) };
    let known = heritage.map(Heritage::into_known).unwrap_or_default();
    let Some(switch) = config.switch else {
        return Ok(Some(Started { instruments, positions, known, switch: None }));
    };
    // Not before it is known that no order of others would be cancelled.
    let rest = &rest.by(Deadline::at(until));
    let arm = || async {
        let armed = switch::arm(rest, switch).await;
        armed.map_err(|error| tells_why(&error).then(|| error.to_string()))
    };
    let armed = asking.insist("node/switch", "the dead man's switch is not armed", arm).await?;
    Ok(armed.map(|armed| Started { instruments, positions, known, switch: Some(armed) }))
}

/// How to get an answer that must be had.
struct Asking<'a> {
    config: &'a NodeConfig,
    platform: &'a Platform,
    stop: &'a CancellationToken,
    until: Instant,
}

impl Asking<'_> {
    /// Asks until there is an answer; `None` when told to stop meanwhile. A failed attempt says why, if it
    /// knows more than that it was refused on the way.
    async fn insist<T, F>(
        &self,
        stream: &str,
        otherwise: &str,
        attempt: impl Fn() -> F,
    ) -> Result<Option<T>, NodeError>
    where
        F: Future<Output = Result<T, Option<String>>>,
    {
        let mut backoff = Backoff::new(self.config.ask_again, self.platform.entropy.stream(stream));
        let mut last = "no answer yet".to_owned();
        let asking = async {
            loop {
                match attempt().await {
                    Ok(answer) => return answer,
                    Err(Some(why)) => last = why,
                    Err(None) => {}
                }
                backoff.wait().await;
            }
        };
        let answered = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Ok(None),
            answered = tokio::time::timeout_at(self.until, asking) => answered,
        };
        answered.map(Some).map_err(|_| {
            let last = format!("{otherwise}: {last}");
            NodeError::Startup { startup_max: self.config.startup_max, last }
        })
    }
}

/// False of a refusal on the way: what opened the breaker, or took the time, says more than that it did.
const fn tells_why(error: &RestError) -> bool {
    !matches!(error, RestError::BreakerOpen(_) | RestError::DeadlineElapsed)
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
                Err(error) if !tells_why(&error) => {}
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
    let clock_skew = clock::skew(clock, rest).await?;
    let instruments = rest.instruments(&config.kraken.symbols).await?;
    let orders = rest.open_orders().await?;
    Ok(Found { clock_skew, instruments, orders })
}

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
use crate::heritage::{Estate, Heritage, HeritageError, Positions};
use crate::strays::Strays;
use crate::{clock, switch};

/// What is known, and done, before the first order.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) instruments: Vec<Instrument>,
    /// What earlier runs hold; empty if nothing is inherited.
    pub(crate) positions: Positions,
    /// The orders of which that is known.
    pub(crate) estate: Estate,
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
    let asking = Asking { config, platform, stop, until };
    let rest = &rest.by(Deadline::at(until));
    let Some(instruments) = learn(config, platform, rest, &asking).await? else {
        return Ok(None);
    };
    let heritage = Heritage::new(config, rest, began, began);
    let positions = match &heritage {
        None => Some(Positions::new()),
        Some(heritage) => {
            let read = || async { Ok(heritage.read().await?.positions) };
            let otherwise = Some("positions of earlier runs are not known");
            asking.insist("node/heritage", otherwise, read).await?
        }
    };
    let Some(positions) = positions else { return Ok(None) };
    let estate = heritage.map(Heritage::into_estate).unwrap_or_default();
    let Some(switch) = config.switch else {
        return Ok(Some(Started { instruments, positions, estate, switch: None }));
    };
    // Not before it is known that no order of others would be cancelled.
    let arm = || async { Ok(switch::arm(rest, switch).await?) };
    let armed =
        asking.insist("node/switch", Some("the dead man's switch is not armed"), arm).await?;
    Ok(armed.map(|armed| Started { instruments, positions, estate, switch: Some(armed) }))
}

/// How to get an answer that must be had.
struct Asking<'a> {
    config: &'a NodeConfig,
    platform: &'a Platform,
    stop: &'a CancellationToken,
    until: Instant,
}

/// Why an attempt brought no answer.
#[derive(Debug)]
enum Failed {
    /// The next one may bring it; why not this one, if that is known: what opened the breaker, or took the time, says
    /// more than that it did.
    Now(Option<String>),
    /// None ever will.
    ForGood(NodeError),
}

impl From<&RestError> for Failed {
    fn from(error: &RestError) -> Self {
        let refused = matches!(error, RestError::BreakerOpen(_) | RestError::DeadlineElapsed);
        Self::Now((!refused).then(|| error.to_string()))
    }
}

impl From<RestError> for Failed {
    fn from(error: RestError) -> Self {
        Self::from(&error)
    }
}

impl From<Arc<RestError>> for Failed {
    fn from(error: Arc<RestError>) -> Self {
        Self::from(&*error)
    }
}

impl From<HeritageError> for Failed {
    fn from(error: HeritageError) -> Self {
        match error {
            HeritageError::Rest(error) => error.into(),
            HeritageError::OutOfRange(_) => Self::Now(Some(error.to_string())),
            // What ended within `inherit` becomes no less, and each question for it is twenty calls.
            HeritageError::TooMany => Self::ForGood(NodeError::Inherit { why: error.to_string() }),
        }
    }
}

impl Asking<'_> {
    /// Asks until there is an answer, or can be none; `None` when told to stop meanwhile. `otherwise` is what is
    /// wrong without it, if its last error does not say that.
    async fn insist<T, F>(
        &self,
        stream: &str,
        otherwise: Option<&str>,
        attempt: impl Fn() -> F,
    ) -> Result<Option<T>, NodeError>
    where
        F: Future<Output = Result<T, Failed>>,
    {
        let mut backoff = Backoff::new(self.config.ask_again, self.platform.entropy.stream(stream));
        let mut last = "no answer yet".to_owned();
        let asking = async {
            loop {
                match attempt().await {
                    Ok(answer) => return Ok(answer),
                    Err(Failed::ForGood(error)) => return Err(error),
                    Err(Failed::Now(Some(why))) => last = why,
                    Err(Failed::Now(None)) => {}
                }
                backoff.wait().await;
            }
        };
        let answered = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Ok(None),
            answered = tokio::time::timeout_at(self.until, asking) => answered,
        };
        match answered {
            Ok(answer) => answer.map(Some),
            Err(_) => {
                let last = match otherwise {
                    Some(wrong) => format!("{wrong}: {last}"),
                    None => last,
                };
                Err(NodeError::Startup { startup_max: self.config.startup_max, last })
            }
        }
    }
}

/// Loads the instruments, looks at the account, and cancels what an earlier run left there if that is
/// wanted; `None` when told to stop meanwhile.
async fn learn(
    config: &NodeConfig,
    platform: &Platform,
    rest: &Rest,
    asking: &Asking<'_>,
) -> Result<Option<Vec<Instrument>>, NodeError> {
    let strays = Strays::new(config, rest, platform.clock.now());
    let attempt = || async {
        let found = look(config, platform.clock.as_ref(), rest).await?;
        // Beside what it is about to cancel, no strategy shall trade.
        if let Some(strays) = &strays
            && found.clock_skew <= config.clock_skew_max
        {
            let left = strays.cancel(&found.orders).await;
            if left > 0 {
                return Err(Failed::Now(Some(format!("{left} orders of an earlier run are open"))));
            }
        }
        Ok(found)
    };
    let Some(found) = asking.insist("node/startup", None, attempt).await? else {
        return Ok(None);
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

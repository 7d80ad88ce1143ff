//! What must be known before the first order.

use kraken::{Rest, RestError};
use model::Instrument;
use platform::Platform;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::config::{ForeignOrders, NodeConfig};
use crate::error::NodeError;

/// Loads the instruments and looks at the account; `None` when told to stop meanwhile.
pub(crate) async fn start(
    config: &NodeConfig,
    platform: &Platform,
    rest: &Rest,
    stop: &CancellationToken,
) -> Result<Option<Vec<Instrument>>, NodeError> {
    let mut backoff = Backoff::new(config.ask_again, platform.entropy.stream("node/startup"));
    let mut last = "no answer yet".to_owned();
    let asking = async {
        loop {
            match look(config, rest).await {
                Ok(found) => return found,
                // What opened the breaker says more than that it is open.
                Err(RestError::BreakerOpen(_)) => {}
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
    let Ok((instruments, orders)) = looked else {
        return Err(NodeError::Startup { startup_max: config.startup_max, last });
    };
    if config.foreign_orders == ForeignOrders::Refuse && !orders.is_empty() {
        return Err(NodeError::ForeignOrders { orders });
    }
    Ok(Some(instruments))
}

/// The instruments, and the venue's names of the account's open orders.
async fn look(
    config: &NodeConfig,
    rest: &Rest,
) -> Result<(Vec<Instrument>, Vec<String>), RestError> {
    let instruments = rest.instruments(&config.kraken.symbols).await?;
    let open = rest.open_orders().await?;
    Ok((instruments, open.iter().map(|order| order.venue_order_id.to_string()).collect()))
}

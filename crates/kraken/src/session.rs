//! The two streams, kept up for as long as the node runs.
//!
//! [`run_public`] and [`run_private`] are tasks for a [`platform::TaskGroup`]: connect, subscribe,
//! follow, and on any trouble begin anew after a backoff. They end only when told to. What to do on
//! which message is decided in `stream`; the driver here dials, sends, sleeps and tells.
//!
//! **Slow consumers.** Events go into a bounded channel. While it is full the session waits and does
//! not read, so the venue's messages queue up in the network, and in the end the venue closes. That
//! time does not count as the venue's silence. Nothing is ever dropped, and a cancel still ends it.

mod dial;
mod driver;
mod trading;

use std::sync::Arc;

use model::{FeedEvent, Instrument, StreamKind, Symbol};
use platform::Platform;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::KrakenConfig;
use crate::rest::Rest;
use crate::stream::{PrivateStream, PublicStream, Timings};
use driver::{Driver, Names};
pub use trading::{Trader, TradingLink};

/// What a session needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SessionContext {
    /// Settings.
    pub config: Arc<KrakenConfig>,
    /// Clock, randomness, network, audit trail.
    pub platform: Platform,
    /// For the token of the private stream, and for the lanes and the limiter of the dials.
    pub rest: Rest,
    /// Rules of every pair of [`KrakenConfig::symbols`], for the checksums of their books; see
    /// [`Rest::instruments`].
    pub instruments: Arc<[Instrument]>,
}

/// Why a session ended though nobody told it to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The receiver of the events is gone.
    #[error("nobody takes the events of stream `{stream}`")]
    ConsumerGone {
        /// Name of the stream.
        stream: &'static str,
    },
    /// A pair is to be followed whose rules are not known.
    #[error("no instrument for `{symbol}`")]
    NoInstrument {
        /// The pair.
        symbol: Symbol,
    },
}

const PUBLIC: Names = Names {
    kind: StreamKind::Public,
    stream: "kraken/public",
    connect_op: "kraken/public/connect",
    subscribe_op: "kraken/public/subscribe",
    backoff: "kraken/public/backoff",
};

const PRIVATE: Names = Names {
    kind: StreamKind::Private,
    stream: "kraken/private",
    connect_op: "kraken/private/connect",
    subscribe_op: "kraken/private/subscribe",
    backoff: "kraken/private/backoff",
};

/// Follows trades and books of every pair until cancelled.
///
/// Tells [`FeedEvent::Stream`], [`FeedEvent::Trade`], and [`FeedEvent::BestPrices`] when they change;
/// best prices without bid and ask mean that the book is out of sync. The stream is live once every
/// subscription is acknowledged and every book has its snapshot.
///
/// # Errors
/// [`SessionError`]; trouble with the venue is none.
///
/// # Cancel safety
/// Cancel with the token, which closes the connection properly and within a bound. Dropping the future
/// drops the connection.
///
/// # Determinism
/// Draws from the entropy stream `kraken/public/backoff` once per reconnect.
pub async fn run_public(
    context: SessionContext,
    events: mpsc::Sender<FeedEvent>,
    cancel: CancellationToken,
) -> Result<(), SessionError> {
    let SessionContext { config, instruments, .. } = &context;
    let find = |symbol: &Symbol| {
        let found = instruments.iter().find(|found| found.symbol == *symbol);
        found.cloned().ok_or_else(|| SessionError::NoInstrument { symbol: symbol.clone() })
    };
    let followed: Vec<_> = config.symbols.iter().map(find).collect::<Result<_, _>>()?;
    let timings = Timings::from(&**config);
    let stream = PublicStream::new(&followed, config.book_depth, timings);
    Driver::new(PUBLIC, context, stream, events, cancel, TradingLink::default()).run().await
}

/// Follows our own orders until cancelled. Each connection fetches a token of its own.
///
/// Tells [`FeedEvent::Stream`]; [`FeedEvent::OpenOrders`] once per connection, right before the stream
/// is live; then [`FeedEvent::Order`] for every message about one of our orders.
///
/// # Errors
/// [`SessionError`]; trouble with the venue is none.
///
/// # Cancel safety
/// As for [`run_public`].
///
/// # Determinism
/// Draws from the entropy stream `kraken/private/backoff` once per reconnect.
pub async fn run_private(
    context: SessionContext,
    events: mpsc::Sender<FeedEvent>,
    cancel: CancellationToken,
) -> Result<(), SessionError> {
    run_private_trading(context, TradingLink::default(), events, cancel).await
}

/// As [`run_private`], and carries the requests of the [`Trader`] whose link this is.
///
/// # Errors
/// As for [`run_private`].
///
/// # Cancel safety
/// As for [`run_public`]. What was sent and is not answered then is in doubt.
///
/// # Determinism
/// As for [`run_private`].
pub async fn run_private_trading(
    context: SessionContext,
    link: TradingLink,
    events: mpsc::Sender<FeedEvent>,
    cancel: CancellationToken,
) -> Result<(), SessionError> {
    let counter_max = context.config.tier.engine().max;
    let stream = PrivateStream::new(Timings::from(&*context.config), counter_max);
    Driver::new(PRIVATE, context, stream, events, cancel, link).run().await
}

#[cfg(test)]
mod tests;

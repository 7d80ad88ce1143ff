//! The hosts of a simulated venue: listeners in front of one shared exchange.

use std::sync::Arc;
use std::time::Duration;

use model::history::WorldEvent;
use model::{Trade, UnixNanos};
use platform::TaskResult;
use tokio_util::sync::CancellationToken;
use venue_sim::kraken::{KrakenSim, Role};

use crate::freezer::Freezer;
use crate::history::HostLog;
use crate::hosts::{PORT, stopped, watched};
use crate::links::Link;
use crate::network::HostNetwork;
use crate::sockets::{CountedStream, OpenStreams};

/// Time that a venue's connections have to end when the run is over.
const GRACE: Duration = Duration::from_secs(5);

/// One host of the venue.
#[derive(Debug, Clone)]
pub(crate) struct VenueHost {
    pub(crate) name: &'static str,
    pub(crate) venue: KrakenSim,
    pub(crate) role: Role,
    /// The recorded market, on the one host that plays it.
    pub(crate) market: Option<Market>,
    pub(crate) network: Arc<dyn HostNetwork>,
    pub(crate) log: HostLog,
    pub(crate) link: Link,
    pub(crate) freezer: Freezer,
    pub(crate) stop: CancellationToken,
}

/// A recorded market and the instant that belongs to the start of the run.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    pub(crate) trades: Arc<[Trade]>,
    pub(crate) start: UnixNanos,
}

impl VenueHost {
    pub(crate) async fn run(self) {
        let group = self.freezer.tasks().group_with_cancel("venue", &self.stop);
        // A process that was started anew goes on where the market is by now.
        let elapsed = self.network.elapsed().unwrap_or_default();
        if elapsed.is_zero() {
            // Before the first and after the last order: what must be conserved in between.
            self.state_balances();
        }
        let open = OpenStreams::default();
        let spawner = group.spawner();
        let listener = self.clone();
        let streams = open.clone();
        let connections = group.spawner();
        spawner.spawn("listener", "listener", async move {
            tokio::select! {
                biased;
                ended = listener.accept(&streams, &connections) => ended,
                () = listener.keep_time() => Ok(()),
            }
        });
        if let Some(market) = self.market.clone() {
            let (venue, log) = (self.venue.clone(), self.log.clone());
            spawner.spawn("market", "tape", async move {
                let now = market.start.plus(elapsed);
                let missed = market.trades.partition_point(|trade| trade.venue_ts < now);
                venue.play(market.trades.get(missed..).unwrap_or_default(), now).await;
                log.world(WorldEvent::TapeEnded);
                Ok(())
            });
        }
        // Also when a task of the host failed, which is then told.
        watched(self.name, &open, group.cancel_token().cancelled()).await;
        self.state_balances();
        let joined = group.join(GRACE).await;
        self.log.world(stopped(&open, joined.err().map(|error| error.to_string())));
    }

    /// What the venue does by itself, on one of its hosts. Never ends.
    async fn keep_time(&self) {
        if self.market.is_some() {
            self.venue.keep_time().await;
        }
        std::future::pending().await
    }

    /// Writes the venue's balances into the history, once for all its hosts.
    fn state_balances(&self) {
        if self.market.is_some() {
            self.venue.record_statement();
        }
    }

    async fn accept(&self, open: &OpenStreams, connections: &platform::Spawner) -> TaskResult {
        let mut listener = self.network.listen(PORT).await?;
        for number in 0_u64.. {
            let (stream, peer) = listener.accept().await?;
            let stream = CountedStream::accepted(stream, open, &self.link);
            let (venue, role, spawner) = (self.venue.clone(), self.role, connections.clone());
            connections.spawn("connections", format!("connection {number}"), async move {
                venue.serve_connection(role, peer.ip(), stream, spawner).await;
                Ok(())
            });
        }
        Ok(())
    }
}

//! The host of the simulated database.

use std::sync::Arc;
use std::time::Duration;

use platform::{Spawner, TaskResult};
use tokio_util::sync::CancellationToken;

use crate::freezer::Freezer;
use crate::history::HostLog;
use crate::hosts::{INFLUX, PORT, stopped, watched};
use crate::influx::{self, InfluxSim};
use crate::links::Link;
use crate::network::HostNetwork;
use crate::sockets::{CountedStream, OpenStreams};

/// Time that connections have to end when the run is over.
const GRACE: Duration = Duration::from_secs(5);

/// A database on a host of its own.
#[derive(Debug, Clone)]
pub(crate) struct InfluxHost {
    pub(crate) influx: InfluxSim,
    pub(crate) network: Arc<dyn HostNetwork>,
    pub(crate) log: HostLog,
    pub(crate) link: Link,
    pub(crate) freezer: Freezer,
    pub(crate) stop: CancellationToken,
}

impl InfluxHost {
    pub(crate) async fn run(self) {
        let group = self.freezer.tasks().group_with_cancel("influxdb", &self.stop);
        let open = OpenStreams::default();
        let (listener, streams) = (self.clone(), open.clone());
        let connections = group.spawner();
        group.spawner().spawn("listener", "listener", async move {
            listener.accept(&streams, &connections).await
        });
        watched(INFLUX, &open, group.cancel_token().cancelled()).await;
        let joined = group.join(GRACE).await;
        self.log.world(stopped(&open, joined.err().map(|error| error.to_string())));
    }

    async fn accept(&self, open: &OpenStreams, connections: &Spawner) -> TaskResult {
        let mut listener = self.network.listen(PORT).await?;
        for number in 0_u64.. {
            let (stream, _) = listener.accept().await?;
            let stream = CountedStream::accepted(stream, open, &self.link);
            let influx = self.influx.clone();
            connections.spawn("connections", format!("connection {number}"), async move {
                influx::connection(influx, stream).await;
                Ok(())
            });
        }
        Ok(())
    }
}

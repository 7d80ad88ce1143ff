//! Names of the hosts, and what runs on them.

pub(crate) mod influx;
pub(crate) mod trader;
pub(crate) mod venue;
pub(crate) mod visitor;

use std::pin::pin;

use model::history::WorldEvent;
use tokio::runtime::Handle;

use crate::sampler::SAMPLE_EVERY;
use crate::sockets::OpenStreams;

/// The trading system.
pub const TRADER: &str = "trader";
/// Kraken's REST interface. Real names: production code dials what it always dials.
pub const KRAKEN_REST: &str = "api.kraken.com";
/// Kraken's public streams.
pub const KRAKEN_PUBLIC: &str = "ws.kraken.com";
/// Kraken's private streams.
pub const KRAKEN_PRIVATE: &str = "ws-auth.kraken.com";

/// The database that the trader writes into.
pub const INFLUX: &str = "influxdb";

/// Port of every service. Plain TCP: TLS belongs to the real connector.
pub(crate) const PORT: u16 = 80;

/// What a host leaves behind.
pub(crate) fn stopped(open: &OpenStreams, error: Option<String>) -> WorldEvent {
    WorldEvent::HostStopped { tasks_alive: tasks_alive(), sockets_open: open.count(), error }
}

/// Runs a host's program to its end and tells on the way what it holds, as the metrics
/// `sim_host_tasks_alive` and `sim_host_sockets_open`: what grows without end is a leak.
pub(crate) async fn watched<P: Future>(host: &str, open: &OpenStreams, program: P) -> P::Output {
    let tasks = metrics::gauge!("sim_host_tasks_alive", "host" => host.to_owned());
    let sockets = metrics::gauge!("sim_host_sockets_open", "host" => host.to_owned());
    let mut program = pin!(program);
    loop {
        tokio::select! {
            biased;
            ended = &mut program => return ended,
            () = tokio::time::sleep(SAMPLE_EVERY) => {
                tasks.set(gauge(tasks_alive()));
                sockets.set(gauge(open.count()));
            }
        }
    }
}

fn tasks_alive() -> u64 {
    let tasks = Handle::current().metrics().num_alive_tasks();
    u64::try_from(tasks).unwrap_or(u64::MAX)
}

/// A count as the value of a gauge: beyond what a host can hold, it is cut.
fn gauge(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

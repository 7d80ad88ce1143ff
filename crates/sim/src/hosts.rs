//! Names of the hosts, and what runs on them.

pub(crate) mod trader;
pub(crate) mod venue;

use tokio::runtime::Handle;

use crate::sockets::OpenStreams;

/// The trading system.
pub const TRADER: &str = "trader";
/// Kraken's REST interface. Real names: production code dials what it always dials.
pub const KRAKEN_REST: &str = "api.kraken.com";
/// Kraken's public streams.
pub const KRAKEN_PUBLIC: &str = "ws.kraken.com";
/// Kraken's private streams.
pub const KRAKEN_PRIVATE: &str = "ws-auth.kraken.com";

/// Every host of the venue.
pub(crate) const KRAKEN_HOSTS: [&str; 3] = [KRAKEN_REST, KRAKEN_PUBLIC, KRAKEN_PRIVATE];

/// Port of every service. Plain TCP: TLS belongs to the real connector.
pub(crate) const PORT: u16 = 80;

/// What a host leaves behind.
pub(crate) fn stopped(open: &OpenStreams, error: Option<String>) -> model::history::WorldEvent {
    let tasks = Handle::current().metrics().num_alive_tasks();
    model::history::WorldEvent::HostStopped {
        tasks_alive: u64::try_from(tasks).unwrap_or(u64::MAX),
        sockets_open: open.count(),
        error,
    }
}

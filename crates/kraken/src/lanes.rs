//! The lanes: one per class of operations, each with a breaker of its own.

use model::StreamKind;
use platform::Platform;
use resilience::{Lane, LaneConfig};

use crate::config::{ConfigError, KrakenConfig};

/// The lanes of one account.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// Queries, public and private.
    pub(crate) read: Lane,
    /// Orders.
    pub(crate) order: Lane,
    /// Cancels; an open order breaker does not block them.
    pub(crate) cancel: Lane,
    connect_public: Lane,
    connect_private: Lane,
}

impl Lanes {
    pub(crate) fn new(config: &KrakenConfig, platform: &Platform) -> Result<Self, ConfigError> {
        let lane = |setting, name, config: &LaneConfig| {
            Lane::new(name, config.clone(), &platform.auditor, &platform.entropy)
                .map_err(|source| ConfigError::Lane { setting, source })
        };
        let connect = config.connect_lane();
        Ok(Self {
            read: lane("read_lane", "kraken/read", &config.read_lane)?,
            order: lane("order_lane", "kraken/order", &config.order_lane)?,
            cancel: lane("cancel_lane", "kraken/cancel", &config.cancel_lane)?,
            connect_public: lane("connect_breaker", "kraken/connect-public", &connect)?,
            connect_private: lane("connect_breaker", "kraken/connect-private", &connect)?,
        })
    }

    /// The lane of a stream's dials.
    pub(crate) const fn connect(&self, stream: StreamKind) -> &Lane {
        match stream {
            StreamKind::Public => &self.connect_public,
            StreamKind::Private => &self.connect_private,
        }
    }

    pub(crate) const fn all(&self) -> [&Lane; 5] {
        let Self { read, order, cancel, connect_public, connect_private } = self;
        [read, order, cancel, connect_public, connect_private]
    }
}

//! Private feeds of version 1: rows are those of REST.

use serde::Serialize;

use crate::kraken::stream::v1::{Private, PrivateFeed};
use crate::kraken::wire::{Keyed, json};

/// Number of a message.
#[derive(Serialize)]
struct Sequence {
    sequence: u64,
}

impl PrivateFeed {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::OpenOrders => "openOrders",
            Self::OwnTrades => "ownTrades",
        }
    }
}

impl Private {
    /// The next message: one object per row.
    pub(super) fn message<T: Serialize>(
        &mut self,
        feed: PrivateFeed,
        rows: &[(String, T)],
    ) -> String {
        self.sequence += 1;
        let rows: Vec<_> = rows.iter().map(|(id, row)| Keyed(vec![(id.clone(), row)])).collect();
        json(&(rows, feed.as_str(), Sequence { sequence: self.sequence }))
    }
}

//! A strategy of one's own, in a storm: `tests/outage.rs` runs it through an outage of Kraken and keeps the
//! story of the circuit breakers as a snapshot.
//!
//! ```sh
//! cargo test -p own-scenario
//! ```

use engine::{Desk, Strategy};
use model::{OrderKind, Quantity, Side, TimeInForce, Trade};

/// Buys a thousandth of a coin, waits for so many trades of others, sells it, waits again.
#[derive(Debug, Clone)]
pub struct Metronome {
    every: u32,
    heard: u32,
}

impl Metronome {
    /// One order for every so many trades, at least one.
    pub fn new(every: u32) -> Self {
        Self { every: every.max(1), heard: 0 }
    }
}

impl Strategy for Metronome {
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        self.heard += 1;
        // An order that is on its way, or of which nobody knows, is waited for.
        if self.heard < self.every || desk.orders().working().next().is_some() {
            return;
        }
        self.heard = 0;
        let holds = desk.position(&trade.symbol).is_positive();
        let side = if holds { Side::Sell } else { Side::Buy };
        let size = Quantity::from_raw(100_000);
        desk.place(&trade.symbol, side, OrderKind::Market, size, TimeInForce::Ioc);
    }
}

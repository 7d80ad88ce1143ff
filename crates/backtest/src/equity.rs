//! The account over time.

use std::time::Duration;

use model::{Notional, Price, Quantity, UnixNanos};

use crate::record::EquityPoint;

/// `10^9`: steps of a notional in one step of a quantity.
const QUANTITY_STEP: i128 = 1_000_000_000;

/// Collects one point per interval that has a price, at its last price.
#[derive(Debug)]
pub(crate) struct EquityCurve {
    every: i64,
    /// End of the current interval; the beginning of time before the first price.
    end: i64,
    last: Option<(UnixNanos, Price)>,
    initial: (Notional, Notional),
    pub(crate) points: Vec<EquityPoint>,
}

impl EquityCurve {
    /// A curve of an account that owns `initial` at the start: cash and base.
    pub(crate) fn new(every: Duration, initial: (Notional, Notional)) -> Self {
        let every = i64::try_from(every.as_nanos()).unwrap_or(i64::MAX);
        Self { every, end: i64::MIN, last: None, initial, points: Vec::new() }
    }

    /// True when an event lies behind the current interval.
    pub(crate) fn is_due(&self, ts: UnixNanos) -> bool {
        ts.as_nanos() >= self.end
    }

    /// Closes the interval before `ts`, and begins the one that holds it.
    pub(crate) fn take(&mut self, ts: UnixNanos, owned: (Notional, Notional)) {
        self.close(owned);
        let start = ts.as_nanos().div_euclid(self.every).saturating_mul(self.every);
        self.end = start.saturating_add(self.every);
    }

    /// Takes the point of the current interval, if it has a price.
    pub(crate) fn close(&mut self, owned: (Notional, Notional)) {
        if let Some((ts, price)) = self.last.take() {
            self.points.push(point(ts, price, owned));
        }
    }

    /// The market has a price.
    pub(crate) fn priced(&mut self, ts: UnixNanos, price: Price) {
        if self.points.is_empty() {
            self.points.push(point(ts, price, self.initial));
        }
        self.last = Some((ts, price));
    }
}

fn point(ts: UnixNanos, price: Price, (cash, base): (Notional, Notional)) -> EquityPoint {
    let quantity = i64::try_from(base.raw() / QUANTITY_STEP).unwrap_or(i64::MAX);
    let value = Notional::of(price, Quantity::from_raw(quantity));
    let equity = cash.checked_add(value).unwrap_or(cash);
    EquityPoint { ts, equity, base, price }
}

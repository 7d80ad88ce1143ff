//! What happens by itself: orders that are good till a date, and the dead man's switch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use matching::{AccountId, OrderId};
use model::{Symbol, UnixNanos};
use tokio::sync::Notify;

use crate::kraken::error::ApiError;
use crate::kraken::rest::Args;
use crate::kraken::venue::{Ended, Venue};

/// Longest time of the dead man's switch, seconds.
const SWITCH_MAX: u64 = 86_400;
/// How long a synthetic book lacks what was taken from it, if nobody trades before.
const REFILL: Duration = Duration::from_secs(2);

/// What is due, and when.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    expiries: BTreeSet<(UnixNanos, OrderId)>,
    starts: BTreeSet<(UnixNanos, OrderId)>,
    /// When what was taken from a book comes back.
    refills: BTreeMap<Symbol, UnixNanos>,
    switches: BTreeMap<AccountId, UnixNanos>,
    changed: Arc<Notify>,
}

/// A dead man's switch after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Armed {
    pub(crate) now: UnixNanos,
    /// When all orders of the account are cancelled; `None` when it is off.
    pub(crate) at: Option<UnixNanos>,
}

impl Timers {
    /// Ends an order at an instant.
    pub(super) fn expire(&mut self, at: UnixNanos, order: OrderId) {
        self.expiries.insert((at, order));
        self.changed.notify_one();
    }

    /// Lets an order into the market at an instant.
    pub(super) fn start(&mut self, at: UnixNanos, order: OrderId) {
        self.starts.insert((at, order));
        self.changed.notify_one();
    }

    /// Lets what was taken from a book come back a while after the first part was taken.
    pub(crate) fn refill(&mut self, symbol: &Symbol, now: UnixNanos) {
        if !self.refills.contains_key(symbol) {
            self.refills.insert(symbol.clone(), now.plus(REFILL));
            self.changed.notify_one();
        }
    }

    /// Forgets what would become of orders that are not open any more: their time may be a month away.
    pub(crate) fn retain(&mut self, mut is_open: impl FnMut(OrderId) -> bool) {
        self.expiries.retain(|(_, order)| is_open(*order));
        self.starts.retain(|(_, order)| is_open(*order));
    }

    /// How many orders have a time.
    #[cfg(test)]
    pub(crate) fn order_count(&self) -> usize {
        self.expiries.len() + self.starts.len()
    }

    /// The next instant at which something is due.
    pub(crate) fn next(&self) -> Option<UnixNanos> {
        let switch = self.switches.values().min().copied();
        let expiry = self.expiries.first().map(|(at, _)| *at);
        let start = self.starts.first().map(|(at, _)| *at);
        let refill = self.refills.values().min().copied();
        [switch, expiry, start, refill].into_iter().flatten().min()
    }

    /// Tells whoever waits that [`Timers::next`] may have changed.
    pub(crate) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }
}

impl Venue {
    /// `CancelAllOrdersAfter`.
    pub(crate) fn cancel_all_after(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> Result<Armed, ApiError> {
        let wrong = || ApiError::arguments("timeout");
        // Some clients send `60.0`.
        let text = args.require("timeout")?;
        let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b == b'0'));
        let whole = whole.map_or(text, |(whole, _)| whole);
        let timeout: u64 = whole.parse().map_err(|_| wrong())?;
        if timeout > SWITCH_MAX {
            return Err(wrong());
        }
        let at = (timeout > 0).then(|| now.plus(Duration::from_secs(timeout)));
        match at {
            Some(at) => self.timers.switches.insert(account, at),
            None => self.timers.switches.remove(&account),
        };
        self.timers.changed.notify_one();
        Ok(Armed { now, at })
    }

    /// Does what is due.
    pub(crate) fn on_time(&mut self, now: UnixNanos) {
        let due = |at: &UnixNanos| *at <= now;
        self.start_due(now);
        self.refill_due(now);
        while let Some((_, id)) = self.timers.expiries.first().copied().filter(|(at, _)| due(at)) {
            self.timers.expiries.pop_first();
            let open = self.exchange.order(id).filter(|order| order.is_open());
            if let (Some(order), Some(details)) = (open, self.orders.get_mut(&id)) {
                details.ended = Some(Ended::Expired);
                let account = order.account;
                self.cancel(account, &[id], now);
            }
        }
        let switches = self.timers.switches.iter();
        let fired: Vec<AccountId> =
            switches.filter(|(_, at)| due(at)).map(|(account, _)| *account).collect();
        for account in fired {
            self.timers.switches.remove(&account);
            let open = self.exchange.open_orders(account);
            let orders: Vec<OrderId> = open.map(|order| order.id).collect();
            self.cancel(account, &orders, now);
        }
    }

    /// Lets in the orders whose time has come.
    fn start_due(&mut self, now: UnixNanos) {
        while let Some((at, id)) = self.timers.starts.first().copied() {
            if at > now {
                return;
            }
            self.timers.starts.pop_first();
            let mut events = Vec::new();
            let scheduled = self.exchange.order(id).is_some_and(|o| o.is_open() && o.scheduled);
            self.exchange.start(id, now, &mut events);
            // One that goes on waiting for its trigger is open from now on, too.
            if scheduled && events.is_empty() {
                self.tell_opened(id, now);
            }
            self.publish(&events, now);
        }
    }

    /// Brings back what was taken from books long enough ago.
    fn refill_due(&mut self, now: UnixNanos) {
        let refills = self.timers.refills.iter().filter(|(_, at)| **at <= now);
        let symbols: Vec<Symbol> = refills.map(|(symbol, _)| symbol.clone()).collect();
        for symbol in &symbols {
            self.timers.refills.remove(symbol);
            self.exchange.refill(symbol);
        }
        self.publish_books(&symbols, now);
    }
}

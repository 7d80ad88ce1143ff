//! What happens by itself: orders that are good till a date, and the dead man's switch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use matching::{AccountId, OrderId};
use model::UnixNanos;
use tokio::sync::Notify;

use crate::kraken::error::ApiError;
use crate::kraken::rest::Args;
use crate::kraken::venue::{Ended, Venue};

/// Longest time of the dead man's switch, seconds.
const SWITCH_MAX: u64 = 86_400;

/// What is due, and when.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    expiries: BTreeSet<(UnixNanos, OrderId)>,
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

    /// The next instant at which something is due.
    pub(crate) fn next(&self) -> Option<UnixNanos> {
        let switch = self.switches.values().min().copied();
        let expiry = self.expiries.first().map(|(at, _)| *at);
        [switch, expiry].into_iter().flatten().min()
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
        let timeout: u64 = args.number("timeout")?.ok_or_else(|| ApiError::arguments("timeout"))?;
        if timeout > SWITCH_MAX {
            return Err(ApiError::arguments("timeout"));
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
}

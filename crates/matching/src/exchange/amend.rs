//! Open orders change: what their owners may alter without a new order.

use model::{OrderKind, Price, Quantity, UnixNanos};

use crate::event::{ExchangeEvent, Refusal};
use crate::exchange::Exchange;
use crate::market::{Stop, Taking};
use crate::order::{AccountId, CancelReason, Order, OrderId, OrderRequest, OrderStatus};

/// What an amendment changes; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amendment {
    /// Quantity of the whole order, what is filled included.
    pub quantity: Option<Quantity>,
    /// Limit, of an order that has one.
    pub limit: Option<Price>,
    /// Trigger, of an order that waits for one.
    pub trigger: Option<Price>,
    /// Whether a limit order refuses to take.
    pub post_only: Option<bool>,
}

impl Exchange {
    /// Changes an open order of an account in a market with a book.
    ///
    /// A smaller quantity keeps the order's place in the queue; a larger one or another limit takes it
    /// out and lets it arrive anew, so that it may take. A quantity that is filled already ends it.
    ///
    /// # Errors
    /// [`Refusal`]: why it was refused. Nothing has changed then, and no event is told.
    pub fn amend(
        &mut self,
        account: AccountId,
        id: OrderId,
        change: &Amendment,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<(), Refusal> {
        let known = self.orders.get(id).filter(|o| o.account == account && o.is_open());
        let order = known.cloned().ok_or(Refusal::UnknownOrder)?;
        let has_book = self.markets[order.market].market.outside.print_rule().is_none();
        let request = amended(&order.request, change).filter(|_| has_book);
        let request = request.ok_or(Refusal::UnknownOrder)?;
        if !order.filled.is_zero() && request.quantity <= order.filled {
            return self.cancel(account, id, now, out);
        }
        self.check_rules(order.market, &request)?;
        match (order.request.kind, request.kind) {
            (OrderKind::Limit { price, .. }, OrderKind::Limit { price: new, .. })
                if price == new && request.quantity <= order.request.quantity =>
            {
                self.shrink(&order, request);
                Ok(())
            }
            (OrderKind::Limit { .. }, _) => self.arrive_anew(&order, request, now, out),
            (OrderKind::Triggered { .. } | OrderKind::Market, _) => self.wait_anew(&order, request),
        }
    }

    /// Less of an order, at its place.
    fn shrink(&mut self, order: &Order, request: OrderRequest) {
        let (side, limit) = (request.side, request.limit());
        let less = order.request.quantity.saturating_sub(request.quantity);
        let hold = self.hold_of_rest(order, &request, None).unwrap_or(order.held);
        let asset = self.paid_in(order.market, side);
        self.ledger.set_hold(order.account, asset, order.held, hold);
        if let Some(price) = limit {
            self.markets[order.market].market.reduce(side, price, order.id, less);
        }
        let known = self.orders.get_mut(order.id).expect("an open order is known");
        (known.request, known.held) = (request, hold);
    }

    /// Another trigger, or another order behind it.
    fn wait_anew(&mut self, order: &Order, request: OrderRequest) -> Result<(), Refusal> {
        let (side, kind) = (request.side, request.kind);
        let asset = self.paid_in(order.market, side);
        let hold = self.hold_of_rest(order, &request, None);
        let hold = self.covered(order, hold).ok_or(Refusal::InsufficientFunds)?;
        self.ledger.set_hold(order.account, asset, order.held, hold);
        let waiting = &mut self.markets[order.market].waiting;
        waiting.remove(side, order.request.kind, order.id);
        waiting.insert(side, kind, order.id);
        let known = self.orders.get_mut(order.id).expect("an open order is known");
        (known.request, known.held) = (request, hold);
        Ok(())
    }

    /// What an open order is to reserve, if its account has that.
    pub(super) fn covered(
        &self,
        order: &Order,
        hold: Option<model::Notional>,
    ) -> Option<model::Notional> {
        let asset = self.paid_in(order.market, order.request.side);
        let free = self.ledger.balance(order.account, asset).free().checked_add(order.held)?;
        hold.filter(|hold| hold.is_zero() || *hold <= free)
    }

    /// Takes a resting order out and lets its rest arrive as if it were new.
    fn arrive_anew(
        &mut self,
        order: &Order,
        request: OrderRequest,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<(), Refusal> {
        let (at, side, account) = (order.market, request.side, order.account);
        let rest = request.quantity.saturating_sub(order.filled);
        let market = &mut self.markets[at].market;
        let taking = market.taking(account, side, request.limit(), rest);
        let takes = !taking.matches.is_empty() || taking.stop == Stop::SelfMatch;
        if request.is_post_only() && takes {
            return Err(Refusal::PostOnly);
        }
        let hold = self.hold_of_rest(order, &request, Some(&taking));
        let asset = self.paid_in(at, side);
        let hold = self.covered(order, hold).ok_or(Refusal::InsufficientFunds)?;
        self.markets[at].take_out(order.id, side, order.request.kind);
        self.ledger.set_hold(account, asset, order.held, hold);
        let known = self.orders.get_mut(order.id).expect("an open order is known");
        (known.request, known.held) = (request, hold);
        if known.filled == known.request.quantity {
            self.end(order.id, OrderStatus::Cancelled(CancelReason::Requested), now, out);
        } else {
            let before = self.markets[at].next_trade;
            self.take(order.id, &taking, now, out);
            self.after_own_prints(at, before, now, out);
        }
        Ok(())
    }

    /// What the unfilled rest of an order has to reserve under a new request.
    fn hold_of_rest(
        &self,
        order: &Order,
        request: &OrderRequest,
        taking: Option<&Taking>,
    ) -> Option<model::Notional> {
        let quantity = request.quantity.saturating_sub(order.filled);
        let rest = OrderRequest { quantity, ..request.clone() };
        self.hold_for(order.market, order.account, &rest, taking)
    }
}

/// The request as it is after a change; `None` if the order has nothing of what is to change.
fn amended(request: &OrderRequest, change: &Amendment) -> Option<OrderRequest> {
    let kind = match (request.kind, change) {
        (OrderKind::Limit { price, post_only }, Amendment { trigger: None, .. }) => {
            OrderKind::Limit {
                price: change.limit.unwrap_or(price),
                post_only: change.post_only.unwrap_or(post_only),
            }
        }
        (OrderKind::Triggered { trigger, price, limit }, _)
            if limit.is_some() || change.limit.is_none() =>
        {
            let price = change.trigger.unwrap_or(price);
            OrderKind::Triggered { trigger, price, limit: change.limit.or(limit) }
        }
        (OrderKind::Market | OrderKind::Limit { .. } | OrderKind::Triggered { .. }, _) => {
            return None;
        }
    };
    let quantity = change.quantity.unwrap_or(request.quantity);
    Some(OrderRequest { kind, quantity, ..request.clone() })
}

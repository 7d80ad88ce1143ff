//! Orders that come at a set time, and orders that would take the place of others.

use model::{OrderKind, UnixNanos};

use crate::event::{ExchangeEvent, Refusal};
use crate::exchange::Exchange;
use crate::exchange::submit::{Entry, Plan};
use crate::market::Stop;
use crate::order::{AccountId, CancelReason, OrderId, OrderRequest, OrderStatus};

impl Exchange {
    /// Takes an order in that [`Exchange::start`] lets into the market. Until then it reserves what it does and
    /// can be cancelled.
    ///
    /// # Errors
    /// [`Refusal`]: why it was refused. Nothing has changed then, and no event is told.
    pub fn submit_later(
        &mut self,
        account: AccountId,
        request: OrderRequest,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<OrderId, Refusal> {
        let at = self.position(&request.symbol).ok_or(Refusal::UnknownInstrument)?;
        self.check_request(at, account, &request)?;
        let hold = self.hold_for(at, account, &request, None);
        let hold = hold.filter(|hold| self.covers(at, account, request.side, *hold));
        let hold = hold.ok_or(Refusal::InsufficientFunds)?;
        let plan = Plan { at, entry: Entry::Wait, hold };
        let id = self.accept(account, &request, &plan, (now, true), out);
        Ok(id)
    }

    /// Lets an order of [`Exchange::submit_later`] into a market with a book; others are left alone.
    pub fn start(&mut self, id: OrderId, now: UnixNanos, out: &mut Vec<ExchangeEvent>) {
        let Some(order) = self.orders.get_mut(id).filter(|o| o.is_open() && o.scheduled) else {
            return;
        };
        order.scheduled = false;
        let order = order.clone();
        let (at, side, kind) = (order.market, order.request.side, order.request.kind);
        if let OrderKind::Triggered { .. } = kind {
            self.markets[at].waiting.insert(side, kind, id);
            return;
        }
        let before = self.markets[at].next_trade;
        let taking = self.taking_of(id);
        let takes = !taking.matches.is_empty() || taking.stop == Stop::SelfMatch;
        if self.tells_all {
            out.push(ExchangeEvent::Opened { order: id });
        }
        let hold = self.hold_for(at, order.account, &order.request, Some(&taking));
        let reason = match self.covered(&order, hold) {
            Some(_) if takes && order.request.is_post_only() => CancelReason::PostOnly,
            None => CancelReason::Funds,
            Some(hold) => {
                let asset = self.paid_in(at, side);
                self.ledger.set_hold(order.account, asset, order.held, hold);
                self.orders.get_mut(id).expect("it was there").held = hold;
                self.take(id, &taking, now, out);
                self.after_own_prints(at, before, now, out);
                return;
            }
        };
        self.end(id, OrderStatus::Cancelled(reason), now, out);
    }

    /// Checks an order as [`Exchange::check`] does, as if another open one of the account were gone.
    ///
    /// # Errors
    /// [`Refusal`]: why it would be refused, or that the other one is not open. Nothing has changed.
    pub fn check_replacing(
        &mut self,
        account: AccountId,
        old: OrderId,
        request: &OrderRequest,
    ) -> Result<(), Refusal> {
        let known = self.orders.get(old).filter(|o| o.account == account && o.is_open());
        let known = known.ok_or(Refusal::UnknownOrder)?;
        let (at, held) = (known.market, known.held);
        let asset = self.paid_in(at, known.request.side);
        self.ledger.set_hold(account, asset, held, model::Notional::ZERO);
        self.traders[account.0].leave(old, at);
        let checked = self.check(account, request);
        self.ledger.set_hold(account, asset, model::Notional::ZERO, held);
        self.traders[account.0].enter(old, at);
        checked
    }
}

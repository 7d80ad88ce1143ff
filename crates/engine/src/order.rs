//! The life of one order, as far as we know it.

use std::collections::BTreeSet;

use model::{Fill, NewOrder, Notional, OrderReport, OrderState, Price, Quantity, VenueOrderId};

use crate::action::SubmitOutcome;

/// One order: what was asked for and what is known of its fate.
///
/// News may come twice, late and out of order: filled quantity never falls, a final state never
/// changes, an execution counts once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    request: NewOrder,
    venue_order_id: Option<VenueOrderId>,
    state: OrderState,
    filled: Quantity,
    cost: Notional,
    fee: Notional,
    trade_ids: BTreeSet<u64>,
    reason: Option<String>,
    cancel_wanted: bool,
    cancel_pending: bool,
    locating: bool,
    opened_at_step: u64,
}

/// What a piece of news changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderUpdate {
    /// State or filled quantity is another.
    pub changed: bool,
    /// Base units filled since the last news.
    pub filled_more: Quantity,
    /// An execution that was not known before.
    pub new_fill: Option<Fill>,
}

impl Order {
    /// An order that was just decided.
    pub fn new(request: NewOrder) -> Self {
        Self {
            request,
            venue_order_id: None,
            state: OrderState::Created,
            filled: Quantity::ZERO,
            cost: Notional::ZERO,
            fee: Notional::ZERO,
            trade_ids: BTreeSet::new(),
            reason: None,
            cancel_wanted: false,
            cancel_pending: false,
            locating: false,
            opened_at_step: 0,
        }
    }

    /// What was asked for.
    pub fn request(&self) -> &NewOrder {
        &self.request
    }

    /// The venue's name, once known.
    pub fn venue_order_id(&self) -> Option<&VenueOrderId> {
        self.venue_order_id.as_ref()
    }

    /// Where it stands.
    pub fn state(&self) -> OrderState {
        self.state
    }

    /// Filled so far.
    pub fn filled(&self) -> Quantity {
        self.filled
    }

    /// Not filled yet.
    pub fn remaining(&self) -> Quantity {
        self.request.quantity.saturating_sub(self.filled)
    }

    /// Paid or received so far, without fees.
    pub fn cost(&self) -> Notional {
        self.cost
    }

    /// Fees so far.
    pub fn fee(&self) -> Notional {
        self.fee
    }

    /// Average price of what was filled, with all digits of a price.
    pub fn average_price(&self) -> Option<Price> {
        self.cost.price_per(self.filled, Price::DECIMALS)
    }

    /// Why it ended, where a reason was given.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// True when a cancellation was asked for.
    pub fn cancel_wanted(&self) -> bool {
        self.cancel_wanted
    }

    /// The step of the engine at which the order became known as open.
    pub fn opened_at_step(&self) -> u64 {
        self.opened_at_step
    }

    /// The order is on its way.
    pub(crate) fn sent(&mut self) {
        debug_assert_eq!(self.state, OrderState::Created);
        self.state = OrderState::Submitting;
    }

    /// Notes the wish to cancel. True when a cancellation should be sent now.
    pub(crate) fn want_cancel(&mut self) -> bool {
        self.cancel_wanted = true;
        self.cancel_due()
    }

    /// True, once, when a cancellation is wanted, possible and not on its way.
    pub(crate) fn cancel_due(&mut self) -> bool {
        let possible = self.state == OrderState::Open && self.venue_order_id.is_some();
        let due = self.cancel_wanted && !self.cancel_pending && possible;
        self.cancel_pending |= due;
        due
    }

    /// The cancellation is not on its way any more.
    pub(crate) fn cancel_ended(&mut self) {
        self.cancel_pending = false;
    }

    /// True, once, until [`Order::located`]: somebody should ask the venue.
    pub(crate) fn start_locating(&mut self) -> bool {
        let start = !self.locating && !self.state.is_final();
        self.locating |= start;
        start
    }

    /// The venue answered.
    pub(crate) fn located(&mut self) {
        self.locating = false;
    }

    /// The submission ended.
    pub(crate) fn submitted(&mut self, outcome: SubmitOutcome, step: u64) -> OrderUpdate {
        if let SubmitOutcome::Placed(id) = &outcome {
            self.venue_order_id.get_or_insert_with(|| id.clone());
        }
        if self.state != OrderState::Submitting {
            // Its executions were faster than the answer.
            return OrderUpdate::default();
        }
        let (state, reason) = match outcome {
            SubmitOutcome::Placed(_) => (OrderState::Open, None),
            SubmitOutcome::NotSent(reason) => (OrderState::NotPlaced, Some(reason)),
            SubmitOutcome::Refused(reason) => (OrderState::Rejected, Some(reason)),
            SubmitOutcome::Unknown(reason) => (OrderState::Unknown, Some(reason)),
        };
        self.enter(state, reason, step);
        OrderUpdate { changed: true, ..OrderUpdate::default() }
    }

    /// The venue surely never had it.
    pub(crate) fn absent(&mut self) -> OrderUpdate {
        if self.state.is_final() || !self.filled.is_zero() {
            return OrderUpdate::default();
        }
        self.enter(OrderState::NotPlaced, Some("the venue does not know the order".to_owned()), 0);
        OrderUpdate { changed: true, ..OrderUpdate::default() }
    }

    /// Takes news from the venue.
    pub(crate) fn apply(&mut self, report: &OrderReport, step: u64) -> OrderUpdate {
        self.venue_order_id.get_or_insert_with(|| report.venue_order_id.clone());
        let before = self.filled;
        self.filled = self.filled.max(report.filled.unwrap_or_default());
        if let Some(cost) = report.cost {
            self.cost = self.cost.max(cost);
        }
        let new_fill = report.last_fill.clone().filter(|fill| self.trade_ids.insert(fill.trade_id));
        match (report.fee, &new_fill) {
            (Some(total), _) => self.fee = self.fee.max(total),
            (None, Some(fill)) => self.fee = self.fee.checked_add(fill.fee).unwrap_or(self.fee),
            (None, None) => {}
        }
        let filled_more = self.filled.saturating_sub(before);
        let state = self.next_state(report.state);
        let changed = state != self.state || !filled_more.is_zero();
        if state != self.state {
            self.enter(state, report.reason.clone(), step);
        }
        OrderUpdate { changed, filled_more, new_fill }
    }

    /// A final state stays; an order whose quantity is filled is filled, whatever the news call it.
    fn next_state(&self, told: OrderState) -> OrderState {
        if self.state.is_final() && self.state != OrderState::NotPlaced {
            return self.state;
        }
        if !told.is_final() && self.remaining().is_zero() {
            return OrderState::Filled;
        }
        told
    }

    fn enter(&mut self, state: OrderState, reason: Option<String>, step: u64) {
        if state == OrderState::Open {
            self.opened_at_step = step;
        }
        self.state = state;
        self.reason = reason;
    }
}

#[cfg(test)]
mod tests;

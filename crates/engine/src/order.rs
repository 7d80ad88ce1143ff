//! The life of one order, as far as we know it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hint::cold_path;

use model::{
    Fill, NewOrder, Notional, OrderReport, OrderState, Price, Quantity, Symbol, VenueOrderId,
};

use crate::action::{Standing, SubmitOutcome};
use crate::desk::Draft;
use crate::ids::OrderIds;
use crate::markets::MarketNumber;

/// One order: what was asked for and what is known of its fate.
///
/// News may come twice, late and out of order: filled quantity never falls, a final state never
/// changes, an execution counts once. News that cannot be true changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    request: NewOrder,
    market: MarketNumber,
    venue_name: Option<VenueName>,
    state: OrderState,
    filled: Quantity,
    cost: Notional,
    /// The largest sum of fees that was told.
    fee_told: Notional,
    /// The first execution that was told, and all others: few orders have several.
    trade_id: Option<u64>,
    trade_ids: BTreeSet<u64>,
    known: Executions,
    /// The step at which it was first seen that executions are missing.
    gap_since: Option<u64>,
    reason: Option<Cow<'static, str>>,
    cancel: Cancel,
    locating: bool,
    opened_at_step: u64,
}

/// What the venue calls an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VenueName {
    Id(VenueOrderId),
    /// Of a venue that numbers its orders.
    Number(u64),
}

/// What a venue says of an order: totals since it was placed, `None` where not told.
pub(crate) trait Facts<'a>: Copy {
    fn venue_name(self) -> VenueName;
    fn state(self) -> OrderState;
    fn filled(self) -> Option<Quantity>;
    fn cost(self) -> Option<Notional>;
    fn fee(self) -> Option<Notional>;
    fn last_fill(self) -> Option<&'a Fill>;
    fn reason(self) -> Option<Cow<'static, str>>;
}

impl<'a> Facts<'a> for &'a OrderReport {
    fn venue_name(self) -> VenueName {
        VenueName::Id(self.venue_order_id.clone())
    }

    fn state(self) -> OrderState {
        self.state
    }

    fn filled(self) -> Option<Quantity> {
        self.filled
    }

    fn cost(self) -> Option<Notional> {
        self.cost
    }

    fn fee(self) -> Option<Notional> {
        self.fee
    }

    fn last_fill(self) -> Option<&'a Fill> {
        self.last_fill.as_ref()
    }

    fn reason(self) -> Option<Cow<'static, str>> {
        self.reason.clone()
    }
}

impl<'a> Facts<'a> for &'a Standing {
    fn venue_name(self) -> VenueName {
        VenueName::Number(self.number)
    }

    fn state(self) -> OrderState {
        self.state
    }

    fn filled(self) -> Option<Quantity> {
        Some(self.filled)
    }

    fn cost(self) -> Option<Notional> {
        Some(self.cost)
    }

    fn fee(self) -> Option<Notional> {
        Some(self.fee)
    }

    fn last_fill(self) -> Option<&'a Fill> {
        self.last_fill.as_ref()
    }

    fn reason(self) -> Option<Cow<'static, str>> {
        self.reason.map(Cow::Borrowed)
    }
}

/// The sum of the executions that are known one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Executions {
    quantity: Quantity,
    fee: Notional,
}

impl Executions {
    /// With one more; out of range, which none is that a venue could tell, nothing changes.
    fn with(self, fill: &Fill) -> Self {
        let sum = || {
            Some(Self {
                quantity: self.quantity.checked_add(fill.quantity)?,
                fee: self.fee.checked_add(fill.fee)?,
            })
        };
        sum().unwrap_or(self)
    }
}

/// How far a cancellation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cancel {
    NotWanted,
    /// To be sent as soon as the order is open.
    Wanted,
    /// On its way.
    Sent,
    /// The venue took it at this step; the order's own news should end it.
    Accepted(u64),
}

/// Who tells the news of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A stream or a list: fast, but perhaps abridged.
    Told,
    /// The venue, asked for this one order: complete.
    Asked,
}

/// What a piece of news changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OrderUpdate<'a> {
    /// State or filled quantity is another.
    pub(crate) changed: bool,
    /// Base units filled since the last news.
    pub(crate) filled_more: Quantity,
    /// An execution that was not known before.
    pub(crate) new_fill: Option<&'a Fill>,
    /// The news say that the order has ended, but not with which totals: the venue is to be asked.
    pub(crate) doubtful: bool,
}

impl Order {
    /// An order that is on its way.
    pub(crate) fn sent(request: NewOrder, market: MarketNumber) -> Self {
        Self {
            request,
            market,
            venue_name: None,
            state: OrderState::Submitting,
            filled: Quantity::ZERO,
            cost: Notional::ZERO,
            fee_told: Notional::ZERO,
            trade_id: None,
            trade_ids: BTreeSet::new(),
            known: Executions::default(),
            gap_since: None,
            reason: None,
            cancel: Cancel::NotWanted,
            locating: false,
            opened_at_step: 0,
        }
    }

    /// Becomes another order, with the last id that was drawn: what [`Order::sent`] makes, each part written in its
    /// place: a processor waits where it moves what was just written.
    pub(crate) fn renew(&mut self, ids: &OrderIds, symbol: &Symbol, draft: &Draft) {
        let Self {
            request,
            market,
            venue_name,
            state,
            filled,
            cost,
            fee_told,
            trade_id,
            trade_ids,
            known,
            gap_since,
            reason,
            cancel,
            locating,
            opened_at_step,
        } = self;
        ids.write_last(&mut request.client_order_id);
        if request.symbol != *symbol {
            cold_path();
            request.symbol = symbol.clone();
        }
        (request.side, request.kind, request.quantity) = (draft.side, draft.kind, draft.quantity);
        request.time_in_force = draft.time_in_force;
        request.reduce_only = draft.reduce_only;
        *market = draft.market;
        *venue_name = None;
        *state = OrderState::Submitting;
        (*filled, *cost, *fee_told) = (Quantity::ZERO, Notional::ZERO, Notional::ZERO);
        *trade_id = None;
        trade_ids.clear();
        *known = Executions::default();
        *gap_since = None;
        *reason = None;
        *cancel = Cancel::NotWanted;
        *locating = false;
        *opened_at_step = 0;
    }

    /// What was asked for.
    pub fn request(&self) -> &NewOrder {
        &self.request
    }

    /// The market of its instrument.
    pub fn market(&self) -> MarketNumber {
        self.market
    }

    /// The venue's name, once known.
    pub fn venue_order_id(&self) -> Option<VenueOrderId> {
        self.venue_name.as_ref().map(|name| match name {
            VenueName::Id(id) => id.clone(),
            VenueName::Number(number) => VenueOrderId::of_number(*number),
        })
    }

    /// True when that is the venue's name.
    pub(crate) fn is_called(&self, id: &VenueOrderId) -> bool {
        match &self.venue_name {
            Some(VenueName::Id(known)) => known == id,
            Some(VenueName::Number(number)) => VenueOrderId::of_number(*number) == *id,
            None => false,
        }
    }

    /// True once the venue's name is known.
    pub(crate) fn is_named(&self) -> bool {
        self.venue_name.is_some()
    }

    /// The venue's number, once known, of a venue that told it as one: see [`crate::OrderNews`].
    pub fn venue_number(&self) -> Option<u64> {
        match self.venue_name {
            Some(VenueName::Number(number)) => Some(number),
            Some(VenueName::Id(_)) | None => None,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> OrderState {
        self.state
    }

    /// True while it may still change.
    pub fn is_working(&self) -> bool {
        !self.state.is_final()
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

    /// Fees so far: the sum over the executions, once all are known; until then the more of that and of
    /// what the venue told.
    pub fn fee(&self) -> Notional {
        let known = self.known.fee;
        if self.missing().is_zero() && self.trade_id.is_some() {
            known
        } else {
            known.max(self.fee_told)
        }
    }

    /// Base units that are filled by executions of which nothing else is known.
    pub fn missing(&self) -> Quantity {
        self.filled.saturating_sub(self.known.quantity)
    }

    /// True when its venue can be asked for executions of which nothing is known.
    pub(crate) fn lacks_fills(&self) -> bool {
        !self.missing().is_zero() && self.is_named()
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
        self.cancel != Cancel::NotWanted
    }

    /// The step of the engine at which the order became known as open.
    pub fn opened_at_step(&self) -> u64 {
        self.opened_at_step
    }

    /// Notes the wish to cancel.
    pub(crate) fn want_cancel(&mut self) {
        if self.cancel == Cancel::NotWanted {
            self.cancel = Cancel::Wanted;
        }
    }

    /// True, once, when a cancellation is wanted, possible and not on its way.
    pub(crate) fn cancel_due(&mut self) -> bool {
        let possible = self.state == OrderState::Open && self.is_named();
        let due = possible && self.cancel == Cancel::Wanted;
        if due {
            self.cancel = Cancel::Sent;
        }
        due
    }

    /// The venue took the cancellation.
    pub(crate) fn cancel_accepted(&mut self, step: u64) {
        self.cancel = Cancel::Accepted(step);
    }

    /// The venue did not find the order to cancel, which may be a delay of its own.
    pub(crate) fn cancel_missed(&mut self) {
        self.cancel = Cancel::Wanted;
    }

    /// A list that was asked for at this step still has the order: if its cancellation was accepted
    /// before that, it got lost.
    pub(crate) fn listed_open(&mut self, asked_at_step: u64) {
        if let Cancel::Accepted(step) = self.cancel
            && step < asked_at_step
        {
            self.cancel = Cancel::Wanted;
        }
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
    pub(crate) fn submitted(&mut self, outcome: SubmitOutcome, step: u64) -> OrderUpdate<'static> {
        let (state, reason) = match outcome {
            SubmitOutcome::Placed(id) => return self.placed(VenueName::Id(id), step),
            SubmitOutcome::NotSent(reason) => (OrderState::NotPlaced, reason),
            SubmitOutcome::Refused(reason) => (OrderState::Rejected, reason),
            SubmitOutcome::Unknown(reason) => (OrderState::Unknown, reason),
        };
        self.leave_submitting(state, Some(Cow::Owned(reason)), step)
    }

    /// The venue took it, under a name.
    pub(crate) fn placed(&mut self, name: VenueName, step: u64) -> OrderUpdate<'static> {
        self.venue_name.get_or_insert(name);
        self.leave_submitting(OrderState::Open, None, step)
    }

    fn leave_submitting(
        &mut self,
        state: OrderState,
        reason: Option<Cow<'static, str>>,
        step: u64,
    ) -> OrderUpdate<'static> {
        // Its executions may have been faster than the answer.
        let changed = self.state == OrderState::Submitting;
        if changed {
            self.enter(state, reason, step);
        }
        OrderUpdate { changed, ..OrderUpdate::default() }
    }

    /// The venue surely never had it. An order that has a name there exists: then nothing changes.
    pub(crate) fn absent(&mut self) -> OrderUpdate<'static> {
        if self.state.is_final() || self.is_named() {
            return OrderUpdate::default();
        }
        self.enter(OrderState::NotPlaced, Some("the venue does not know the order".into()), 0);
        OrderUpdate { changed: true, ..OrderUpdate::default() }
    }

    /// Takes news from the venue.
    pub(crate) fn apply<'a>(
        &mut self,
        news: impl Facts<'a>,
        source: Source,
        step: u64,
    ) -> OrderUpdate<'a> {
        let told = news.filled().unwrap_or_default();
        if told > self.request.quantity || told < Quantity::ZERO {
            cold_path();
            let id = &self.request.client_order_id;
            tracing::error!(client_order_id = %id, filled = %told, "impossible news of an order");
            return OrderUpdate::default();
        }
        let before = self.filled;
        self.filled = self.filled.max(told);
        if let Some(cost) = news.cost() {
            self.cost = self.cost.max(cost);
        }
        let new_fill = news.last_fill().filter(|fill| self.learn(fill));
        if let Some(total) = news.fee() {
            self.fee_told = self.fee_told.max(total);
        }
        let filled_more = self.filled.saturating_sub(before);
        let doubtful = source == Source::Told && self.is_doubtful(news.state(), news.filled());
        let state = if doubtful { self.state } else { self.next_state(news.state()) };
        let changed = state != self.state || !filled_more.is_zero();
        if state != self.state {
            self.enter(state, news.reason(), step);
        }
        self.venue_name.get_or_insert_with(|| news.venue_name());
        OrderUpdate { changed, filled_more, new_fill, doubtful }
    }

    /// True for the number of an execution that was not told before, which it remembers.
    fn is_new(&mut self, trade_id: u64) -> bool {
        match self.trade_id {
            None => {
                self.trade_id = Some(trade_id);
                true
            }
            Some(first) => first != trade_id && self.is_another(trade_id),
        }
    }

    /// As [`Order::is_new`], of an order with several executions.
    #[inline(never)]
    fn is_another(&mut self, trade_id: u64) -> bool {
        self.trade_ids.insert(trade_id)
    }

    /// True for the number of an execution that was told.
    fn is_known(&self, trade_id: u64) -> bool {
        self.trade_id == Some(trade_id) || self.trade_ids.contains(&trade_id)
    }

    /// Counts an execution, once; true if it was not known.
    fn learn(&mut self, fill: &Fill) -> bool {
        let is_new = self.is_new(fill.trade_id);
        if is_new {
            self.known = self.known.with(fill);
        }
        is_new
    }

    /// Takes an execution that the venue was asked for. It may be newer than the totals, which it raises
    /// then.
    pub(crate) fn take_fill<'a>(&mut self, fill: &'a Fill, step: u64) -> OrderUpdate<'a> {
        if self.is_known(fill.trade_id) {
            return OrderUpdate::default();
        }
        let sum = self.known.quantity.checked_add(fill.quantity);
        if !fill.quantity.is_positive() || sum.is_none_or(|sum| sum > self.request.quantity) {
            cold_path();
            let (id, trade_id) = (&self.request.client_order_id, fill.trade_id);
            tracing::error!(client_order_id = %id, trade_id, "impossible execution of an order");
            return OrderUpdate::default();
        }
        self.learn(fill);
        let filled_more = self.known.quantity.saturating_sub(self.filled);
        if filled_more.is_positive() {
            self.filled = self.known.quantity;
            let more = Notional::of(fill.price, filled_more);
            self.cost = self.cost.checked_add(more).unwrap_or(self.cost);
        }
        let state = self.next_state(self.state);
        let changed = state != self.state || !filled_more.is_zero();
        if state != self.state {
            self.enter(state, None, step);
        }
        OrderUpdate { changed, filled_more, new_fill: Some(fill), doubtful: false }
    }

    /// The venue was asked.
    pub(crate) fn fetched(&mut self) {
        self.gap_since = None;
    }

    /// True when executions are missing that were missing when a question was asked at this step. A list may
    /// tell of an execution before the stream does, so that the first time says nothing yet.
    pub(crate) fn gap_lasts(&mut self, asked_at_step: u64, step: u64) -> bool {
        if self.missing().is_zero() {
            self.gap_since = None;
            return false;
        }
        *self.gap_since.get_or_insert(step) <= asked_at_step
    }

    /// An end without totals, or a complete fill that is not complete.
    fn is_doubtful(&self, state: OrderState, filled: Option<Quantity>) -> bool {
        let unsure = state == OrderState::Filled || filled.is_none();
        !self.is_over() && state.is_final() && unsure && !self.remaining().is_zero()
    }

    /// Final, and not by our own conclusion that the venue never had it.
    fn is_over(&self) -> bool {
        self.state.is_final() && self.state != OrderState::NotPlaced
    }

    /// A final state stays; an order whose quantity is filled is filled, whatever the news call it.
    fn next_state(&self, told: OrderState) -> OrderState {
        if self.is_over() {
            self.state
        } else if !told.is_final() && self.remaining().is_zero() {
            OrderState::Filled
        } else {
            told
        }
    }

    fn enter(&mut self, state: OrderState, reason: Option<Cow<'static, str>>, step: u64) {
        if state == OrderState::Open {
            self.opened_at_step = step;
        }
        self.state = state;
        self.reason = reason;
    }
}

#[cfg(test)]
mod tests;

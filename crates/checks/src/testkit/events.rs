//! Events with everything that does not matter filled in.

use std::collections::BTreeMap;

use model::audit::{AuditEvent, BreakerState, CallOutcome, HealthState, StreamState};
use model::history::{Phase, SinkEvent, VenueEvent, WorldEvent};
use model::{
    Asset, ClientOrderId, Fill, Liquidity, NewOrder, Notional, OrderKind, OrderState, Price,
    Quantity, Side, Symbol, TimeInForce, VenueOrderId,
};

/// The only breaker of the synthetic trader.
pub const BREAKER: &str = "kraken/private";

/// The only instrument.
pub fn symbol() -> Symbol {
    Symbol::new("BTC/USD")
}

/// An id from a text that is known to be one.
pub fn id(text: &str) -> ClientOrderId {
    ClientOrderId::new(text).expect("tests use valid ids")
}

/// A quantity from a text that is known to be one.
pub fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("tests use valid quantities")
}

/// An amount from a text that is known to be one.
pub fn amount(text: &str) -> Notional {
    Notional::parse(text).expect("tests use valid amounts")
}

/// A call guarded by [`BREAKER`] begins; it may take 10 s.
pub fn started(call: u64, op: &str) -> AuditEvent {
    AuditEvent::CallStarted {
        call,
        op: format!("kraken/{op}"),
        breaker: Some(BREAKER.to_owned()),
        bound_ms: 10_000,
        client_order_id: None,
    }
}

/// A call that places an order begins.
pub fn sent(call: u64, order: &str) -> AuditEvent {
    AuditEvent::CallStarted {
        call,
        op: "kraken/AddOrder".to_owned(),
        breaker: Some(BREAKER.to_owned()),
        bound_ms: 10_000,
        client_order_id: Some(id(order)),
    }
}

/// A stream asks for a subscription, guarded by nothing; the answer may take 5 s.
pub fn subscribing(call: u64, stream: &str) -> AuditEvent {
    AuditEvent::CallStarted {
        call,
        op: format!("{stream}/subscribe"),
        breaker: None,
        bound_ms: 5_000,
        client_order_id: None,
    }
}

/// The dead man's switch is armed, guarded by nothing; the answer may take 10 s.
pub fn arming(call: u64) -> AuditEvent {
    AuditEvent::CallStarted {
        call,
        op: "kraken/CancelAllOrdersAfter".to_owned(),
        breaker: None,
        bound_ms: 10_000,
        client_order_id: None,
    }
}

/// A call ends; a failure is an answer with status 503.
pub fn ended(call: u64, outcome: CallOutcome) -> AuditEvent {
    let error = (outcome == CallOutcome::Failure).then(|| "http status 503".to_owned());
    AuditEvent::CallEnded { call, outcome, error }
}

/// [`BREAKER`] changes its state; when it opens, for 30 s.
pub fn breaker(generation: u64, from: BreakerState, to: BreakerState, cause: &str) -> AuditEvent {
    AuditEvent::BreakerChanged {
        breaker: BREAKER.to_owned(),
        generation,
        from,
        to,
        cause: cause.to_owned(),
        open_ms: (to == BreakerState::Open).then_some(30_000),
    }
}

/// A stream changes its state.
pub fn stream(name: &str, state: StreamState, reason: &str) -> AuditEvent {
    AuditEvent::StreamChanged { stream: name.to_owned(), state, reason: reason.to_owned() }
}

/// A critical dependency changes its state.
pub fn health(dependency: &str, state: HealthState) -> AuditEvent {
    let (dependency, reason) = (dependency.to_owned(), String::new());
    AuditEvent::HealthChanged { dependency, critical: true, state, reason }
}

/// The trader's book has a fingerprint.
pub fn applied(hash: u64) -> AuditEvent {
    AuditEvent::BookApplied { symbol: symbol(), hash }
}

/// The venue answers a request.
pub fn answered(op: &str, status: u16) -> VenueEvent {
    let op = op.to_owned();
    VenueEvent::RequestAnswered { op, status, error: None, retry_after_ms: None }
}

/// The venue asks for patience.
pub fn too_often(op: &str, retry_after_ms: u64) -> VenueEvent {
    let (op, retry_after_ms) = (op.to_owned(), Some(retry_after_ms));
    VenueEvent::RequestAnswered { op, status: 429, error: None, retry_after_ms }
}

/// The strategy is given a trade.
pub fn seen(trade_id: u64) -> AuditEvent {
    AuditEvent::TradeSeen { symbol: symbol(), trade_id }
}

/// The trader says that trades did not come.
pub fn missed(after: u64, before: u64) -> AuditEvent {
    AuditEvent::TradesMissed { symbol: symbol(), after, before }
}

/// The venue publishes a trade of the market.
pub fn printed(trade_id: u64) -> VenueEvent {
    VenueEvent::TradePublished { symbol: symbol(), trade_id }
}

/// The venue's book has a fingerprint.
pub fn published(hash: u64) -> VenueEvent {
    VenueEvent::BookPublished { symbol: symbol(), hash }
}

/// The strategy wants to buy 0.5 at the market.
pub fn intent(order: &str) -> AuditEvent {
    AuditEvent::OrderIntent {
        order: NewOrder {
            client_order_id: id(order),
            symbol: symbol(),
            side: Side::Buy,
            kind: OrderKind::Market,
            quantity: quantity("0.5"),
            time_in_force: TimeInForce::Ioc,
            reduce_only: false,
        },
    }
}

/// The trader's order changes.
pub fn trader_order(order: &str, state: OrderState, filled: &str) -> AuditEvent {
    AuditEvent::OrderChanged {
        client_order_id: id(order),
        venue_order_id: None,
        state,
        filled: quantity(filled),
        reason: None,
    }
}

/// An order of the trader arrives.
pub fn order_received(rests: bool) -> VenueEvent {
    VenueEvent::OrderReceived { account: "trader".to_owned(), symbol: symbol(), rests }
}

/// A cancel of the trader arrives.
pub fn cancel_received(venue_id: &str) -> VenueEvent {
    VenueEvent::CancelReceived {
        account: "trader".to_owned(),
        symbol: symbol(),
        venue_order_id: VenueOrderId::new(venue_id),
    }
}

/// The venue's order changes.
pub fn venue_order(order: &str, venue_id: &str, state: OrderState, filled: &str) -> VenueEvent {
    VenueEvent::OrderChanged {
        account: "trader".to_owned(),
        client_order_id: Some(id(order)),
        venue_order_id: VenueOrderId::new(venue_id),
        state,
        filled: quantity(filled),
    }
}

/// An execution at 10,000 with a fee of 1.
pub fn fill(trade_id: u64, size: &str) -> Fill {
    Fill {
        trade_id,
        price: Price::parse("10000").expect("a valid price"),
        quantity: quantity(size),
        fee: amount("1"),
        liquidity: Liquidity::Taker,
    }
}

/// The trader learns of an execution.
pub fn trader_fill(order: &str, trade_id: u64, size: &str) -> AuditEvent {
    AuditEvent::Filled { client_order_id: id(order), fill: fill(trade_id, size) }
}

/// The venue executes a buy order of the trader.
pub fn venue_fill(order: &str, venue_id: &str, trade_id: u64, size: &str) -> VenueEvent {
    VenueEvent::Filled {
        account: "trader".to_owned(),
        client_order_id: Some(id(order)),
        venue_order_id: VenueOrderId::new(venue_id),
        symbol: symbol(),
        side: Side::Buy,
        fill: fill(trade_id, size),
    }
}

/// The trader's position changes.
pub fn position(size: &str) -> AuditEvent {
    AuditEvent::PositionChanged { symbol: symbol(), quantity: quantity(size) }
}

/// What the trader owns of an asset.
pub fn balance(asset: &str, total: &str, held: &str) -> VenueEvent {
    VenueEvent::Balance {
        account: "trader".to_owned(),
        asset: Asset::new(asset),
        total: amount(total),
        held: amount(held),
    }
}

/// The sum of an asset.
pub fn asset_total(asset: &str, total: &str) -> VenueEvent {
    VenueEvent::AssetTotal { asset: Asset::new(asset), total: amount(total) }
}

/// A phase begins.
pub const fn phase(phase: Phase) -> WorldEvent {
    WorldEvent::PhaseStarted { phase }
}

/// A metric has another value than at the sample before.
pub fn sampled(series: &str, value: &str) -> WorldEvent {
    WorldEvent::MetricsSampled { changed: [(series.to_owned(), value.to_owned())].into() }
}

/// A fault begins.
pub fn fault(fault: u32, what: &str) -> WorldEvent {
    WorldEvent::FaultStarted { fault, what: what.to_owned() }
}

/// A fault ends.
pub const fn healed(fault: u32, struck: u64) -> WorldEvent {
    WorldEvent::FaultEnded { fault, struck }
}

/// The shutdown reaches a step.
pub fn shutdown(step: &str) -> AuditEvent {
    AuditEvent::Shutdown { step: step.to_owned(), unfinished: Vec::new() }
}

/// A host's program ends.
pub const fn stopped(tasks_alive: u64, sockets_open: u64) -> WorldEvent {
    WorldEvent::HostStopped { tasks_alive, sockets_open, error: None }
}

/// What a database stores of an event, at a time of its own; `None` for nothing.
pub fn stored(event: &AuditEvent, at: i64) -> Option<SinkEvent> {
    let (measurement, values) = match event {
        AuditEvent::OrderIntent { order } => (
            "intent",
            vec![
                ("client_order_id", order.client_order_id.to_string()),
                ("symbol", order.symbol.to_string()),
                ("side", order.side.to_string()),
                ("quantity", order.quantity.to_string()),
            ],
        ),
        AuditEvent::OrderChanged { client_order_id, state, filled, .. } => (
            "order",
            vec![
                ("client_order_id", client_order_id.to_string()),
                ("state", state.to_string()),
                ("filled", filled.to_string()),
            ],
        ),
        AuditEvent::Filled { client_order_id, fill } => (
            "fill",
            vec![
                ("client_order_id", client_order_id.to_string()),
                ("trade_id", fill.trade_id.to_string()),
                ("quantity", fill.quantity.to_string()),
                ("price", fill.price.to_string()),
                ("fee", fill.fee.to_string()),
            ],
        ),
        AuditEvent::PositionChanged { symbol, quantity } => {
            ("position", vec![("symbol", symbol.to_string()), ("quantity", quantity.to_string())])
        }
        AuditEvent::BreakerChanged { breaker, generation, to, .. } => (
            "breaker",
            vec![
                ("breaker", breaker.clone()),
                ("generation", generation.to_string()),
                ("to", to.to_string()),
            ],
        ),
        AuditEvent::StreamChanged { stream, state, .. } => {
            ("stream", vec![("stream", stream.clone()), ("state", state.as_str().to_owned())])
        }
        AuditEvent::CallStarted { .. }
        | AuditEvent::CallEnded { .. }
        | AuditEvent::BookApplied { .. }
        | AuditEvent::BookLost { .. }
        | AuditEvent::TradeSeen { .. }
        | AuditEvent::TradesMissed { .. }
        | AuditEvent::HealthChanged { .. }
        | AuditEvent::SinkLost { .. }
        | AuditEvent::Shutdown { .. } => return None,
    };
    Some(SinkEvent::PointStored {
        measurement: measurement.to_owned(),
        tags: BTreeMap::new(),
        fields: values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        at,
    })
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use model::{
    Asset, ClientOrderId, Level, Notional, OrderKind, Price, Symbol, TimeInForce, Trade,
    VenueOrderId,
};

use super::*;
use crate::action::SubmitOutcome;
use crate::markets::MarketNumber;

mod fills;

fn price(text: &str) -> Price {
    Price::parse(text).expect("valid")
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("valid")
}

fn symbol() -> Symbol {
    Symbol::new("BTC/USD")
}

fn instrument() -> Instrument {
    Instrument {
        symbol: symbol(),
        base: Asset::new("BTC"),
        quote: Asset::new("USD"),
        price_decimals: 1,
        quantity_decimals: 8,
        cost_decimals: 5,
        tick_size: price("0.1"),
        quantity_min: quantity("0.00005"),
        cost_min: Notional::parse("0.5").expect("valid"),
    }
}

/// Buys `0.1` at each trade, for as much as the trade's price.
#[derive(Debug)]
struct Buyer;

impl Strategy for Buyer {
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        let kind = OrderKind::Limit { price: trade.price, post_only: false };
        desk.place(&trade.symbol, Side::Buy, kind, quantity("0.1"), TimeInForce::Gtc);
    }
}

fn engine() -> Engine {
    with_strategy(Box::new(Buyer))
}

fn with_strategy(strategy: Box<dyn Strategy>) -> Engine {
    let risk = RiskLimits {
        order_quantity_max: quantity("1"),
        position_max: quantity("0.25"),
        working_orders_max: 3,
    };
    let config = EngineConfig {
        instruments: vec![instrument()],
        risk,
        started: UnixNanos::from_secs(1_600_000_000),
    };
    let mut engine = Engine::new(config, strategy).expect("valid");
    engine.step(EngineEvent::Feed(FeedEvent::OpenOrders(Vec::new())));
    engine
}

fn trade(at: &str) -> EngineEvent {
    EngineEvent::Feed(FeedEvent::Trade(Trade {
        symbol: symbol(),
        venue_ts: UnixNanos::from_secs(2),
        price: price(at),
        quantity: quantity("1"),
        taker_side: None,
        trade_id: None,
    }))
}

fn report(venue_id: &str, state: OrderState, filled: &str) -> OrderReport {
    OrderReport {
        client_order_id: None,
        venue_order_id: VenueOrderId::new(venue_id),
        state,
        filled: Some(quantity(filled)),
        cost: None,
        fee: None,
        last_fill: None,
        reason: None,
    }
}

/// Everything but the audit trail, and questions for executions, which have tests of their own.
fn deeds(actions: Vec<Action>) -> Vec<Action> {
    let is_one = |action: &Action| !matches!(action, Action::Audit(_) | Action::FetchFills { .. });
    actions.into_iter().filter(is_one).collect()
}

fn ask(id: &ClientOrderId, venue_id: Option<&str>) -> Action {
    let venue_order_id = venue_id.map(VenueOrderId::new);
    Action::Locate { client_order_id: id.clone(), venue_order_id }
}

fn cancel(id: &ClientOrderId, venue_id: &str) -> Action {
    Action::Cancel {
        client_order_id: id.clone(),
        venue_order_id: VenueOrderId::new(venue_id),
        symbol: symbol(),
    }
}

fn submit(engine: &mut Engine) -> ClientOrderId {
    match deeds(engine.step(trade("100"))).as_slice() {
        [Action::Submit(order)] => order.client_order_id.clone(),
        other => panic!("expected one submission, got {other:?}"),
    }
}

fn place(engine: &mut Engine, venue_id: &str) -> ClientOrderId {
    let id = submit(engine);
    let outcome = SubmitOutcome::Placed(VenueOrderId::new(venue_id));
    engine.step(EngineEvent::Submitted { client_order_id: id.clone(), outcome });
    id
}

fn state(engine: &Engine, id: &ClientOrderId) -> OrderState {
    engine.orders().get(id).expect("known").state()
}

#[test]
fn what_earlier_runs_hold_is_taken_over_and_corrected_as_more_becomes_known() {
    let mut engine = engine();
    let inherited = |text| EngineEvent::Inherited(vec![(symbol(), quantity(text))]);
    let told = |text| {
        let quantity = quantity(text);
        [Action::Audit(AuditEvent::PositionChanged { symbol: symbol(), quantity })]
    };
    assert_eq!(engine.step(inherited("0.2")), told("0.2"));
    assert_eq!(engine.step(inherited("0.2")), [], "the same again");
    // It counts towards the limit: 0.25 are allowed, and the next order is 0.1.
    assert_eq!(engine.step(trade("100")), []);
    assert_eq!(engine.step(inherited("-0.05")), told("-0.05"));
    let placed = engine.step(trade("100"));
    assert!(placed.iter().any(|action| matches!(action, Action::Submit(_))), "{placed:?}");
}

#[test]
fn orders_wait_until_the_venue_takes_them_and_are_dropped_for_a_reason() {
    let mut engine = engine();
    let closed = [Intake::PostOnly, Intake::CancelOnly, Intake::Closed];
    for (dropped, intake) in (1..).zip(closed) {
        engine.step(EngineEvent::Feed(FeedEvent::Intake(intake)));
        assert_eq!(engine.step(trade("100")), [], "{intake:?}");
        assert_eq!(engine.wishes_dropped(), dropped);
    }
    let limit = |post_only| OrderKind::Limit { price: price("100"), post_only };
    assert_eq!(Intake::PostOnly.refusal(&limit(true)), None);
    for (intake, why) in closed.into_iter().zip(["post-only", "cancels only", "maintenance"]) {
        let refusal = intake.refusal(&limit(false)).expect("not taken");
        assert!(refusal.contains(why), "{refusal}");
    }
    engine.step(EngineEvent::Feed(FeedEvent::Intake(Intake::Open)));
    let placed = engine.step(trade("100"));
    assert!(placed.iter().any(|action| matches!(action, Action::Submit(_))), "{placed:?}");
}

#[test]
fn an_intent_is_written_before_the_order_is_sent() {
    let mut engine = engine();
    let actions = engine.step(trade("100"));
    let [Action::Audit(AuditEvent::OrderIntent { order }), Action::Submit(sent)] =
        actions.as_slice()
    else {
        panic!("{actions:?}")
    };
    assert_eq!(order, sent);
}

#[test]
fn an_unknown_submission_is_asked_for_and_never_sent_again() {
    let mut engine = engine();
    let id = submit(&mut engine);
    let outcome = SubmitOutcome::Unknown("reset".to_owned());
    let actions = engine.step(EngineEvent::Submitted { client_order_id: id.clone(), outcome });
    assert_eq!(deeds(actions), [ask(&id, None)]);
    assert_eq!(state(&engine, &id), OrderState::Unknown);
    let found = LocateOutcome::Found(report("V1", OrderState::Filled, "0.1"));
    let actions = engine.step(EngineEvent::Located { client_order_id: id.clone(), outcome: found });
    assert_eq!(deeds(actions), []);
    assert_eq!(state(&engine, &id), OrderState::Filled);
    assert_eq!(engine.position(&symbol()), quantity("0.1"));
}

#[test]
fn an_open_order_that_a_list_misses_is_asked_for_once() {
    let mut engine = engine();
    let id = place(&mut engine, "V1");
    let list = || EngineEvent::Feed(FeedEvent::OpenOrders(Vec::new()));
    assert_eq!(deeds(engine.step(list())), [ask(&id, Some("V1"))]);
    assert_eq!(deeds(engine.step(list())), []);
}

#[test]
fn an_order_younger_than_the_question_is_not_missed() {
    let mut engine = engine();
    let asked_at_step = engine.steps();
    place(&mut engine, "V1");
    let actions = engine.step(EngineEvent::Polled { asked_at_step, open: Vec::new() });
    assert_eq!(deeds(actions), []);
}

#[test]
fn stopping_cancels_what_is_open_and_what_opens_later() {
    let mut engine = engine();
    let open = place(&mut engine, "V1");
    let on_its_way = submit(&mut engine);
    assert_eq!(deeds(engine.step(EngineEvent::Stop)), [cancel(&open, "V1")]);
    assert_eq!(deeds(engine.step(trade("101"))), [], "no new orders");
    let outcome = SubmitOutcome::Placed(VenueOrderId::new("V2"));
    let event = EngineEvent::Submitted { client_order_id: on_its_way.clone(), outcome };
    assert_eq!(deeds(engine.step(event)), [cancel(&on_its_way, "V2")]);
    for venue_id in ["V1", "V2"] {
        let news = report(venue_id, OrderState::Cancelled, "0");
        engine.step(EngineEvent::Feed(FeedEvent::Order(news)));
    }
    assert!(engine.is_settled());
}

#[test]
fn a_cancellation_that_finds_nothing_asks_and_is_sent_again_if_the_order_lives() {
    let mut engine = engine();
    let id = place(&mut engine, "V1");
    engine.step(EngineEvent::Stop);
    let outcome = CancelOutcome::AlreadyGone;
    let actions = engine.step(EngineEvent::Cancelled { client_order_id: id.clone(), outcome });
    assert_eq!(deeds(actions), [ask(&id, Some("V1"))]);
    let outcome = LocateOutcome::Found(report("V1", OrderState::Open, "0"));
    let actions = engine.step(EngineEvent::Located { client_order_id: id, outcome });
    assert!(matches!(deeds(actions).as_slice(), [Action::Cancel { .. }]));
}

#[test]
fn a_cancellation_without_effect_is_sent_again_when_a_later_list_shows_the_order() {
    let mut engine = engine();
    let id = place(&mut engine, "V1");
    engine.step(EngineEvent::Stop);
    let outcome = CancelOutcome::Accepted;
    engine.step(EngineEvent::Cancelled { client_order_id: id, outcome });
    let polled = |asked_at_step: u64| EngineEvent::Polled {
        asked_at_step,
        open: vec![report("V1", OrderState::Open, "0")],
    };
    let accepted_at = engine.steps();
    assert_eq!(deeds(engine.step(polled(accepted_at))), [], "asked before it was accepted");
    let actions = engine.step(polled(accepted_at + 1));
    assert!(matches!(deeds(actions).as_slice(), [Action::Cancel { .. }]));
}

/// Buys at each trade, but in markets of which nothing is known, or which have no rules.
#[derive(Debug)]
struct Stray;

impl Strategy for Stray {
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        let other = Trade { symbol: Symbol::new("ETH/USD"), ..trade.clone() };
        Buyer.on_trade(&other, desk);
    }
}

#[test]
fn an_order_for_what_is_not_traded_is_dropped_and_counted() {
    let mut engine = with_strategy(Box::new(Stray));
    assert_eq!(deeds(engine.step(trade("100"))), [], "nothing is known of it");
    assert_eq!(engine.wishes_dropped(), 1);
    engine.markets.enter(&Symbol::new("ETH/USD"));
    assert_eq!(deeds(engine.step(trade("100"))), [], "it has no rules");
    assert_eq!(engine.wishes_dropped(), 2);
}

/// Panics at the second trade.
#[derive(Debug, Default)]
struct Bomb(u32);

impl Strategy for Bomb {
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        self.0 += 1;
        assert!(self.0 < 2, "second trade");
        Buyer.on_trade(trade, desk);
    }
}

#[test]
fn a_strategy_that_panics_is_silenced_and_its_orders_are_cancelled() {
    let mut engine = with_strategy(Box::new(Bomb::default()));
    place(&mut engine, "V1");
    let actions = engine.step(trade("100"));
    assert!(matches!(deeds(actions).as_slice(), [Action::Cancel { .. }]));
    assert_eq!(engine.failure(), Some("second trade"));
    assert_eq!(deeds(engine.step(trade("100"))), []);
}

#[test]
fn a_position_beyond_the_limit_may_shrink_but_not_turn() {
    let mut engine = engine();
    let market = engine.markets.enter(&symbol());
    engine.markets[market].position = quantity("0.4");
    let order = |side, size: &str| Draft {
        market,
        side,
        kind: OrderKind::Limit { price: price("100"), post_only: false },
        quantity: quantity(size),
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
    };
    let check = |side, size, allowed| {
        assert_eq!(engine.admit(&order(side, size)).is_ok(), allowed, "{side} {size}");
    };
    check(Side::Sell, "0.1", true);
    check(Side::Sell, "0.4", true);
    check(Side::Sell, "0.7", false);
    check(Side::Buy, "0.1", false);
}

#[test]
fn a_clock_that_is_not_set_is_refused() {
    let risk = RiskLimits {
        order_quantity_max: quantity("1"),
        position_max: quantity("1"),
        working_orders_max: 1,
    };
    let started = UnixNanos::from_secs(1);
    let config = EngineConfig { instruments: vec![instrument()], risk, started };
    let error = Engine::new(config, Box::new(Buyer)).expect_err("1970");
    assert_eq!(error, EngineError::ClockNotSet(started));
}

#[test]
fn the_risk_limits_count_working_orders() {
    let mut engine = engine();
    place(&mut engine, "V1");
    place(&mut engine, "V2");
    assert_eq!(deeds(engine.step(trade("100"))), [], "0.3 would exceed position_max 0.25");
    assert_eq!(engine.wishes_dropped(), 1);
}

#[test]
fn without_a_live_private_stream_nothing_is_placed() {
    let mut engine = engine();
    let down = FeedEvent::Stream { stream: StreamKind::Private, state: StreamState::Down };
    engine.step(EngineEvent::Feed(down));
    assert_eq!(deeds(engine.step(trade("100"))), []);
}

#[test]
fn an_order_that_breaks_the_venues_rules_is_not_sent() {
    let mut engine = engine();
    assert_eq!(deeds(engine.step(trade("100.05"))), [], "not on the tick");
    assert_eq!(deeds(engine.step(trade("0.1"))), [], "cost below the minimum");
}

#[test]
fn best_prices_are_forgotten_when_the_stream_falls() {
    let mut engine = engine();
    let level = Level { price: price("1"), quantity: quantity("1") };
    let best = FeedEvent::BestPrices { symbol: symbol(), bid: Some(level), ask: None };
    engine.step(EngineEvent::Feed(best));
    let bid = |engine: &Engine| engine.markets.get(&symbol())?.view.as_ref()?.bid;
    assert!(bid(&engine).is_some());
    let down = FeedEvent::Stream { stream: StreamKind::Public, state: StreamState::Down };
    engine.step(EngineEvent::Feed(down));
    assert!(bid(&engine).is_none());
}

/// Buys at each trade, panics at the third, and counts what it is told of orders.
#[derive(Debug)]
struct Listener {
    wants: Wants,
    trades: u32,
    told: Arc<AtomicU32>,
}

impl Strategy for Listener {
    fn wants(&self) -> Wants {
        self.wants
    }

    fn passes_over(&mut self, _trade: &Trade) -> bool {
        self.trades += 1;
        assert!(self.trades < 3, "third trade");
        false
    }

    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        Buyer.on_trade(trade, desk);
    }

    fn on_order(&mut self, _order: &Order, _desk: &mut Desk<'_>) {
        self.told.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn only_who_wants_news_of_orders_is_told() {
    let check = |wants: Wants, expected: u32| {
        let told = Arc::new(AtomicU32::new(0));
        let listener = Listener { wants, trades: 0, told: Arc::clone(&told) };
        let mut engine = with_strategy(Box::new(listener));
        let filled = place(&mut engine, "V1");
        engine.step(EngineEvent::Feed(FeedEvent::Order(report("V1", OrderState::Open, "0.1"))));
        assert_eq!(state(&engine, &filled), OrderState::Filled);
        assert_eq!(told.load(Ordering::Relaxed), expected);
        let open = place(&mut engine, "V2");
        // It panics where nothing can be ordered: the next news cancel what it left, whatever they are of.
        let EngineEvent::Feed(FeedEvent::Trade(third)) = trade("100") else { unreachable!() };
        assert!(!engine.pass_trade(MarketNumber::new(0), &third));
        assert!(engine.failure().is_some());
        let news = FeedEvent::Order(report("V2", OrderState::Open, "0.01"));
        assert_eq!(deeds(engine.step(EngineEvent::Feed(news))), [cancel(&open, "V2")]);
    };
    check(Wants::TRADES, 2);
    check(Wants::TRADES.without_orders(), 0);
}

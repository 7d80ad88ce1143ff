//! Executions that nobody told of are asked for, and count once.

use model::{Fill, Liquidity};

use super::*;

fn fill(trade_id: u64, base: &str) -> Fill {
    Fill {
        trade_id,
        price: price("100"),
        quantity: quantity(base),
        fee: Notional::parse("0.01").expect("valid"),
        liquidity: Liquidity::Maker,
    }
}

/// News of a stream: an execution, and the sum with it.
fn traded(venue_id: &str, trade_id: u64, base: &str, sum: &str) -> EngineEvent {
    let mut news = report(venue_id, OrderState::Open, sum);
    news.last_fill = Some(fill(trade_id, base));
    EngineEvent::Feed(FeedEvent::Order(news))
}

fn told(venue_id: &str, state: OrderState, sum: &str) -> EngineEvent {
    EngineEvent::Feed(FeedEvent::Order(report(venue_id, state, sum)))
}

/// The list that comes with a new connection.
fn reconnected(reports: Vec<OrderReport>) -> EngineEvent {
    EngineEvent::Feed(FeedEvent::OpenOrders(reports))
}

/// A list that was asked for now.
fn polled(engine: &Engine, reports: Vec<OrderReport>) -> EngineEvent {
    EngineEvent::Polled { asked_at_step: engine.steps(), open: reports }
}

/// The questions for executions: of which order, and how much is filled.
fn questions(actions: Vec<Action>) -> Vec<(String, String)> {
    let question = |action| match action {
        Action::FetchFills { venue_order_id, filled, .. } => {
            Some((venue_order_id.to_string(), filled.to_string()))
        }
        Action::Submit(_) | Action::Cancel { .. } | Action::Locate { .. } | Action::Audit(_) => {
            None
        }
    };
    actions.into_iter().filter_map(question).collect()
}

/// Numbers of the executions that were written down.
fn counted(actions: &[Action]) -> Vec<u64> {
    let number = |action: &Action| {
        let Action::Audit(AuditEvent::Filled { fill, .. }) = action else { return None };
        Some(fill.trade_id)
    };
    actions.iter().filter_map(number).collect()
}

fn position(engine: &Engine) -> Quantity {
    engine.position(&symbol())
}

fn answer(id: &ClientOrderId, fills: Vec<Fill>) -> EngineEvent {
    EngineEvent::Executions { client_order_id: id.clone(), fills }
}

fn asks(venue_id: &str, filled: &str) -> Vec<(String, String)> {
    vec![(venue_id.to_owned(), filled.to_owned())]
}

#[test]
fn what_was_executed_while_the_stream_was_down_is_asked_for_and_counts_once() {
    let mut engine = engine();
    let id = place(&mut engine, "V1");
    assert_eq!(counted(&engine.step(traded("V1", 1, "0.01", "0.01"))), [1]);
    // The stream was down, and the order was executed twice.
    let list = vec![report("V1", OrderState::Open, "0.06")];
    assert_eq!(questions(engine.step(reconnected(list.clone()))), asks("V1", "0.06"));
    assert_eq!(position(&engine), quantity("0.06"), "the position knows already");
    assert_eq!(questions(engine.step(reconnected(list))), [], "one question at a time");
    assert!(!engine.is_settled());
    let all = vec![fill(1, "0.01"), fill(2, "0.02"), fill(3, "0.03")];
    let actions = engine.step(answer(&id, all.clone()));
    assert_eq!(counted(&actions), [2, 3]);
    let order = engine.orders().get(&id).expect("known");
    assert_eq!((order.fee().to_string(), order.missing()), ("0.03".to_owned(), Quantity::ZERO));
    assert_eq!(position(&engine), quantity("0.06"));
    // The stream tells one of them late, the venue all of them again.
    assert_eq!(counted(&engine.step(traded("V1", 2, "0.02", "0.06"))), []);
    assert_eq!(counted(&engine.step(answer(&id, all))), []);
    let order = engine.orders().get(&id).expect("known");
    assert_eq!(order.fee().to_string(), "0.03");
}

/// A list that is asked for every so often may overtake the stream, which tells a moment later.
#[test]
fn a_list_that_is_ahead_of_the_stream_asks_for_nothing_at_first() {
    let mut engine = engine();
    let id = place(&mut engine, "V1");
    let list = |sum| vec![report("V1", OrderState::Open, sum)];
    let event = polled(&engine, list("0.05"));
    assert_eq!(questions(engine.step(event)), []);
    engine.step(traded("V1", 1, "0.05", "0.05"));
    let event = polled(&engine, list("0.05"));
    assert_eq!(questions(engine.step(event)), []);
    // This one nobody tells of: the next list still lacks it.
    let event = polled(&engine, list("0.07"));
    assert_eq!(questions(engine.step(event)), []);
    let event = polled(&engine, list("0.07"));
    assert_eq!(questions(engine.step(event)), asks("V1", "0.07"));
    engine.step(answer(&id, vec![fill(1, "0.05"), fill(2, "0.02")]));
    let event = polled(&engine, list("0.07"));
    assert_eq!(questions(engine.step(event)), []);
}

#[test]
fn an_order_that_ended_unseen_is_asked_for_at_once() {
    let mut engine = engine();
    let id = place(&mut engine, "V1");
    let found = LocateOutcome::Found(report("V1", OrderState::Filled, "0.1"));
    let event = EngineEvent::Located { client_order_id: id.clone(), outcome: found };
    assert_eq!(questions(engine.step(event)), asks("V1", "0.1"));
    assert!(!engine.is_settled(), "its executions are not known yet");
    assert_eq!(counted(&engine.step(answer(&id, vec![fill(9, "0.1")]))), [9]);
    assert!(engine.is_settled());
    // By the stream: the last message of an order whose last execution got lost.
    let id = place(&mut engine, "V2");
    assert_eq!(questions(engine.step(traded("V2", 1, "0.04", "0.04"))), []);
    assert_eq!(
        questions(engine.step(told("V2", OrderState::Cancelled, "0.06"))),
        asks("V2", "0.06")
    );
    engine.step(answer(&id, vec![fill(1, "0.04"), fill(2, "0.02")]));
    assert!(engine.is_settled());
}

/// Executions may be newer than the totals that somebody told.
#[test]
fn executions_raise_the_totals_and_may_fill_the_order() {
    let mut engine = engine();
    let id = place(&mut engine, "V1");
    let mut list = report("V1", OrderState::Open, "0.06");
    list.cost = Notional::parse("6").ok();
    engine.step(reconnected(vec![list]));
    let actions = engine.step(answer(&id, vec![fill(1, "0.06"), fill(2, "0.04")]));
    assert_eq!(counted(&actions), [1, 2]);
    assert_eq!(state(&engine, &id), OrderState::Filled);
    assert_eq!(position(&engine), quantity("0.1"));
    let order = engine.orders().get(&id).expect("known");
    assert_eq!(order.cost().to_string(), "10");
}

#[test]
fn what_cannot_be_true_changes_nothing_and_ends_the_question() {
    let mut engine = engine();
    let id = place(&mut engine, "V1");
    engine.step(told("V1", OrderState::Cancelled, "0.06"));
    let bad = vec![fill(1, "0.06"), fill(2, "0.05"), fill(3, "0"), fill(4, "-0.01")];
    assert_eq!(counted(&engine.step(answer(&id, bad))), [1]);
    assert!(engine.is_settled());
    // Fewer than there are: somebody gave up, and nobody asks for ever.
    let id = place(&mut engine, "V2");
    engine.step(told("V2", OrderState::Cancelled, "0.06"));
    engine.step(answer(&id, vec![fill(1, "0.01")]));
    assert!(engine.is_settled());
    assert_eq!(questions(engine.step(answer(&id, Vec::new()))), []);
}

/// The sum of fees that REST tells has the execution in it that the stream tells a moment later.
#[test]
fn no_fee_counts_twice() {
    let mut engine = engine();
    let id = place(&mut engine, "V1");
    let mut list = report("V1", OrderState::Open, "0.05");
    list.fee = Notional::parse("0.01").ok();
    let event = polled(&engine, vec![list]);
    engine.step(event);
    let fee = |engine: &Engine| engine.orders().get(&id).expect("known").fee().to_string();
    assert_eq!(fee(&engine), "0.01");
    engine.step(traded("V1", 1, "0.05", "0.05"));
    assert_eq!(fee(&engine), "0.01");
    engine.step(traded("V1", 2, "0.01", "0.06"));
    assert_eq!(fee(&engine), "0.02");
}

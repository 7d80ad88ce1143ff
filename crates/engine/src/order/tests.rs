use model::{ClientOrderId, Liquidity, OrderKind, Side, Symbol, TimeInForce};

use super::*;

fn order() -> Order {
    let request = NewOrder {
        client_order_id: ClientOrderId::new("a-1").expect("valid"),
        symbol: Symbol::new("BTC/USD"),
        side: Side::Buy,
        kind: OrderKind::Market,
        quantity: quantity("1"),
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
    };
    Order::sent(request, MarketNumber(0))
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("valid")
}

fn report(state: OrderState, filled: &str) -> OrderReport {
    OrderReport {
        client_order_id: None,
        venue_order_id: VenueOrderId::new("V"),
        state,
        filled: Some(quantity(filled)),
        cost: None,
        fee: None,
        last_fill: None,
        reason: None,
    }
}

fn placed() -> SubmitOutcome {
    SubmitOutcome::Placed(VenueOrderId::new("V"))
}

#[test]
fn each_end_of_a_submission_has_its_state() {
    let check = |outcome: SubmitOutcome, expected: OrderState| {
        let mut order = order();
        assert!(order.submitted(outcome, 1).changed);
        assert_eq!(order.state(), expected);
    };
    check(placed(), OrderState::Open);
    check(SubmitOutcome::NotSent(String::new()), OrderState::NotPlaced);
    check(SubmitOutcome::Refused(String::new()), OrderState::Rejected);
    check(SubmitOutcome::Unknown(String::new()), OrderState::Unknown);
}

#[test]
fn an_order_is_called_by_the_number_that_its_venue_gave_it() {
    let mut order = order();
    order.placed(VenueName::Number(7), 1);
    assert!(order.is_called(&VenueOrderId::of_number(7)));
    assert!(!order.is_called(&VenueOrderId::of_number(8)));
}

#[test]
fn an_execution_that_overtakes_the_answer_wins() {
    let mut order = order();
    order.apply(&report(OrderState::Open, "1"), Source::Told, 1);
    assert_eq!(order.state(), OrderState::Filled);
    assert!(!order.submitted(SubmitOutcome::Unknown(String::new()), 2).changed);
    assert_eq!(order.state(), OrderState::Filled);
}

#[test]
fn late_and_repeated_news_change_nothing() {
    let mut order = order();
    order.submitted(placed(), 1);
    assert_eq!(
        order.apply(&report(OrderState::Open, "0.4"), Source::Told, 2).filled_more,
        quantity("0.4")
    );
    assert!(!order.apply(&report(OrderState::Open, "0.4"), Source::Told, 3).changed);
    assert!(!order.apply(&report(OrderState::Open, "0.1"), Source::Told, 4).changed);
    assert!(order.apply(&report(OrderState::Cancelled, "0.4"), Source::Told, 5).changed);
    assert!(!order.apply(&report(OrderState::Open, "0.4"), Source::Told, 6).changed);
    assert_eq!((order.state(), order.filled()), (OrderState::Cancelled, quantity("0.4")));
}

#[test]
fn a_late_fill_of_a_cancelled_order_counts_but_does_not_reopen_it() {
    let mut order = order();
    order.submitted(placed(), 1);
    order.apply(&report(OrderState::Cancelled, "0.4"), Source::Told, 2);
    assert_eq!(
        order.apply(&report(OrderState::Open, "0.6"), Source::Told, 3).filled_more,
        quantity("0.2")
    );
    assert_eq!(order.state(), OrderState::Cancelled);
}

#[test]
fn an_execution_counts_once() {
    let fill = Fill {
        trade_id: 7,
        price: Price::parse("10").expect("valid"),
        quantity: quantity("0.5"),
        fee: Notional::parse("0.02").expect("valid"),
        liquidity: Liquidity::Maker,
    };
    let mut news = report(OrderState::Open, "0.5");
    news.last_fill = Some(fill.clone());
    news.cost = Notional::parse("5").ok();
    let mut order = order();
    order.submitted(placed(), 1);
    assert_eq!(order.apply(&news, Source::Told, 2).new_fill, Some(&fill));
    assert_eq!(order.apply(&news, Source::Told, 3).new_fill, None);
    assert_eq!(order.fee().to_string(), "0.02");
    assert_eq!(order.average_price().map(|p| p.to_string()).as_deref(), Some("10"));
}

#[test]
fn an_unknown_order_is_resolved_by_the_venue_only() {
    let mut order = order();
    order.submitted(SubmitOutcome::Unknown("timeout".to_owned()), 1);
    assert!(order.start_locating());
    assert!(!order.start_locating(), "one question at a time");
    order.located();
    assert!(order.absent().changed);
    assert_eq!(order.state(), OrderState::NotPlaced);
    // The venue changed its mind: the order is real.
    order.apply(&report(OrderState::Open, "0"), Source::Told, 2);
    assert_eq!(order.state(), OrderState::Open);
}

#[test]
fn a_cancellation_is_sent_once_and_not_before_the_order_is_open() {
    let mut order = order();
    order.want_cancel();
    assert!(!order.cancel_due());
    order.submitted(placed(), 1);
    assert!(order.cancel_due());
    order.want_cancel();
    assert!(!order.cancel_due(), "wanting it again sends nothing");
}

#[test]
fn a_cancellation_that_got_lost_is_sent_again() {
    let mut order = order();
    order.submitted(placed(), 1);
    order.want_cancel();
    assert!(order.cancel_due());
    order.cancel_accepted(5);
    order.listed_open(5);
    assert!(!order.cancel_due(), "the list may be older than the cancellation");
    order.listed_open(6);
    assert!(order.cancel_due());
    order.cancel_missed();
    assert!(order.cancel_due(), "the venue did not find it, yet it is open");
}

#[test]
fn news_that_cannot_be_true_change_nothing() {
    let mut order = order();
    order.submitted(placed(), 1);
    for filled in ["1.00000001", "-0.1", "92233720368.54775807"] {
        let news = report(OrderState::Open, filled);
        let update = order.apply(&news, Source::Asked, 2);
        assert_eq!(update, OrderUpdate::default(), "{filled}");
    }
    assert_eq!(order.filled(), Quantity::ZERO);
}

#[test]
fn an_end_without_totals_is_asked_for() {
    let check = |state: OrderState, filled: Option<&str>, doubtful: bool| {
        let mut order = order();
        order.submitted(placed(), 1);
        let mut news = report(state, "0");
        news.filled = filled.map(quantity);
        let update = order.apply(&news, Source::Told, 2);
        assert_eq!(update.doubtful, doubtful, "{state} {filled:?}");
        assert_eq!(order.state().is_final(), !doubtful, "{state} {filled:?}");
        order.apply(&news, Source::Asked, 3);
        assert_eq!(order.state(), state, "who was asked is believed");
    };
    check(OrderState::Filled, Some("1"), false);
    check(OrderState::Filled, Some("0.4"), true);
    check(OrderState::Filled, None, true);
    check(OrderState::Cancelled, Some("0.4"), false);
    check(OrderState::Cancelled, None, true);
}

#[test]
fn an_order_that_has_a_name_at_the_venue_is_never_absent() {
    let mut order = order();
    order.submitted(placed(), 1);
    assert!(!order.absent().changed);
    assert_eq!(order.state(), OrderState::Open);
}

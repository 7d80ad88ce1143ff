use model::audit::{BreakerState, HealthState, StreamState};
use model::{
    Liquidity, Notional, OrderState, Price, Quantity, Side, Symbol, TimeInForce, Trigger,
    VenueOrderId,
};
use testkit::Log;

use super::*;

fn id() -> ClientOrderId {
    ClientOrderId::new("wt-1").expect("valid")
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("a number")
}

/// What the log has of an event.
fn logged(event: AuditEvent) -> Vec<String> {
    let (log, _guard) = Log::start();
    LogAudit.record(event);
    log.lines()
}

#[test]
fn an_intent_tells_everything_that_the_order_is() {
    let check = |side, kind, reduce_only, expected: &str| {
        let order = NewOrder {
            client_order_id: id(),
            symbol: Symbol::new("BTC/USD"),
            side,
            kind,
            quantity: quantity("0.25"),
            time_in_force: TimeInForce::Gtc,
            reduce_only,
        };
        assert_eq!(logged(AuditEvent::OrderIntent { order }), [expected]);
    };
    let price = Price::parse("15000.5").expect("a number");
    check(
        Side::Buy,
        OrderKind::Limit { price, post_only: true },
        false,
        "INFO order intended client_order_id=wt-1 symbol=BTC/USD side=buy quantity=0.25 limit=15000.5 \
         post_only=true time_in_force=Gtc reduce_only=false",
    );
    check(
        Side::Sell,
        OrderKind::Triggered { trigger: Trigger::StopLoss, price, limit: None },
        true,
        "INFO order intended client_order_id=wt-1 symbol=BTC/USD side=sell quantity=0.25 post_only=false \
         time_in_force=Gtc reduce_only=true trigger=stop-loss trigger_price=15000.5",
    );
}

#[test]
fn each_event_is_one_line_with_fields() {
    let check = |event: AuditEvent, expected: &str| assert_eq!(logged(event), [expected]);
    check(
        AuditEvent::StreamChanged {
            stream: "kraken/public".to_owned(),
            state: StreamState::Down,
            reason: "silent for 15s".to_owned(),
        },
        "INFO stream changed stream=kraken/public to=down cause=silent for 15s",
    );
    let changed = |venue_order_id, reason| AuditEvent::OrderChanged {
        client_order_id: id(),
        venue_order_id,
        state: OrderState::Open,
        filled: quantity("0.1"),
        reason,
    };
    check(changed(None, None), "INFO order changed client_order_id=wt-1 to=open filled=0.1");
    check(
        changed(Some(VenueOrderId::new("O1")), Some("told".to_owned())),
        "INFO order changed client_order_id=wt-1 venue_order_id=O1 to=open filled=0.1 cause=told",
    );
    let fill = Fill {
        trade_id: 7,
        price: Price::parse("15000.5").expect("a number"),
        quantity: quantity("0.1"),
        fee: Notional::parse("0.02").expect("a number"),
        liquidity: Liquidity::Maker,
    };
    check(
        AuditEvent::Filled { client_order_id: id(), fill },
        "INFO order filled client_order_id=wt-1 trade_id=7 price=15000.5 quantity=0.1 fee=0.02",
    );
    check(
        AuditEvent::PositionChanged { symbol: Symbol::new("BTC/USD"), quantity: quantity("0.1") },
        "INFO position changed symbol=BTC/USD quantity=0.1",
    );
    let shutdown = |unfinished: &[&str]| AuditEvent::Shutdown {
        step: "stopped".to_owned(),
        unfinished: unfinished.iter().map(|text| (*text).to_owned()).collect(),
    };
    check(shutdown(&[]), "INFO shutdown step=stopped");
    check(shutdown(&["a", "b"]), "WARN shutdown is late step=stopped unfinished=a, b");
    check(
        AuditEvent::CallStarted {
            call: 3,
            op: "kraken/Depth".to_owned(),
            breaker: Some("kraken/read".to_owned()),
            bound_ms: 15_000,
            client_order_id: None,
        },
        "TRACE call started call=3 op=kraken/Depth breaker=kraken/read bound_ms=15000",
    );
}

#[test]
fn what_logs_itself_is_not_logged_again() {
    let check = |event: AuditEvent| assert_eq!(logged(event), [""; 0]);
    check(AuditEvent::BreakerChanged {
        breaker: "kraken/read".to_owned(),
        generation: 1,
        from: BreakerState::Closed,
        to: BreakerState::Open,
        cause: "503".to_owned(),
        open_ms: Some(30_000),
    });
    check(AuditEvent::SinkLost {
        sink: "influx/write".to_owned(),
        points: 3,
        reason: "no room".to_owned(),
    });
    check(AuditEvent::HealthChanged {
        dependency: "kraken/read".to_owned(),
        critical: true,
        state: HealthState::Up,
        reason: String::new(),
    });
}

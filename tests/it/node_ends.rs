//! How a node ends when something is wrong with it or around it: in order, and saying what it left.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::{Desk, Strategy, StrategyFactory};
use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent, WorldEvent};
use model::{
    ClientOrderId, NewOrder, OrderKind, OrderState, Price, Quantity, Side, Symbol, TimeInForce,
    Trade, UnixNanos, VenueOrderId,
};
use node::{NodeConfig, Sink, SinkSpec};
use platform::{AuditTap, BoxFuture, Clock, TaskError, TaskGroup};
use sim::{Setup, TRADER, TraderContext, production};

use crate::support::{outage, run};

/// How the trader's host ended: its error, and what it left.
fn trader_end(history: &[Record]) -> (Option<String>, u64, u64) {
    let ends = history.iter().filter(|record| record.host == TRADER);
    let mut ends = ends.filter_map(|record| match &record.event {
        Event::World(WorldEvent::HostStopped { tasks_alive, sockets_open, error }) => {
            Some((error.clone(), *tasks_alive, *sockets_open))
        }
        Event::World(_) | Event::Trader(_) | Event::Venue(_) | Event::Sink(_) => None,
    });
    ends.next().expect("the trader ended")
}

/// The last state of every order at the venue.
fn venue_orders(history: &[Record]) -> BTreeMap<VenueOrderId, OrderState> {
    let states = history.iter().filter_map(|record| match &record.event {
        Event::Venue(VenueEvent::OrderChanged { venue_order_id, state, .. }) => {
            Some((venue_order_id.clone(), *state))
        }
        Event::Venue(_) | Event::Trader(_) | Event::Sink(_) | Event::World(_) => None,
    });
    states.collect()
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("valid")
}

/// Far below the market: rests for ever.
fn far_away() -> OrderKind {
    OrderKind::Limit { price: Price::parse("20000").expect("valid"), post_only: true }
}

/// Places one order far from the market and panics ten trades later.
#[derive(Debug)]
struct Bomb {
    symbol: Symbol,
    trades: u32,
}

impl Strategy for Bomb {
    fn on_trade(&mut self, _trade: &Trade, desk: &mut Desk<'_>) {
        self.trades += 1;
        match self.trades {
            3 => {
                let size = quantity("0.01");
                desk.place(&self.symbol, Side::Buy, far_away(), size, TimeInForce::Gtc);
            }
            13 => panic!("the strategy is broken"),
            _ => {}
        }
    }
}

#[test]
fn a_strategy_that_panics_ends_the_node_with_its_orders_cancelled() {
    let mut setup = outage(1);
    setup.node.strategy = StrategyFactory::new(|symbol: &Symbol| {
        Box::new(Bomb { symbol: symbol.clone(), trades: 0 }) as Box<dyn Strategy>
    });
    let history = run(&setup).history;
    let error = Some("strategy panicked: the strategy is broken".to_owned());
    assert_eq!(trader_end(&history), (error, 0, 0));
    let orders: Vec<OrderState> = venue_orders(&history).into_values().collect();
    assert_eq!(orders, [OrderState::Cancelled]);
}

#[test]
fn a_node_does_not_start_beside_orders_that_it_does_not_know() {
    let mut setup = outage(1);
    setup.program = Arc::new(|context: TraderContext| {
        Box::pin(async move {
            leave_an_order(&context).await;
            production()(context).await
        })
    });
    let history = run(&setup).history;
    let orders = venue_orders(&history);
    let id = orders.keys().next().expect("the earlier order");
    let expected = format!(
        "the account has 1 open orders that are not this run's ({id}): \
         cancel them or allow them in the configuration"
    );
    assert_eq!(trader_end(&history), (Some(expected), 0, 0));
    assert_eq!(orders[id], OrderState::Open, "it is left alone");
}

/// What an earlier run that crashed could have left.
async fn leave_an_order(context: &TraderContext) {
    let group = TaskGroup::new("earlier run");
    let config = &context.config.kraken;
    let rest = kraken::Rest::new(config, &context.platform, group.spawner()).expect("valid");
    let order = NewOrder {
        client_order_id: ClientOrderId::new("earlier-1").expect("valid"),
        symbol: config.symbols[0].clone(),
        side: Side::Buy,
        kind: far_away(),
        quantity: quantity("0.01"),
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
    };
    rest.add_order(&order).await.expect("the venue works");
    drop(rest);
    group.cancel();
    group.join(Duration::from_secs(1)).await.expect("nothing fails");
}

#[test]
fn a_node_that_is_stopped_before_it_has_started_ends_well() {
    let mut setup: Setup = outage(1);
    setup.program = Arc::new(|context: TraderContext| {
        context.stop.cancel();
        production()(context)
    });
    let history = run(&setup).history;
    assert_eq!(trader_end(&history), (None, 0, 0));
}

#[test]
fn a_node_that_cannot_start_says_what_was_in_the_way() {
    let mut setup = outage(1);
    setup.node.kraken.rest.host = "no.such.host".to_owned();
    let history = run(&setup).history;
    let (error, tasks, sockets) = trader_end(&history);
    let error = error.expect("it could not start");
    assert!(error.starts_with("not started within 60 s: "), "{error}");
    assert!(error.contains("no.such.host"), "{error}");
    assert_eq!((tasks, sockets), (0, 0));
}

#[test]
fn a_node_whose_clock_is_wrong_does_not_start() {
    #[derive(Debug)]
    struct Ahead(Arc<dyn Clock>);
    impl Clock for Ahead {
        fn now(&self) -> UnixNanos {
            self.0.now().plus(Duration::from_secs(45))
        }
    }
    let mut setup = outage(1);
    setup.program = Arc::new(|mut context: TraderContext| {
        context.platform.clock = Arc::new(Ahead(context.platform.clock));
        production()(context)
    });
    let (error, tasks, sockets) = trader_end(&run(&setup).history);
    let error = error.expect("refused");
    assert!(error.starts_with("the clock differs from the venue's by 4"), "{error}");
    assert_eq!((tasks, sockets), (0, 0));
}

/// A sink that panics when it is started, or when it sees an event.
#[derive(Debug)]
struct BadSink;

impl Sink for BadSink {
    fn flush(&self) -> BoxFuture<'_, Result<(), TaskError>> {
        Box::pin(async { Ok(()) })
    }

    fn tap(self: Arc<Self>) -> Option<Arc<dyn AuditTap>> {
        Some(self)
    }
}

impl AuditTap for BadSink {
    fn see(&self, _event: &AuditEvent) {
        panic!("planted in its tap");
    }
}

#[test]
fn a_sink_that_panics_stops_only_who_needs_it() {
    let check = |spec: SinkSpec, optional: bool, expected: Option<&str>| {
        let mut setup = outage(1);
        setup.node.sinks = vec![spec];
        if optional {
            setup.node.optional.insert("bad".to_owned());
        }
        let outcome = run(&setup);
        let (error, tasks, sockets) = trader_end(&outcome.history);
        assert_eq!((tasks, sockets), (0, 0));
        match (&error, expected) {
            (None, None) => {}
            (Some(error), Some(expected)) => assert!(error.contains(expected), "{error}"),
            other => panic!("{other:?}"),
        }
        let down = outcome.history.iter().any(|record| {
            matches!(&record.event, Event::Trader(AuditEvent::HealthChanged { dependency, .. })
                if dependency == "bad")
        });
        assert!(down, "the first word is told");
    };
    let start = || SinkSpec::new("bad", |_| panic!("planted in its start"));
    let tap = || SinkSpec::new("bad", |_| Arc::new(BadSink));
    check(start(), true, None);
    check(tap(), true, None);
    check(start(), false, Some("planted in its start"));
    check(tap(), false, Some("planted in its tap"));
}

#[test]
fn a_duration_beyond_any_sense_is_refused() {
    let refused = |change: fn(&mut NodeConfig)| {
        let mut node = outage(1).node;
        change(&mut node);
        node.validate().expect_err("out of range").to_string()
    };
    let check = |change: fn(&mut NodeConfig), setting: &str| {
        let expected = format!("`{setting}`: expected a duration above zero of at most 24 h");
        assert_eq!(refused(change), expected);
    };
    check(|node| node.settle_max = Duration::MAX, "settle_max");
    check(|node| node.grace = Duration::ZERO, "grace");
    check(|node| node.flush_max = Duration::from_secs(86_401), "flush_max");
    let expected = "`visibility_delay`: expected a duration of at most 24 h";
    assert_eq!(refused(|node| node.visibility_delay = Duration::MAX), expected);
    let mut node = outage(1).node;
    node.visibility_delay = Duration::ZERO;
    node.settle_max = Duration::from_secs(86_400);
    node.validate().expect("the ends of the ranges are in them");
}

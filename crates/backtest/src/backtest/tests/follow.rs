//! News that take as long as the tape tells.

use std::time::Duration;

use engine::Desk;
use model::Trade;

use super::*;
use crate::event::{HeardRow, TradeRow};
use crate::latency::{FeedError, Latency};

/// Notes when it hears of trades: it asks for an order each time, whose time of sending tells.
#[derive(Debug)]
struct Asks;

impl Strategy for Asks {
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        let (kind, size) = (model::OrderKind::Market, Quantity::parse("0.01").unwrap());
        desk.place(&trade.symbol, model::Side::Buy, kind, size, model::TimeInForce::Ioc);
    }
}

fn trade(second: i64) -> MarketEvent<'static> {
    MarketEvent::Trade(TradeRow {
        ts: UnixNanos::from_secs(second),
        price: Price::parse("100").unwrap(),
        quantity: Quantity::parse("1").unwrap(),
        taker_side: Some(model::Side::Buy),
        trade_id: None,
    })
}

fn heard(second: i64, late_millis: i64) -> MarketEvent<'static> {
    let ts = UnixNanos::from_secs(second);
    let received = UnixNanos::from_nanos(ts.as_nanos() + late_millis * 1_000_000);
    MarketEvent::Heard(HeardRow { ts, received })
}

fn sent(offset_millis: i64, events: &[MarketEvent<'static>]) -> Result<Vec<i64>, FeedError> {
    let mut config = config();
    config.venues[0].latency.feed = Latency::Tape { offset_nanos: offset_millis * 1_000_000 };
    let tape = events.iter().cloned().map(Ok::<_, Infallible>);
    match Backtest::new(config).unwrap().run(tape, Box::new(Asks)) {
        Ok(result) => {
            let times = result.orders.iter().map(|order| order.sent.as_nanos() / 1_000_000);
            Ok(times.collect())
        }
        Err(RunError::Feed { tape: 1, source, .. }) => Err(source),
        // None of these is what a test expects.
        Err(_) => Ok(Vec::new()),
    }
}

#[test]
fn the_strategy_hears_of_each_event_when_the_recorder_did() {
    let events = [heard(1, 20), trade(1), heard(2, 700), trade(2), heard(3, 5), trade(3), trade(9)];
    assert_eq!(sent(0, &events[..6]), Ok(vec![1_020, 2_700]), "the last one is on its way");
    let events = [heard(1, -1_270), trade(1), heard(3, -1_000), trade(3), heard(9, 0), trade(9)];
    assert_eq!(sent(1_300, &events), Ok(vec![1_030, 3_300]));
}

/// What was sent later never arrives earlier.
#[test]
fn news_do_not_overtake_each_other() {
    let events = [heard(1, 2_500), trade(1), heard(2, 10), trade(2), heard(8, 0), trade(8)];
    assert_eq!(sent(0, &events), Ok(vec![3_500, 3_500, 8_000]));
}

/// What a venue repeats to whoever subscribes is old.
#[test]
fn repeated_news_arrive_when_they_were_received() {
    let old = [heard(1, 86_400_000), trade(1), heard(2, 86_399_500), trade(2)];
    let events = [&old[..], &[heard(86_500, 0), trade(86_500)]].concat();
    assert_eq!(sent(0, &events), Ok(vec![86_401_000, 86_401_500, 86_500_000]));
}

#[test]
fn a_tape_that_does_not_tell_is_refused() {
    assert_eq!(sent(0, &[trade(1)]), Err(FeedError::Unknown));
    assert_eq!(sent(0, &[heard(1, 1), trade(1), trade(2)]), Err(FeedError::Unknown));
    let ts = UnixNanos::from_secs(1);
    let range = |nanos| Err(FeedError::Range { ts, nanos });
    assert_eq!(sent(0, &[heard(1, -1), trade(1)]), range(-1_000_000));
    let week = 7 * 86_400_000;
    assert_eq!(sent(week, &[heard(1, 1), trade(1)]), range((week + 1) * 1_000_000));
    let mut config = config();
    config.venues[0].latency.entry = Latency::Tape { offset_nanos: 0 };
    let error = Backtest::new(config).unwrap_err().to_string();
    assert!(error.contains("`latency.entry` of `venue` is not a latency"), "{error}");
}

/// What is told is passed over by whoever does not follow it.
#[test]
fn other_latencies_are_not_changed_by_what_the_tape_tells() {
    let plain = trades();
    let told: Vec<_> = plain
        .iter()
        .flat_map(|event| {
            let (ts, received) = (event.ts(), event.ts().plus(Duration::from_secs(1)));
            [MarketEvent::Heard(HeardRow { ts, received }), event.clone()]
        })
        .collect();
    let (one, other) = (run(&config(), &plain, "ema-cross"), run(&config(), &told, "ema-cross"));
    assert_eq!(one, other);
}

/// Rows that only tell when something was received are not counted.
#[test]
fn an_event_that_cannot_be_followed_is_named_by_its_number() {
    let mut config = config();
    config.venues[0].latency.feed = Latency::Tape { offset_nanos: 0 };
    let tape = [heard(1, 1), trade(1), heard(2, 1), trade(2), trade(3)].map(Ok::<_, Infallible>);
    let error = Backtest::new(config).unwrap().run(tape, Box::new(Asks)).unwrap_err();
    assert!(error.to_string().starts_with("event 3 of tape 1"), "{error}");
}

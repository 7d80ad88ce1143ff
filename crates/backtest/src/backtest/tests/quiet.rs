//! What a strategy passes over is as if it had been asked about it.

use std::time::Duration;

use engine::{Desk, Means, Order, SmaCross, Wants};
use matching::{Liquidity, PrintRule, QueueModel};
use model::{Bar, Level, OrderKind, OrderState, Side, Symbol, TimeInForce, Trade};

use super::*;
use crate::event::{DepthRow, TradeRow};
use crate::latency::{Latency, LatencyConfig};
use crate::shared::SharedTape;

/// Asks a strategy about everything.
#[derive(Debug)]
struct Asked(Box<dyn Strategy>);

impl Strategy for Asked {
    fn wants(&self) -> Wants {
        self.0.wants()
    }

    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        self.0.on_trade(trade, desk);
    }

    fn on_best_prices(&mut self, symbol: &Symbol, desk: &mut Desk<'_>) {
        self.0.on_best_prices(symbol, desk);
    }

    fn on_bar(&mut self, symbol: &Symbol, bar: &Bar, desk: &mut Desk<'_>) {
        self.0.on_bar(symbol, bar, desk);
    }

    fn on_order(&mut self, order: &Order, desk: &mut Desk<'_>) {
        self.0.on_order(order, desk);
    }
}

/// Orders by everything that it sees when it looks, every few milliseconds and at each piece of news of an order:
/// whoever shows it something else, or at another time, gets other orders.
#[derive(Debug)]
struct Restless {
    wants: Wants,
    every: Duration,
    looked_at: UnixNanos,
    orders: i64,
}

impl Restless {
    fn look(&mut self, symbol: &Symbol, desk: &mut Desk<'_>) {
        let Some(market) = desk.market(symbol) else { return };
        let Some((bid, ask)) = market.bid.zip(market.ask) else { return };
        let last = market.last_trade.as_ref().map_or(0, |trade| trade.price.raw());
        let sizes = bid.quantity.raw().wrapping_add(ask.quantity.raw());
        let mark = last.wrapping_add(sizes).wrapping_add(bid.price.raw()).wrapping_add(self.orders);
        let working = desk.orders().working_in(symbol).next();
        if let Some(id) = working.map(|order| order.request().client_order_id.clone()) {
            desk.cancel(&id);
        }
        self.orders += 1;
        let side = if mark.rem_euclid(7) < 3 { Side::Buy } else { Side::Sell };
        let price = if side == Side::Buy { bid.price } else { ask.price };
        let kind = match mark.rem_euclid(5) {
            0 => OrderKind::Market,
            _ => OrderKind::Limit { price, post_only: false },
        };
        let size = Quantity::from_raw(100_000 + mark.rem_euclid(1_000) * 1_000);
        desk.place(symbol, side, kind, size, TimeInForce::Gtc);
    }
}

impl Strategy for Restless {
    fn wants(&self) -> Wants {
        self.wants
    }

    fn passes_over(&mut self, trade: &Trade) -> bool {
        trade.venue_ts.since(self.looked_at) < self.every
    }

    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        if trade.venue_ts.since(self.looked_at) >= self.every {
            self.looked_at = trade.venue_ts;
            self.look(&trade.symbol, desk);
        }
    }

    fn on_best_prices(&mut self, symbol: &Symbol, desk: &mut Desk<'_>) {
        let ask = desk.market(symbol).and_then(|market| market.ask);
        if ask.is_some_and(|ask| ask.price.raw() % 3 == 0) {
            self.look(symbol, desk);
        }
    }

    fn on_order(&mut self, order: &Order, desk: &mut Desk<'_>) {
        if self.orders % 3 == 0 && order.state() == OrderState::Filled {
            let symbol = order.request().symbol.clone();
            self.look(&symbol, desk);
        }
    }
}

/// Trades at some pace: several at one time, then nothing for a while.
fn walk(mut state: u64, count: u32) -> Vec<TradeRow> {
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % below).unwrap()
    };
    let (mut at, mut price) = (1_000_000_000_000, 100_000_000_000);
    let row = |_| {
        at += [0, 0, 1_000_000, 3_000_000, 400_000_000][usize::try_from(draw(5)).unwrap()];
        price += 100_000_000 * (draw(7) - 3);
        TradeRow {
            ts: UnixNanos::from_nanos(at),
            price: Price::from_raw(price),
            quantity: Quantity::from_raw(1_000_000 * (1 + draw(50))),
            taker_side: [None, Some(Side::Buy), Some(Side::Sell)]
                [usize::try_from(draw(3)).unwrap()],
            trade_id: None,
        }
    };
    (0..count).map(row).collect()
}

/// The trades alone, or in a book of a level on each side.
fn tape(trades: &[TradeRow], with_book: bool) -> Vec<MarketEvent<'static>> {
    let mut events = Vec::new();
    for (at, trade) in (1..).zip(trades) {
        if with_book {
            let level = |by: i64, quantity: i64| Level {
                price: Price::from_raw(trade.price.raw() + by * 100_000_000),
                quantity: Quantity::from_raw(quantity * 1_000_000),
            };
            let snapshot = at % 3 != 0;
            let (bids, asks) =
                ([level(-1, at % 40)].to_vec().into(), [level(1, 17 + at % 11)].to_vec().into());
            events.push(MarketEvent::Depth(DepthRow {
                ts: trade.ts,
                snapshot,
                levels: None,
                bids,
                asks,
            }));
        }
        events.push(MarketEvent::Trade(*trade));
    }
    events
}

fn latencies([feed, entry, response]: [u64; 3]) -> LatencyConfig {
    let constant = |millis| Latency::Constant(Duration::from_millis(millis));
    LatencyConfig { feed: constant(feed), entry: constant(entry), response: constant(response) }
}

/// Both ways to play: as fast as possible, and with every question. From memory it is the same as event by event.
fn both(
    config: &BacktestConfig,
    tapes: &[Vec<MarketEvent<'static>>],
    strategy: impl Fn() -> Box<dyn Strategy>,
) -> [BacktestResult; 2] {
    let backtest = Backtest::new(config.clone()).unwrap();
    let shared: Vec<SharedTape> = tapes.iter().map(|tape| tape.iter().cloned().collect()).collect();
    let fast = backtest.run_shared(shared.iter().map(SharedTape::iter).collect(), strategy());
    let fast = fast.unwrap();
    let [read, asked] = [strategy(), Box::new(Asked(strategy()))].map(|strategy| {
        let tapes = tapes.iter().map(|tape| tape.iter().cloned().map(Ok::<_, Infallible>));
        backtest.run_all(tapes.collect(), strategy).unwrap()
    });
    assert_eq!(fast, read, "from memory");
    [fast, asked]
}

#[test]
fn what_a_strategy_passes_over_changes_nothing() {
    let mut orders = 0;
    let ways = [[0, 0, 0], [2, 5, 5], [2, 0, 2], [5, 1, 2], [0, 3, 0], [400, 1, 700]];
    for (seed, millis) in (1..).zip(ways) {
        for (at, liquidity) in (0..).zip([
            config().venues[0].instruments[0].liquidity,
            Liquidity::Recorded,
            Liquidity::Prints(PrintRule::Next),
        ]) {
            let mut config = config();
            config.equity_every = Duration::from_secs(5);
            config.venues[0].latency = latencies(millis);
            config.venues[0].instruments[0].liquidity = liquidity;
            config.venues[0].instruments[0].queue = QueueModel::Probabilistic { power: 2 };
            let tape = [tape(&walk(seed * 7 + at, 3_000), liquidity == Liquidity::Recorded)];
            for (wants, every) in [
                (Wants::TRADES, Duration::from_millis(1)),
                (Wants::TRADES, Duration::from_millis(900)),
                (Wants::ALL, Duration::from_millis(900)),
                (Wants { best_prices: true, ..Wants::NOTHING }, Duration::from_secs(1)),
            ] {
                let [fast, asked] = both(&config, &tape, || {
                    let looked_at = UnixNanos::ZERO;
                    Box::new(Restless { wants, every, looked_at, orders: 0 })
                });
                assert_eq!(fast, asked, "{millis:?} {liquidity:?} {wants:?} {every:?}");
                orders += fast.orders.len();
            }
            for spec in ["ema-cross:fast=2,slow=5,bar_s=1,patience_s=3", "quoter:every_s=1"] {
                let [fast, asked] = both(&config, &tape, || strategy(spec));
                assert_eq!(fast, asked, "{millis:?} {liquidity:?} {spec}");
                orders += fast.orders.len();
            }
        }
    }
    assert!(orders > 20_000, "there was something to get wrong: {orders}");
}

#[test]
fn news_of_several_venues_keep_their_order() {
    let mut orders = 0;
    for (seed, far) in (1..).zip([[2, 5, 5], [2, 0, 2], [3, 5, 5], [0, 0, 0]]) {
        let mut config = portfolio::two_venues();
        config.venues[0].latency = latencies([2, 5, 5]);
        config.venues[1].latency = latencies(far);
        let tapes: Vec<_> = (0..3).map(|at| tape(&walk(seed * 7 + at, 2_000), false)).collect();
        for wants in [Wants::TRADES, Wants::ALL] {
            let [fast, asked] = both(&config, &tapes, || {
                let (every, looked_at) = (Duration::from_millis(900), UnixNanos::ZERO);
                Box::new(Restless { wants, every, looked_at, orders: 0 })
            });
            assert_eq!(fast, asked, "{far:?} {wants:?}");
            orders += fast.orders.len();
        }
        let each = StrategySpec::parse("ema-cross:fast=2,slow=5,bar_s=1,patience_s=3").unwrap();
        let symbols: Vec<_> = config.instruments().map(|i| i.instrument.symbol.clone()).collect();
        let [fast, asked] = both(&config, &tapes, || each.factory().build(&symbols));
        assert_eq!(fast, asked, "{far:?}");
        orders += fast.orders.len();
    }
    assert!(orders > 2_000, "there was something to get wrong: {orders}");
}

/// Where takers are told, trades are gone over from the last one back.
#[test]
fn trades_between_two_looks_may_be_gone_over() {
    let mut orders = 0;
    for seed in 0..6 {
        let mut trades = walk(40 + seed, 3_000);
        let mut taker = Side::Sell;
        for (at, trade) in (0..).zip(&mut trades) {
            taker = trade.taker_side.unwrap_or(taker);
            // Now and then it is not told.
            let told = seed % 2 == 0 || at % 100 > 0;
            trade.taker_side = told.then_some(taker);
        }
        for liquidity in [
            config().venues[0].instruments[0].liquidity,
            Liquidity::Recorded,
            Liquidity::Prints(PrintRule::Next),
        ] {
            let mut config = config();
            config.equity_every = Duration::from_secs(7);
            config.venues[0].instruments[0].liquidity = liquidity;
            let tape = [tape(&trades, liquidity == Liquidity::Recorded)];
            for spec in
                ["no-op", "ema-cross:fast=2,slow=5,bar_s=2,patience_s=3", "quoter:every_s=3"]
            {
                let [fast, asked] = both(&config, &tape, || strategy(spec));
                assert_eq!(fast, asked, "{seed} {liquidity:?} {spec}");
                orders += fast.orders.len();
            }
        }
    }
    assert!(orders > 1_000, "there was something to get wrong: {orders}");
}

#[test]
fn a_crossing_of_bars_is_seen_as_if_each_was_asked_about() {
    let mut config = config();
    config.venues[0].instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
    for (seed, millis) in (9..).zip([[0, 0, 0], [2, 5, 5], [400, 1, 700]]) {
        config.venues[0].latency = latencies(millis);
        config.equity_every = Duration::from_secs(600 * millis[0] + 600);
        let bars = bars::walk(0, seed);
        for (fast, slow) in [(1, 2), (2, 5), (5, 3), (4, 4), (3, 40)] {
            for (means, long_only) in
                [(Means::Pandas, false), (Means::Exact, false), (Means::Exact, true)]
            {
                let [quick, asked] = both(&config, std::slice::from_ref(&bars), || {
                    let (symbol, size) = (Symbol::new("BTC/USD"), Quantity::parse("0.1").unwrap());
                    let cross = SmaCross::new(symbol, fast, slow, size, means);
                    Box::new(if long_only { cross.long_only() } else { cross })
                });
                assert_eq!(quick, asked, "{millis:?} {fast} {slow} {means:?} {long_only}");
                assert!(quick.orders.is_empty() || quick.fills.len() > 5);
                assert_eq!(quick.orders.is_empty(), fast == slow);
            }
        }
    }
}

/// What is wrong with a tape is found where it is, in memory as in a file.
#[test]
fn a_tape_in_memory_that_is_wrong_is_refused_at_the_same_event() {
    let mut config = config();
    config.venues[0].instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
    let backtest = Backtest::new(config).unwrap();
    let breaks: [fn(&mut MarketEvent<'static>); 2] = [
        |event| {
            if let MarketEvent::Bar(bar) = event {
                bar.high = Price::ZERO;
            }
            if let MarketEvent::Trade(row) = event {
                row.price = Price::ZERO;
            }
        },
        |event| {
            if let MarketEvent::Bar(bar) = event {
                bar.start = UnixNanos::from_secs(1);
            }
            if let MarketEvent::Trade(row) = event {
                row.ts = UnixNanos::from_secs(1);
            }
        },
    ];
    for make in breaks {
        let trades = walk(5, 400).into_iter().map(MarketEvent::Trade).collect();
        for (mut tape, spec) in [(bars::walk(60, 9), "sma-cross"), (trades, "no-op")] {
            make(&mut tape[300]);
            let shared: SharedTape = tape.iter().cloned().collect();
            let error = backtest.run_shared(vec![shared.iter()], strategy(spec)).unwrap_err();
            let read = tape.into_iter().map(Ok::<_, Infallible>);
            let expected = backtest.run(read, strategy(spec)).unwrap_err();
            assert_eq!(format!("{error:?}"), format!("{expected:?}"));
            assert!(error.to_string().contains("event 301 of tape 1"), "{error}");
        }
    }
}

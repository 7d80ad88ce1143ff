//! The backtester against its floors: through engine, exchange and queues, and without any of them.
//!
//! - EMA cross over generated trades, against the same averages over the same rows;
//! - a market maker with more than a million orders over trades and a recorded book, with latencies and
//!   hftbacktest's queue model, in a short and in a long run: an order costs the same in both;
//! - SMA cross over bars of a minute, long or flat, for the pairs of lengths that the sweep of `vectorbt` plays.
//!
//! The lines printed before give the figures that matter, taken in this process within the same minute.
//! What peers need for the same work stands in benches/README.md.

mod stopwatch;
mod under_test;

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use backtest::{
    Backtest, BacktestConfig, BacktestResult, DepthRow, Latency, LatencyConfig, MarketEvent,
    SharedTape, TradeRow, in_parallel,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::{Desk, Ema, Means, SmaCross, Strategy, StrategySpec, Wants};
use matching::{Liquidity, PrintRule, QueueModel};
use model::{Bar, Level, OrderKind, Price, Quantity, Side, Symbol, TimeInForce, UnixNanos};
use tape::{GeneratorConfig, MarketReader, ReadOptions, Rows, TapeTrade, TradeGenerator};

use self::stopwatch::seconds;
use self::under_test::is_test;

const BAR: Duration = Duration::from_secs(60);

/// The trades that the peers play, where `benches/peers.sh` has made them; otherwise generated ones of
/// some days, 46 a minute: 2 million in 30 days.
fn trades(days: u64) -> Vec<TradeRow> {
    if let Some(folder) = std::env::var_os("WAVETANK_BENCH_DATA") {
        let path = Path::new(&folder).join("BTCUSDT-trades.csv");
        let mut reader = MarketReader::open(&[path], ReadOptions::default()).expect("a tape");
        let mut trades = Vec::new();
        while let Some(batch) = reader.next_batch().expect("a sound tape") {
            let Rows::Trades(rows) = batch.rows else { unreachable!("the file holds trades") };
            trades.extend(rows.iter().map(|row| TradeRow {
                ts: row.ts,
                price: row.price,
                quantity: row.quantity,
                taker_side: row.taker_side,
                trade_id: row.trade_id,
            }));
        }
        return trades;
    }
    let mut config = GeneratorConfig::sample();
    config.length = Duration::from_hours(24 * days);
    config.trades_per_minute = 46;
    config.crash = None;
    let trades = TradeGenerator::new(config, 1).expect("a valid market");
    let mut before = Price::ZERO;
    let mut taker = Side::Buy;
    let rows = trades.map(|TapeTrade { ts, price, quantity }| {
        if price != before {
            taker = if price > before { Side::Buy } else { Side::Sell };
        }
        before = price;
        TradeRow { ts, price, quantity, taker_side: Some(taker), trade_id: None }
    });
    rows.collect()
}

fn config() -> BacktestConfig {
    let balances = [("USD", "1000000000"), ("BTC", "1000000")];
    BacktestConfig::of_pair("BTC/USD", 2, &balances).expect("valid")
}

fn symbol() -> Symbol {
    Symbol::new("BTC/USD")
}

fn backtest(trades: &SharedTape, spec: &str) -> BacktestResult {
    let strategy = StrategySpec::parse(spec).expect("valid").factory();
    let strategy = strategy.build(&[symbol()]);
    let tape = vec![trades.iter()];
    Backtest::new(config()).expect("valid").run_shared(tape, strategy).expect("a sound tape")
}

/// Keeps a bid and an ask at the best prices: looks once a second, and replaces what is not there.
#[derive(Debug)]
struct Maker {
    symbol: Symbol,
    looked_at: UnixNanos,
    last: [Option<Price>; 2],
}

impl Maker {
    fn look(&mut self, now: UnixNanos, desk: &mut Desk<'_>) {
        let Some((bid, ask)) = desk.market(&self.symbol).and_then(|m| m.bid.zip(m.ask)) else {
            return;
        };
        for (at, (side, price)) in
            [(Side::Buy, bid.price), (Side::Sell, ask.price)].into_iter().enumerate()
        {
            if self.last[at] == Some(price) {
                continue;
            }
            desk.cancel_working(&self.symbol, Some(side));
            let kind = OrderKind::Limit { price, post_only: true };
            let size = Quantity::from_raw(100_000);
            desk.place(&self.symbol, side, kind, size, TimeInForce::Gtc);
            self.last[at] = Some(price);
        }
        self.looked_at = now.floor_to(Duration::from_secs(1));
    }
}

impl Strategy for Maker {
    fn wants(&self) -> Wants {
        Wants::TRADES.without_orders()
    }

    fn passes_over(&mut self, trade: &model::Trade) -> bool {
        trade.venue_ts.since(self.looked_at) < Duration::from_secs(1)
    }

    fn on_trade(&mut self, trade: &model::Trade, desk: &mut Desk<'_>) {
        if !self.passes_over(trade) {
            self.look(trade.venue_ts, desk);
        }
    }
}

/// The trades, and a book of one level on each side around them, one tick wide: each change takes two levels
/// away and sets two.
fn with_book(trades: &[TradeRow]) -> SharedTape {
    let tick = Price::step(2).raw();
    let mut last = None;
    let mut tape = SharedTape::default();
    let level = |raw: i64, quantity: i64| Level {
        price: Price::from_raw(raw),
        quantity: Quantity::from_raw(quantity * 100_000_000),
    };
    for trade in trades {
        let sold = trade.taker_side == Some(Side::Sell);
        let bid = if sold { trade.price.raw() } else { trade.price.raw() - tick };
        if last != Some(bid) {
            let old = last.unwrap_or(bid);
            tape.push(MarketEvent::Depth(DepthRow {
                ts: trade.ts,
                snapshot: false,
                levels: None,
                bids: vec![level(old, 0), level(bid, 5)].into(),
                asks: vec![level(old + tick, 0), level(bid + tick, 5)].into(),
            }));
            last = Some(bid);
        }
        tape.push(MarketEvent::Trade(*trade));
    }
    tape
}

fn make_market(tape: &SharedTape) -> BacktestResult {
    let mut config = config();
    let venue = &mut config.venues[0];
    venue.instruments[0].liquidity = Liquidity::Recorded;
    venue.instruments[0].queue = QueueModel::Probabilistic { power: 2 };
    let latency = |millis| Latency::Constant(Duration::from_millis(millis));
    venue.latency = LatencyConfig { feed: latency(2), entry: latency(5), response: latency(5) };
    venue.fees = matching::FeeRates::of_ppm(200, 700);
    let maker = Maker { symbol: symbol(), looked_at: UnixNanos::ZERO, last: [None; 2] };
    let backtest = Backtest::new(config).expect("valid");
    backtest.run_shared(vec![tape.iter()], Box::new(maker)).expect("a sound tape")
}

/// Bars of a minute.
fn bars(trades: &[TradeRow]) -> SharedTape {
    let mut bars: Vec<Bar> = Vec::new();
    for trade in trades {
        let start = trade.ts.floor_to(BAR);
        let price = trade.price;
        match bars.last_mut().filter(|bar| bar.start == start) {
            Some(bar) => {
                (bar.high, bar.low, bar.close) = (bar.high.max(price), bar.low.min(price), price);
                bar.volume = bar.volume.checked_add(trade.quantity).expect("small");
            }
            None => bars.push(Bar {
                start,
                length: BAR,
                open: price,
                high: price,
                low: price,
                close: price,
                volume: trade.quantity,
            }),
        }
    }
    bars.into_iter().map(MarketEvent::Bar).collect()
}

/// Pairs of lengths, each played over all bars; returns their round trips.
fn pairs(tape: &SharedTape, pairs: &[(u32, u32)], threads: usize) -> usize {
    let mut config = config();
    config.venues[0].instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
    config.equity_every = Duration::from_hours(24);
    let backtest = Backtest::new(config).expect("valid");
    let fills = in_parallel(threads, pairs.len(), |at| {
        let (fast, slow) = pairs[at];
        let strategy = SmaCross::new(symbol(), fast, slow, Quantity::step(0), Means::Exact);
        let strategy = strategy.long_only();
        let result =
            backtest.run_shared(vec![tape.iter()], Box::new(strategy)).expect("sound bars");
        result.fills.len()
    });
    fills.iter().sum()
}

/// The averages of the strategy, and a position that follows them at the last price.
fn floor(trades: &[TradeRow]) -> (i128, u64) {
    let (mut fast, mut slow) = (Ema::new(12), Ema::new(26));
    let (mut start, mut close) = (UnixNanos::ZERO, Price::ZERO);
    let (mut cash, mut long, mut crossings) = (0_i128, false, 0);
    for trade in trades {
        let bar = trade.ts.floor_to(BAR);
        if bar > start {
            fast.update(close);
            slow.update(close);
            let up = fast.price() > slow.price();
            if up != long {
                let price = i128::from(trade.price.raw());
                cash += if up { -price } else { price };
                long = up;
                crossings += 1;
            }
            start = bar;
        }
        close = trade.price;
    }
    (cash, crossings)
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn millions(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds / 1e6
}

/// The most memory that work took beyond what was there before, in MB; zero where the machine does not tell.
fn memory<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let kilobytes = |key: &str| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
    };
    // Forgets the highest value so far.
    let told = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = kilobytes("VmRSS:");
    let result = work();
    let most = if told { kilobytes("VmHWM:") } else { before };
    (result, most.saturating_sub(before) / 1024)
}

const EMA: &str = "ema-cross:fast=12,slow=26,bar_s=60,patience_s=60";

/// Events as hftbacktest counts them: each level is one.
fn rows(tape: &SharedTape) -> usize {
    let levels = tape.iter().map(|event| match event {
        Ok(MarketEvent::Depth(row)) => row.bids.len() + row.asks.len(),
        Ok(MarketEvent::Orders(row)) => row.changes.len(),
        Ok(MarketEvent::Trade(_) | MarketEvent::Bar(_) | MarketEvent::Heard(_)) => 1,
        Err(never) => match never {},
    });
    levels.sum()
}

/// The figures of one run each; `cargo bench -p benches --bench backtest -- maker` prints those of the maker only.
/// What work gives, and the seconds of the fastest of three times: others use the machine, too.
fn fastest<T>(mut work: impl FnMut() -> T) -> (T, f64) {
    let first = seconds(&mut work).1;
    let second = seconds(&mut work).1;
    let (result, third) = seconds(&mut work);
    (result, first.min(second).min(third))
}

#[expect(clippy::print_stdout, reason = "rates are what this bench is for")]
fn figures(trades: &[TradeRow], bars: &SharedTape) {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| filter.as_ref().is_none_or(|filter| name.contains(filter.as_str()));
    if wanted("EMA cross") {
        let tape: SharedTape = trades.iter().map(|trade| MarketEvent::Trade(*trade)).collect();
        let ((result, product), memory) = memory(|| fastest(|| backtest(&tape, EMA)));
        let (_, bare) = fastest(|| black_box(floor(trades)));
        println!("digest {} over {} trades", result.digest, trades.len());
        println!(
            "EMA cross: {:.2} M events/s with {} orders, {memory} MB beyond the tape; floor {:.1} M rows/s",
            millions(trades.len(), product),
            result.orders.len(),
            millions(trades.len(), bare)
        );
    }
    for part in [10, 1].into_iter().filter(|_| wanted("maker")) {
        let tape = with_book(&trades[..trades.len() / part]);
        let ((made, busy), memory) = memory(|| fastest(|| make_market(&tape)));
        let (orders, rows) = (made.orders.len(), rows(&tape));
        println!(
            "market maker: {orders} orders, {} fills over {rows} levels and trades: {busy:.2} s, \
             {:.2} M/s, {:.2} us an order with all that happens between; {memory} MB beyond the tape; \
             digest {}",
            made.fills.len(),
            millions(rows, busy),
            busy / millions(orders, 1.0),
            made.digest
        );
    }
    let lengths: Vec<_> =
        (5..46).flat_map(|fast| (fast + 1..46).map(move |slow| (fast, slow))).collect();
    for threads in [1, 2].into_iter().filter(|_| wanted("bars")) {
        let (fills, took) = fastest(|| pairs(bars, &lengths, threads));
        println!(
            "bars: {} pairs over {} bars on {threads} threads: {:.2} M bar-pairs/s, {fills} fills",
            lengths.len(),
            bars.len(),
            millions(bars.len() * lengths.len(), took)
        );
    }
}

fn run(c: &mut Criterion) {
    let quick = is_test();
    let trades = trades(if quick { 1 } else { 30 });
    let bars = bars(&trades);
    figures(&trades, &bars);
    let mut group = c.benchmark_group("trades");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.throughput(Throughput::Elements(u64::try_from(trades.len()).expect("fits")));
    let tape: SharedTape = trades.iter().map(|trade| MarketEvent::Trade(*trade)).collect();
    group.bench_function("EMA cross", |b| b.iter(|| backtest(&tape, EMA)));
    group.bench_function("no-op", |b| b.iter(|| backtest(&tape, "no-op")));
    group.bench_function("floor: the averages alone", |b| b.iter(|| floor(&trades)));
    group.finish();
}

criterion_group!(benches, run);
criterion_main!(benches);

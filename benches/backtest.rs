//! The backtester against its floor: EMA cross over generated trades through engine, exchange and queues,
//! and the same averages over the same rows without any of them.
//!
//! The lines printed before give the figures that matter, taken in this process within the same minute:
//! events per second of both, and the cost of an order in a short and in a long run.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use backtest::{Backtest, BacktestConfig, BacktestResult, MarketEvent};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::{Ema, StrategySpec};
use model::{Asset, Instrument, Notional, Price, Quantity, Symbol, UnixNanos};
use tape::{GeneratorConfig, TapeTrade, TradeGenerator};

const BAR: Duration = Duration::from_secs(60);

/// Trades of some hours, 1,440 a minute.
fn trades(hours: u64) -> Vec<TapeTrade> {
    let mut config = GeneratorConfig::sample();
    config.length = Duration::from_secs(hours * 3_600);
    config.trades_per_minute = 1_440;
    config.crash = None;
    TradeGenerator::new(config, 1).expect("a valid market").collect()
}

fn backtest(trades: &[TapeTrade], spec: &str) -> BacktestResult {
    let instrument = Instrument {
        symbol: Symbol::new("BTC/USD"),
        base: Asset::new("BTC"),
        quote: Asset::new("USD"),
        price_decimals: 1,
        quantity_decimals: 8,
        cost_decimals: 5,
        tick_size: Price::step(1),
        quantity_min: Quantity::step(8),
        cost_min: Notional::ZERO,
    };
    let million = Notional::parse("1000000000").expect("valid");
    let balances = [(Asset::new("USD"), million), (Asset::new("BTC"), million)];
    let strategy = StrategySpec::parse(spec).expect("valid").factory();
    let strategy = strategy.build(std::slice::from_ref(&instrument.symbol));
    let events = trades.iter().map(|trade| Ok::<_, Infallible>(MarketEvent::from(*trade)));
    let backtest = Backtest::new(BacktestConfig::spot(instrument, balances.into()));
    backtest.expect("valid").run(events, strategy).expect("a sound tape")
}

/// The averages of the strategy, and a position that follows them at the last price.
fn floor(trades: &[TapeTrade]) -> (i128, u64) {
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

fn seconds<T>(work: impl FnOnce() -> T) -> (T, f64) {
    #[expect(clippy::disallowed_methods, reason = "a bench measures the machine")]
    let started = Instant::now();
    let result = work();
    #[expect(clippy::disallowed_methods, reason = "a bench measures the machine")]
    let elapsed = started.elapsed();
    (result, elapsed.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn millions(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds / 1e6
}

const EMA: &str = "ema-cross:fast=12,slow=26,bar_s=60,patience_s=60";
const QUOTER: &str = "quoter:qty=0.001,distance_bps=1,inventory_max=1000,every_s=1";

#[expect(clippy::print_stdout, reason = "rates are what this bench is for")]
fn run(c: &mut Criterion) {
    let quick = std::env::args().any(|argument| argument == "--test");
    let trades = trades(if quick { 1 } else { 24 });
    let (result, product) = seconds(|| backtest(&trades, EMA));
    let (_, bare) = seconds(|| black_box(floor(&trades)));
    println!("digest {} over {} trades", result.digest, trades.len());
    println!(
        "{:.2} M events/s with {} orders; floor {:.1} M rows/s",
        millions(trades.len(), product),
        result.orders.len(),
        millions(trades.len(), bare)
    );
    for part in [10, 1] {
        let part = &trades[..trades.len() / part];
        let (quoted, busy) = seconds(|| backtest(part, QUOTER));
        let (_, idle) = seconds(|| backtest(part, "no-op"));
        let orders = quoted.orders.len();
        let micros = (busy - idle) / millions(orders, 1.0);
        println!(
            "{orders} orders: {micros:.2} us each; {:.2} M events/s",
            millions(part.len(), busy)
        );
    }

    let mut group = c.benchmark_group("trades");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.throughput(Throughput::Elements(u64::try_from(trades.len()).expect("fits")));
    group.bench_function("EMA cross", |b| b.iter(|| backtest(&trades, EMA)));
    group.bench_function("no-op", |b| b.iter(|| backtest(&trades, "no-op")));
    group.bench_function("floor: the averages alone", |b| b.iter(|| floor(&trades)));
    group.finish();
}

criterion_group!(benches, run);
criterion_main!(benches);

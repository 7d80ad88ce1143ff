//! The properties that distinguish a generated market from a random walk, for several seeds.

use std::collections::BTreeMap;

use model::UnixNanos;

use super::*;
use crate::testing::repository_file;
use crate::{Tape, write_trades};

const SEEDS: [u64; 5] = [1, 2, 3, 7, 0x57eb_0001];

/// Four hours without a crash, so that no crash can make a property hold.
fn calm() -> GeneratorConfig {
    GeneratorConfig { length: Duration::from_hours(4), crash: None, ..GeneratorConfig::sample() }
}

fn generate(config: &GeneratorConfig, seed: u64) -> Vec<TapeTrade> {
    TradeGenerator::new(config.clone(), seed).unwrap().collect()
}

/// Number of the interval of `seconds` in which a trade lies.
fn interval(config: &GeneratorConfig, trade: &TapeTrade, seconds: u64) -> u64 {
    trade.ts.since(config.start).as_secs() / seconds
}

/// Returns of consecutive intervals, as fractions.
fn returns(config: &GeneratorConfig, trades: &[TapeTrade], seconds: u64) -> Vec<f64> {
    let last: BTreeMap<u64, Price> =
        trades.iter().map(|trade| (interval(config, trade, seconds), trade.price)).collect();
    let prices: Vec<Price> = last.into_values().collect();
    prices
        .windows(2)
        .map(|pair| {
            let ppb = i128::from(pair[1].raw() - pair[0].raw()) * 1_000_000_000;
            f64::from(i32::try_from(ppb / i128::from(pair[0].raw())).unwrap()) / 1e9
        })
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap())
}

fn central_moment(values: &[f64], order: i32) -> f64 {
    let mean = mean(values);
    let powers: Vec<f64> = values.iter().map(|value| (value - mean).powi(order)).collect();
    self::mean(&powers)
}

fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    let mean = mean(values);
    let products: Vec<f64> =
        values.iter().zip(&values[lag..]).map(|(a, b)| (a - mean) * (b - mean)).collect();
    self::mean(&products) / central_moment(values, 2)
}

#[test]
fn returns_have_fat_tails() {
    for seed in SEEDS {
        let config = calm();
        let returns = returns(&config, &generate(&config, seed), 10);
        let kurtosis = central_moment(&returns, 4) / central_moment(&returns, 2).powi(2);
        assert!(kurtosis > 5.0, "seed {seed}: kurtosis {kurtosis}");
    }
}

#[test]
fn volatility_comes_in_clusters_while_returns_stay_unpredictable() {
    for seed in SEEDS {
        let config = calm();
        let returns = returns(&config, &generate(&config, seed), 10);
        let sizes: Vec<f64> = returns.iter().map(|value| value.abs()).collect();
        let clustered = (autocorrelation(&sizes, 1) + autocorrelation(&sizes, 2)) / 2.0;
        assert!(clustered > 0.05, "seed {seed}: {clustered}");
        let predictable = autocorrelation(&returns, 1).abs();
        assert!(predictable < 0.15, "seed {seed}: {predictable}");
    }
}

#[test]
fn trades_come_in_bursts_at_the_rate_asked_for() {
    const SECONDS: u64 = 10;
    for seed in SEEDS {
        let config = calm();
        let trades = generate(&config, seed);
        let mut counts = BTreeMap::new();
        for trade in &trades {
            *counts.entry(interval(&config, trade, SECONDS)).or_insert(0_u32) += 1;
        }
        let counts: Vec<f64> = (0..config.length.as_secs() / SECONDS)
            .map(|at| f64::from(counts.get(&at).copied().unwrap_or(0)))
            .collect();
        let dispersion = central_moment(&counts, 2) / mean(&counts);
        assert!(dispersion > 3.0, "seed {seed}: dispersion {dispersion}");
        let per_minute = mean(&counts) * 6.0;
        let asked = f64::from(config.trades_per_minute);
        assert!((per_minute / asked - 1.0).abs() < 0.1, "seed {seed}: {per_minute}");
    }
}

#[test]
fn the_volatility_is_the_one_asked_for() {
    for (volatility_bps, seed) in [(2, 1), (8, 1), (8, 2), (30, 3)] {
        let config = GeneratorConfig { volatility_bps, length: Duration::from_hours(12), ..calm() };
        let returns = returns(&config, &generate(&config, seed), 60);
        let bps = central_moment(&returns, 2).sqrt() * 1e4;
        let asked = f64::from(volatility_bps);
        assert!((bps / asked - 1.0).abs() < 0.3, "asked for {asked}, got {bps}");
    }
}

#[test]
fn the_price_crashes_where_it_should_and_recovers_in_part() {
    for seed in SEEDS {
        let config = GeneratorConfig::sample();
        let crash = config.crash.clone().unwrap();
        let trades = generate(&config, seed);
        let (begin, end) = crash.window();
        let elapsed = |trade: &TapeTrade| trade.ts.since(config.start);
        let before = trades.iter().rfind(|trade| elapsed(trade) <= begin).unwrap();
        let bottom = trades.iter().min_by_key(|trade| trade.price).unwrap();
        let after = trades.iter().find(|trade| elapsed(trade) >= end).unwrap();
        let below = |trade: &TapeTrade| {
            (before.price.raw() - trade.price.raw()) * 10_000 / before.price.raw()
        };
        assert!((450..=750).contains(&below(bottom)), "seed {seed}: {} bps", below(bottom));
        assert!((150..=450).contains(&below(after)), "seed {seed}: {} bps", below(after));
        let found_at = elapsed(bottom);
        assert!(begin < found_at && found_at < end, "seed {seed}: {found_at:?}");
    }
}

#[test]
fn trades_lie_on_the_grid_within_the_tape_and_some_share_their_instant() {
    for seed in SEEDS {
        let config = GeneratorConfig::sample();
        let trades = generate(&config, seed);
        let tick = Price::step(config.price_decimals);
        let end = config.start.plus(config.length);
        for trade in &trades {
            assert!(trade.price.is_multiple_of(tick), "{trade:?}");
            assert!(trade.quantity >= config.quantity_min, "{trade:?}");
            assert!(config.start <= trade.ts && trade.ts < end, "{trade:?}");
        }
        let shared = trades.windows(2).filter(|pair| pair[0].ts == pair[1].ts).count();
        assert!(shared > trades.len() / 10, "seed {seed}: {shared}");
        let tape = Tape::from_trades("generated".as_ref(), trades).unwrap();
        assert!(tape.summary().equal_rows > 0, "seed {seed}");
        assert!(tape.last_ts().since(config.start) > Duration::from_mins(30), "seed {seed}");
    }
}

#[test]
fn volumes_have_a_heavy_tail_and_round_lots() {
    for seed in SEEDS {
        let trades = generate(&calm(), seed);
        let mut volumes: Vec<i64> = trades.iter().map(|trade| trade.quantity.raw()).collect();
        volumes.sort_unstable();
        let median = volumes[volumes.len() / 2];
        let top = volumes[volumes.len() - volumes.len() / 1_000];
        assert!(top > median * 100, "seed {seed}: median {median}, top {top}");
        let round = volumes.iter().filter(|volume| **volume == 100_000).count();
        assert!(round > trades.len() / 100, "seed {seed}: {round}");
    }
}

#[test]
fn a_seed_means_one_tape_and_other_seeds_other_tapes() {
    let config = GeneratorConfig::sample();
    assert_eq!(generate(&config, 1), generate(&config, 1));
    assert_ne!(generate(&config, 1), generate(&config, 2));
}

/// Also the proof that the generator gives the same bytes on every machine.
#[test]
fn the_committed_sample_is_what_its_seed_generates() {
    let path = repository_file("data/tapes/BTCUSD_sample_30m.csv");
    let mut generated = Vec::new();
    write_trades(&mut generated, generate(&GeneratorConfig::sample(), SAMPLE_SEED)).unwrap();
    let committed = std::fs::read(&path).unwrap();
    assert!(committed == generated, "{} must be generated anew", path.display());
    assert!(committed.len() < 150_000);
    let tape = Tape::load(&path).unwrap();
    assert_eq!(tape.summary().to_string(), SAMPLE_SUMMARY);
}

const SAMPLE_SUMMARY: &str =
    "2780 trades over 1852.170 s, 79252.1 to 84516, volume 13.25918449, 20 equal rows kept";

#[test]
fn extreme_configurations_give_valid_tapes() {
    let config = GeneratorConfig::sample;
    let worst = CrashConfig {
        at: Duration::ZERO,
        depth_bps: 5_000,
        fall: Duration::from_secs(1),
        recovery: Duration::from_secs(1),
        recovered_percent: 0,
    };
    for config in [
        GeneratorConfig {
            trades_per_minute: 60_000,
            volatility_bps: 200,
            length: Duration::from_mins(1),
            crash: None,
            ..config()
        },
        GeneratorConfig {
            trades_per_minute: 1,
            length: Duration::from_hours(31 * 24),
            volatility_bps: 200,
            ..config()
        },
        GeneratorConfig {
            start_price: Price::from_raw(100),
            price_decimals: 9,
            quantity_min: Quantity::from_raw(100_000_000_000_000),
            crash: Some(worst.clone()),
            ..config()
        },
        GeneratorConfig {
            start_price: Price::from_raw(1_000_000_000_000_000),
            price_decimals: 0,
            quantity_min: Quantity::from_raw(1),
            crash: Some(worst),
            ..config()
        },
    ] {
        let trades = generate(&config, 1);
        Tape::from_trades("generated".as_ref(), trades).unwrap();
    }
}

#[test]
fn parameters_out_of_range_are_refused_by_name() {
    let check = |change: fn(&mut GeneratorConfig), expected: &str| {
        let mut config = GeneratorConfig::sample();
        change(&mut config);
        let error = TradeGenerator::new(config, 1).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        |config| config.length = Duration::from_millis(999),
        "length: expected a duration from 1s to 31d",
    );
    check(|config| config.start = UnixNanos::from_nanos(-1), "start: expected a time from 1970 on");
    check(|config| config.price_decimals = 10, "price_decimals: expected 0 to 9 digits");
    check(
        |config| config.start_price = Price::from_raw(84_250_050_000_000),
        "start_price: expected 100 price steps to 1000000, in whole steps",
    );
    check(|config| config.trades_per_minute = 0, "trades_per_minute: expected 1 to 60000");
    check(
        |config| config.volatility_bps = 201,
        "volatility_bps: expected 1 to 200 basis points per minute",
    );
    check(
        |config| config.quantity_min = Quantity::ZERO,
        "quantity_min: expected 0.00000001 to 1000000",
    );
    check(
        |config| crash(config).at = Duration::from_hours(1),
        "crash.at: expected a time before the end of the tape",
    );
    check(
        |config| crash(config).depth_bps = 5_001,
        "crash.depth_bps: expected 1 to 5000 basis points",
    );
    check(
        |config| crash(config).fall = Duration::ZERO,
        "crash.fall: expected a duration from 1s to 1d",
    );
    check(
        |config| crash(config).recovery = Duration::MAX,
        "crash.recovery: expected a duration from 1s to 1d",
    );
    check(
        |config| crash(config).recovered_percent = 101,
        "crash.recovered_percent: expected 0 to 100",
    );
}

fn crash(config: &mut GeneratorConfig) -> &mut CrashConfig {
    config.crash.as_mut().unwrap()
}

#[test]
fn a_crash_is_a_curve_without_jumps() {
    let crash = GeneratorConfig::sample().crash.unwrap();
    let at = |seconds: u64| crash.displacement_ppb(crash.at + Duration::from_secs(seconds));
    assert_eq!(crash.displacement_ppb(Duration::ZERO), 0);
    assert_eq!(at(0), 0);
    assert_eq!(at(75), -60_000_000);
    assert_eq!(at(75 + 300), -30_000_000);
    assert_eq!(at(100_000), -30_000_000);
    for second in 0..400 {
        assert!((at(second + 1) - at(second)).abs() < 1_700_000, "second {second}");
    }
}

/// Twelve hours of a textbook market.
fn textbook(kind: MarketKind) -> GeneratorConfig {
    GeneratorConfig { kind, length: Duration::from_hours(12), ..calm() }
}

const TEXTBOOK: [MarketKind; 4] =
    [MarketKind::Walk, MarketKind::Trend, MarketKind::Reverting, MarketKind::Zigzag];

/// Change from the first to the last price, basis points.
fn change_bps(trades: &[TapeTrade]) -> i64 {
    let (first, last) = (trades[0].price.raw(), trades[trades.len() - 1].price.raw());
    (last - first) * 10_000 / first
}

#[test]
fn textbook_markets_have_normal_returns_of_the_size_asked_for() {
    for seed in SEEDS {
        let config = textbook(MarketKind::Walk);
        let returns = returns(&config, &generate(&config, seed), 60);
        let kurtosis = central_moment(&returns, 4) / central_moment(&returns, 2).powi(2);
        assert!((2.4..3.8).contains(&kurtosis), "seed {seed}: kurtosis {kurtosis}");
        let bps = central_moment(&returns, 2).sqrt() * 1e4;
        assert!((7.0..9.0).contains(&bps), "seed {seed}: {bps} bps a minute");
        assert!(autocorrelation(&returns, 1).abs() < 0.12, "seed {seed}");
    }
}

#[test]
fn a_trend_rises_by_what_it_says_above_the_walk_of_its_seed() {
    for seed in SEEDS {
        let walk = change_bps(&generate(&textbook(MarketKind::Walk), seed));
        let trend = change_bps(&generate(&textbook(MarketKind::Trend), seed));
        // 12 % of a price that has walked itself.
        assert!((1_100..1_300).contains(&(trend - walk)), "seed {seed}: {walk} {trend}");
    }
}

#[test]
fn a_reverting_market_stays_near_its_start() {
    for seed in SEEDS {
        let farthest = |kind| {
            let config = textbook(kind);
            let trades = generate(&config, seed);
            let distance = |trade: &TapeTrade| trade.price.raw().abs_diff(config.start_price.raw());
            trades.iter().map(distance).max().unwrap()
        };
        let (walk, reverting) = (farthest(MarketKind::Walk), farthest(MarketKind::Reverting));
        assert!(reverting * 3 < walk * 2, "seed {seed}: {reverting} {walk}");
        let config = textbook(MarketKind::Reverting);
        let returns = returns(&config, &generate(&config, seed), 900);
        assert!(autocorrelation(&returns, 1) < 0.0, "seed {seed}");
    }
}

#[test]
fn a_zigzag_rises_and_falls_as_planned() {
    for seed in SEEDS {
        let (walk, zigzag) = (textbook(MarketKind::Walk), textbook(MarketKind::Zigzag));
        let last = |config: &GeneratorConfig| {
            let trades = generate(config, seed);
            let at = |trade: &TapeTrade| (interval(config, trade, 1_200), trade.price.raw());
            trades.iter().map(at).collect::<BTreeMap<u64, i64>>()
        };
        // At the end of each half the plan alone makes the difference.
        for ((at, walk), (_, zigzag)) in last(&walk).into_iter().zip(last(&zigzag)) {
            let bps = (zigzag - walk) * 10_000 / walk;
            let expected = if at % 2 == 0 { 190..=202 } else { -2..=10 };
            assert!(expected.contains(&bps), "seed {seed}, half {at}: {bps} bps");
        }
    }
}

#[test]
fn every_kind_repeats_and_differs_from_the_others() {
    let mut all = Vec::new();
    for kind in TEXTBOOK.into_iter().chain([MarketKind::Agitated]) {
        let config = GeneratorConfig { length: Duration::from_mins(20), ..textbook(kind) };
        let trades = generate(&config, 5);
        assert_eq!(trades, generate(&config, 5));
        assert!(!all.contains(&trades), "{kind:?}");
        all.push(trades);
    }
}

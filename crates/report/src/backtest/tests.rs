use std::convert::Infallible;

use backtest::stats::N_ALWAYS_OPEN;
use backtest::{Backtest, BacktestConfig, Grid, MarketEvent, round_trips, walk_forward};
use engine::StrategySpec;
use model::{Asset, Instrument, Notional, Price, Quantity, Symbol, UnixNanos};
use tape::{GeneratorConfig, SAMPLE_SEED, TradeGenerator};

use super::*;

fn config() -> BacktestConfig {
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
    let balances = [(Asset::new("USD"), Notional::parse("10000").unwrap())];
    let mut config = BacktestConfig::spot(instrument, balances.into());
    config.equity_every = Duration::from_secs(60);
    config
}

fn run(spec: &str) -> (BacktestConfig, BacktestResult, Stats) {
    run_of(spec, config())
}

fn run_of(spec: &str, config: BacktestConfig) -> (BacktestConfig, BacktestResult, Stats) {
    let events = TradeGenerator::new(GeneratorConfig::sample(), SAMPLE_SEED).unwrap();
    let events = events.map(|trade| Ok::<_, Infallible>(MarketEvent::from(trade)));
    let strategy = StrategySpec::parse(spec).unwrap().factory().build(&[Symbol::new("BTC/USD")]);
    let result = Backtest::new(config.clone()).unwrap().run(events, strategy).unwrap();
    let stats = Stats::new(&result, N_ALWAYS_OPEN);
    (config, result, stats)
}

const EMA: &str = "ema-cross:fast=3,slow=8,qty=0.01,bar_s=5,patience_s=10";

fn about() -> BacktestAbout {
    BacktestAbout {
        tapes: vec!["BTC/USD: </script><b>evil.csv".to_owned()],
        files: Vec::new(),
        arguments: vec!["backtest".to_owned()],
        strategy: EMA.to_owned(),
        findings: vec![Finding {
            problem: "gap of BTC/USD".to_owned(),
            count: 2,
            policy: "keep".to_owned(),
            example: "evil.csv:7, 2025-03-03: 2 h".to_owned(),
        }],
        notes: vec!["the market has another name".to_owned()],
        checked: "7 rows were read and checked, 0 left out.".to_owned(),
        wall: None,
    }
}

#[test]
fn a_page_needs_nothing_and_nothing_in_its_data_ends_it() {
    let (config, result, stats) = run(EMA);
    let about = about();
    let report = BacktestReport { config: &config, result: &result, stats: &stats, about: &about };
    let page = report.page();
    assert_eq!(page.matches("</script>").count(), 2, "the data and the script");
    assert!(!page.contains("{{") && !page.contains("<b>evil"));
    // The one address is the name of SVG.
    let addresses: Vec<_> =
        page.match_indices("://").map(|(at, _)| &page[at - 4..at + 13]).collect();
    assert_eq!(addresses, ["http://www.w3.org"]);
    assert!(page.contains("gap of BTC/USD") && page.contains("default-src 'none'"));
}

#[test]
fn the_text_has_everything_at_a_glance() {
    let (config, result, stats) = run(EMA);
    let about = about();
    let text =
        BacktestReport { config: &config, result: &result, stats: &stats, about: &about }.text();
    let names = [
        "tape ",
        "data ",
        "strategy ",
        "equity ",
        "max drawdown ",
        "trades ",
        "ratios ",
        "exposure ",
        "turnover ",
        "fees ",
        "orders ",
        "digest ",
        "data: gap of BTC/USD, 2 rows, keep",
    ];
    for name in names {
        assert!(text.lines().any(|line| line.starts_with(name)), "`{name}` is missing in:\n{text}");
    }
}

#[test]
fn the_distribution_has_every_trade_once_and_an_edge_at_zero() {
    let (config, result, stats) = run(EMA);
    let about = about();
    let report = BacktestReport { config: &config, result: &result, stats: &stats, about: &about };
    let data = data::of(&report, &round_trips(&result.fills));
    let bins = data["trades"]["bins"].as_array().unwrap();
    let sum: u64 = bins.iter().map(|bin| bin["n"].as_u64().unwrap()).sum();
    assert_eq!(sum, u64::try_from(stats.trades).unwrap());
    let crosses =
        |bin: &&Value| bin["a"].as_f64().unwrap() < 0.0 && bin["b"].as_f64().unwrap() > 0.0;
    assert!(bins.len() > 5 && bins.iter().find(crosses).is_none(), "{bins:?}");
    let growth: f64 =
        data["months"].as_array().unwrap().iter().map(|m| 1.0 + m["r"].as_f64().unwrap()).product();
    assert!((growth - 1.0 - stats.total_return).abs() < 1e-12, "months make the whole");
}

fn grid() -> GridReport {
    let grid = Grid::parse("fast=3|5,slow=4..12:4").unwrap();
    let mut rows = Vec::new();
    for at in 0..grid.len() {
        let spec = grid.spec("ema-cross:bar_s=5", at);
        if StrategySpec::parse(&spec).is_ok() {
            let (_, result, stats) = run(&spec);
            rows.push(GridRow { point: at, stats, digest: result.digest });
        }
    }
    let last = UnixNanos::from_nanos(99_999_999_999);
    let folds = walk_forward(UnixNanos::ZERO, last, 1, 1).into_iter().map(|fold| FoldRow {
        fold,
        chosen: rows[0].clone(),
        proven: rows[1].clone(),
    });
    GridReport {
        strategy: "ema-cross:bar_s=5".to_owned(),
        tapes: vec!["sample".to_owned()],
        objective: Objective::Return,
        left_out: grid.len() - rows.len(),
        folds: folds.collect(),
        findings: about().findings,
        checked: about().checked,
        notes: about().notes,
        grid,
        rows,
    }
}

#[test]
fn a_grid_is_a_table_a_map_and_a_page() {
    let report = grid();
    assert_eq!((report.rows.len(), report.left_out), (5, 1));
    let ranked = report.ranked();
    assert!(ranked.is_sorted_by(|a, b| a.stats.total_return >= b.stats.total_return));
    let best = report.objective.best(report.rows.iter().map(|row| &row.stats)).unwrap();
    assert_eq!(report.rows[best].point, ranked[0].point);
    let text = report.text();
    assert!(text.contains("5 combinations, 1 left out") && text.contains("fast \\ slow"), "{text}");
    assert!(text.contains("walk-forward") && text.contains("1970-01-01T00:00:50Z"), "{text}");
    for said in ["gap of BTC/USD", "0 left out", "another name", "tape sample"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(report.record()["findings"][0]["count"], 2);
    assert_eq!(report.csv().lines().count(), 6);
    let page = report.page();
    assert!(page.contains("\"rowKey\":\"fast\"") && !page.contains("{{"), "{page}");
    let cells = page.split("\"cells\":").nth(1).unwrap();
    // fast=5 with slow=4 is none.
    assert_eq!(cells.split("]]").next().unwrap().matches("null").count(), 1);
}

#[test]
fn a_grid_has_another_digest_when_one_result_has() {
    let report = grid();
    let mut other = report.clone();
    assert_eq!(report.digest(), other.digest());
    other.rows[4].digest.0 ^= 1;
    assert_ne!(report.digest(), other.digest());
}

#[test]
fn little_money_is_shown_with_more_digits() {
    let digits = [0.0, 10_000.0, 100.0, 99.0, 1.14, 0.05, 1e-30].map(text::digits_of);
    assert_eq!(digits, [2, 2, 2, 3, 4, 6, 10]);
}

#[test]
fn an_account_that_owns_nothing_is_told() {
    let mut config = config();
    config.venues[0].balances = [(Asset::new("USD"), Notional::ZERO)].into();
    let (config, result, stats) = run_of("no-op", config);
    let about = about();
    let report = BacktestReport { config: &config, result: &result, stats: &stats, about: &about };
    let text = report.text();
    assert!(text.contains("nothing was owned at 1740992405.315"), "{text}");
}

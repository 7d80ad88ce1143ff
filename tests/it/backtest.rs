//! `wavetank backtest` as its users call it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{recording, root, wavetank};

const TAPE: &str = "data/tapes/BTCUSD_sample_30m.csv";
const EMA: &str = "ema-cross:fast=3,slow=8,qty=0.01,bar_s=5,patience_s=10";

fn backtest(more: &[&str]) -> Value {
    played(EMA, more)
}

fn played(strategy: &str, more: &[&str]) -> Value {
    let arguments = ["backtest", "--tape", TAPE, "--strategy", strategy, "--format", "json"];
    let output = wavetank(&[&arguments[..], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn equal_backtests_in_two_processes_are_equal() {
    let latency = ["--latency", "1ms/2ms..40ms/2ms..40ms", "--seed"];
    let run = |seed: &str| backtest(&[&latency[..], &[seed]].concat());
    assert_eq!(run("7"), run("7"));
    assert_ne!(run("7")["digest"], run("8")["digest"]);
}

#[test]
fn a_backtest_leaves_a_complete_folder() {
    let folder = root().join("target/tests/backtest-folder");
    let record = backtest(&["--out", folder.to_str().expect("a path of ours")]);
    let count = |name: &str| fs::read_to_string(folder.join(name)).expect("saved").lines().count();
    let counted = |key: &str| usize::try_from(record[key].as_u64().expect("a number"));
    assert!(counted("fills").expect("few") > 10);
    assert_eq!(count("fills.csv") - 1, counted("fills").expect("few"));
    assert_eq!(count("orders.csv") - 1, counted("orders").expect("few"));
    assert!(count("equity.csv") > 20 && count("trades.csv") > 5);
    let saved: Value =
        serde_json::from_slice(&fs::read(folder.join("run.json")).expect("saved")).expect("JSON");
    assert_eq!(saved, record);
}

#[test]
fn a_grid_is_the_same_on_any_number_of_threads_and_in_any_process() {
    let grid = |threads: &str| {
        let grid = ["--grid", "fast=2..4,slow=3..9:3", "--walk-forward", "2", "--threads", threads];
        backtest(&grid)
    };
    let one = grid("1");
    assert_eq!(
        (one["rows"].as_array().expect("rows").len(), &one["left_out"]),
        (7, &2.into()),
        "fast below slow"
    );
    assert_eq!(one["folds"].as_array().expect("folds").len(), 2);
    for threads in ["2", "7"] {
        assert_eq!(grid(threads), one, "{threads} threads");
    }
    // A combination of the grid is the run of the same strategy.
    let alone = played("ema-cross:qty=0.01,bar_s=5,patience_s=10,fast=3,slow=9", &[]);
    let same = |row: &&Value| row["parameters"]["fast"] == "3" && row["parameters"]["slow"] == "9";
    let row = one["rows"].as_array().expect("rows").iter().find(same).expect("a combination");
    assert_eq!((&row["digest"], &row["stats"]), (&alone["digest"], &alone["stats"]));
}

#[test]
fn two_venues_have_one_portfolio() {
    let far = format!("far:BTC/USDT={TAPE}");
    let near = format!("BTC/USD={TAPE}");
    let output = wavetank(&[
        "backtest",
        "--tape",
        &near,
        "--tape",
        &far,
        "--strategy",
        EMA,
        "--format",
        "json",
        "--at-par",
        "USDT",
        "--balance",
        "USD=5000",
        "--balance",
        "far:USDT=7000",
        "--fees",
        "far:0/0",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let record: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let venues = record["venues"].as_array().expect("venues");
    assert_eq!((venues.len(), &venues[1]["name"]), (2, &"far".into()));
    assert_eq!(venues[1]["initial"]["USDT"], "7000");
    assert!(record["fills"].as_u64().expect("a number") > 20);
}

/// The trade list of backtesting.py, through the command line alone: the arguments stand in the guide.
#[test]
fn the_oracle_is_reproduced_by_arguments() {
    let Some(input) = recording("oracles/input_GOOG.csv") else { return };
    let expected = recording("oracles/goog_smacross_c002_excl.trades.csv").expect("beside it");
    let folder = root().join("target/tests/oracle");
    let tape = format!("GOOG/USD={}", input.display());
    let conventions = include_str!("../../crates/backtest/src/guide.md");
    let (_, rest) = conventions.split_once("```text\n").expect("the arguments");
    let (arguments, _) = rest.split_once("```").expect("their end");
    let arguments: Vec<_> = arguments.split_whitespace().filter(|part| *part != "\\").collect();
    assert_eq!(arguments[..2], ["wavetank", "backtest"]);
    let files = ["--tape", &tape, "--out", folder.to_str().expect("a path of ours")];
    let output = wavetank(&[&arguments[1..], &files].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = |path: &Path| -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(path).expect("readable");
        reader.deserialize().map(|row| row.expect("a row")).collect()
    };
    let (found, expected) = (rows(&folder.join("trades.csv")), rows(&expected));
    assert_eq!((found.len(), expected.len()), (93, 93));
    for (found, expected) in found.iter().zip(&expected) {
        let near = |ours: &str, theirs: &str| {
            let [a, b] =
                [&found[ours], &expected[theirs]].map(|v| v.parse::<f64>().expect("a number"));
            assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{found:?} {expected:?}");
        };
        near("size", "Size");
        near("entry_price", "EntryPrice");
        near("exit_price", "ExitPrice");
        near("pnl", "PnL");
        near("fees", "Commission");
    }
}

#[test]
fn the_text_has_the_result_at_a_glance() {
    let output = wavetank(&["backtest", "--tape", TAPE, "--strategy", EMA]);
    let text = String::from_utf8(output.stdout).expect("text");
    for word in ["equity", "max drawdown", "Sharpe", "exposure", "turnover", "fees", "digest"] {
        assert!(text.contains(word), "`{word}` is missing in:\n{text}");
    }
}

#[test]
fn bad_input_is_one_line_and_ends_with_1() {
    let check = |arguments: &[&str], message: &str| {
        let output = wavetank(&[&["backtest", "--strategy", "no-op"], arguments].concat());
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.lines().count() == 1 && err.contains(message), "{err}");
    };
    check(&["--tape", "nowhere.csv"], "nowhere.csv");
    check(&["--tape", "Cargo.toml"], "Cargo.toml");
    check(&["--tape", TAPE, "--fees", "1"], "--fees 1: expected MAKER/TAKER");
}

const CONFIG: &str = "examples/backtest.toml";

/// A run of the example, with more arguments.
fn configured(more: &[&str]) -> Value {
    let output = wavetank(&[&["backtest", "--format", "json", "--config", CONFIG], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn the_example_of_a_file_runs_and_arguments_go_before_it() {
    let record = configured(&[]);
    let venues = record["venues"].as_array().expect("venues");
    assert_eq!(venues.len(), 2);
    assert_eq!(venues[0]["fees_ppm"]["taker"], 2_400, "the tier of its volume");
    assert_eq!(venues[0]["latency_ns"]["feed"], serde_json::json!([2_000_000, 2_000_000]));
    assert_eq!(venues[0]["latency_ns"]["entry"], serde_json::json!([18_000_000, 64_000_000]));
    assert_eq!(venues[1]["initial"]["USDT"], "5000");
    assert!(record["fills"].as_u64().expect("a number") > 20);
    assert_eq!(configured(&[]), record);
    let other = configured(&["--fees", "0/0", "--balance", "USD=20000"]);
    assert_eq!(other["venues"][1]["fees_ppm"]["taker"], 0);
    assert_eq!(other["venues"][0]["initial"]["USD"], "20000");
    assert_eq!(other["venues"][1]["initial"]["USDT"], "5000", "nobody said another one");
}

#[test]
fn a_file_says_what_arguments_say() {
    let path = root().join("target/tests/backtest-same.toml");
    let tape = root().join(TAPE);
    let text = format!(
        "strategy = \"{EMA}\"\n[[venue]]\nfees = \"1/2\"\nlatency = \"1ms/2ms..9ms/3ms\"\n\
         balance = {{ USD = \"5000\" }}\n[[market]]\nsymbol = \"BTC/USD\"\ntape = [{tape:?}]\n\
         fill = \"next\"\nslippage = \"3\"\n"
    );
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, text).expect("writable");
    let arguments = ["--fees", "1/2", "--latency", "1ms/2ms..9ms/3ms", "--balance", "USD=5000"];
    let by_arguments = backtest(&[&arguments[..], &["--fill", "next", "--slippage", "3"]].concat());
    let path = path.to_str().expect("a path of ours");
    let output = wavetank(&["backtest", "--format", "json", "--config", path]);
    let by_file: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(
        (&by_file["digest"], &by_file["stats"]),
        (&by_arguments["digest"], &by_arguments["stats"])
    );
}

#[test]
fn a_wrong_file_is_named_with_line_and_key() {
    let example = fs::read_to_string(root().join(CONFIG)).expect("an example");
    let example = example.replace("../data", root().join("data").to_str().expect("a path of ours"));
    let folder = root().join("target/tests/backtest-config/of");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("wrong.toml");
    let check = |from: &str, to: &str, message: &str| {
        assert!(example.contains(from), "{from}");
        fs::write(&path, example.replacen(from, to, 1)).expect("writable");
        let path = path.to_str().expect("a path of ours");
        let output = wavetank(&["backtest", "--config", path]);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.starts_with(&format!("error: {path}")) && err.lines().count() == 1, "{err}");
        assert!(err.contains(message), "{err}");
    };
    fs::copy(root().join("examples/latencies.txt"), folder.join("latencies.txt")).expect("copied");
    check(
        "currency",
        "curency",
        ":7: unknown key `curency` at the top of the file; did you mean `currency`?",
    );
    check("funding", "fundin", "unknown key `fundin` in [[venue]]; did you mean `funding`?");
    check("[[venue]]", "[[venues]]", ":16: unknown table [venues]; did you mean `venue`?");
    check("\"nearest\"", "\"nearer\"", ":10: ");
    check("\"0.5\"", "\"half\"", ":43: `slippage`: `half`");
    check("\"14/24\"", "\"14\"", ":19: `tiers`: fees 14: expected MAKER/TAKER");
    check("\"60000\"", "\"much\"", "`tiers`: volume much");
    check("price_decimals = 1", "price_decimals = 12", ":39: `price_decimals`: expected 0 to 9");
    check("name = \"far\"", "name = \"off\"", ": `name`: expected a venue that a market is of");
    check("latencies.txt", "nowhere.txt", "nowhere.txt: expected a file of recorded latencies");
    check("\"spot\"", "\"loan\"", ":27: `funding`: expected spot or margin:LEVERAGE");
    check("ema-cross:fast=3", "ema-cross:fast=x", ":6: `strategy`: ");
    check("# queue_power = 2", "queue_power = 4", "`queue_power`: expected 1 to 3");
    check("# queue_power", "queue_power", "`queue_power`: expected for a recorded book");
}

#[test]
fn a_strategy_that_could_never_trade_is_refused() {
    let check = |strategy: &str, more: &[&str], message: &str| {
        let run = ["backtest", "--tape", TAPE, "--strategy", strategy];
        let output = wavetank(&[&run[..], more].concat());
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && err.contains(message), "{err}");
    };
    let no_bars = "the strategy acts on bars, of which this tape has none; expected a tape of bars";
    check("sma-cross", &[], no_bars);
    check("sma-cross", &["--grid", "fast=2..4"], no_bars);
    let steps = "`qty=1.5`: BTC/USD is traded in steps of 1 (--quantity-decimals)";
    check("ema-cross:qty=1.5", &["--quantity-decimals", "0"], steps);
    let none = "no combination makes a strategy: parameter `slow=26`: expected more bars";
    check("ema-cross", &["--grid", "fast=30|40"], none);
}

/// The first rows of a file need not have the digits of all: it is played again with more, as if they had been told.
#[test]
fn prices_that_get_more_digits_later_are_played_with_these() {
    let folder = root().join("target/tests/finer-prices");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("trades.csv");
    let row = |n: u32| {
        let more = if n < 30_000 { "" } else { "25" };
        format!("{},1.{:02}{more},5\n", 1_700_000_000 + n, 10 + n * 37 % 80)
    };
    fs::write(&path, (0..31_000).map(row).collect::<String>()).expect("writable");
    let path = path.to_str().expect("a path of ours");
    let run = |more: &[&str]| {
        let files = ["backtest", "--tape", path, "--strategy", EMA, "--format", "json"];
        wavetank(&[&files[..], more].concat())
    };
    let json = |more: &[&str]| {
        let output = run(more);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).expect("one JSON object")
    };
    let (found, told) = (json(&[]), json(&["--price-decimals", "4"]));
    assert_eq!(found["digest"], told["digest"]);
    assert!(found["fills"].as_u64().expect("a number") > 10);
    let note = format!("prices of BTC/USD have 4 digits after the point, from {path}:30001 on");
    assert!(found.to_string().contains(&note), "{found}");
    let grid = ["--grid", "fast=2..4"];
    assert!(json(&grid).to_string().contains(&note), "a grid, too");
    let refused = run(&["--price-decimals", "2"]);
    let err = String::from_utf8_lossy(&refused.stderr);
    let expected = format!("{path}:30001: a price of 1.1025, off the market's steps: it has 2");
    assert!(refused.status.code() == Some(1) && err.contains(&expected), "{err}");
}

#[test]
fn markets_with_bars_of_several_lengths_are_played_on_the_longest() {
    let folder = root().join("target/tests/bars-of-two-lengths");
    fs::create_dir_all(&folder).expect("a folder");
    let tape = |symbol: &str, step: u32| {
        let path = folder.join(format!("{step}.csv"));
        let row = |n: u32| {
            let (time, price) = (1_700_000_100 + n * step, 100 + n * 37 % 11);
            format!("{time},{price},{price},{price},{price},1,1\n")
        };
        fs::write(&path, (0..6_000 / step).map(row).collect::<String>()).expect("writable");
        format!("{symbol}={}", path.display())
    };
    let (short, long) = (tape("BTC/USD", 60), tape("ETH/USD", 300));
    let run = |first: &str, second: &str, strategy: &str| {
        let files = ["--tape", first, "--tape", second, "--strategy", strategy];
        let output = wavetank(&[&["backtest", "--format", "json"], &files[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).expect("one JSON object")["stats"].clone()
    };
    let stats = run(&short, &long, "ema-cross:fast=1,slow=3");
    assert!(stats["trades"].as_u64().expect("a number") > 2, "{stats}");
    assert_eq!(run(&short, &long, "ema-cross:fast=1,slow=3,bar_s=300"), stats);
    assert_eq!(run(&long, &short, "ema-cross:fast=1,slow=3")["trades"], stats["trades"]);
}

#[test]
fn a_recorded_book_and_its_trades_are_played_together() {
    let Some(path) = recording("binance/ws_raw_spot/btcusdt_20240808.gz") else { return };
    let part = |choice: &str| format!("{}#BTCUSDT,{choice}", path.display());
    let (book, trades) = (part("book"), part("trades"));
    let market = ["--symbol", "BTC/USDT", "--price-decimals", "2", "--balance", "USDT=10000"];
    let play = |files: &[&str], more: &[&str]| {
        let strategy = ["backtest", "--strategy", "quoter", "--format", "json", "--latency", "5ms"];
        let output = wavetank(&[&strategy[..], &market, files, more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).expect("one JSON object")
    };
    let record = play(&["--tape", &book, "--tape", &trades], &[]);
    assert_eq!(record["data"]["trades"], 9_757);
    assert!(record["orders"].as_u64().expect("a number") > 0, "{record}");
    let turned = play(&["--tape", &trades, "--tape", &book], &[]);
    assert_eq!(turned["digest"], record["digest"], "the order of the files says nothing");
    let refused = |arguments: &[&str], message: &str| {
        let output = wavetank(&[&["backtest", "--strategy", "quoter"], arguments].concat());
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && err.contains(message), "{err}");
    };
    let other = recording("binance/aggTrades/XRPETH-aggTrades-2019-10-11.csv").expect("beside it");
    let other = other.to_str().expect("a path of ours");
    refused(&["--tape", &trades, "--tape", other], ": a tape of BTCUSDT, but ");
    let bars = recording("binance/klines_1m_usdm/FILUSDT-1m-2025-02.csv.gz").expect("beside it");
    refused(&["--tape", &trades, "--tape", bars.to_str().expect("ours")], ": bars beside ");
    refused(
        &["--tape", &book],
        "is a tape of BTCUSDT, not of BTC/USD; expected --symbol BASE/QUOTE",
    );
    let market = ["--symbol", "BTC/USDT", "--tape", &book];
    let with = |more: &[&'static str]| [&market[..], more].concat();
    refused(&with(&["--fill", "next"]), "--fill: orders on a recorded book fill in it");
    refused(&with(&[]), "the strategy acts on trades, of which this tape has none");
    refused(&["--tape", TAPE, "--queue-power", "2"], "--queue-power: BTC/USD has no recorded book");
    refused(&["--tape", TAPE, "--price-decimals", "0"], "; expected --price-decimals 1");
    refused(&["--tape", TAPE, "--on", "not-positive=keep"], "a backtest cannot play such trades");
}

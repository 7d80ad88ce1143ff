//! The arguments of `wavetank backtest`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use backtest::stats::N_ALWAYS_OPEN;
use backtest::{BacktestConfig, Latency, LatencyConfig};
use clap::Args;
use matching::FeeRates;
use model::{Asset, Instrument, Notional, Price, Quantity, Symbol};

use crate::args::Format;

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct BacktestArgs {
    /// Recorded trades in Kraken's trade archive format: `timestamp,price,volume`, no header
    #[arg(long, value_name = "FILE")]
    pub(crate) tape: PathBuf,

    /// Strategy with parameters: ema-cross:fast=12,slow=26 | quoter:... | no-op
    #[arg(long, value_name = "SPEC")]
    pub(crate) strategy: String,

    /// What is traded, BASE/QUOTE
    #[arg(long, value_name = "SYMBOL", default_value = "BTC/USD")]
    pub(crate) symbol: String,

    /// Digits after the point of a price; a price moves in such steps
    #[arg(long, value_name = "DIGITS", default_value_t = 1)]
    pub(crate) price_decimals: u32,

    /// Fees in basis points of the cost: MAKER/TAKER, up to two digits after the point
    #[arg(long, value_name = "BPS", default_value = "25/40", allow_hyphen_values = true)]
    pub(crate) fees: String,

    /// How long messages travel: one time for all ways, or FEED/ENTRY/RESPONSE; a range MIN..MAX is
    /// drawn for each message
    #[arg(long, value_name = "TIME", default_value = "0ms")]
    pub(crate) latency: String,

    /// What the account owns at the start: AMOUNT ASSET pairs, for example USD=10000,BTC=0.5
    #[arg(long, value_name = "BALANCES", default_value = "USD=10000")]
    pub(crate) balance: String,

    /// Seed of drawn latencies: a number, 0x hex, or a git commit
    #[arg(long, value_parser = scenario::parse_seed, default_value = "0")]
    pub(crate) seed: u64,

    /// Time between two points of the equity curve
    #[arg(long, value_name = "TIME", value_parser = scenario::parse_duration, default_value = "1h")]
    pub(crate) equity_every: Duration,

    /// Days per year that the ratios assume
    #[arg(long, value_name = "N", default_value_t = N_ALWAYS_OPEN)]
    pub(crate) periods_per_year: f64,

    /// Save fills.csv, orders.csv, equity.csv and run.json in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// No progress
    #[arg(long)]
    pub(crate) quiet: bool,
}

const HELP: &str = "\
Try:
  wavetank tape generate --seed 3 --out market.csv
  wavetank backtest --tape market.csv --strategy ema-cross:fast=5,slow=20 --out result
  wavetank backtest --tape market.csv --strategy quoter --latency 2ms/5ms..20ms/2ms --seed 7

Trades play against a synthetic book around the last trade; every rule, and what is unrealistic about
it, stands in crates/matching/src/rules.md. Ratios are of daily returns: definitions in
crates/backtest/src/stats.rs.";

/// Digits of a quantity: those of the money type, so that every tape fits.
const QUANTITY_DECIMALS: u32 = 8;
/// Digits of a cost and a fee.
const COST_DECIMALS: u32 = 8;

impl BacktestArgs {
    /// The configuration that the arguments describe.
    pub(crate) fn config(&self) -> anyhow::Result<BacktestConfig> {
        let mut config = BacktestConfig::spot(self.instrument()?, self.balances()?);
        config.fees = fees(&self.fees)?;
        config.latency = latencies(&self.latency)?;
        config.seed = self.seed;
        config.equity_every = self.equity_every;
        let days = self.periods_per_year;
        ensure!(days.is_finite() && days > 0.0, "--periods-per-year {days}: expected above zero");
        Ok(config)
    }

    fn instrument(&self) -> anyhow::Result<Instrument> {
        let parts = self.symbol.split_once('/').filter(|(b, q)| !b.is_empty() && !q.is_empty());
        let (base, quote) =
            parts.ok_or_else(|| anyhow!("--symbol {}: expected BASE/QUOTE", self.symbol))?;
        let digits = self.price_decimals;
        ensure!(digits <= Price::DECIMALS, "--price-decimals {digits}: expected 0 to 9");
        Ok(Instrument {
            symbol: Symbol::new(&self.symbol),
            base: Asset::new(base),
            quote: Asset::new(quote),
            price_decimals: digits,
            quantity_decimals: QUANTITY_DECIMALS,
            cost_decimals: COST_DECIMALS,
            tick_size: Price::step(digits),
            quantity_min: Quantity::step(QUANTITY_DECIMALS),
            cost_min: Notional::ZERO,
        })
    }

    fn balances(&self) -> anyhow::Result<BTreeMap<Asset, Notional>> {
        let pair = |part: &str| {
            let (asset, amount) = part
                .split_once('=')
                .with_context(|| format!("--balance {part}: expected ASSET=AMOUNT"))?;
            let amount =
                Notional::parse(amount.trim()).with_context(|| format!("--balance {part}"))?;
            Ok((Asset::new(asset.trim()), amount))
        };
        self.balance.split(',').map(pair).collect()
    }
}

/// `MAKER/TAKER` in basis points.
fn fees(text: &str) -> anyhow::Result<FeeRates> {
    let ppm = |part: &str| {
        let bps = Price::parse(part.trim()).with_context(|| format!("--fees {text}"))?;
        let step = Price::step(2).raw();
        ensure!(
            bps.raw() % step == 0,
            "--fees {text}: expected at most two digits after the point"
        );
        Ok(bps.raw() / step)
    };
    let (maker, taker) =
        text.split_once('/').with_context(|| format!("--fees {text}: expected MAKER/TAKER"))?;
    Ok(FeeRates { maker_ppm: ppm(maker)?, taker_ppm: ppm(taker)? })
}

/// One latency for all ways, or `FEED/ENTRY/RESPONSE`.
fn latencies(text: &str) -> anyhow::Result<LatencyConfig> {
    let parts: Vec<&str> = text.split('/').collect();
    let one = |part: &str| latency(part).with_context(|| format!("--latency {text}"));
    match parts[..] {
        [all] => {
            let all = one(all)?;
            Ok(LatencyConfig { feed: all, entry: all, response: all })
        }
        [feed, entry, response] => {
            Ok(LatencyConfig { feed: one(feed)?, entry: one(entry)?, response: one(response)? })
        }
        _ => Err(anyhow!("--latency {text}: expected TIME or FEED/ENTRY/RESPONSE")),
    }
}

/// `5ms`, or `5ms..20ms`.
fn latency(text: &str) -> anyhow::Result<Latency> {
    let time = |text: &str| scenario::parse_duration(text.trim()).map_err(|error| anyhow!(error));
    match text.split_once("..") {
        Some((min, max)) => Ok(Latency::Uniform { min: time(min)?, max: time(max)? }),
        None => Ok(Latency::Constant(time(text)?)),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        args: BacktestArgs,
    }

    fn config(more: &[&str]) -> anyhow::Result<BacktestConfig> {
        let program = ["backtest", "--tape", "x.csv", "--strategy", "no-op"];
        let program = Program::try_parse_from(program.iter().chain(more));
        program.map_err(anyhow::Error::from)?.args.config()
    }

    #[test]
    fn arguments_become_a_configuration() {
        let more =
            ["--fees", "-2/7.5", "--latency", "2ms/5ms..20ms/1ms", "--balance", "EUR=1,BTC=2"];
        let config = config(&[&more[..], &["--symbol", "BTC/EUR"]].concat()).unwrap();
        assert_eq!((config.fees.maker_ppm, config.fees.taker_ppm), (-200, 750));
        let millis = Duration::from_millis;
        assert_eq!(config.latency.feed, Latency::Constant(millis(2)));
        assert_eq!(config.latency.entry, Latency::Uniform { min: millis(5), max: millis(20) });
        assert_eq!(config.balances[&Asset::new("BTC")].to_string(), "2");
        assert_eq!(config.instrument.instrument.quote.as_str(), "EUR");
    }

    #[test]
    fn wrong_arguments_are_named() {
        let check = |more: &[&str], message: &str| {
            let error = format!("{:#}", config(more).unwrap_err());
            assert!(error.contains(message), "{error}");
        };
        check(&["--fees", "10"], "--fees 10: expected MAKER/TAKER");
        check(&["--fees", "1.234/2"], "two digits after the point");
        check(&["--latency", "1ms/2ms"], "--latency 1ms/2ms: expected TIME or");
        check(&["--latency", "soon"], "--latency soon");
        check(&["--balance", "10000"], "--balance 10000: expected ASSET=AMOUNT");
        check(&["--symbol", "BTC"], "--symbol BTC: expected BASE/QUOTE");
        check(&["--price-decimals", "12"], "--price-decimals 12: expected 0 to 9");
        check(&["--periods-per-year", "0"], "--periods-per-year 0: expected above zero");
    }
}

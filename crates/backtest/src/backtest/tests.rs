mod bars;
mod ends;
mod follow;
mod honest;
mod marks;
mod oracle;
mod portfolio;
mod quiet;

use std::convert::Infallible;

use engine::StrategySpec;
use matching::FeeRates;
use model::{Asset, Instrument, Price, Quantity, Symbol};
use tape::{GeneratorConfig, SAMPLE_SEED, TradeGenerator};

use super::*;
use crate::config::BacktestConfig;

pub(super) fn bitcoin() -> Instrument {
    Instrument {
        symbol: Symbol::new("BTC/USD"),
        base: Asset::new("BTC"),
        quote: Asset::new("USD"),
        price_decimals: 1,
        quantity_decimals: 8,
        cost_decimals: 5,
        tick_size: Price::step(1),
        quantity_min: Quantity::parse("0.00005").unwrap(),
        cost_min: Notional::parse("0.5").unwrap(),
    }
}

/// A spot account with 100,000 USD and 1 BTC, and fees.
pub(super) fn config() -> BacktestConfig {
    let amounts = [("USD", "100000"), ("BTC", "1")];
    let balances = amounts.map(|(a, n)| (Asset::new(a), Notional::parse(n).unwrap()));
    let mut config = BacktestConfig::spot(bitcoin(), balances.into());
    config.venues[0].fees = FeeRates::of_ppm(2_500, 4_000);
    config
}

/// Half an hour of generated trades.
pub(super) fn trades() -> Vec<MarketEvent<'static>> {
    let generator = TradeGenerator::new(GeneratorConfig::sample(), SAMPLE_SEED).unwrap();
    generator.map(MarketEvent::from).collect()
}

pub(super) fn strategy(spec: &str) -> Box<dyn Strategy> {
    let spec = StrategySpec::parse(spec).unwrap();
    spec.factory().build(&[Symbol::new("BTC/USD")])
}

pub(super) fn run(
    config: &BacktestConfig,
    events: &[MarketEvent<'static>],
    spec: &str,
) -> BacktestResult {
    let backtest = Backtest::new(config.clone()).unwrap();
    let tape = events.iter().cloned().map(Ok::<_, Infallible>);
    backtest.run(tape, strategy(spec)).unwrap()
}

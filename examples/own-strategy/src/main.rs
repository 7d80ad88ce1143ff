//! A strategy of one's own, played to a recorded market:
//!
//! ```sh
//! cargo run --release -p own-strategy -- data/tapes/BTCUSD_sample_30m.csv result
//! ```
//!
//! The same strategy runs in a simulation and on a real exchange.

use std::error::Error;

use backtest::stats::{N_ALWAYS_OPEN, Stats};
use backtest::{Backtest, BacktestConfig, CheckedTape};
use engine::{Desk, Strategy};
use matching::FeeRates;
use model::{OrderKind, Price, Quantity, Side, TimeInForce, Trade};
use report::{BacktestAbout, BacktestReport};

/// Buys when the price has fallen by a thousandth from its peak, sells when it has risen as much from what
/// it was bought at.
#[derive(Debug, Default)]
struct Dip {
    reference: Price,
}

impl Strategy for Dip {
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        let (price, size) = (trade.price, Quantity::from_raw(1_000_000));
        let holds = desk.position(&trade.symbol).is_positive();
        let step = self.reference.raw() / 1_000;
        let side = if holds { Side::Sell } else { Side::Buy };
        let moved = price.raw() - self.reference.raw();
        let due = if holds { moved >= step } else { moved <= -step && step > 0 };
        if due && desk.orders().working().next().is_none() {
            desk.place(&trade.symbol, side, OrderKind::Market, size, TimeInForce::Ioc);
            self.reference = price;
        } else if !holds {
            self.reference = self.reference.max(price);
        }
    }
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: own-strategy TAPE [FOLDER]")?;
    let mut config = BacktestConfig::of_pair("BTC/USD", 1, &[("USD", "10000")])?;
    config.venues[0].fees = FeeRates::of_ppm(100, 200);
    let backtest = Backtest::new(config)?;
    let result =
        backtest.run(CheckedTape::open(&[file.clone().into()])?, Box::new(Dip::default()))?;
    let stats = Stats::new(&result, N_ALWAYS_OPEN);
    let about = BacktestAbout { tapes: vec![file], strategy: "dip".into(), ..Default::default() };
    let report =
        BacktestReport { config: backtest.config(), result: &result, stats: &stats, about: &about };
    print!("{}", report.text());
    if let Some(folder) = arguments.next() {
        report.save(folder.as_ref())?;
    }
    Ok(())
}

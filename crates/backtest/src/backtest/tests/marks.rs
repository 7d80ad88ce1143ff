//! At which prices a portfolio is counted.

use std::borrow::Cow;
use std::time::Duration;

use engine::Desk;
use matching::{FeeRates, Liquidity, PrintRule};
use model::{Level, OrderKind, Side, TimeInForce, Trade};

use super::bars::px;
use super::portfolio::{tape, two_quotes};
use super::*;
use crate::event::DepthRow;
use crate::latency::Latency;
use crate::tiers::FeeTier;

pub(super) fn depth(second: i64, bid: i64, ask: i64) -> MarketEvent<'static> {
    let level = |price| Level { price: px(price), quantity: Quantity::parse("5").unwrap() };
    MarketEvent::Depth(DepthRow {
        ts: UnixNanos::from_secs(second),
        snapshot: true,
        levels: None,
        bids: Cow::Owned(vec![level(bid)]),
        asks: Cow::Owned(vec![level(ask)]),
    })
}

/// The middle of the best prices counts only until somebody trades.
#[test]
fn a_market_that_has_traded_is_worth_its_last_trade() {
    let marks = |every: u64| {
        let mut config = config();
        config.venues[0].instruments[0].liquidity = Liquidity::Recorded;
        config.equity_every = Duration::from_secs(every);
        let mut events = vec![depth(1, 90, 92)];
        events.extend(tape(&[(2, 91), (3, 92)]));
        events.push(depth(4, 80, 84));
        let result = run(&config, &events, "no-op");
        result.equity.iter().map(|point| point.marks[0].price).collect::<Vec<_>>()
    };
    // A change of the book is no price any more.
    assert_eq!(marks(1), [91, 91, 91, 92].map(px));
    // Also where the trades were gone over at once.
    assert_eq!(marks(60), [91, 92].map(px));
}

/// The curve begins when what markets are quoted in has a price, owned or not.
#[test]
fn the_curve_begins_when_everything_that_may_be_owned_has_a_price() {
    let mut config = two_quotes();
    config.venues[0].balances = [(Asset::new("USD"), Notional::parse("100").unwrap())].into();
    let tapes = [tape(&[(4, 100)]), tape(&[(1, 3), (2, 3)])];
    let tapes = tapes.map(|tape| tape.into_iter().map(Ok::<_, Infallible>));
    let result = Backtest::new(config).unwrap().run_all(tapes.into(), strategy("no-op")).unwrap();
    assert_eq!(result.equity[0].ts.secs(), 4);
}

/// Buys with the first trade.
#[derive(Debug, Default)]
struct BuysOnce(bool);

impl Strategy for BuysOnce {
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        if !std::mem::replace(&mut self.0, true) {
            let size = Quantity::parse("1").unwrap();
            desk.place(&trade.symbol, Side::Buy, OrderKind::Market, size, TimeInForce::Ioc);
        }
    }
}

/// An order that arrives on another day than the event before it pays what its day asks for.
#[test]
fn an_order_pays_the_tier_of_the_time_at_which_it_arrives() {
    const MIDNIGHT: i64 = 86_400;
    let mut config = config();
    let venue = &mut config.venues[0];
    venue.instruments[0].liquidity = Liquidity::Prints(PrintRule::Last);
    venue.latency.entry = Latency::Constant(Duration::from_secs(2));
    let amount = |text: &str| Notional::parse(text).unwrap();
    venue.volume = amount("3000");
    venue.tiers = [("0", 10_000), ("3000", 0)]
        .map(|(volume, ppm)| FeeTier { volume: amount(volume), fees: FeeRates::of_ppm(ppm, ppm) })
        .into();
    let rows = tape(&[(MIDNIGHT - 1, 100), (MIDNIGHT + 3_600, 100)]);
    let tape = rows.into_iter().map(Ok::<_, Infallible>);
    let result = Backtest::new(config).unwrap().run(tape, Box::new(BuysOnce(false))).unwrap();
    let fill = result.fills.iter().next().unwrap();
    assert_eq!((fill.ts.secs(), fill.fee.to_string().as_str()), (MIDNIGHT + 1, "1"));
    let stats = crate::stats::Stats::new(&result, 365.0);
    assert_eq!(stats.maker_share, Some(0.0), "it took");
}

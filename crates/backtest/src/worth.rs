//! What an asset is worth in the currency of the portfolio, through the markets of a run.

use std::collections::{BTreeSet, VecDeque};

use model::{Asset, Notional, Price, UnixNanos};

use crate::config::BacktestConfig;
use crate::record::EquityPoint;

/// `10^9`: steps of a price in one.
const PRICE_ONE: i128 = 1_000_000_000;

/// The markets whose prices turn an asset into money, one after the other: none for money itself, `None` where no
/// way leads there.
///
/// The shortest way; of equally short ones that which begins at the venue, and then at the market with the lowest
/// number.
pub(crate) fn way(config: &BacktestConfig, venue: usize, asset: &Asset) -> Option<Vec<usize>> {
    let venues = config.venues.iter().enumerate();
    let markets: Vec<(usize, &Asset, &Asset)> = venues
        .flat_map(|(venue, of)| of.instruments.iter().map(move |of| (venue, &of.instrument)))
        .map(|(venue, of)| (venue, &of.base, &of.quote))
        .collect();
    let mut numbers: Vec<usize> = (0..markets.len()).collect();
    // Stable: those of the venue first.
    numbers.sort_by_key(|at| markets[*at].0 != venue);
    let mut seen = BTreeSet::from([asset]);
    let mut ways = VecDeque::from([(asset, Vec::new())]);
    while let Some((asset, way)) = ways.pop_front() {
        if config.is_money(asset) {
            return Some(way);
        }
        for at in &numbers {
            let (_, base, quote) = markets[*at];
            if base == asset && seen.insert(quote) {
                ways.push_back((quote, way.iter().copied().chain([*at]).collect()));
            }
        }
    }
    None
}

/// An amount of a market's base asset in its quote asset, rounded down where it is beyond the last digit.
pub(crate) fn through(amount: Notional, price: Price) -> Notional {
    let (raw, price) = (amount.raw(), i128::from(price.raw()));
    let (whole, rest) = (raw.div_euclid(PRICE_ONE), raw.rem_euclid(PRICE_ONE));
    let worth = whole.checked_mul(price);
    let worth = worth.and_then(|worth| worth.checked_add(rest * price / PRICE_ONE));
    // What is beyond the range is beyond every account.
    Notional::from_raw(worth.unwrap_or(if raw < 0 { -i128::MAX } else { i128::MAX }))
}

/// Turns amounts of markets' quote assets into the currency: at the prices of the last point of the equity curve
/// before them, or of its first one.
#[derive(Debug)]
pub struct Rates<'r> {
    /// From each market's quote asset on.
    ways: &'r [Vec<usize>],
    points: &'r [EquityPoint],
}

impl<'r> Rates<'r> {
    pub(crate) const fn new(ways: &'r [Vec<usize>], points: &'r [EquityPoint]) -> Self {
        Self { ways, points }
    }

    /// An amount of what a market is quoted in.
    pub fn convert(&self, market: usize, ts: UnixNanos, amount: Notional) -> Notional {
        let Some(way) = self.ways.get(market).filter(|way| !way.is_empty()) else { return amount };
        let behind = self.points.partition_point(|point| point.ts <= ts);
        let point = self.points.get(behind.saturating_sub(1));
        let price = |at: &usize| {
            let mark = point.and_then(|point| point.marks.get(*at));
            mark.map_or(Price::ZERO, |mark| mark.price)
        };
        way.iter().fold(amount, |amount, at| through(amount, price(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_go_through_prices_exactly() {
        let check = |amount: &str, price: &str, expected: &str| {
            let (amount, price) = (Notional::parse(amount).unwrap(), Price::parse(price).unwrap());
            assert_eq!(through(amount, price).to_string(), expected);
        };
        check("2", "60000.5", "120001");
        check("-0.00000001", "60000", "-0.0006");
        check("0.00000000000000001", "60000", "0.0000000000006");
        check("1000000000", "9223372036", "9223372036000000000");
    }

    /// What happens at the time of a point happens at its prices.
    #[test]
    fn the_last_point_counts_also_at_its_own_time() {
        let point = |second: i64, price: &str| EquityPoint {
            ts: UnixNanos::from_secs(second),
            equity: Notional::ZERO,
            marks: [crate::record::Mark {
                price: Price::parse(price).unwrap(),
                base: Notional::ZERO,
            }]
            .into(),
        };
        let points = [point(1, "10"), point(5, "20")];
        let ways = [vec![], vec![0]];
        let rates = Rates::new(&ways, &points);
        let one = Notional::parse("1").unwrap();
        let at =
            |market, second| rates.convert(market, UnixNanos::from_secs(second), one).to_string();
        assert_eq!(
            [at(1, 0), at(1, 1), at(1, 4), at(1, 5), at(1, 9)],
            ["10", "10", "10", "20", "20"]
        );
        assert_eq!(at(0, 5), "1");
    }
}

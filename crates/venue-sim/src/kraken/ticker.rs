//! Statistics of the day and of the last 24 hours, for `Ticker`.

use std::collections::VecDeque;
use std::time::Duration;

use model::{Price, Quantity, Trade, UnixNanos};
use serde::Serialize;

use crate::kraken::candles::Candle;
use crate::kraken::venue::Listed;

/// Width of a bucket: the last 24 hours are known to this precision.
const BUCKET: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Digits of a quantity.
const LOTS: u32 = 8;
/// Buckets that 24 hours touch.
const BUCKETS_KEPT: usize = 24 * 60 + 1;

/// Trades of the last 24 hours, in buckets of a minute.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticker {
    buckets: VecDeque<Candle>,
    last: Option<(Price, Quantity)>,
}

impl Ticker {
    pub(crate) fn on_trade(&mut self, trade: &Trade) {
        self.last = Some((trade.price, trade.quantity));
        Candle::of(trade).enter(&mut self.buckets, BUCKET, BUCKETS_KEPT);
    }

    /// Price and quantity of the last trade.
    pub(crate) const fn last(&self) -> Option<(Price, Quantity)> {
        self.last
    }

    /// Sums since midnight UTC; `None` without trades.
    pub(crate) fn today(&self, now: UnixNanos) -> Option<Candle> {
        self.sum_since(now.floor_to(DAY))
    }

    /// Sums over the last 24 hours; `None` without trades.
    pub(crate) fn last_day(&self, now: UnixNanos) -> Option<Candle> {
        let day = i64::try_from(DAY.as_nanos()).expect("a day is short");
        let from = UnixNanos::from_nanos(now.as_nanos().saturating_sub(day));
        self.sum_since(from.floor_to(BUCKET))
    }

    fn sum_since(&self, from: UnixNanos) -> Option<Candle> {
        let wanted = self.buckets.iter().filter(|bucket| bucket.start >= from);
        wanted.copied().reduce(|mut sum, bucket| {
            sum.merge(&bucket);
            sum
        })
    }
}

/// What REST and WebSocket v1 show alike: of today, then of the last 24 hours.
#[derive(Serialize)]
pub(crate) struct Statistics {
    /// Price and quantity of the last trade.
    c: [String; 2],
    /// Volume.
    v: [String; 2],
    /// Average price.
    p: [String; 2],
    /// Trades.
    t: [u64; 2],
    /// Lowest price.
    l: [String; 2],
    /// Highest price.
    h: [String; 2],
}

impl Listed {
    /// The statistics of a pair and the first prices of both spans. One that never traded shows zeros.
    pub(crate) fn statistics(&self, now: UnixNanos) -> (Statistics, [String; 2]) {
        let rules = &self.pair.instrument;
        let price = |price: Price| price.to_fixed(rules.cost_decimals);
        let lots = |quantity: Quantity| quantity.to_fixed(LOTS);
        let middle = (self.reference().unwrap_or(Price::ZERO), Quantity::ZERO);
        let (last, quantity) = self.ticker.last().unwrap_or(middle);
        let flat = Candle::flat(last, UnixNanos::ZERO);
        let spans = [self.ticker.today(now), self.ticker.last_day(now)];
        let spans = spans.map(|span| span.unwrap_or(flat));
        let vwap = |span: Candle| price(span.vwap(rules.cost_decimals).unwrap_or(span.open));
        let statistics = Statistics {
            c: [price(last), lots(quantity)],
            v: spans.map(|span| lots(span.volume)),
            p: spans.map(vwap),
            t: spans.map(|span| span.trades),
            l: spans.map(|span| price(span.low)),
            h: spans.map(|span| price(span.high)),
        };
        (statistics, spans.map(|span| price(span.open)))
    }
}

#[cfg(test)]
mod tests {
    use model::{Side, Symbol};

    use super::*;
    use crate::kraken::pair::Pair;
    use crate::kraken::wire::json;

    fn trade(seconds: i64, price: &str) -> Trade {
        Trade {
            symbol: Symbol::new("BTC/USD"),
            venue_ts: UnixNanos::from_secs(seconds),
            price: Price::parse(price).unwrap(),
            quantity: Quantity::parse("2").unwrap(),
            taker_side: Some(Side::Buy),
            trade_id: None,
        }
    }

    #[test]
    fn the_day_ends_at_midnight_and_the_24_hours_move() {
        let mut ticker = Ticker::default();
        let day = 86_400;
        for (seconds, price) in [(0, "5"), (day - 60, "7"), (day, "10"), (day + 30, "8")] {
            ticker.on_trade(&trade(seconds, price));
        }
        let now = UnixNanos::from_secs(day + 100);
        let today = ticker.today(now).unwrap();
        assert_eq!(today.trades, 2);
        assert_eq!(today.open, Price::parse("10").unwrap());
        assert_eq!(today.vwap(2), Price::parse("9").ok());
        let last_day = ticker.last_day(now).unwrap();
        assert_eq!(last_day.trades, 3);
        assert_eq!(last_day.low, Price::parse("7").unwrap());
        assert_eq!(ticker.last().unwrap().0, Price::parse("8").unwrap());
    }
    #[test]
    fn statistics_show_today_first_and_then_the_24_hours() {
        let pair = Pair::by_symbol(&Symbol::new("BTC/USD")).unwrap();
        let mut listed = Listed::new(pair);
        let day = 86_400;
        for (seconds, price) in [(day - 60, "7"), (day, "10"), (day + 30, "8")] {
            listed.ticker.on_trade(&trade(seconds, price));
        }
        let (statistics, opened) = listed.statistics(UnixNanos::from_secs(day + 100));
        let expected = r#"{"c":["8.00000","2.00000000"],"v":["4.00000000","6.00000000"],"#
            .to_owned()
            + r#""p":["9.00000","8.33333"],"t":[2,3],"l":["8.00000","7.00000"],"#
            + r#""h":["10.00000","10.00000"]}"#;
        assert_eq!(json(&statistics), expected);
        assert_eq!(opened, ["10.00000", "7.00000"]);
    }
}

//! `Ticker`.

use model::{Level, Notional, Price, Quantity, UnixNanos};
use serde::Serialize;

use crate::kraken::rest::public::key_of;
use crate::kraken::rest::{Args, MethodResult};
use crate::kraken::ticker::Statistics;
use crate::kraken::venue::{Listed, Venue};
use crate::kraken::wire::{Keyed, json};

/// Per side: price, whole lots, lots with three digits.
type Quote = [String; 3];

#[derive(Serialize)]
struct TickerRow {
    a: Quote,
    b: Quote,
    #[serde(flatten)]
    statistics: Statistics,
    o: String,
}

impl Venue {
    /// `Ticker`. A pair that never traded shows zeros.
    pub(super) fn ticker(&self, args: &Args, now: UnixNanos) -> MethodResult {
        let listed = self.pairs_of(args)?.into_iter();
        let rows = listed.map(|listed| (key_of(&listed.pair, args), ticker_row(listed, now)));
        Ok(json(&Keyed(rows.collect())))
    }
}

fn ticker_row(listed: &Listed, now: UnixNanos) -> TickerRow {
    let decimals = listed.pair.instrument.cost_decimals;
    let price = |price: Price| price.to_fixed(decimals);
    let (statistics, [opened, _]) = listed.statistics(now);
    let quote = |levels: &[Level]| {
        let best = levels.first().copied();
        let quantity = best.map_or(Quantity::ZERO, |level| level.quantity);
        let lots = Notional::from_quantity(quantity);
        let whole = lots.to_fixed(0);
        [
            price(best.map_or(Price::ZERO, |level| level.price)),
            if whole == "0" { "1".to_owned() } else { whole },
            quantity.to_fixed(3),
        ]
    };
    TickerRow { a: quote(&listed.book.asks), b: quote(&listed.book.bids), statistics, o: opened }
}

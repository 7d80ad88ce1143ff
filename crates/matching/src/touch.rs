//! The best prices of a market.

use std::fmt;

use model::Price;

/// Best bid and best ask of a market, either of which may be missing: two words, which are cheap to pass on and to
/// compare.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Touch {
    /// Steps of a price; zero where there is none.
    bid: i64,
    /// As `bid`.
    ask: i64,
}

impl Touch {
    /// Neither of them.
    pub const NOTHING: Self = Self { bid: 0, ask: 0 };

    /// Two prices above zero.
    pub fn new(bid: Option<Price>, ask: Option<Price>) -> Self {
        Self { bid: bid.map_or(0, Price::raw), ask: ask.map_or(0, Price::raw) }
    }

    /// One price above zero as both.
    pub const fn of(price: Price) -> Self {
        Self { bid: price.raw(), ask: price.raw() }
    }

    /// The best bid.
    pub fn bid(self) -> Option<Price> {
        (self.bid > 0).then(|| Price::from_raw(self.bid))
    }

    /// The best ask.
    pub fn ask(self) -> Option<Price> {
        (self.ask > 0).then(|| Price::from_raw(self.ask))
    }
}

impl fmt::Debug for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Touch").field("bid", &self.bid()).field("ask", &self.ask()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_stays_missing() {
        let (low, high) = (Some(Price::step(2)), Some(Price::step(0)));
        for (bid, ask) in [(None, None), (low, None), (None, high), (low, high)] {
            let touch = Touch::new(bid, ask);
            assert_eq!((touch.bid(), touch.ask()), (bid, ask));
        }
        assert_eq!(Touch::of(Price::step(0)), Touch::new(high, high));
        assert_eq!(Touch::default(), Touch::NOTHING);
    }
}

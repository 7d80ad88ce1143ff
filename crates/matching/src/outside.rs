//! The liquidity of everybody else: a synthetic book around the last trade, or a recorded one.

use model::{Instrument, Level, Price, Quantity, Side, Trade};

use crate::config::{Liquidity, PrintRule, SyntheticConfig};
use crate::ladder::is_better;
use crate::touch::Touch;

/// Levels of one side, best first.
pub(crate) type Levels = Vec<Level>;

/// Both sides of the market without our orders.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    liquidity: Liquidity,
    tick: i64,
    lot: Quantity,
    quantity_min: Quantity,
    last: Option<LastTrade>,
    /// True when `bids` and `asks` do not yet follow `last`.
    stale: bool,
    /// Levels of a side that the tape shows at most.
    shown: Option<usize>,
    bids: Levels,
    asks: Levels,
}

/// What a synthetic book depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastTrade {
    price: Price,
    taker: Side,
    /// Recorded trades so far.
    number: u64,
}

impl LastTrade {
    /// A trade, `more` trades behind the next one after `before`.
    pub(crate) fn after(before: Option<Self>, more: u64, price: Price, taker: Side) -> Self {
        let number = before.map_or(0, |last| last.number + 1) + more;
        Self { price, taker, number }
    }
}

/// Trades during which the spread keeps its width, so that not every trade moves both sides.
const SPREAD_TRADES: u64 = 8;

/// Trades after which a level's quantity is drawn anew; about one level in 32 changes per trade.
const LEVEL_TRADES: u64 = 32;

/// A level every `1/20,000` of the price, roughly: half a basis point.
const LEVELS_PER_PRICE: i64 = 20_000;

impl Outside {
    pub(crate) fn new(instrument: &Instrument, liquidity: Liquidity) -> Self {
        Self {
            liquidity,
            tick: instrument.tick_size.raw(),
            lot: instrument.lot_size(),
            quantity_min: instrument.quantity_min,
            last: None,
            stale: false,
            shown: None,
            bids: Levels::new(),
            asks: Levels::new(),
        }
    }

    /// The rule of a market without a book.
    pub(crate) const fn print_rule(&self) -> Option<PrintRule> {
        match self.liquidity {
            Liquidity::Prints(rule) => Some(rule),
            Liquidity::Synthetic(_) | Liquidity::Recorded => None,
        }
    }

    /// True for a recorded book.
    pub(crate) const fn is_recorded(&self) -> bool {
        matches!(self.liquidity, Liquidity::Recorded)
    }

    /// Goes on with a synthetic book where a recorded one was.
    pub(crate) const fn end_recording(&mut self, shape: SyntheticConfig) {
        self.liquidity = Liquidity::Synthetic(shape);
        self.shown = None;
    }

    pub(crate) const fn is_synthetic(&self) -> bool {
        matches!(self.liquidity, Liquidity::Synthetic(_))
    }

    /// Price of the last recorded trade.
    pub(crate) fn last_price(&self) -> Option<Price> {
        self.last.map(|last| last.price)
    }

    /// Side of a trade's taker, by the tick rule where the tape does not tell.
    pub(crate) fn taker_of(&self, trade: &Trade) -> Side {
        self.taker_at(trade.price, trade.taker_side)
    }

    /// As [`Outside::taker_of`], of a trade at a price with a taker, if known.
    pub(crate) fn taker_at(&self, price: Price, taker: Option<Side>) -> Side {
        let inferred = || match self.last {
            Some(last) if price < last.price => Side::Sell,
            Some(last) if price == last.price => last.taker,
            Some(_) | None => Side::Buy,
        };
        taker.unwrap_or_else(inferred)
    }

    /// What is noted of the last recorded trade.
    pub(crate) const fn last_trade(&self) -> Option<LastTrade> {
        self.last
    }

    /// Takes note of a recorded trade.
    pub(crate) fn on_trade(&mut self, price: Price, taker: Side) {
        self.on_trades(1, price, taker);
    }

    /// Takes note of so many recorded trades, of which this is the last one.
    pub(crate) fn on_trades(&mut self, count: u64, price: Price, taker: Side) {
        let Some(more) = count.checked_sub(1) else { return };
        self.set_last(LastTrade::after(self.last, more, price, taker));
    }

    /// Takes note of recorded trades, of which this is the last one.
    pub(crate) const fn set_last(&mut self, last: LastTrade) {
        self.last = Some(last);
        self.stale = self.is_synthetic();
    }

    /// Sets a recorded level; zero removes it. Returns what was there.
    pub(crate) fn set(&mut self, side: Side, level: Level) -> Quantity {
        let levels = self.levels_mut(side);
        let at = position(levels, side, level.price);
        match (levels.get_mut(at), level.quantity.is_positive()) {
            (Some(known), true) if known.price == level.price => {
                std::mem::replace(&mut known.quantity, level.quantity)
            }
            (_, true) => {
                levels.insert(at, level);
                Quantity::ZERO
            }
            (Some(known), false) if known.price == level.price => levels.remove(at).quantity,
            (_, false) => Quantity::ZERO,
        }
    }

    /// Removes every recorded level.
    pub(crate) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// Takes every recorded level out, bids and asks.
    pub(crate) fn take_levels(&mut self) -> [Levels; 2] {
        [std::mem::take(&mut self.bids), std::mem::take(&mut self.asks)]
    }

    /// Takes note of how many levels of a side the tape shows.
    pub(crate) fn shows(&mut self, levels: Option<u32>) {
        self.shown = levels.map(|levels| usize::try_from(levels).unwrap_or(usize::MAX));
    }

    /// True when the source shows every level.
    pub(crate) const fn shows_all(&self) -> bool {
        self.shown.is_none()
    }

    /// True when the tape does not tell what stands at a price: it is worse than all that it shows.
    pub(crate) fn is_out_of_sight(&self, side: Side, price: Price) -> bool {
        let Some(shown) = self.shown else { return false };
        let levels = self.levels(side);
        levels.len() >= shown && position(levels, side, price) == levels.len()
    }

    /// True when the level at a price is the worst of more than the tape shows: it leaves its sight.
    pub(crate) fn hides(&self, side: Side, price: Price) -> bool {
        let Some(shown) = self.shown else { return false };
        let levels = self.levels(side);
        levels.len() > shown && levels.last().is_some_and(|level| level.price == price)
    }

    /// Levels of one side, best first, after [`Outside::refresh`].
    pub(crate) fn levels(&self, side: Side) -> &[Level] {
        debug_assert!(!self.stale, "levels are read after a refresh");
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// Quantity at a price, zero without a level.
    pub(crate) fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        quantity_in(self.levels(side), side, price)
    }

    /// Quantity that a new order at a price has to wait for.
    ///
    /// Recorded levels are exact; of a price out of sight nothing is known, so that everybody is ahead until it
    /// comes into sight. A synthetic book has one level per slot of its grid, which stands
    /// for everybody in the slot: behind the touch, a price without a level has the queue of the
    /// level nearest to it (of two as near, the one with the better price), beyond the last level
    /// that of the last. A price better than the touch is nobody's yet.
    pub(crate) fn queue_at(&self, side: Side, price: Price) -> Quantity {
        if self.is_out_of_sight(side, price) {
            return Quantity::MAX;
        }
        let levels = self.levels(side);
        let at = position(levels, side, price);
        let level = match (at.checked_sub(1).and_then(|at| levels.get(at)), levels.get(at)) {
            (_, Some(level)) if level.price == price => Some(level),
            _ if !self.is_synthetic() => None,
            (None, _) => None,
            (Some(better), Some(worse)) => {
                let near = better.price.raw().abs_diff(price.raw());
                let far = worse.price.raw().abs_diff(price.raw());
                Some(if near <= far { better } else { worse })
            }
            (Some(last), None) => Some(last),
        };
        level.map_or(Quantity::ZERO, |level| level.quantity)
    }

    /// Best level of both sides: bid, then ask. Costs less than a refresh.
    ///
    /// Without a book both are the last price, with no quantity told.
    pub(crate) fn touches(&self) -> [Option<Level>; 2] {
        match (self.liquidity, self.last) {
            (Liquidity::Prints(_), Some(last)) => self.touches_at(last),
            (Liquidity::Synthetic(_), Some(last)) if self.stale => self.touches_at(last),
            (Liquidity::Prints(_) | Liquidity::Synthetic(_) | Liquidity::Recorded, _) => {
                [self.bids.first().copied(), self.asks.first().copied()]
            }
        }
    }

    /// The touches right after a trade.
    pub(crate) fn touches_at(&self, last: LastTrade) -> [Option<Level>; 2] {
        match self.liquidity {
            Liquidity::Prints(_) => {
                let level = Level { price: last.price, quantity: Quantity::ZERO };
                [Some(level); 2]
            }
            Liquidity::Synthetic(shape) => {
                let sizes = self.sizes(shape, last);
                let touch = self.touch_prices_at(last);
                let level = |side, price| Level { price, quantity: sizes.touch(side) };
                let bid = touch.bid().map(|price| level(Side::Buy, price));
                [bid, touch.ask().map(|price| level(Side::Sell, price))]
            }
            Liquidity::Recorded => [self.bids.first().copied(), self.asks.first().copied()],
        }
    }

    /// Prices of [`Outside::touches_at`].
    pub(crate) fn touch_prices_at(&self, last: LastTrade) -> Touch {
        match self.liquidity {
            Liquidity::Prints(_) => Touch::of(last.price),
            Liquidity::Synthetic(_) => {
                let price = |ticks: i64| {
                    let raw = ticks.checked_mul(self.tick).unwrap_or(0);
                    (raw > 0).then(|| Price::from_raw(raw))
                };
                let (bid, ask) = self.touch_ticks(last);
                Touch::new(price(bid), price(ask))
            }
            Liquidity::Recorded => self.touch_of_levels(),
        }
    }

    /// Prices of [`Outside::touches`]; costs less.
    pub(crate) fn touch_prices(&self) -> Touch {
        match (self.liquidity, self.last) {
            (Liquidity::Prints(_), Some(last)) => self.touch_prices_at(last),
            (Liquidity::Synthetic(_), Some(last)) if self.stale => self.touch_prices_at(last),
            (Liquidity::Prints(_) | Liquidity::Synthetic(_) | Liquidity::Recorded, _) => {
                self.touch_of_levels()
            }
        }
    }

    /// The touch of the levels that are kept.
    fn touch_of_levels(&self) -> Touch {
        Touch::new(first_price(&self.bids), first_price(&self.asks))
    }

    /// Takes liquidity away from a level.
    pub(crate) fn consume(&mut self, side: Side, price: Price, quantity: Quantity) {
        let left = self.quantity_at(side, price).saturating_sub(quantity);
        self.set(side, Level { price, quantity: left });
    }

    /// Lets a synthetic book come back as the last trade left it.
    pub(crate) fn refill(&mut self) {
        self.stale = self.is_synthetic() && self.last.is_some();
    }

    /// Brings a synthetic book up to the last trade. Costs nothing when it is.
    pub(crate) fn refresh(&mut self) {
        if self.stale {
            self.follow();
        }
    }

    #[inline(never)]
    fn follow(&mut self) {
        self.stale = false;
        if let (Liquidity::Synthetic(shape), Some(last)) = (self.liquidity, self.last) {
            self.synthesise(shape, last);
        }
    }

    /// Bid and ask of the book around a trade, in ticks.
    fn touch_ticks(&self, last: LastTrade) -> (i64, i64) {
        let LastTrade { price, number, .. } = last;
        let (ticks, rest) = (price.raw() / self.tick, price.raw() % self.tick);
        let on_grid = rest == 0;
        // The width is a power of two.
        let draw = mix(number / SPREAD_TRADES, 1) & (slot_width(ticks) - 1);
        let spread = 1 + i64::try_from(draw).expect("a width is below 2^63");
        match last.taker {
            Side::Sell => (ticks, ticks.saturating_add(spread)),
            Side::Buy if on_grid => (ticks - spread, ticks),
            Side::Buy => (ticks + 1 - spread, ticks.saturating_add(1)),
        }
    }

    fn sizes(&self, shape: SyntheticConfig, last: LastTrade) -> Sizes {
        let (cost, tick) = (shape.level_cost.raw(), i128::from(self.tick));
        let base = cost / i128::from(last.price.raw()).max(1);
        Sizes { cost, tick, base, lot: self.lot, min: self.quantity_min, number: last.number }
    }

    fn levels_mut(&mut self, side: Side) -> &mut Levels {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Builds the book of a trade: a pure function of the trade's price, side and number.
    ///
    /// The trade's price is the touch on the maker's side; the other touch is a few ticks away.
    /// Behind the touches, levels stand on a grid that depends on the price's magnitude only, so
    /// that they stay where they are while the market moves through them.
    fn synthesise(&mut self, shape: SyntheticConfig, last: LastTrade) {
        let (bid, ask) = self.touch_ticks(last);
        let width = i128::from(slot_width(last.price.raw() / self.tick));
        let (bid, ask) = (i128::from(bid), i128::from(ask));
        let sizes = self.sizes(shape, last);
        for (side, touch) in [(Side::Buy, bid), (Side::Sell, ask)] {
            let tick = i128::from(self.tick);
            let levels = self.levels_mut(side);
            levels.clear();
            let behind = behind_touch(side, touch, width).map(|at| (at, sizes.behind(side, at)));
            let all = std::iter::once((touch, sizes.touch(side))).chain(behind);
            let wanted = usize::try_from(shape.levels).unwrap_or(usize::MAX);
            for (at, quantity) in all.take(wanted) {
                let price = i64::try_from(at * tick).unwrap_or(0);
                if price <= 0 {
                    break;
                }
                levels.push(Level { price: Price::from_raw(price), quantity });
            }
        }
    }
}

fn first_price(levels: &[Level]) -> Option<Price> {
    levels.first().map(|level| level.price)
}

/// Quantity at a price of some levels, zero without one.
pub(crate) fn quantity_in(levels: &[Level], side: Side, price: Price) -> Quantity {
    match levels.get(position(levels, side, price)) {
        Some(level) if level.price == price => level.quantity,
        Some(_) | None => Quantity::ZERO,
    }
}

/// Index of a price in levels that stand best first, or where it would be inserted.
fn position(levels: &[Level], side: Side, price: Price) -> usize {
    match levels.first() {
        Some(first) if first.price != price && !is_better(side, price, first.price) => {
            search(levels, side, price)
        }
        Some(_) | None => 0,
    }
}

/// As [`position`], of a price that is worse than the first one.
#[inline(never)]
fn search(levels: &[Level], side: Side, price: Price) -> usize {
    levels.partition_point(|level| match side {
        Side::Buy => level.price > price,
        Side::Sell => level.price < price,
    })
}

/// Ticks between neighbouring levels: a power of two, so that it changes only when prices double.
fn slot_width(ticks: i64) -> u64 {
    let ideal = (ticks / LEVELS_PER_PRICE).max(1);
    1 << (i64::BITS - 1 - ideal.leading_zeros())
}

/// Prices, in ticks, of the levels behind a touch. Each slot of the grid holds one.
fn behind_touch(side: Side, touch: i128, width: i128) -> impl Iterator<Item = i128> {
    let first = touch.div_euclid(width);
    (0..)
        .map(move |n: i128| match side {
            Side::Buy => first - n,
            Side::Sell => first + n,
        })
        .map(move |slot| slot * width + i128::from(mix(fold(slot), 2)) % width)
        .filter(move |at| match side {
            Side::Buy => *at < touch,
            Side::Sell => *at > touch,
        })
}

/// Quantities of the levels of one synthetic book.
struct Sizes {
    /// Typical cost of a level, in steps of a notional.
    cost: i128,
    tick: i128,
    /// Typical quantity at the touches, in steps of a quantity.
    base: i128,
    lot: Quantity,
    min: Quantity,
    number: u64,
}

impl Sizes {
    /// Quantity at a touch; changes with every trade.
    fn touch(&self, side: Side) -> Quantity {
        self.scaled(self.base, mix(self.number, 3 + salt(side)))
    }

    /// Quantity behind a touch; changes every [`LEVEL_TRADES`] trades, each level at its own time, and not with
    /// the last price.
    fn behind(&self, side: Side, at: i128) -> Quantity {
        let place = mix(fold(at), 5 + salt(side));
        let age = (self.number + place % LEVEL_TRADES) / LEVEL_TRADES;
        self.scaled(self.cost / (at * self.tick).max(1), mix(place ^ age, 7))
    }

    /// Between a quarter and nine quarters of the base.
    fn scaled(&self, base: i128, draw: u64) -> Quantity {
        let raw = base * (128 + i128::from(draw >> 16) % 1024) / 512;
        let quantity = Quantity::from_raw(i64::try_from(raw).unwrap_or(i64::MAX));
        quantity.floor_to(self.lot).max(self.min).max(self.lot)
    }
}

const fn salt(side: Side) -> u64 {
    match side {
        Side::Buy => 0,
        Side::Sell => 1,
    }
}

/// The low half of a number of ticks; prices that share it are 2^64 ticks apart.
fn fold(ticks: i128) -> u64 {
    u64::try_from(ticks.rem_euclid(1 << 64)).expect("the remainder is below 2^64")
}

/// A well-mixed function of two numbers (the finaliser of SplitMix64).
const fn mix(value: u64, salt: u64) -> u64 {
    let mut z = value
        .wrapping_add(salt.wrapping_mul(0xd1b5_4a32_d192_ed03))
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;

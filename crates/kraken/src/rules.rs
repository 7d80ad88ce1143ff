//! What a pair asks of an order, checked before it is sent. Pure.
//!
//! A refusal names the rule, the value, and what would do instead. Kraken revises its minima a few times a
//! year (reference, section 6.1), so the rules come from `AssetPairs` and never from a table of ours.

mod shape;

use std::fmt;

use model::{Instrument, Notional, Price, Quantity, Side, Symbol};
use thiserror::Error;

use crate::codec::market::PairStatus;
use crate::codec::order::{Amendment, Distance, Kind, KrakenOrder, PriceAt, Replacement, Size};

/// A pair with everything that it asks of orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairRules {
    /// Names, digits, steps and minima.
    pub instrument: Instrument,
    /// What it is open for.
    pub status: PairStatus,
    /// Leverages that a buy may have; none if it takes no margin.
    pub leverage_buy: Vec<u32>,
    /// Leverages that a sell may have.
    pub leverage_sell: Vec<u32>,
    /// Largest long position on margin, base units; `None` where not told.
    pub long_max: Option<Quantity>,
    /// Largest short position on margin, base units; `None` where not told.
    pub short_max: Option<Quantity>,
}

/// A rule of a pair, or of Kraken for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A price is a multiple of the tick size, above zero.
    TickSize,
    /// A distance has as many digits as a price, or a few of a percent, and is above zero.
    DistanceDigits,
    /// A quantity is a multiple of the lot size.
    LotSize,
    /// A quantity is at least `ordermin`.
    QuantityMin,
    /// A cost is at least `costmin`.
    CostMin,
    /// The pair is open for such an order.
    PairStatus,
    /// The leverage is one that the pair offers for this side.
    Leverage,
    /// A position on margin is not above the pair's limit.
    PositionMax,
    /// An iceberg shows at least a fifteenth of itself and no more than all.
    Shown,
    /// What is asked for goes together.
    Combination,
}

impl Rule {
    /// The rule, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TickSize => "a price is above zero and a multiple of the tick size",
            Self::DistanceDigits => "a distance is above zero, with the digits of a price",
            Self::LotSize => "a quantity is a multiple of the lot size",
            Self::QuantityMin => "a quantity is at least the pair's minimum",
            Self::CostMin => "a cost is at least the pair's minimum",
            Self::PairStatus => "the pair is open for such an order",
            Self::Leverage => "the leverage is one that the pair offers",
            Self::PositionMax => "a position on margin is within the pair's limit",
            Self::Shown => "an iceberg shows a fifteenth of itself or more",
            Self::Combination => "what is asked for goes together",
        }
    }
}

/// An order or a change that the venue would refuse. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{symbol}: {what} `{value}`: {}{}", rule.as_str(), Hint(valid))]
pub struct RuleBroken {
    /// The pair.
    pub symbol: Symbol,
    /// The rule.
    pub rule: Rule,
    /// What of the order: `price`, `quantity`.
    pub what: &'static str,
    /// What was asked for.
    pub value: String,
    /// The nearest values that would do, smallest first, or the words that would; may be empty.
    pub valid: Vec<String>,
}

struct Hint<'a>(&'a [String]);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, "; valid: `{}`", self.0.join("` or `"))
    }
}

/// Largest number of digits of a percent.
const PERCENT_DECIMALS: u32 = 4;

impl PairRules {
    /// A pair that is open for everything and takes no margin.
    pub const fn of(instrument: Instrument) -> Self {
        Self {
            instrument,
            status: PairStatus::Online,
            leverage_buy: Vec::new(),
            leverage_sell: Vec::new(),
            long_max: None,
            short_max: None,
        }
    }

    /// Checks an order. The cost of one without a price is not known and not checked.
    ///
    /// # Errors
    /// [`RuleBroken`]: the first rule that it breaks.
    pub fn check(&self, order: &KrakenOrder) -> Result<(), RuleBroken> {
        shape::check(self, order)?;
        self.check_status(order)?;
        self.check_leverage(order)?;
        let (first, second) = order.prices();
        let names = match order.kind {
            Kind::Triggered { .. } => ["trigger price", "limit price"],
            Kind::Trailing { .. } => ["distance", "limit distance"],
            Kind::Market { .. } | Kind::Limit { .. } | Kind::SettlePosition => ["price", "price"],
        };
        for (what, price) in names.into_iter().zip([first, second]) {
            price.map_or(Ok(()), |price| self.check_price(what, price))?;
        }
        if let Some(close) = &order.close {
            let (first, second) = close.prices();
            for price in [Some(first), second].into_iter().flatten() {
                self.check_price("price of the closing order", price)?;
            }
        }
        match order.size {
            Size::Base(quantity) if quantity.is_zero() && order.kind == Kind::SettlePosition => {
                Ok(())
            }
            Size::Base(quantity) => {
                self.check_quantity(quantity)?;
                let price = second.or(first).and_then(exact);
                price.map_or(Ok(()), |price| self.check_cost(price, quantity))
            }
            Size::Quote(cost) => self.check_cost_of(cost),
        }
    }

    /// Checks what a change asks for. What it leaves as it is was checked before.
    ///
    /// # Errors
    /// [`RuleBroken`]: the first rule that it breaks.
    pub fn check_amendment(&self, change: &Amendment) -> Result<(), RuleBroken> {
        let Amendment { quantity, shown, limit, trigger, .. } = change;
        let changes = [quantity.is_some(), shown.is_some(), limit.is_some(), trigger.is_some()];
        if !changes.contains(&true) {
            return Err(self.broken(Rule::Combination, "change", "nothing", Vec::new()));
        }
        self.check_changes(*quantity, [("limit price", *limit), ("trigger price", *trigger)])?;
        match shown {
            Some(shown) => shape::check_shown(self, *shown, *quantity),
            None => Ok(()),
        }
    }

    /// Checks what a replacement asks for, as [`PairRules::check_amendment`].
    ///
    /// # Errors
    /// [`RuleBroken`]: the first rule that it breaks.
    pub fn check_replacement(&self, new: &Replacement) -> Result<(), RuleBroken> {
        let prices = [("price", new.price), ("limit price", new.second_price)];
        self.check_changes(new.quantity, prices)
    }

    fn check_changes(
        &self,
        quantity: Option<Quantity>,
        prices: [(&'static str, Option<PriceAt>); 2],
    ) -> Result<(), RuleBroken> {
        if self.status == PairStatus::CancelOnly {
            return Err(self.closed("change"));
        }
        for (what, price) in prices {
            price.map_or(Ok(()), |price| self.check_price(what, price))?;
        }
        quantity.map_or(Ok(()), |quantity| self.check_quantity(quantity))
    }

    /// Of a status that we do not know the venue is the better judge.
    fn check_status(&self, order: &KrakenOrder) -> Result<(), RuleBroken> {
        let is_limit = matches!(order.kind, Kind::Limit { .. });
        let rests = matches!(order.kind, Kind::Limit { post_only: true, .. });
        let open = match self.status {
            PairStatus::Online | PairStatus::Other(_) => true,
            PairStatus::CancelOnly => false,
            PairStatus::PostOnly => rests,
            PairStatus::LimitOnly => is_limit,
            PairStatus::ReduceOnly => order.reduce_only || order.kind == Kind::SettlePosition,
        };
        if open { Ok(()) } else { Err(self.closed("order")) }
    }

    fn closed(&self, what: &'static str) -> RuleBroken {
        let (value, valid) = match &self.status {
            PairStatus::Online => ("online", "any order"),
            PairStatus::CancelOnly => ("cancel_only", "a cancel"),
            PairStatus::PostOnly => ("post_only", "a post-only limit order"),
            PairStatus::LimitOnly => ("limit_only", "a limit order"),
            PairStatus::ReduceOnly => ("reduce_only", "an order that reduces a position"),
            PairStatus::Other(word) => (word.as_str(), ""),
        };
        self.broken(Rule::PairStatus, what, value, vec![valid.to_owned()])
    }

    fn check_leverage(&self, order: &KrakenOrder) -> Result<(), RuleBroken> {
        let Some(leverage) = order.leverage else { return Ok(()) };
        let (offered, most) = match order.side {
            Side::Buy => (&self.leverage_buy, self.long_max),
            Side::Sell => (&self.leverage_sell, self.short_max),
        };
        if !offered.contains(&leverage) {
            let valid = offered.iter().map(u32::to_string).collect();
            return Err(self.broken(Rule::Leverage, "leverage", leverage, valid));
        }
        match (order.size, most) {
            (Size::Base(quantity), Some(most)) if quantity > most => {
                let valid = vec![most.to_string()];
                Err(self.broken(Rule::PositionMax, "quantity", quantity, valid))
            }
            (Size::Base(_) | Size::Quote(_), _) => Ok(()),
        }
    }

    fn check_price(&self, what: &'static str, price: PriceAt) -> Result<(), RuleBroken> {
        let step = match price {
            PriceAt::Exactly(price) => return self.check_exact(what, price),
            PriceAt::Above(Distance::Quote(_)) | PriceAt::Below(Distance::Quote(_)) => {
                Price::step(self.instrument.price_decimals)
            }
            PriceAt::Above(Distance::Percent(_)) | PriceAt::Below(Distance::Percent(_)) => {
                Price::step(PERCENT_DECIMALS)
            }
        };
        let (PriceAt::Above(by) | PriceAt::Below(by)) = price else { return Ok(()) };
        let (Distance::Quote(distance) | Distance::Percent(distance)) = by;
        if distance.is_positive() && distance.is_multiple_of(step) {
            return Ok(());
        }
        Err(self.broken(Rule::DistanceDigits, what, distance, nearest(distance, step)))
    }

    fn check_exact(&self, what: &'static str, price: Price) -> Result<(), RuleBroken> {
        let tick = self.instrument.tick_size;
        if price.is_positive() && price.is_multiple_of(tick) {
            return Ok(());
        }
        Err(self.broken(Rule::TickSize, what, price, nearest(price, tick)))
    }

    fn check_quantity(&self, quantity: Quantity) -> Result<(), RuleBroken> {
        let (lot, least) = (self.instrument.lot_size(), self.instrument.quantity_min);
        if !quantity.is_positive() || quantity < least {
            let valid = vec![ceil_to(least.max(lot), lot).to_string()];
            return Err(self.broken(Rule::QuantityMin, "quantity", quantity, valid));
        }
        if quantity.is_multiple_of(lot) {
            return Ok(());
        }
        let near = [quantity.floor_to(lot), ceil_to(quantity, lot)];
        let fits = near.into_iter().filter(|near| *near >= least);
        let valid = fits.map(|near| near.to_string()).collect();
        Err(self.broken(Rule::LotSize, "quantity", quantity, valid))
    }

    /// The nearest that would do is a larger quantity at the same price.
    fn check_cost(&self, price: Price, quantity: Quantity) -> Result<(), RuleBroken> {
        let cost = Notional::of(price, quantity);
        if cost >= self.instrument.cost_min {
            return Ok(());
        }
        let valid = self.enough(price).map(|enough| format!("quantity {enough}"));
        Err(self.broken(Rule::CostMin, "cost", cost, valid.into_iter().collect()))
    }

    fn check_cost_of(&self, cost: Notional) -> Result<(), RuleBroken> {
        let least = self.instrument.cost_min;
        if cost >= least && cost > Notional::ZERO {
            return Ok(());
        }
        Err(self.broken(Rule::CostMin, "cost", cost, vec![least.to_string()]))
    }

    /// The smallest quantity that costs enough at a price.
    fn enough(&self, price: Price) -> Option<Quantity> {
        let lot = self.instrument.lot_size();
        let lot_cost = Notional::of(price, lot).raw();
        let lots = self.instrument.cost_min.raw().checked_add(lot_cost.checked_sub(1)?)?;
        let lots = lots.checked_div(lot_cost)?;
        lot.checked_mul(i64::try_from(lots).ok()?)
    }

    pub(crate) fn broken(
        &self,
        rule: Rule,
        what: &'static str,
        value: impl fmt::Display,
        valid: Vec<String>,
    ) -> RuleBroken {
        let symbol = self.instrument.symbol.clone();
        RuleBroken { symbol, rule, what, value: value.to_string(), valid }
    }
}

const fn exact(price: PriceAt) -> Option<Price> {
    match price {
        PriceAt::Exactly(price) => Some(price),
        PriceAt::Above(_) | PriceAt::Below(_) => None,
    }
}

/// The multiples of a step right below and above that are above zero.
fn nearest(price: Price, step: Price) -> Vec<String> {
    let below = price.max(Price::ZERO).floor_to(step);
    let near = [Some(below), below.checked_add(step)].into_iter().flatten();
    near.filter(|near| near.is_positive()).map(|near| near.to_string()).collect()
}

/// The smallest multiple of a step that is not below; the value itself at the end of the range.
fn ceil_to(quantity: Quantity, step: Quantity) -> Quantity {
    let floor = quantity.floor_to(step);
    if floor == quantity { floor } else { floor.checked_add(step).unwrap_or(quantity) }
}

#[cfg(test)]
mod tests;

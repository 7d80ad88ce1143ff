//! Prices as clients write them: plain, or relative to the last trade.

use model::{DecimalError, Notional, Price, Rounding, Side};

use crate::kraken::error::ApiError;
use crate::kraken::pair::Pair;

/// Where a relative price starts from, and which way `#` goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) pair: &'a Pair,
    pub(super) last: Option<Price>,
    /// True when `#` means above the last price.
    pub(super) above: bool,
}

/// True when `#` puts the price of an order above the last one.
///
/// A limit or a take-profit waits for a better price, a stop-loss for a worse one.
pub(super) const fn is_above(side: Side, is_stop: bool) -> bool {
    matches!((side, is_stop), (Side::Buy, true) | (Side::Sell, false))
}

/// The price that a text means. `field` is the argument's name.
pub(super) fn parse(text: &str, field: &str, frame: Frame<'_>) -> Result<Price, ApiError> {
    match text.split_at_checked(1) {
        Some(("+", rest)) => relative(rest, true, field, frame),
        Some(("-", rest)) => relative(rest, false, field, frame),
        Some(("#", rest)) => relative(rest, frame.above, field, frame),
        Some(_) | None => plain(text, field, frame.pair),
    }
}

pub(super) fn plain(text: &str, field: &str, pair: &Pair) -> Result<Price, ApiError> {
    let decimals = pair.instrument.price_decimals;
    let too_precise = || ApiError::price_digits(pair.wsname, decimals);
    if !text.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Err(ApiError::arguments(field));
    }
    let price = Price::parse(text).map_err(|error| {
        if matches!(error, DecimalError::TooPrecise { .. }) {
            too_precise()
        } else {
            ApiError::arguments(field)
        }
    })?;
    if price.is_multiple_of(Price::step(decimals)) { Ok(price) } else { Err(too_precise()) }
}

/// A distance from the last price, to whole ticks.
fn relative(text: &str, above: bool, field: &str, frame: Frame<'_>) -> Result<Price, ApiError> {
    let wrong = || ApiError::arguments(field);
    let last = frame.last.ok_or_else(wrong)?;
    let distance = Distance::parse(text, field, frame.pair)?;
    distance.from(last, above, frame.pair).ok_or_else(wrong)
}

/// How far a price is from another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distance {
    /// In quote units.
    Quote(Price),
    /// In parts per million of the other price, which is as fine as a percent with four digits.
    Ppm(i64),
}

impl Distance {
    /// `1.5`, or `0.25%`.
    pub(super) fn parse(text: &str, field: &str, pair: &Pair) -> Result<Self, ApiError> {
        let Some(percent) = text.strip_suffix('%') else {
            return plain(text, field, pair).map(Self::Quote);
        };
        let percent = Price::parse(percent).map_err(|_| ApiError::arguments(field))?;
        // A price has nine digits: a percent of `10^-4` is one part per million.
        Ok(Self::Ppm(percent.raw() / 100_000))
    }

    /// The price at this distance, down to a whole tick; `None` if there is none above zero.
    pub(super) fn from(self, price: Price, above: bool, pair: &Pair) -> Option<Price> {
        let distance = match self {
            Self::Quote(distance) => distance,
            Self::Ppm(ppm) => {
                let exact = Notional::from_raw(i128::from(price.raw()));
                let part = exact.fraction_ppm(ppm, Notional::DECIMALS, Rounding::HalfUp)?;
                Price::from_raw(i64::try_from(part.raw()).ok()?)
            }
        };
        let at = if above { price.checked_add(distance) } else { price.checked_sub(distance) };
        let at = at?.floor_to(pair.instrument.tick_size);
        at.is_positive().then_some(at)
    }

    pub(crate) const fn is_percent(self) -> bool {
        matches!(self, Self::Ppm(_))
    }

    /// Its number: in quote units with the pair's digits, or in percent with four.
    pub(crate) fn number(self, pair: &Pair) -> String {
        match self {
            Self::Quote(distance) => distance.to_fixed(pair.instrument.price_decimals),
            Self::Ppm(ppm) => Price::from_raw(ppm.saturating_mul(100_000)).to_fixed(4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_prices_start_from_the_last_trade() {
        let pair = Pair::by_name("XBTUSD").unwrap();
        let last = Price::parse("20000").ok();
        let check = |text: &str, above: bool, expected: Option<&str>| {
            let price = parse(text, "price", Frame { pair: &pair, last, above }).ok();
            assert_eq!(price.map(|price| price.to_string()).as_deref(), expected, "{text}");
        };
        check("19990.5", true, Some("19990.5"));
        check("+100", true, Some("20100"));
        check("-0.1", true, Some("19999.9"));
        check("#5%", true, Some("21000"));
        check("#5%", false, Some("19000"));
        check("+0.0071%", true, Some("20001.4"));
        check("-100%", true, None);
        check("+1.25", true, None);
        check("x", true, None);
        check("%", true, None);
        let none = Frame { pair: &pair, last: None, above: true };
        assert!(parse("+1", "price", none).is_err());
        assert!(is_above(Side::Buy, true) && is_above(Side::Sell, false));
    }
}

//! `Notional`: an amount of an asset, exact for every product of a price and a quantity.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::decimal::{DecimalError, Price, Quantity, format_scaled, parse_scaled, pow10};

/// Where a number goes that lies between two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Toward minus infinity.
    Down,
    /// Toward plus infinity.
    Up,
    /// To the nearest step; halves go away from zero.
    HalfUp,
}

/// An amount of money or of an asset: 17 digits after the point, 128 bits.
///
/// 17 = 9 (price) + 8 (quantity), so `price × quantity` needs no rounding. Range ±1.7e21.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Notional(i128);

/// `10^9`: steps of a notional in one step of a quantity.
const QUANTITY_STEP: i128 = 1_000_000_000;

/// Zeros of a million: a rate is told in parts of it.
const PPM_DIGITS: u32 = 6;

impl Notional {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// Digits after the decimal point.
    pub const DECIMALS: u32 = 17;

    /// Wraps a count of `10^-17`.
    pub const fn from_raw(raw: i128) -> Self {
        Self(raw)
    }

    /// The count of `10^-17`.
    pub const fn raw(self) -> i128 {
        self.0
    }

    /// The exact product.
    pub fn of(price: Price, quantity: Quantity) -> Self {
        // The product of two 64-bit numbers fits into 128 bits.
        Self(i128::from(price.raw()).wrapping_mul(i128::from(quantity.raw())))
    }

    /// The same number, as an amount of the base asset.
    pub fn from_quantity(quantity: Quantity) -> Self {
        // A 64-bit number times 1e9 fits into 128 bits.
        Self(i128::from(quantity.raw()).wrapping_mul(QUANTITY_STEP))
    }

    /// The amount as a quantity, or `None` when it has more digits than a quantity holds.
    pub fn to_quantity(self) -> Option<Quantity> {
        if self.0.checked_rem(QUANTITY_STEP) != Some(0) {
            return None;
        }
        let raw = self.0.checked_div(QUANTITY_STEP)?;
        i64::try_from(raw).ok().map(Quantity::from_raw)
    }

    /// Parses a decimal text, exactly.
    ///
    /// # Errors
    /// [`DecimalError`]: not a number, more than 17 digits after the point, or out of range.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        parse_scaled(text, Self::DECIMALS).map(Self)
    }

    /// Sum, or `None` out of range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference, or `None` out of range.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The same number with the sign turned.
    pub fn negated(self) -> Self {
        Self(self.0.checked_neg().unwrap_or(i128::MAX))
    }

    /// True for zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// True below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// `self × parts ÷ 1,000,000`, rounded to `decimals` digits: a fee from a rate in parts per million.
    ///
    /// `None` out of range.
    pub fn fraction_ppm(self, ppm: i64, decimals: u32, rounding: Rounding) -> Option<Self> {
        let scaled = product(self.0, ppm.into())?;
        let digits = Self::DECIMALS.saturating_sub(decimals);
        let (step, divisor) = (pow10(digits)?, pow10(digits.saturating_add(PPM_DIGITS))?);
        product(divide(scaled, divisor, rounding)?, step).map(Self)
    }

    /// The nearest number with `decimals` digits after the point.
    pub fn round_to(self, decimals: u32, rounding: Rounding) -> Self {
        let Some(step) = pow10(Self::DECIMALS.saturating_sub(decimals)) else {
            return self;
        };
        divide(self.0, step, rounding).and_then(|n| product(n, step)).map_or(self, Self)
    }

    /// The price at which `quantity` has this value, rounded half up to `decimals` digits.
    ///
    /// `None` for no quantity or a price out of range.
    pub fn price_per(self, quantity: Quantity, decimals: u32) -> Option<Price> {
        if quantity.is_zero() {
            return None;
        }
        let raw = divide(self.0, i128::from(quantity.raw()), Rounding::HalfUp)?;
        let step = pow10(Price::DECIMALS.saturating_sub(decimals))?;
        let rounded = divide(raw, step, Rounding::HalfUp)?.checked_mul(step)?;
        i64::try_from(rounded).ok().map(Price::from_raw)
    }

    /// Text with exactly `decimals` digits after the point; further digits are cut off.
    pub fn to_fixed(self, decimals: u32) -> String {
        format_scaled(self.0, Self::DECIMALS, Some(decimals))
    }
}

/// Product, or `None` out of range.
fn product(left: i128, right: i128) -> Option<i128> {
    match (u128::try_from(left), u128::try_from(right)) {
        // Without signs where there are none: it costs half as much.
        (Ok(left), Ok(right)) => i128::try_from(left.checked_mul(right)?).ok(),
        (Ok(_) | Err(_), _) => left.checked_mul(right),
    }
}

/// Quotient under a named rounding; `None` for a zero divisor or overflow.
fn divide(value: i128, divisor: i128, rounding: Rounding) -> Option<i128> {
    // One division of 128 bits, and without signs where there are none: it is the dearest thing here.
    let floor = if value >= 0 && divisor > 0 {
        let quotient = value.unsigned_abs().checked_div(divisor.unsigned_abs())?;
        i128::try_from(quotient).ok()?
    } else {
        value.checked_div_euclid(divisor)?
    };
    let rest = value.wrapping_sub(floor.wrapping_mul(divisor));
    if rest == 0 {
        return Some(floor);
    }
    let up = match rounding {
        Rounding::Down => divisor < 0,
        Rounding::Up => divisor > 0,
        Rounding::HalfUp => {
            let twice = rest.checked_mul(2)?;
            let size = divisor.checked_abs()?;
            if value < 0 { twice > size } else { twice >= size }
        }
    };
    if up { floor.checked_add(divisor.signum()) } else { Some(floor) }
}

impl FromStr for Notional {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text)
    }
}

impl fmt::Display for Notional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_scaled(self.0, Self::DECIMALS, None))
    }
}

impl fmt::Debug for Notional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notional({self})")
    }
}

impl Serialize for Notional {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Notional {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;

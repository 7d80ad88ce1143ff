//! Fixed-point decimals: `Price` with 9 digits after the point, `Quantity` with 8.
//!
//! Parsing is exact: a text with more digits than the unit holds is an error, never rounded.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Why a text is not a fixed-point number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// The text is not a decimal number.
    #[error("`{text}` is not a decimal number")]
    Malformed {
        /// The text as it was found.
        text: String,
    },
    /// The text has more digits after the point than the unit holds.
    #[error("`{text}` has more than {decimals} digits after the point")]
    TooPrecise {
        /// The text as it was found.
        text: String,
        /// Digits that the unit holds.
        decimals: u32,
    },
    /// The number does not fit into the integer behind the unit.
    #[error("`{text}` is too large")]
    TooLarge {
        /// The text as it was found.
        text: String,
    },
}

/// A kind of fixed-point number: what it counts and how many digits it keeps.
pub trait Unit: Copy + Ord + std::hash::Hash + fmt::Debug + Send + Sync + 'static {
    /// Digits after the decimal point.
    const DECIMALS: u32;
    /// Name used by `Debug`.
    const NAME: &'static str;
}

/// Marker of [`Price`]: quote units per base unit, 9 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PriceUnit;

impl Unit for PriceUnit {
    const DECIMALS: u32 = 9;
    const NAME: &'static str = "Price";
}

/// Marker of [`Quantity`]: base units, 8 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuantityUnit;

impl Unit for QuantityUnit {
    const DECIMALS: u32 = 8;
    const NAME: &'static str = "Quantity";
}

/// Quote units for one base unit. Range ±9.2e9, step 1e-9.
pub type Price = Fixed<PriceUnit>;

/// Base units. Range ±9.2e10, step 1e-8; negative only for positions and differences.
pub type Quantity = Fixed<QuantityUnit>;

/// A signed 64-bit fixed-point number of unit `U`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed<U>(i64, PhantomData<U>);

impl<U: Unit> Fixed<U> {
    /// Zero.
    pub const ZERO: Self = Self(0, PhantomData);
    /// The largest number.
    pub const MAX: Self = Self(i64::MAX, PhantomData);
    /// Digits after the decimal point.
    pub const DECIMALS: u32 = U::DECIMALS;

    /// Wraps a count of the smallest step (`10^-DECIMALS`).
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw, PhantomData)
    }

    /// The count of the smallest step.
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// One step at `decimals` digits: `step(1)` of a price is `0.1`; `decimals` is clamped to the unit's.
    pub fn step(decimals: u32) -> Self {
        let exponent = U::DECIMALS.saturating_sub(decimals);
        let step = pow10(exponent).and_then(|step| i64::try_from(step).ok());
        Self::from_raw(step.expect("units have at most 9 digits"))
    }

    /// Parses `-12.50`, `3` or `1e-8`, exactly.
    ///
    /// # Errors
    /// [`DecimalError`]: not a number, more digits than the unit holds, or out of range.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        if let Some(raw) = parse_plain(text.as_bytes(), U::DECIMALS) {
            return Ok(Self::from_raw(raw));
        }
        let scaled = parse_scaled(text, U::DECIMALS)?;
        i64::try_from(scaled)
            .map(Self::from_raw)
            .map_err(|_| DecimalError::TooLarge { text: text.to_owned() })
    }

    /// Sum, or `None` out of range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self::from_raw)
    }

    /// Difference, or `None` out of range.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self::from_raw)
    }

    /// Difference, at least zero.
    pub fn saturating_sub(self, other: Self) -> Self {
        Self::from_raw(self.0.saturating_sub(other.0).max(0))
    }

    /// Whole multiple, or `None` out of range.
    pub fn checked_mul(self, factor: i64) -> Option<Self> {
        self.0.checked_mul(factor).map(Self::from_raw)
    }

    /// The same number with the sign turned; `MIN` becomes `MAX`.
    pub fn negated(self) -> Self {
        Self::from_raw(self.0.checked_neg().unwrap_or(i64::MAX))
    }

    /// True for zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// True above zero.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The nearest multiple of `step` at or below; `self` when `step` is not positive.
    pub fn floor_to(self, step: Self) -> Self {
        if step.0 <= 0 {
            return self;
        }
        let rest = self.0.checked_rem_euclid(step.0).unwrap_or(0);
        Self::from_raw(self.0.saturating_sub(rest))
    }

    /// True when `self` is a whole multiple of `step`; a step that is not positive divides nothing.
    pub fn is_multiple_of(self, step: Self) -> bool {
        // A step of one divides all, without the processor's slowest instruction.
        step.0 == 1 || (step.0 > 0 && self.0.checked_rem(step.0) == Some(0))
    }

    /// Text with exactly `decimals` digits after the point; further digits are cut off.
    pub fn to_fixed(self, decimals: u32) -> String {
        let mut text = String::new();
        self.push_fixed(decimals, &mut text);
        text
    }

    /// Appends the text of [`Fixed::to_fixed`].
    pub fn push_fixed(self, decimals: u32, out: &mut String) {
        let shown = decimals.min(U::DECIMALS);
        let cut = Self::step(shown).0.unsigned_abs();
        let mut rest = self.0.unsigned_abs().checked_div(cut).unwrap_or(0);
        let is_negative = self.0 < 0 && rest > 0;
        // Filled from the end: the digits of a 64-bit number, a point and a sign fit.
        let mut text = [0; 24];
        let mut places = text.iter_mut().rev();
        let mut length = 0_usize;
        let mut put = |byte: u8| {
            if let Some(place) = places.next() {
                *place = byte;
                length = length.saturating_add(1);
            }
        };
        let digit = |rest: &mut u64| {
            let last = u8::try_from(*rest % 10).unwrap_or(0);
            *rest /= 10;
            last.wrapping_add(b'0')
        };
        if shown > 0 {
            (0..shown).for_each(|_| put(digit(&mut rest)));
            put(b'.');
        }
        put(digit(&mut rest));
        while rest > 0 {
            put(digit(&mut rest));
        }
        if is_negative {
            put(b'-');
        }
        let start = text.len().saturating_sub(length);
        out.push_str(std::str::from_utf8(&text[start..]).unwrap_or_default());
        if shown == 0 && decimals > 0 {
            out.push('.');
        }
        (shown..decimals).for_each(|_| out.push('0'));
    }
}

impl<U: Unit> Default for Fixed<U> {
    fn default() -> Self {
        Self::ZERO
    }
}

impl<U: Unit> FromStr for Fixed<U> {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text)
    }
}

impl<U: Unit> fmt::Display for Fixed<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_scaled(i128::from(self.0), U::DECIMALS, None))
    }
}

impl<U: Unit> fmt::Debug for Fixed<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", U::NAME)
    }
}

/// As a string, so that no reader turns money into a float.
impl<U: Unit> Serialize for Fixed<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, U: Unit> Deserialize<'de> for Fixed<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// Digits that cannot overflow 64 bits.
const PLAIN_DIGITS_MAX: usize = 18;

/// As [`parse_scaled`], only for digits with at most one point: what venues write. `None` for a text that
/// is anything else, or may not fit.
fn parse_plain(text: &[u8], decimals: u32) -> Option<i64> {
    const POWERS: [i64; 10] =
        [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
    if text.len() > PLAIN_DIGITS_MAX {
        return None;
    }
    let (mut value, mut fraction) = (0_i64, None);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                value = value.wrapping_mul(10).wrapping_add(i64::from(byte.wrapping_sub(b'0')));
            }
            b'.' if fraction.is_none() => fraction = Some(at.saturating_add(1)),
            _ => return None,
        }
    }
    let places = fraction.map_or(0, |from| text.len().saturating_sub(from));
    if text.len() == usize::from(fraction.is_some()) {
        return None;
    }
    let shift = usize::try_from(decimals).ok()?.checked_sub(places)?;
    value.checked_mul(*POWERS.get(shift)?)
}

/// Parses a decimal text into an integer count of `10^-decimals`.
pub(crate) fn parse_scaled(text: &str, decimals: u32) -> Result<i128, DecimalError> {
    let malformed = || DecimalError::Malformed { text: text.to_owned() };
    let too_large = || DecimalError::TooLarge { text: text.to_owned() };
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => {
            let (mantissa, rest) = text.split_at(at);
            let exponent: i32 = rest[1..].parse().map_err(|_| malformed())?;
            (mantissa, exponent)
        }
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(malformed());
    }
    let mut value: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return Err(malformed());
        }
        let digit = i128::from(byte.saturating_sub(b'0'));
        value = value.checked_mul(10).and_then(|v| v.checked_add(digit)).ok_or_else(too_large)?;
    }
    let places = i32::try_from(fraction.len()).map_err(|_| too_large())?;
    let unit = i32::try_from(decimals).map_err(|_| too_large())?;
    let shift = unit.saturating_sub(places).saturating_add(exponent);
    let scaled = if shift >= 0 {
        pow10(shift.unsigned_abs()).and_then(|factor| value.checked_mul(factor))
    } else {
        let Some(divisor) = pow10(shift.unsigned_abs()) else {
            return if value == 0 { Ok(0) } else { Err(too_precise(text, decimals)) };
        };
        if value.checked_rem(divisor) != Some(0) {
            return Err(too_precise(text, decimals));
        }
        value.checked_div(divisor)
    };
    let scaled = if value == 0 { 0 } else { scaled.ok_or_else(too_large)? };
    if negative { scaled.checked_neg().ok_or_else(too_large) } else { Ok(scaled) }
}

fn too_precise(text: &str, decimals: u32) -> DecimalError {
    DecimalError::TooPrecise { text: text.to_owned(), decimals }
}

/// `10^exponent`, or `None` when it does not fit.
pub(crate) fn pow10(exponent: u32) -> Option<i128> {
    POWERS.get(usize::try_from(exponent).ok()?).copied()
}

/// The powers of ten that fit, at hand: fees of many executions ask for them.
const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Text of `raw × 10^-scale`: with `digits` after the point (cut off), or as few as are needed.
pub(crate) fn format_scaled(raw: i128, scale: u32, digits: Option<u32>) -> String {
    let sign = if raw < 0 { "-" } else { "" };
    let width = usize::try_from(scale).unwrap_or(usize::MAX).saturating_add(1);
    let text = format!("{:0>width$}", raw.unsigned_abs());
    let (whole, fraction) = text.split_at(text.len().saturating_sub(width.saturating_sub(1)));
    let fraction = match digits {
        Some(digits) => {
            let digits = usize::try_from(digits).unwrap_or(usize::MAX);
            let kept = &fraction[..fraction.len().min(digits)];
            format!("{kept:0<digits$}")
        }
        None => fraction.trim_end_matches('0').to_owned(),
    };
    let zero = whole == "0" && fraction.bytes().all(|b| b == b'0');
    let sign = if zero { "" } else { sign };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests;

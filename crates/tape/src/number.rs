//! Numbers out of bytes, eight digits at a time, exact.
//!
//! The fast functions take what nearly every field of nearly every file looks like and answer `None`
//! for the rest, which [`parse_decimal`] reads from the text of the field. They are inlined by force:
//! otherwise the cursor goes through memory, which takes longer than the digits.

use std::fmt;

/// `10^n` for every power that fits.
const POWERS: [u64; 20] = powers();

const fn powers() -> [u64; 20] {
    let mut table = [1; 20];
    let mut n = 1;
    while n < 20 {
        table[n] = table[n - 1] * 10;
        n += 1;
    }
    table
}

/// Most digits that fit into 64 bits whatever they are.
const DIGITS_MAX: usize = 19;

/// Takes the digits at the front: their value and their number; `None` for more than 19.
#[inline(always)]
pub(crate) fn take_digits(cursor: &mut &[u8]) -> Option<(u64, usize)> {
    let Some((value, digits)) = take_chunk(cursor) else {
        return take_last_digits(cursor, 0, 0);
    };
    // Eight digits are a whole fraction, mostly.
    if digits < 8 || !cursor.first().is_some_and(u8::is_ascii_digit) {
        return Some((value, digits));
    }
    take_more_digits(cursor, value)
}

/// The rest of [`take_digits`], after eight digits.
#[inline(always)]
fn take_more_digits(cursor: &mut &[u8], mut value: u64) -> Option<(u64, usize)> {
    let mut count = 8_usize;
    while let Some((more, digits)) = take_chunk(cursor) {
        count = count.wrapping_add(digits);
        if count > DIGITS_MAX {
            return None;
        }
        // At most 19 digits: nothing wraps.
        value = value.wrapping_mul(POWERS[digits & 15]).wrapping_add(more);
        if digits < 8 {
            return Some((value, count));
        }
    }
    take_last_digits(cursor, value, count)
}

/// Takes up to eight digits; `None` near the end of the block.
#[inline(always)]
fn take_chunk(cursor: &mut &[u8]) -> Option<(u64, usize)> {
    let chunk = cursor.first_chunk::<8>()?;
    let word = u64::from_le_bytes(*chunk) ^ 0x3030_3030_3030_3030;
    let digits = leading_digits(word);
    *cursor = &cursor[digits..];
    Some((value_of(word, digits), digits))
}

/// The rest of [`take_digits`], less than eight bytes before the end of the block.
#[cold]
fn take_last_digits(cursor: &mut &[u8], mut value: u64, mut count: usize) -> Option<(u64, usize)> {
    while let Some((byte, rest)) = cursor.split_first()
        && byte.is_ascii_digit()
    {
        count += 1;
        if count > DIGITS_MAX {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        *cursor = rest;
    }
    Some((value, count))
}

/// How many of the eight bytes, each a character xor `'0'`, are digits before the first other one.
#[inline(always)]
const fn leading_digits(word: u64) -> usize {
    // A carry out of a byte that is no digit reaches later characters only.
    let other = (word.wrapping_add(0x0606_0606_0606_0606) | word) & 0xf0f0_f0f0_f0f0_f0f0;
    (other.trailing_zeros() / 8) as usize
}

/// Value of the first `digits` of eight bytes.
#[inline(always)]
const fn value_of(word: u64, digits: usize) -> u64 {
    if digits == 0 {
        return 0;
    }
    // Zeros in front make every number one of eight digits.
    let word = word << (64 - 8 * digits);
    let pairs = (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(2561) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(6_553_601) >> 16;
    (fours & 0x0000_ffff_0000_ffff).wrapping_mul(42_949_672_960_001) >> 32
}

/// Takes `12`, `12.5` or `-0.5` as a count of `10^-decimals`; `None` for anything else, for more digits
/// than the unit holds, and out of range.
#[inline(always)]
pub(crate) fn take_decimal(cursor: &mut &[u8], decimals: usize) -> Option<i64> {
    let negative = cursor.first() == Some(&b'-');
    if negative {
        *cursor = &cursor[1..];
    }
    let (whole, whole_digits) = take_digits(cursor)?;
    let mut scaled = whole.checked_mul(POWERS[decimals])?;
    if cursor.first() == Some(&b'.') {
        *cursor = &cursor[1..];
        let (fraction, digits) = take_digits(cursor)?;
        if digits > decimals || digits == 0 {
            return None;
        }
        // Below 10^decimals.
        scaled = scaled.checked_add(fraction.wrapping_mul(POWERS[decimals - digits]))?;
    }
    if whole_digits == 0 {
        return None;
    }
    let value = i64::try_from(scaled).ok()?;
    Some(if negative { -value } else { value })
}

/// Takes a whole number of at most 19 digits.
#[inline(always)]
pub(crate) fn take_integer(cursor: &mut &[u8]) -> Option<u64> {
    take_digits(cursor).filter(|(_, digits)| *digits > 0).map(|(value, _)| value)
}

/// Why a text is no number of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFault {
    Malformed,
    TooLarge,
}

impl fmt::Display for NumberFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "a decimal number",
            Self::TooLarge => "a number within range",
        })
    }
}

/// Reads a whole text, exponents included, as a count of `10^-decimals`, and tells whether digits
/// beyond the unit had to be rounded; halves go away from zero.
pub(crate) fn parse_decimal(text: &str, decimals: u32) -> Result<(i64, bool), NumberFault> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| NumberFault::Malformed)?)
        }
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix('-');
    let negative = unsigned.is_some();
    let digits = unsigned.or_else(|| mantissa.strip_prefix('+')).unwrap_or(mantissa);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(NumberFault::Malformed);
    }
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(NumberFault::Malformed);
    }
    let append =
        |value: i128, byte: u8| value.checked_mul(10)?.checked_add(i128::from(byte - b'0'));
    let mut value = whole.bytes().try_fold(0_i128, append).ok_or(NumberFault::TooLarge)?;
    let kept = fraction.bytes().map_while(|byte| append(value, byte).map(|next| value = next));
    let kept = kept.count();
    // Digits that no 128 bits hold are far behind those of any unit: a float's exact value has fifty.
    let cut = fraction.bytes().skip(kept).any(|byte| byte != b'0');
    let places = i64::try_from(kept).map_err(|_| NumberFault::TooLarge)?;
    let shift = i64::from(decimals) - places + i64::from(exponent);
    let (scaled, rounded) = shifted(value, shift).ok_or(NumberFault::TooLarge)?;
    let scaled = if negative { -scaled } else { scaled };
    Ok((i64::try_from(scaled).map_err(|_| NumberFault::TooLarge)?, rounded || cut))
}

/// True for a number that is too large for a count of `10^-decimals`, or too far below zero.
pub(crate) fn is_beyond(text: &str, decimals: u32) -> bool {
    parse_decimal(text, decimals) == Err(NumberFault::TooLarge)
}

/// `value × 10^shift` for a value of at least zero, and whether it was rounded.
fn shifted(value: i128, shift: i64) -> Option<(i128, bool)> {
    if value == 0 {
        return Some((0, false));
    }
    let power = u32::try_from(shift.unsigned_abs()).ok().and_then(|n| 10_i128.checked_pow(n));
    if shift >= 0 {
        return Some((value.checked_mul(power?)?, false));
    }
    let Some(divisor) = power else {
        return Some((0, true));
    };
    let (quotient, rest) = (value / divisor, value % divisor);
    // Without doubling, which might overflow.
    let up = rest >= divisor - rest && rest > 0;
    Some((quotient + i128::from(up), rest > 0))
}

#[cfg(test)]
mod tests;

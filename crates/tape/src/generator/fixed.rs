//! Logarithm, exponential and random deviates in integers.
//!
//! Floating-point `ln` and `exp` differ between platforms in the last digits, and a tape must not.
//! Numbers called `q32` count `2^-32`, numbers called `q16` count `2^-16`.

use rand::Rng;

/// One as q32.
pub(super) const ONE_Q32: u64 = 1 << 32;
/// `ln 2` as q32.
const LN_2_Q32: u64 = 2_977_044_472;
/// Terms of the series of `exp`: the next one is below `2^-32`.
const EXP_TERMS: u64 = 12;
/// Uniform numbers of 16 bits that are summed to a normal one; twelve have a variance of one.
const NORMAL_TERMS: u32 = 12;
/// Mean of that sum as q16.
const NORMAL_MEAN_Q16: i64 = 393_210;

/// `e^-x`.
pub(super) fn exp_neg(x_q32: u64) -> u64 {
    let halvings = x_q32 / LN_2_Q32;
    let rest = u128::from(x_q32 % LN_2_Q32);
    // Alternating series, even and odd terms apart so that nothing becomes negative.
    let (mut even, mut odd) = (0_u128, 0_u128);
    let mut term = u128::from(ONE_Q32);
    for n in 1..=EXP_TERMS {
        if n % 2 == 1 {
            even += term;
        } else {
            odd += term;
        }
        term = ((term * rest) >> 32) / u128::from(n);
    }
    let value = u64::try_from(even.saturating_sub(odd)).unwrap_or(ONE_Q32);
    u32::try_from(halvings).ok().and_then(|halvings| value.checked_shr(halvings)).unwrap_or(0)
}

/// `-ln(u / 2^64)` for `u` above zero, as q32: from 0 to 44.4.
pub(super) fn neg_ln(u: u64) -> u64 {
    let zeros = u.leading_zeros();
    // The mantissa counts 2^-63 and lies in 1..2; squaring it shifts its logarithm by one bit.
    let mut mantissa = u128::from(u) << zeros;
    let mut log2_q32 = 0_u64;
    for bit in (0..32).rev() {
        mantissa = (mantissa * mantissa) >> 63;
        if mantissa >> 64 != 0 {
            mantissa >>= 1;
            log2_q32 |= 1 << bit;
        }
    }
    let whole = (u64::from(zeros) + 1) << 32;
    let product = u128::from(whole.saturating_sub(log2_q32)) * u128::from(LN_2_Q32);
    u64::try_from(product >> 32).unwrap_or(u64::MAX)
}

/// An exponential deviate of mean one, as q32.
pub(super) fn exponential(rng: &mut impl Rng) -> u64 {
    neg_ln(rng.next_u64() | 1)
}

/// A normal deviate of variance one, as q16, within ±6: the far tails come from elsewhere.
pub(super) fn normal(rng: &mut impl Rng) -> i64 {
    let mut sum = 0_i64;
    for _ in 0..NORMAL_TERMS / 4 {
        let bits = rng.next_u64();
        sum += (0..4).map(|n| i64::from(low16(bits >> (16 * n)))).sum::<i64>();
    }
    sum - NORMAL_MEAN_Q16
}

/// True with a probability given in 1/65536.
pub(super) fn chance(rng: &mut impl Rng, probability_q16: u16) -> bool {
    low16(rng.next_u64()) < probability_q16
}

/// One of `0..count`; the bias is below `count / 2^64`.
pub(super) fn below(rng: &mut impl Rng, count: u64) -> u64 {
    let product = u128::from(rng.next_u64()) * u128::from(count);
    u64::try_from(product >> 64).unwrap_or(0)
}

fn low16(bits: u64) -> u16 {
    let [low, high, ..] = bits.to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn exp_and_ln_are_exact_to_eight_digits() {
        // (x, e^-x), both times 10^9, from a table of logarithms.
        for (x, expected) in [
            (0_u64, 1_000_000_000_u64),
            (1_000_000, 999_000_500),
            (500_000_000, 606_530_660),
            (693_147_181, 500_000_000),
            (1_000_000_000, 367_879_441),
            (5_000_000_000, 6_737_947),
            (100_000_000_000, 0),
        ] {
            let got = from_q32(exp_neg(to_q32(x)));
            assert!(got.abs_diff(expected) <= 4, "exp(-{x}e-9) is {got}e-9");
        }
        for (u, expected) in [
            (u64::MAX, 0_u64),
            (1 << 63, 693_147_181),
            (1 << 62, 1_386_294_361),
            // 1/e and 0.1 of 2^64.
            (6_786_177_901_268_085_365, 1_000_000_000),
            (1_844_674_407_370_955_162, 2_302_585_093),
            (1, 44_361_419_556),
        ] {
            let got = from_q32(neg_ln(u));
            assert!(got.abs_diff(expected) <= 8, "-ln({u} / 2^64) is {got}e-9");
        }
    }

    #[test]
    fn deviates_have_their_moments() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let count = 100_000_u32;
        let mean = |sum: i128| sum / i128::from(count);
        let exponential: i128 = (0..count).map(|_| i128::from(exponential(&mut rng))).sum();
        let error = mean(exponential) - i128::from(ONE_Q32);
        assert!(error.abs() < i128::from(ONE_Q32) / 100, "{error}");
        let (mut sum, mut squares) = (0, 0);
        for _ in 0..count {
            let z = i128::from(normal(&mut rng));
            sum += z;
            squares += z * z;
        }
        assert!(mean(sum).abs() < 65_536 / 100);
        assert!((mean(squares) - 65_536 * 65_536).abs() < 65_536 * 65_536 / 50);
        let hits = (0..count).filter(|_| chance(&mut rng, 16_384)).count();
        assert!((24_500..25_500).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| below(&mut rng, 3) < 3));
    }

    fn to_q32(nano: u64) -> u64 {
        u64::try_from((u128::from(nano) << 32) / 1_000_000_000).unwrap()
    }

    fn from_q32(q32: u64) -> u64 {
        u64::try_from((u128::from(q32) * 1_000_000_000) >> 32).unwrap()
    }
}

//! JSON numbers as clients write them.

/// Digits that an exponent may move the point by.
const EXPONENT_MAX: i32 = 30;

/// The same number without an exponent: `2e-05` is `0.00002`. Another text stays as it is.
pub(super) fn plain(text: &str) -> String {
    let parts = text.split_once(['e', 'E']);
    let Some((mantissa, exponent)) = parts else {
        return text.to_owned();
    };
    let Some(exponent) = exponent.parse::<i32>().ok().filter(|e| e.abs() <= EXPONENT_MAX) else {
        return text.to_owned();
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let width = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let point = i32::try_from(whole.len()).unwrap_or(0).saturating_add(exponent);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else if point >= width {
        format!("{sign}{digits}{}", zeros(point - width))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{sign}{whole}.{fraction}")
    }
}

/// True for the text of a JSON number.
pub(super) fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit() || first == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_move_the_point() {
        let check = |text: &str, expected: &str| assert_eq!(plain(text), expected);
        check("2e-05", "0.00002");
        check("1.25e-3", "0.00125");
        check("1.25E+1", "12.5");
        check("-1.5e3", "-1500");
        check("12.5", "12.5");
        check("1e999", "1e999");
        check("1e", "1e");
        assert!(is_number("-1") && !is_number("\"1\"") && !is_number("true"));
    }
}

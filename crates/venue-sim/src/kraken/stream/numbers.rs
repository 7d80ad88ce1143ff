//! JSON numbers as clients write them.

/// Digits that an exponent may move the point by.
const EXPONENT_MAX: i32 = 30;

/// Digits of a double that are certain.
const DOUBLE_DIGITS: usize = 15;

/// Digits after the point that any price or quantity may have, generously.
const FRACTION_MAX: usize = 40;

/// Digits after the point that quantities have: so few are no trace of a computation.
const EXACT_MAX: usize = 8;

/// The number that a double says, without an exponent: `2e-05` is `0.00002`, and `0.16499999999999998`, which is
/// how programs write a computed `0.165`, is `0.165`. Another text stays as it is.
pub(super) fn plain(text: &str) -> String {
    let text = without_exponent(text);
    rounded(&text).unwrap_or(text)
}

/// A number of which digits after the point are beyond those of a double, with those only.
fn rounded(text: &str) -> Option<String> {
    let (sign, number) = text.strip_prefix('-').map_or(("", text), |number| ("-", number));
    let (whole, fraction) = number.split_once('.')?;
    if fraction.len() <= EXACT_MAX {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0').len();
    let beyond = significant.checked_sub(DOUBLE_DIGITS).filter(|beyond| *beyond > 0)?;
    let kept = fraction.len().checked_sub(beyond)?;
    if !(1..=FRACTION_MAX).contains(&kept) {
        return None;
    }
    let (certain, rest) = digits.split_at(whole.len() + kept);
    let certain: u128 = certain.parse().ok()?;
    let up = u128::from(rest.starts_with(|digit| digit >= '5'));
    let width = kept + 1;
    let digits = format!("{:0width$}", certain + up);
    let (whole, fraction) = digits.split_at(digits.len() - kept);
    let text = format!("{sign}{whole}.{fraction}");
    Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// The same number without an exponent.
fn without_exponent(text: &str) -> String {
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
        check("0.16499999999999998", "0.165");
        check("0.30000000000000004", "0.3");
        check("-0.99999999999999999", "-1");
        check("84450.299999999996", "84450.3");
        check("12345678.12345678", "12345678.12345678");
        check("0.12345678", "0.12345678");
        check("123456789012345678.5", "123456789012345678.5");
        assert!(is_number("-1") && !is_number("\"1\"") && !is_number("true"));
    }
}

use super::*;

fn price(text: &str) -> Price {
    Price::parse(text).expect("valid price")
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("valid quantity")
}

#[test]
fn a_product_of_price_and_quantity_is_exact() {
    let value = Notional::of(price("10749.400000001"), quantity("0.03869709"));
    assert_eq!(value.to_string(), "415.97049924603869709");
    let largest = Notional::of(Price::MAX, Quantity::MAX);
    assert_eq!(largest.raw(), i128::from(i64::MAX) * i128::from(i64::MAX));
}

#[test]
fn a_fee_is_a_share_rounded_at_the_assets_digits() {
    let cost = Notional::of(price("10749.4"), quantity("0.004"));
    assert_eq!(cost.to_string(), "42.9976");
    let fee = |rounding| cost.fraction_ppm(4_000, 4, rounding).expect("in range").to_string();
    assert_eq!(fee(Rounding::HalfUp), "0.172");
    assert_eq!(fee(Rounding::Down), "0.1719");
    assert_eq!(fee(Rounding::Up), "0.172");
}

#[test]
fn rounding_treats_both_signs_alike() {
    let check = |text: &str, rounding, expected: &str| {
        let value = Notional::parse(text).expect("valid");
        assert_eq!(value.round_to(1, rounding).to_string(), expected, "{text} {rounding:?}");
    };
    check("0.25", Rounding::HalfUp, "0.3");
    check("-0.25", Rounding::HalfUp, "-0.3");
    check("0.24", Rounding::HalfUp, "0.2");
    check("-0.24", Rounding::HalfUp, "-0.2");
    check("-0.21", Rounding::Down, "-0.3");
    check("-0.29", Rounding::Up, "-0.2");
}

#[test]
fn an_average_price_comes_back_from_cost_and_quantity() {
    let cost = Notional::of(price("100"), quantity("1"))
        .checked_add(Notional::of(price("101"), quantity("2")))
        .expect("in range");
    assert_eq!(cost.price_per(quantity("3"), 5).expect("in range").to_string(), "100.66667");
    assert_eq!(cost.price_per(Quantity::ZERO, 5), None);
}

#[test]
fn products_are_in_range_or_nothing() {
    let edges = [0, 1, 31, 32, 33, 62, 63, 64, 94, 95, 96, 126].map(|bits: u32| 1_i128 << bits);
    let numbers = edges.into_iter().flat_map(|edge| [edge - 1, edge, edge + 1, -edge, 1 - edge]);
    let numbers: Vec<_> = numbers.chain([i128::MAX, i128::MIN]).collect();
    for left in &numbers {
        for right in &numbers {
            assert_eq!(product(*left, *right), left.checked_mul(*right), "{left} x {right}");
        }
    }
}

//! What goes together in an order, whatever the pair.

use model::{Quantity, Side};

use super::{PairRules, Rule, RuleBroken};
use crate::codec::order::{Kind, KrakenOrder, Life, PriceAt, Size};

/// An iceberg is at most this many times what it shows (reference, section 1.5).
const ICEBERG_PARTS: i64 = 15;

/// Checks what goes together.
pub(super) fn check(rules: &PairRules, order: &KrakenOrder) -> Result<(), RuleBroken> {
    let wrong = |what, value: &str, valid: &str| {
        Err(rules.broken(Rule::Combination, what, value, vec![valid.to_owned()]))
    };
    if order.symbol != rules.instrument.symbol {
        return wrong("pair", order.symbol.as_str(), rules.instrument.symbol.as_str());
    }
    let is_market_buy = matches!((&order.kind, order.side), (Kind::Market { .. }, Side::Buy));
    if matches!(order.size, Size::Quote(_)) && !is_market_buy {
        return wrong("size", "by cost", "a quantity, or a market buy");
    }
    if order.leverage.is_some_and(|leverage| leverage < 2) {
        return wrong("leverage", "below 2", "none, or 2 and more");
    }
    let is_post_only = matches!(order.kind, Kind::Limit { post_only: true, .. });
    match order.life {
        Life::Ioc | Life::Fok if is_post_only => {
            return wrong("time in force", "immediate", "gtc or gtd of a post-only order");
        }
        Life::Gtd(_) if order.ends_at_market() => {
            return wrong("time in force", "gtd", "gtc of an order without a limit");
        }
        Life::Gtc | Life::Ioc | Life::Fok | Life::Gtd(_) => {}
    }
    match &order.kind {
        Kind::Limit { shown: Some(shown), .. } => match order.size {
            Size::Base(quantity) => check_shown(rules, *shown, Some(quantity)),
            Size::Quote(_) => Ok(()),
        },
        Kind::Trailing { limit: Some(PriceAt::Exactly(price)), .. } => {
            let valid = "a distance from the trigger";
            wrong("limit of a trailing order", &price.to_string(), valid)
        }
        Kind::SettlePosition if order.leverage.is_none() => {
            wrong("leverage", "none", "that of the position to settle")
        }
        Kind::Market { .. }
        | Kind::Limit { .. }
        | Kind::Triggered { .. }
        | Kind::Trailing { .. }
        | Kind::SettlePosition => Ok(()),
    }
}

/// Checks what an iceberg shows.
pub(super) fn check_shown(
    rules: &PairRules,
    shown: Quantity,
    quantity: Option<Quantity>,
) -> Result<(), RuleBroken> {
    let most = shown.checked_mul(ICEBERG_PARTS).unwrap_or(Quantity::MAX);
    let fits = quantity.is_none_or(|quantity| shown <= quantity && most >= quantity);
    if shown.is_positive() && fits {
        return Ok(());
    }
    let valid = quantity.map(|quantity| {
        let lot = rules.instrument.lot_size();
        let part = quantity.raw().div_euclid(ICEBERG_PARTS);
        let rounded = if part.saturating_mul(ICEBERG_PARTS) < quantity.raw() { 1 } else { 0 };
        let least = super::ceil_to(Quantity::from_raw(part.saturating_add(rounded)), lot);
        format!("{least}` to `{quantity}")
    });
    Err(rules.broken(Rule::Shown, "shown quantity", shown, valid.into_iter().collect()))
}

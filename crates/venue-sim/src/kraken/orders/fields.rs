//! Which arguments an order may have.

use crate::kraken::error::ApiError;
use crate::kraken::rest::Args;

/// Characters of an unknown field's name that the refusal repeats.
const FIELD_SHOWN_MAX: usize = 64;

/// Fields of an order that mean something here or cannot change what the order does.
const FIELDS: &[&str] = &[
    "broker",
    "cl_ord_id",
    "close",
    "close[ordertype]",
    "close[price2]",
    "close[price]",
    "deadline",
    "displayvol",
    "expiretm",
    "nonce",
    "oflags",
    "ordertype",
    "otp",
    "pair",
    "price",
    "price2",
    "reduce_only",
    "sender_sub_id",
    "timeinforce",
    "type",
    "userref",
    "validate",
    "volume",
];

/// Fields that are taken only with values that ask for nothing special.
const HARMLESS_VALUES: &[(&str, &[&str])] = &[
    ("asset_class", &["currency", "forex"]),
    ("leverage", &["none", "0", "1"]),
    ("starttm", &["0"]),
    ("stptype", &["cancel-newest"]),
    ("trigger", &["last"]),
];

/// Refuses the first field, in alphabetic order, that asks for what is not offered.
pub(super) fn check(args: &Args) -> Result<(), ApiError> {
    let is_taken = |name: &str, value: &str| {
        let mut harmless = HARMLESS_VALUES.iter();
        FIELDS.contains(&name) || harmless.any(|(n, values)| *n == name && values.contains(&value))
    };
    match args.iter().find(|(name, value)| !is_taken(name, value)) {
        Some((name, _)) => {
            let shown: String = name.chars().take(FIELD_SHOWN_MAX).collect();
            Err(ApiError::arguments(&shown))
        }
        None => Ok(()),
    }
}

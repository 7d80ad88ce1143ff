//! Arguments that ask for what is not offered. What Kraken does not know it ignores, and so does this.

use crate::kraken::error::ApiError;
use crate::kraken::rest::Args;

/// Fields of an order that mean something here or cannot change what the order does.
const KNOWN: &[&str] = &[
    "asset_class",
    "broker",
    "cl_ord_id",
    "close",
    "close[ordertype]",
    "close[price]",
    "close[price2]",
    "deadline",
    "displayvol",
    "expiretm",
    "leverage",
    "nonce",
    "oflags",
    "ordertype",
    "otp",
    "pair",
    "price",
    "price2",
    "reduce_only",
    "sender_sub_id",
    "starttm",
    "stptype",
    "timeinforce",
    "trigger",
    "type",
    "userref",
    "validate",
    "volume",
];

/// Refuses what asks for margin or another price than the last one; logs what nobody knows.
pub(super) fn check(args: &Args) -> Result<(), ApiError> {
    if args.flag("reduce_only")? {
        return Err(ApiError::NO_POSITION);
    }
    match args.get("leverage") {
        None | Some("none" | "0" | "1" | "1:1") => {}
        Some(text) if text.strip_suffix(":1").unwrap_or(text).parse::<u32>().is_ok() => {
            return Err(ApiError::INSUFFICIENT_MARGIN);
        }
        Some(_) => return Err(ApiError::arguments("leverage")),
    }
    match args.get("trigger") {
        None | Some("last") => {}
        Some("index") => return Err(ApiError::arguments("Index unavailable")),
        Some(_) => return Err(ApiError::arguments("trigger")),
    }
    if !matches!(args.get("asset_class"), None | Some("currency" | "forex")) {
        return Err(ApiError::arguments("asset_class"));
    }
    for (name, _) in args.iter().filter(|(name, _)| !KNOWN.contains(name)) {
        tracing::debug!(name, "unknown argument of an order ignored");
    }
    Ok(())
}

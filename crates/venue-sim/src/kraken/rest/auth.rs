//! Who asks, and may they: key, signature, second factor, nonce, account, permission, rate, in this order.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use model::UnixNanos;
use sha2::{Digest, Sha256, Sha512};

use crate::kraken::config::Permissions;
use crate::kraken::error::ApiError;
use crate::kraken::limits::call_cost;
use crate::kraken::rest::{Args, Request};
use crate::kraken::token::Grant;
use crate::kraken::venue::Venue;

impl Venue {
    /// What a private request may do, and for which account.
    ///
    /// A wrong signature or second factor leaves the nonce unused; whatever fails later has used it. A call is counted
    /// when everything else is right, and then also if it is too much.
    pub(super) fn authenticate(
        &mut self,
        method: &str,
        request: &Request,
        args: &Args,
        now: UnixNanos,
    ) -> Result<Grant, ApiError> {
        let key = request.api_key.as_ref().and_then(|k| self.keys.get_mut(k));
        let key = key.ok_or(ApiError::INVALID_KEY)?;
        let nonce_text = args.get("nonce").unwrap_or_default();
        let sign = request.api_sign.as_deref().unwrap_or_default();
        if !is_signed(&key.secret, &request.path, nonce_text, &request.body, sign) {
            return Err(ApiError::INVALID_SIGNATURE);
        }
        // Kraken tells a wrong password no better than a wrong signature.
        if key.otp.as_ref().is_some_and(|otp| !otp.is(args.get("otp"))) {
            return Err(ApiError::INVALID_SIGNATURE);
        }
        let nonce: u64 = nonce_text.parse().map_err(|_| ApiError::INVALID_NONCE)?;
        if !key.nonces.take(nonce) {
            return Err(ApiError::INVALID_NONCE);
        }
        let (account, permissions) = (key.account, key.permissions);
        let state = self.accounts.get(&account);
        state.map_or(Ok(()), |state| state.standing.check_call())?;
        if !is_permitted(method, permissions) {
            return Err(ApiError::PERMISSION_DENIED);
        }
        let tier = state.map(|state| state.tier).unwrap_or_default();
        let (cost, allowed) = (call_cost(method), tier.calls());
        if cost > 0 && !key.calls.add(cost, allowed, now) {
            return Err(ApiError::CALL_LIMIT);
        }
        Ok(Grant { account, permissions })
    }
}

/// True when `sign` is the base64 of HMAC-SHA512 over the path and SHA256 of nonce and body.
fn is_signed(secret: &[u8], path: &str, nonce: &str, body: &[u8], sign: &str) -> bool {
    let Ok(sign) = STANDARD.decode(sign) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha512>::new_from_slice(secret) else {
        return false;
    };
    let digest = Sha256::new().chain_update(nonce).chain_update(body).finalize();
    mac.update(path.as_bytes());
    mac.update(&digest);
    mac.verify_slice(&sign).is_ok()
}

fn is_permitted(method: &str, key: Permissions) -> bool {
    match method {
        "Balance" | "BalanceEx" | "TradeBalance" | "TradeVolume" => key.query_funds,
        "OpenOrders" | "OpenPositions" => key.query_open_orders,
        "ClosedOrders" | "TradesHistory" => key.query_closed_orders,
        "QueryOrders" | "QueryTrades" | "OrderAmends" => {
            key.query_open_orders || key.query_closed_orders
        }
        "Ledgers" | "QueryLedgers" => key.query_ledger,
        "AddOrder" | "AddOrderBatch" | "AmendOrder" | "EditOrder" => key.create_orders,
        "CancelOrder" | "CancelOrderBatch" | "CancelAll" | "CancelAllOrdersAfter" => {
            key.cancel_orders
        }
        "GetWebSocketsToken" => key.web_sockets,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_signature_is_recognised() {
        let secret = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";
        let secret = STANDARD.decode(secret).unwrap();
        let body =
            b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25";
        let sign = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==";
        let check = |nonce: &str, body: &[u8], sign: &str| {
            is_signed(&secret, "/0/private/AddOrder", nonce, body, sign)
        };
        assert!(check("1616492376594", body, sign));
        assert!(!check("1616492376595", body, sign));
        assert!(!check("1616492376594", &body[1..], sign));
        assert!(!check("1616492376594", body, "AAAA"));
        assert!(!check("1616492376594", body, "not base64"));
    }
}

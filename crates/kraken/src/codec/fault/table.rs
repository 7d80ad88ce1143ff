//! The table of error texts, matched by prefix: details follow after a further colon.

use std::time::Duration;

use super::{Fate, FaultClass, Health, Rule};
use FaultClass::{Auth, Caller, Limit, Service, Trading};
use Health::{Blocked, Broken, Silent, Slow, Works};

/// Beginning of a text that ends with the time until which to be silent.
pub(super) const THROTTLED: &str = "EService: Throttled";

/// A limit counter decays by a third to one unit per second: after this pause a few calls fit again.
const PAUSE: Duration = Duration::from_secs(5);

/// A refused key stays refused; asking on leads to a lockout, which lasts about this long.
const LOCKOUT: Duration = Duration::from_secs(15 * 60);

const fn refusal(prefix: &'static str, class: FaultClass, health: Health) -> Rule {
    Rule { prefix, class, again: false, health, fate: Fate::NotDone }
}

const fn limit(prefix: &'static str) -> Rule {
    Rule { prefix, class: Limit, again: true, health: Slow(PAUSE), fate: Fate::NotDone }
}

const fn outage(prefix: &'static str) -> Rule {
    Rule { prefix, class: Service, again: true, health: Broken, fate: Fate::Unknown }
}

/// A text of a known category that nobody told us of: the venue answers, but what it did with an order
/// is anybody's guess.
const fn unlisted(prefix: &'static str, class: FaultClass) -> Rule {
    Rule { prefix, class, again: false, health: Works, fate: Fate::Unknown }
}

/// The longest prefix that fits wins; the categories at the end catch texts that nobody told us of.
const RULES: &[Rule] = &[
    refusal("EAPI:Invalid key", Auth, Blocked(LOCKOUT)),
    refusal("EAPI:Invalid signature", Auth, Blocked(LOCKOUT)),
    // Requests that overtook each other: the next nonce is higher.
    Rule {
        prefix: "EAPI:Invalid nonce",
        class: Auth,
        again: true,
        health: Silent,
        fate: Fate::NotDone,
    },
    limit("EAPI:Rate limit exceeded"),
    refusal("EAPI:Bad request", Caller, Works),
    refusal("EAPI:Feature disabled", Caller, Works),
    // Of one method, so it must not block the lane that others share.
    refusal("EGeneral:Permission denied", Auth, Silent),
    refusal("EGeneral:Temporary lockout", Limit, Blocked(LOCKOUT)),
    limit("EGeneral:Too many requests"),
    refusal("EGeneral:Invalid arguments", Caller, Works),
    refusal("EGeneral:Unknown method", Caller, Works),
    outage("EGeneral:Internal error"),
    outage("EService:Unavailable"),
    outage("EService:Busy"),
    outage("EService:Timeout"),
    // The order came too late and was refused by the engine: a slow venue, a safe answer.
    refusal("EService:Deadline elapsed", Service, Broken),
    refusal("EService:Market in cancel_only mode", Service, Works),
    refusal("EService:Market in post_only mode", Service, Works),
    refusal("EService:Market in limit_only mode", Service, Works),
    limit(THROTTLED),
    outage("EDatabase:Internal error"),
    limit("EOrder:Rate limit exceeded"),
    limit("EOrder:Domain rate limit exceeded"),
    refusal("EOrder:Orders limit exceeded", Limit, Works),
    refusal("EOrder:Scheduled orders limit exceeded", Limit, Works),
    refusal("EOrder:Positions limit exceeded", Limit, Works),
    refusal("EOrder:Insufficient funds", Trading, Works),
    refusal("EOrder:Insufficient margin", Trading, Works),
    refusal("EOrder:Margin allowance exceeded", Trading, Works),
    refusal("EOrder:Margin level too low", Trading, Works),
    refusal("EOrder:Margin position size exceeded", Trading, Works),
    refusal("EOrder:Cannot open position", Trading, Works),
    refusal("EOrder:Cannot open opposing position", Trading, Works),
    refusal("EOrder:Order minimum not met", Caller, Works),
    refusal("EOrder:Cost minimum not met", Caller, Works),
    refusal("EOrder:Tick size check failed", Caller, Works),
    refusal("EOrder:Invalid price", Caller, Works),
    refusal("EOrder:Post only order", Trading, Works),
    refusal("EOrder:Unknown order", Trading, Works),
    refusal("EOrder:Invalid order", Trading, Works),
    refusal("EOrder:Unknown position", Trading, Works),
    refusal("EOrder:Reduce only", Trading, Works),
    refusal("EQuery:Unknown asset pair", Caller, Works),
    refusal("EQuery:Unknown asset", Caller, Works),
    refusal("EQuery:Invalid asset pair", Caller, Works),
    refusal("ETrade:Locked", Auth, Blocked(LOCKOUT)),
    refusal("ETrade:User Locked", Auth, Blocked(LOCKOUT)),
    refusal("ETrade:Invalid request", Auth, Blocked(LOCKOUT)),
    refusal("EAuth:Account temporary disabled", Auth, Blocked(LOCKOUT)),
    refusal("EAuth:Account unconfirmed", Auth, Blocked(LOCKOUT)),
    refusal("EAccount:Invalid permissions", Auth, Blocked(LOCKOUT)),
    limit("EAuth:Rate limit exceeded"),
    limit("EAuth:Too many requests"),
    // A WebSocket token: every connection takes a new one anyway.
    refusal("ESession:Invalid session", Auth, Works),
    // Of the WebSocket only, where a category is not always in front.
    refusal("Currency pair not supported", Caller, Works),
    refusal("Unsupported event", Caller, Works),
    refusal("Unsupported field", Caller, Works),
    refusal("Limit_price field must be a number_float", Caller, Works),
    refusal("Subscription depth not supported", Caller, Works),
    refusal("Malformed request", Caller, Works),
    refusal("Already subscribed", Caller, Works),
    refusal("Token(s) not found", Auth, Works),
    limit("Exceeded msg rate"),
    unlisted("EFunding:", Caller),
    refusal("EBM:limit exceeded", Limit, Works),
    unlisted("EEarnings:", Caller),
    unlisted("EOrder:", Trading),
    unlisted("EQuery:", Caller),
    unlisted("EAuth:", Auth),
    unlisted("EAccount:", Auth),
    unlisted("ETrade:", Trading),
    unlisted("ESession:", Auth),
    unlisted("EBM:", Limit),
    unlisted("EAPI:", Caller),
];

/// A text of no known category: assume the worst.
const UNLISTED: Rule = outage("");

/// What is known of an error text.
pub(super) fn rule(text: &str) -> &'static Rule {
    RULES
        .iter()
        .filter(|rule| text.starts_with(rule.prefix))
        .max_by_key(|rule| rule.prefix.len())
        .unwrap_or(&UNLISTED)
}

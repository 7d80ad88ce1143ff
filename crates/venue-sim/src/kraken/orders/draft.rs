//! An order as the client asks for it.

use std::sync::Arc;
use std::time::Duration;

use matching::OrderRequest;
use model::{Notional, OrderKind, Price, Quantity, Side, TimeInForce, Trigger, UnixNanos};

use crate::kraken::error::ApiError;
use crate::kraken::orders::prices::{Frame, is_above, parse};
use crate::kraken::orders::{Close, Trail, by_cost, fields};
use crate::kraken::pair::Pair;
use crate::kraken::rest::{Args, Told};
use crate::kraken::venue::Venue;
use crate::kraken::wire::parse_rfc3339;

/// Longest `cl_ord_id` that is not a UUID.
const FREE_TEXT_MAX: usize = 18;
/// Latest `deadline` that is accepted.
const DEADLINE_MAX: Duration = Duration::from_secs(60);
/// Soonest and latest end of an order that is good till a date.
const LIFE_MIN: Duration = Duration::from_secs(5);
const LIFE_MAX: Duration = Duration::from_secs(31 * 24 * 60 * 60);
/// The hidden part of an iceberg is at most this many times the shown one.
const ICEBERG_PARTS: i64 = 15;

/// An order that was understood, not yet checked against the market.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) request: OrderRequest,
    pub(crate) userref: Option<i32>,
    /// When what is left of it ends by itself.
    pub(crate) expires: Option<UnixNanos>,
    /// What a market buy is to cost, if the client gave that in place of a quantity.
    pub(crate) cost: Option<Notional>,
    /// Part that an iceberg shows.
    pub(crate) display: Option<Quantity>,
    /// When it comes into the market, if that is not now.
    pub(crate) starts: Option<UnixNanos>,
    pub(crate) self_trade: SelfTrade,
    /// How a trailing stop follows the market.
    pub(crate) trail: Option<Trail>,
    /// What comes for what is executed of it.
    pub(crate) close: Option<Close>,
    /// The order whose execution it follows.
    pub(crate) refid: Option<String>,
}

/// Who goes when an order would trade with one of the same account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SelfTrade {
    /// The one that comes.
    Newest,
    /// Those that rest in its way.
    Oldest,
    /// The one that comes and the first in its way.
    Both,
}

impl Draft {
    /// Understands the arguments of `AddOrder`, or one order of a batch.
    pub(crate) fn parse(
        venue: &mut Venue,
        pair: &Pair,
        args: &Args,
        now: UnixNanos,
    ) -> Result<Self, ApiError> {
        let side = match args.require("type")? {
            "buy" => Side::Buy,
            "sell" => Side::Sell,
            _ => return Err(ApiError::arguments("type")),
        };
        let ordertype = args.require("ordertype")?;
        if ordertype == "settle-position" {
            return Err(ApiError::UNKNOWN_POSITION);
        }
        let volume = Quantity::parse(args.require("volume")?);
        let volume = volume.map_err(|_| ApiError::arguments("volume"))?;
        fields::check(args)?;
        let flags = Flags::parse(args)?;
        let last = venue.exchange.reference_price(pair.symbol());
        let trail = Trail::parse(ordertype, args, pair)?;
        let kind = match trail {
            Some(_) if flags.post => return Err(ApiError::arguments("oflags")),
            Some(trail) => {
                let kind = last.and_then(|last| trail.kind(side, last, pair));
                kind.ok_or_else(|| ApiError::arguments("price"))?
            }
            None => order_kind(ordertype, side, flags, args, (pair, last))?,
        };
        let starts = starts(args, now)?;
        let (time_in_force, expires) = life(args, kind, now)?;
        if starts.is_some_and(|starts| expires.is_some_and(|expires| expires <= starts)) {
            return Err(ApiError::arguments("expiretm"));
        }
        let (quantity, cost) = if flags.by_cost && (kind, side) == (OrderKind::Market, Side::Buy) {
            let cost = Notional::from_quantity(volume);
            if cost < pair.instrument.cost_min {
                return Err(matching::Refusal::CostMinimum.into());
            }
            (by_cost::quantity(venue, pair, cost), Some(cost))
        } else if flags.by_cost {
            return Err(ApiError::arguments("oflags"));
        } else {
            (volume, None)
        };
        let request = OrderRequest {
            client_id: client_id(args)?,
            symbol: pair.symbol().clone(),
            side,
            kind,
            quantity,
            time_in_force,
            reduce_only: false,
            fee_in_base: flags.base_fee,
        };
        let display = display(args, ordertype, quantity)?;
        Ok(Self {
            request,
            userref: None,
            expires,
            cost,
            display,
            starts,
            self_trade: self_trade(args)?,
            trail,
            close: Close::parse(venue, pair, args, (side, quantity), now)?,
            refid: None,
        })
    }

    /// What it asks for, as it is shown.
    pub(crate) fn told(&self, pair: &Pair) -> Told {
        Told::new(self.request.kind, self.trail, true, pair)
    }

    /// Adds what `AddOrder` checks later than the rest: the client's number, and the deadline.
    pub(crate) fn with_userref(mut self, args: &Args) -> Result<Self, ApiError> {
        self.userref = args.number("userref")?;
        if self.userref.is_some() && self.request.client_id.is_some() {
            return Err(ApiError::arguments("userref"));
        }
        Ok(self)
    }
}

/// `oflags`: price protection cannot be switched off any more.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    post: bool,
    by_cost: bool,
    base_fee: bool,
}

impl Flags {
    fn parse(args: &Args) -> Result<Self, ApiError> {
        let mut flags = Self::default();
        for flag in args.list("oflags") {
            match flag {
                "post" => flags.post = true,
                "viqc" => flags.by_cost = true,
                "fcib" => flags.base_fee = true,
                "fciq" | "nompp" => {}
                _ => return Err(ApiError::arguments("oflags")),
            }
        }
        Ok(flags)
    }
}

/// `stptype`.
fn self_trade(args: &Args) -> Result<SelfTrade, ApiError> {
    match args.get("stptype") {
        None | Some("cancel-newest") => Ok(SelfTrade::Newest),
        Some("cancel-oldest") => Ok(SelfTrade::Oldest),
        Some("cancel-both") => Ok(SelfTrade::Both),
        Some(_) => Err(ApiError::arguments("stptype")),
    }
}

fn order_kind(
    ordertype: &str,
    side: Side,
    flags: Flags,
    args: &Args,
    (pair, last): (&Pair, Option<Price>),
) -> Result<OrderKind, ApiError> {
    let price = |field: &str, is_stop: bool| {
        let frame = Frame { pair, last, above: is_above(side, is_stop) };
        parse(args.require(field)?, field, frame)
    };
    let plain = matches!(ordertype, "market" | "limit" | "iceberg");
    if flags.post && !matches!(ordertype, "limit" | "iceberg") {
        return Err(ApiError::arguments("oflags"));
    }
    if (plain || !ordertype.ends_with("-limit")) && args.get("price2").is_some_and(|p| p != "0") {
        return Err(ApiError::arguments("price2"));
    }
    let waiting = |trigger: Trigger, limited: bool| {
        let price_1 = price("price", trigger == Trigger::StopLoss)?;
        let limit = limited.then(|| price("price2", trigger == Trigger::StopLoss)).transpose()?;
        Ok(OrderKind::Triggered { trigger, price: price_1, limit })
    };
    match ordertype {
        "market" => Ok(OrderKind::Market),
        "limit" | "iceberg" => {
            Ok(OrderKind::Limit { price: price("price", false)?, post_only: flags.post })
        }
        "stop-loss" => waiting(Trigger::StopLoss, false),
        "stop-loss-limit" => waiting(Trigger::StopLoss, true),
        "take-profit" => waiting(Trigger::TakeProfit, false),
        "take-profit-limit" => waiting(Trigger::TakeProfit, true),
        _ => Err(ApiError::arguments("ordertype")),
    }
}

/// How long an order lives: `timeinforce` and `expiretm`.
fn life(
    args: &Args,
    kind: OrderKind,
    now: UnixNanos,
) -> Result<(TimeInForce, Option<UnixNanos>), ApiError> {
    let wrong = || ApiError::arguments("timeinforce");
    let tif = args.get("timeinforce").map(str::to_ascii_uppercase);
    let end = args.get("expiretm").filter(|text| *text != "0");
    let takes = matches!(kind, OrderKind::Limit { post_only: false, .. });
    match (tif.as_deref(), end) {
        (None | Some("GTC" | "GTD"), Some(end)) if kind != OrderKind::Market => {
            Ok((TimeInForce::Gtc, Some(expiry(end, now)?)))
        }
        (_, Some(_)) | (Some("GTD"), None) => Err(ApiError::arguments("expiretm")),
        (None | Some("GTC"), None) => Ok((TimeInForce::Gtc, None)),
        (Some("IOC"), None) if takes => Ok((TimeInForce::Ioc, None)),
        (Some("FOK"), None) if takes => Ok((TimeInForce::Fok, None)),
        (Some(_), None) => Err(wrong()),
    }
}

/// `expiretm`: not too soon, and not too late.
fn expiry(text: &str, now: UnixNanos) -> Result<UnixNanos, ApiError> {
    let wrong = || ApiError::arguments("expiretm");
    let (at, from_now) = instant(text, now).ok_or_else(wrong)?;
    if (LIFE_MIN..=LIFE_MAX).contains(&from_now) { Ok(at) } else { Err(wrong()) }
}

/// `starttm`, unless it is now or has passed.
fn starts(args: &Args, now: UnixNanos) -> Result<Option<UnixNanos>, ApiError> {
    let Some(text) = args.get("starttm").filter(|text| *text != "0") else { return Ok(None) };
    let wrong = || ApiError::arguments("starttm");
    let (at, from_now) = instant(text, now).ok_or_else(wrong)?;
    if from_now > LIFE_MAX {
        return Err(wrong());
    }
    Ok(Some(at).filter(|at| *at > now))
}

/// Seconds since 1970, or from now on with a `+`, or an RFC 3339 text; and how far that is. A number of seconds
/// from now gives a whole second, as Kraken shows it.
fn instant(text: &str, now: UnixNanos) -> Option<(UnixNanos, Duration)> {
    // A plus that was not escaped arrives as a blank.
    if let Some(seconds) = text.strip_prefix(['+', ' ']) {
        let seconds: u64 = seconds.parse().ok()?;
        let from_now = Duration::from_secs(seconds.min(LIFE_MAX.as_secs() + 1));
        return Some((UnixNanos::from_secs(now.secs()).plus(from_now), from_now));
    }
    let at = UnixNanos::parse_secs(text).ok().or_else(|| parse_rfc3339(text))?;
    Some((at, at.since(now)))
}

/// `displayvol`, of icebergs only.
fn display(args: &Args, ordertype: &str, quantity: Quantity) -> Result<Option<Quantity>, ApiError> {
    let wrong = || ApiError::arguments("displayvol");
    match (args.get("displayvol"), ordertype) {
        (None, "iceberg") => Err(wrong()),
        (None, _) => Ok(None),
        (Some(text), "iceberg") => {
            let shown = Quantity::parse(text).map_err(|_| wrong())?;
            if is_shown_part(shown, quantity) { Ok(Some(shown)) } else { Err(wrong()) }
        }
        (Some(_), _) => Err(wrong()),
    }
}

/// True when an iceberg of a quantity may show so much of itself.
pub(super) fn is_shown_part(shown: Quantity, quantity: Quantity) -> bool {
    let most = shown.checked_mul(ICEBERG_PARTS).unwrap_or(Quantity::MAX);
    shown.is_positive() && shown <= quantity && most >= quantity
}

/// `cl_ord_id`: a UUID with or without dashes, or a short text.
fn client_id(args: &Args) -> Result<Option<Arc<str>>, ApiError> {
    let Some(text) = args.get("cl_ord_id") else {
        return Ok(None);
    };
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let is_uuid =
        matches!(lengths[..], [32] | [8, 4, 4, 4, 12]) && groups.iter().all(|g| is_hex(g));
    let is_free_text = text.len() <= FREE_TEXT_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    if is_uuid || is_free_text {
        Ok(Some(Arc::from(text)))
    } else {
        Err(ApiError::arguments("cl_ord_id"))
    }
}

/// `deadline`: when it has passed, the request is refused; it cannot be too far ahead.
///
/// Kraken also asks for two seconds of distance at the time of sending, which a request that was
/// on its way for long cannot have any more; the arrival is what counts here.
pub(super) fn check_deadline(args: &Args, now: UnixNanos) -> Result<(), ApiError> {
    let Some(text) = args.get("deadline") else {
        return Ok(());
    };
    let deadline = parse_rfc3339(text).ok_or_else(|| ApiError::arguments("deadline"))?;
    if deadline <= now {
        return Err(ApiError::DEADLINE_ELAPSED);
    }
    if deadline.since(now) > DEADLINE_MAX {
        return Err(ApiError::arguments("deadline"));
    }
    Ok(())
}

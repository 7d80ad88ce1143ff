//! Refusals in Kraken's words.

use std::borrow::Cow;

use matching::Refusal;

/// One error string of an answer: `EOrder:Insufficient funds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError(pub(crate) Cow<'static, str>);

impl ApiError {
    pub(crate) const INVALID_KEY: Self = Self::fixed("EAPI:Invalid key");
    pub(crate) const INVALID_SIGNATURE: Self = Self::fixed("EAPI:Invalid signature");
    pub(crate) const INVALID_NONCE: Self = Self::fixed("EAPI:Invalid nonce");
    pub(crate) const PERMISSION_DENIED: Self = Self::fixed("EGeneral:Permission denied");
    pub(crate) const LOCKOUT: Self = Self::fixed("EGeneral:Temporary lockout");
    pub(crate) const TOO_MANY_REQUESTS: Self = Self::fixed("EGeneral:Too many requests");
    pub(crate) const LOCKED: Self = Self::fixed("ETrade:Locked");
    pub(crate) const USER_LOCKED: Self = Self::fixed("ETrade:User Locked");
    pub(crate) const ACCOUNT_DISABLED: Self = Self::fixed("EAuth:Account temporary disabled");
    pub(crate) const ACCOUNT_UNCONFIRMED: Self = Self::fixed("EAuth:Account unconfirmed");
    pub(crate) const LIMIT_ONLY_MODE: Self = Self::fixed("EService:Market in limit_only mode");
    pub(crate) const UNKNOWN_METHOD: Self = Self::fixed("EGeneral:Unknown method");
    pub(crate) const UNKNOWN_PAIR: Self = Self::fixed("EQuery:Unknown asset pair");
    pub(crate) const UNKNOWN_ASSET: Self = Self::fixed("EQuery:Unknown asset");
    pub(crate) const UNKNOWN_ORDER: Self = Self::fixed("EOrder:Unknown order");
    pub(crate) const INVALID_ORDER: Self = Self::fixed("EOrder:Invalid order");
    pub(crate) const NO_POSITION: Self = Self::fixed("EOrder:Reduce only:No position exists");
    pub(crate) const UNKNOWN_POSITION: Self = Self::fixed("EOrder:Unknown position");
    pub(crate) const INSUFFICIENT_MARGIN: Self = Self::fixed("EOrder:Insufficient margin");
    pub(crate) const SCHEDULED_LIMIT: Self = Self::fixed("EOrder:Scheduled orders limit exceeded");
    pub(crate) const DEADLINE_ELAPSED: Self = Self::fixed("EService:Deadline elapsed");
    pub(crate) const CALL_LIMIT: Self = Self::fixed("EAPI:Rate limit exceeded");
    pub(crate) const TRANSACTION_LIMIT: Self = Self::fixed("EOrder:Rate limit exceeded");
    pub(crate) const OPEN_ORDERS_LIMIT: Self = Self::fixed("EOrder:Orders limit exceeded");
    pub(crate) const UNAVAILABLE: Self = Self::fixed("EService:Unavailable");
    pub(crate) const CANCEL_ONLY: Self = Self::fixed("EService:Market in cancel_only mode");
    pub(crate) const POST_ONLY_MODE: Self = Self::fixed("EService:Market in post_only mode");
    pub(crate) const INVALID_SESSION: Self = Self::fixed("ESession:Invalid session");

    const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// An argument that is missing or not understood.
    pub(crate) fn arguments(field: &str) -> Self {
        Self(Cow::Owned(format!("EGeneral:Invalid arguments:{field}")))
    }

    /// The same without the name of the argument.
    pub(crate) fn without_field(self) -> Self {
        const BARE: &str = "EGeneral:Invalid arguments";
        if self.0.starts_with(BARE) { Self::fixed(BARE) } else { self }
    }

    /// Too much at once; the time from which on Kraken listens again, seconds since 1970.
    pub(crate) fn throttled(until: i64) -> Self {
        Self(Cow::Owned(format!("EService: Throttled: {until}")))
    }

    /// A price with more digits than the pair has.
    pub(crate) fn price_digits(wsname: &str, decimals: u32) -> Self {
        Self(Cow::Owned(format!(
            "EOrder:Invalid price:{wsname} price can only be specified up to {decimals} decimals."
        )))
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownAccount => Self::INVALID_KEY,
            Refusal::UnknownInstrument => Self::UNKNOWN_PAIR,
            Refusal::UnknownOrder => Self::UNKNOWN_ORDER,
            Refusal::QuantityNotPositive | Refusal::LotSize => Self::arguments("volume"),
            Refusal::QuantityMinimum => Self::fixed("EOrder:Order minimum not met"),
            Refusal::PriceNotPositive => Self::arguments("price"),
            Refusal::TickSize => Self::fixed("EOrder:Tick size check failed"),
            Refusal::CostMinimum => Self::fixed("EOrder:Cost minimum not met"),
            Refusal::DuplicateClientId => Self::arguments("cl_ord_id"),
            Refusal::TooManyOrders => Self::OPEN_ORDERS_LIMIT,
            Refusal::NothingToReduce => Self::NO_POSITION,
            Refusal::PostOnly => Self::fixed("EOrder:Post only order"),
            Refusal::InsufficientFunds => Self::fixed("EOrder:Insufficient funds"),
            _ => Self::INVALID_ORDER,
        }
    }
}

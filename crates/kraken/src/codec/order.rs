//! An order with everything that Kraken offers, and how it changes. Pure values; how they are written is
//! in [`rest`](super::rest) and [`ws`](super::ws).

use model::{
    ClientOrderId, NewOrder, Notional, OrderKind, Price, Quantity, Side, Symbol, TimeInForce,
    Trigger, UnixNanos, VenueOrderId,
};

/// An order in Kraken's terms; [`KrakenOrder::from`] makes one of a [`NewOrder`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KrakenOrder {
    /// Our name of it.
    pub name: OrderName,
    /// Pair.
    pub symbol: Symbol,
    /// Direction.
    pub side: Side,
    /// What kind, with its prices.
    pub kind: Kind,
    /// How much.
    pub size: Size,
    /// How long.
    pub life: Life,
    /// When it takes effect; `None` for at once.
    pub starts_at: Option<UnixNanos>,
    /// True when it may make a margin position smaller, never larger.
    pub reduce_only: bool,
    /// Leverage, 2 or more; `None` for an order that is paid in full.
    pub leverage: Option<u32>,
    /// In which asset fees are asked for.
    pub fee_in: FeeAsset,
    /// What happens when it meets an order of the same account.
    pub self_trade: SelfTrade,
    /// The order that follows when it is filled.
    pub close: Option<Close>,
}

/// Our name of an order. Kraken takes one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderName {
    /// Unique among open orders. An order in doubt is found by it.
    Client(ClientOrderId),
    /// A number that many orders may share. An order in doubt is one of all those of the number, so that
    /// a number used once in a while finds it.
    UserRef(i32),
}

/// What kind of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Takes what the book offers.
    Market {
        /// False to ask for no protection against far prices, which Kraken ignores since 2026.
        protected: bool,
    },
    /// Trades at a price or better.
    Limit {
        /// The price.
        price: PriceAt,
        /// Refused rather than taking liquidity.
        post_only: bool,
        /// Base units that are shown at a time, at least a fifteenth of all: an iceberg. `None` for all.
        shown: Option<Quantity>,
    },
    /// Waits until the market is at a price.
    Triggered {
        /// Which way the market must go.
        trigger: Trigger,
        /// Price at which it wakes.
        price: PriceAt,
        /// Worst price then; `None` for any.
        limit: Option<PriceAt>,
        /// Which price of the market counts.
        by: Reference,
    },
    /// As a stop loss whose trigger follows the market at a distance and never goes back.
    Trailing {
        /// How far behind the best price of the market.
        distance: Distance,
        /// Worst price then, as a distance from the trigger; `None` for any.
        limit: Option<PriceAt>,
        /// Which price of the market counts.
        by: Reference,
    },
    /// Settles a margin position; may be of size zero, which is all of it.
    SettlePosition,
}

/// A price, or a distance from the last trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceAt {
    /// This one.
    Exactly(Price),
    /// So far above.
    Above(Distance),
    /// So far below.
    Below(Distance),
}

/// How far, as a positive number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// Quote units.
    Quote(Price),
    /// Percent.
    Percent(Price),
}

/// Which price of the market counts for a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reference {
    /// That of the last trade.
    #[default]
    Last,
    /// That of an index.
    Index,
}

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Base units.
    Base(Quantity),
    /// Quote units; of market buys only.
    Quote(Notional),
}

/// How long an order lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Until it is cancelled.
    Gtc,
    /// What is not filled at once is cancelled.
    Ioc,
    /// All of it is filled at once, or nothing.
    Fok,
    /// Until an instant, 5 s to a month ahead. Kraken counts whole seconds; the end is rounded up.
    Gtd(UnixNanos),
}

/// In which asset fees are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeeAsset {
    /// In quote: the default here, so that fees need no price.
    #[default]
    Quote,
    /// In base.
    Base,
}

/// What happens when an order meets one of the same account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelfTrade {
    /// The one that arrives is cancelled.
    #[default]
    CancelNewest,
    /// The one that rests is cancelled.
    CancelOldest,
    /// Both are cancelled.
    CancelBoth,
}

impl SelfTrade {
    /// Kraken's words, joined by dashes in REST and by underscores on the WebSocket.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::CancelNewest => ("cancel-newest", "cancel_newest"),
            Self::CancelOldest => ("cancel-oldest", "cancel_oldest"),
            Self::CancelBoth => ("cancel-both", "cancel_both"),
        }
    }
}

/// An order that is placed when another one is filled, of the other side and the filled quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// A limit order.
    Limit(PriceAt),
    /// One that waits for a price.
    Triggered {
        /// Which way the market must go.
        trigger: Trigger,
        /// Price at which it wakes.
        price: PriceAt,
        /// Worst price then; `None` for any.
        limit: Option<PriceAt>,
    },
}

impl From<&NewOrder> for KrakenOrder {
    fn from(order: &NewOrder) -> Self {
        let kind = match order.kind {
            OrderKind::Market => Kind::Market { protected: true },
            OrderKind::Limit { price, post_only } => {
                Kind::Limit { price: PriceAt::Exactly(price), post_only, shown: None }
            }
            OrderKind::Triggered { trigger, price, limit } => Kind::Triggered {
                trigger,
                price: PriceAt::Exactly(price),
                limit: limit.map(PriceAt::Exactly),
                by: Reference::Last,
            },
        };
        Self {
            name: OrderName::Client(order.client_order_id.clone()),
            symbol: order.symbol.clone(),
            side: order.side,
            kind,
            size: Size::Base(order.quantity),
            life: match order.time_in_force {
                TimeInForce::Gtc => Life::Gtc,
                TimeInForce::Ioc => Life::Ioc,
                TimeInForce::Fok => Life::Fok,
            },
            starts_at: None,
            reduce_only: order.reduce_only,
            leverage: None,
            fee_in: FeeAsset::Quote,
            self_trade: SelfTrade::CancelNewest,
            close: None,
        }
    }
}

impl KrakenOrder {
    /// Our id, if it has one.
    pub const fn client_order_id(&self) -> Option<&ClientOrderId> {
        match &self.name {
            OrderName::Client(id) => Some(id),
            OrderName::UserRef(_) => None,
        }
    }

    /// True when it becomes a market order, at once or later: of those Kraken takes no time in force.
    pub(crate) const fn ends_at_market(&self) -> bool {
        match self.kind {
            Kind::Market { .. } | Kind::SettlePosition => true,
            Kind::Triggered { limit, .. } | Kind::Trailing { limit, .. } => limit.is_none(),
            Kind::Limit { .. } => false,
        }
    }

    /// The kind in Kraken's words, joined by dashes.
    pub(crate) const fn kind_words(&self) -> &'static str {
        match self.kind {
            Kind::Market { .. } => "market",
            Kind::Limit { shown: None, .. } => "limit",
            Kind::Limit { shown: Some(_), .. } => "iceberg",
            Kind::Triggered { trigger, limit, .. } => trigger_words(trigger, limit.is_some()),
            Kind::Trailing { limit: None, .. } => "trailing-stop",
            Kind::Trailing { limit: Some(_), .. } => "trailing-stop-limit",
            Kind::SettlePosition => "settle-position",
        }
    }

    /// First and second price, in the order of REST: limit, or trigger and then limit.
    pub(crate) const fn prices(&self) -> (Option<PriceAt>, Option<PriceAt>) {
        match self.kind {
            Kind::Market { .. } | Kind::SettlePosition => (None, None),
            Kind::Limit { price, .. } => (Some(price), None),
            Kind::Triggered { price, limit, .. } => (Some(price), limit),
            Kind::Trailing { distance, limit, .. } => (Some(PriceAt::Above(distance)), limit),
        }
    }
}

impl Close {
    /// True for a limit order, whose only price is a limit.
    pub(crate) const fn is_limit(&self) -> bool {
        matches!(self, Self::Limit(_))
    }

    /// The kind in Kraken's words, joined by dashes.
    pub(crate) const fn kind_words(&self) -> &'static str {
        match self {
            Self::Limit(_) => "limit",
            Self::Triggered { trigger, limit, .. } => trigger_words(*trigger, limit.is_some()),
        }
    }

    /// First and second price, as [`KrakenOrder::prices`].
    pub(crate) const fn prices(&self) -> (PriceAt, Option<PriceAt>) {
        match self {
            Self::Limit(price) => (*price, None),
            Self::Triggered { price, limit, .. } => (*price, *limit),
        }
    }
}

const fn trigger_words(trigger: Trigger, limited: bool) -> &'static str {
    match (trigger, limited) {
        (Trigger::StopLoss, false) => "stop-loss",
        (Trigger::StopLoss, true) => "stop-loss-limit",
        (Trigger::TakeProfit, false) => "take-profit",
        (Trigger::TakeProfit, true) => "take-profit-limit",
    }
}

/// Which order is meant, by one of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By the venue's.
    Venue(VenueOrderId),
    /// By ours.
    Client(ClientOrderId),
}

/// How an order is to change in place. What is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// The order.
    pub target: Target,
    /// Its pair, whose rules the change must keep.
    pub symbol: Symbol,
    /// Base units, of which what is filled already is a part: less than that cancels the rest.
    pub quantity: Option<Quantity>,
    /// Base units that an iceberg shows.
    pub shown: Option<Quantity>,
    /// Limit.
    pub limit: Option<PriceAt>,
    /// Price at which it wakes.
    pub trigger: Option<PriceAt>,
    /// True to have the change refused rather than take liquidity.
    pub post_only: bool,
}

impl Amendment {
    /// The venue's name of the order, if it is meant by that.
    pub(crate) const fn venue_order_id(&self) -> Option<&VenueOrderId> {
        match &self.target {
            Target::Venue(id) => Some(id),
            Target::Client(_) => None,
        }
    }

    /// No change yet.
    pub const fn of(target: Target, symbol: Symbol) -> Self {
        Self {
            target,
            symbol,
            quantity: None,
            shown: None,
            limit: None,
            trigger: None,
            post_only: false,
        }
    }
}

/// A new order in the place of another one: Kraken cancels that, and what is not given is taken over from
/// it. The new one has no client order id and goes to the end of the queue; [`Amendment`] is better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The order that goes.
    pub order: VenueOrderId,
    /// Its pair.
    pub symbol: Symbol,
    /// Base units of the new one.
    pub quantity: Option<Quantity>,
    /// Limit, or trigger of one that waits.
    pub price: Option<PriceAt>,
    /// Limit after the trigger.
    pub second_price: Option<PriceAt>,
    /// Number of the new one.
    pub userref: Option<i32>,
    /// True for a new one that is refused rather than taking liquidity.
    pub post_only: bool,
}

/// Which orders are to be cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelTarget {
    /// One, by the venue's id.
    Venue(VenueOrderId),
    /// One, by ours.
    Client(ClientOrderId),
    /// All that share a number.
    UserRef(i32),
}

/// An order that Kraken took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The venue's name of it.
    pub id: VenueOrderId,
    /// The sentence in which Kraken describes it; empty on the WebSocket.
    pub description: String,
}

/// What Kraken made of a [`Replacement`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The new order.
    pub id: VenueOrderId,
    /// The one that went.
    pub original: VenueOrderId,
}

/// When all orders are cancelled unless somebody says otherwise; see
/// [`Rest::cancel_all_after`](crate::Rest::cancel_all_after).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SwitchState {
    /// The instant, by the venue's clock; `None` when the switch is off.
    pub triggers_at: Option<UnixNanos>,
}

//! Stops that follow the market: their trigger stays a distance behind the best last price since they came.

use std::collections::BTreeSet;

use matching::{Amendment, OrderId};
use model::{OrderKind, Price, Side, Symbol, Trigger};

use crate::kraken::error::ApiError;
use crate::kraken::orders::prices::Distance;
use crate::kraken::pair::Pair;
use crate::kraken::rest::Args;
use crate::kraken::venue::Venue;

/// How a trailing stop follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trail {
    /// From the last price to the trigger: below it for a sale, above it for a purchase.
    pub(crate) behind: Distance,
    /// From the trigger to the limit of the order that comes then, if it has one.
    pub(crate) limit: Option<Offset>,
}

/// A distance with its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offset {
    pub(crate) above: bool,
    pub(crate) distance: Distance,
}

impl Offset {
    /// `+50.0000%`, `-1.5`.
    pub(crate) fn text(self, pair: &Pair) -> String {
        let sign = if self.above { '+' } else { '-' };
        let unit = if self.distance.is_percent() { "%" } else { "" };
        format!("{sign}{}{unit}", self.distance.number(pair))
    }

    fn parse(text: &str, field: &str, pair: &Pair) -> Result<Self, ApiError> {
        // A plus that was not escaped arrives as a blank.
        let signed = text.strip_prefix(['+', ' ']).map(|rest| (true, rest));
        let signed = signed.or_else(|| text.strip_prefix('-').map(|rest| (false, rest)));
        let (above, rest) = signed.ok_or_else(|| ApiError::arguments(field))?;
        Ok(Self { above, distance: Distance::parse(rest, field, pair)? })
    }
}

impl Trail {
    /// The trail of an order; `None` of an order of another type.
    pub(super) fn parse(
        ordertype: &str,
        args: &Args,
        pair: &Pair,
    ) -> Result<Option<Self>, ApiError> {
        let limited = match ordertype {
            "trailing-stop" => false,
            "trailing-stop-limit" => true,
            _ => return Ok(None),
        };
        let behind = Offset::parse(args.require("price")?, "price", pair)?;
        if !behind.above {
            return Err(ApiError::arguments("price"));
        }
        let limit = match args.get("price2").filter(|text| limited || *text != "0") {
            Some(text) if limited => Some(Offset::parse(text, "price2", pair)?),
            None if !limited => None,
            Some(_) | None => return Err(ApiError::arguments("price2")),
        };
        Ok(Some(Self { behind: behind.distance, limit }))
    }

    /// What an order waits for when the last price is `last`; `None` if that is no price.
    pub(super) fn kind(self, side: Side, last: Price, pair: &Pair) -> Option<OrderKind> {
        let price = self.behind.from(last, side == Side::Buy, pair)?;
        let limit = match self.limit {
            Some(Offset { above, distance }) => Some(distance.from(price, above, pair)?),
            None => None,
        };
        Some(OrderKind::Triggered { trigger: Trigger::StopLoss, price, limit })
    }

    /// As messages show it while the order waits: the trigger's distance, and the limit's.
    pub(crate) fn texts(self, pair: &Pair) -> [String; 2] {
        let behind = Offset { above: true, distance: self.behind };
        let limit = self.limit.map_or_else(|| "0".to_owned(), |limit| limit.text(pair));
        [behind.text(pair), limit]
    }
}

impl Venue {
    /// Lets the trailing stops of a pair follow its last price. None of them wakes by that.
    pub(crate) fn trail(&mut self, symbol: &Symbol, now: model::UnixNanos) {
        let Some(ids) = self.trailing.remove(symbol) else { return };
        let Some(pair) = self.listed(symbol).map(|listed| listed.pair.clone()) else { return };
        let last = self.exchange.last_price(symbol);
        let waiting: BTreeSet<OrderId> =
            ids.into_iter().filter(|id| self.follow(*id, last, &pair, now)).collect();
        if !waiting.is_empty() {
            self.trailing.insert(symbol.clone(), waiting);
        }
    }

    /// Moves one trigger, if that brings it nearer to the market; false if the order waits no more.
    fn follow(
        &mut self,
        id: OrderId,
        last: Option<Price>,
        pair: &Pair,
        now: model::UnixNanos,
    ) -> bool {
        let order = self.exchange.order(id).filter(|o| o.is_open() && o.request.is_waiting());
        let (Some(order), Some(details)) = (order, self.orders.get_mut(&id)) else { return false };
        if order.scheduled {
            return true;
        }
        let (account, side, is) = (order.account, order.request.side, order.request.kind);
        let trail = details.facts.trail;
        let kind = trail.zip(last).and_then(|(trail, last)| trail.kind(side, last, pair));
        let (
            OrderKind::Triggered { price, .. },
            Some(kind @ OrderKind::Triggered { price: trigger, limit, .. }),
        ) = (is, kind)
        else {
            return true;
        };
        let nearer = match side {
            Side::Buy => trigger < price,
            Side::Sell => trigger > price,
        };
        if nearer {
            let change = Amendment { trigger: Some(trigger), limit, ..Amendment::default() };
            let mut events = Vec::new();
            match self.exchange.amend(account, id, &change, now, &mut events) {
                Ok(()) => details.facts.request.kind = kind,
                Err(error) => tracing::warn!(?error, "a trailing stop stays where it was"),
            }
        }
        true
    }
}

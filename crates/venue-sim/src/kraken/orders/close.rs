//! Conditional closes: orders that come when another one is executed, for what was executed of it.

use matching::AccountId;
use model::{Quantity, Side, Symbol, UnixNanos};

use crate::kraken::error::ApiError;
use crate::kraken::orders::Draft;
use crate::kraken::pair::Pair;
use crate::kraken::rest::{Args, kind_words};
use crate::kraken::venue::Venue;

/// Types of orders that can close.
const TYPES: &[&str] = &[
    "limit",
    "stop-loss",
    "take-profit",
    "stop-loss-limit",
    "take-profit-limit",
    "trailing-stop",
    "trailing-stop-limit",
];

/// What an order leaves behind where it is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) ordertype: String,
    pub(crate) price: String,
    pub(crate) price2: Option<String>,
    /// The sentence that describes it: `close position @ stop loss 22000.0`.
    pub(crate) sentence: String,
}

/// A close that is due.
#[derive(Debug)]
pub(crate) struct DueClose {
    pub(crate) account: AccountId,
    pub(crate) symbol: Symbol,
    /// Of the order that was executed.
    pub(crate) side: Side,
    pub(crate) quantity: Quantity,
    pub(crate) close: Close,
    /// Name of the order that was executed.
    pub(crate) refid: String,
}

impl Close {
    /// The close that the arguments of an order ask for, as far as it could be placed now.
    pub(super) fn parse(
        venue: &mut Venue,
        pair: &Pair,
        args: &Args,
        (side, quantity): (Side, Quantity),
        now: UnixNanos,
    ) -> Result<Option<Self>, ApiError> {
        let object = args.get("close").map(|text| Args::json(text.as_bytes())).unwrap_or_default();
        let field = |name: &str| {
            let plain = args.get(&format!("close[{name}]")).or_else(|| object.get(name));
            plain.map(str::to_owned)
        };
        let (ordertype, price, price2) = (field("ordertype"), field("price"), field("price2"));
        let Some(ordertype) = ordertype else {
            let is_asked = price.is_some() || price2.is_some() || args.get("close").is_some();
            let missing = ApiError::arguments("close[ordertype]");
            return if is_asked { Err(missing) } else { Ok(None) };
        };
        if !TYPES.contains(&ordertype.as_str()) {
            return Err(ApiError::arguments("close[ordertype]"));
        }
        let price = price.ok_or_else(|| ApiError::arguments("close[price]"))?;
        let mut close = Self { ordertype, price, price2, sentence: String::new() };
        let draft = Draft::parse(venue, pair, &close.args(pair, side, quantity), now)?;
        let what = kind_words(&draft.told(pair), pair);
        close.sentence = format!("close position @ {what}");
        Ok(Some(close))
    }

    /// The arguments of the order that closes so much of an order of `side`.
    fn args(&self, pair: &Pair, side: Side, quantity: Quantity) -> Args {
        let mut args = Args::default();
        args.set("pair", pair.id);
        args.set("type", side.opposite().as_str());
        args.set("volume", &quantity.to_string());
        args.set("ordertype", &self.ordertype);
        args.set("price", &self.price);
        if let Some(price2) = &self.price2 {
            args.set("price2", price2);
        }
        args
    }

    /// Asks for the same close in other arguments.
    pub(super) fn ask(&self, args: &mut Args) {
        args.set("close[ordertype]", &self.ordertype);
        args.set("close[price]", &self.price);
        if let Some(price2) = &self.price2 {
            args.set("close[price2]", price2);
        }
    }
}

impl Venue {
    /// Places what is due. Relative prices count from the last trade now, not from that when the close was
    /// asked for.
    pub(crate) fn place_closes(&mut self, now: UnixNanos) {
        // To place one publishes, which comes here again: the first call places them all.
        if std::mem::replace(&mut self.places_closes, true) {
            return;
        }
        while let Some(due) = self.closes.pop_front() {
            let DueClose { account, symbol, side, quantity, close, refid } = due;
            let Some(pair) = self.listed(&symbol).map(|listed| listed.pair.clone()) else {
                continue;
            };
            let args = close.args(&pair, side, quantity);
            let placed = Draft::parse(self, &pair, &args, now).and_then(|mut draft| {
                draft.refid = Some(refid);
                self.place(account, &pair, draft, false, now)
            });
            if let Err(error) = placed {
                tracing::info!(error = %error.0, "a conditional close was not placed");
            }
        }
        self.places_closes = false;
    }
}

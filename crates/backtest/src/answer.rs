//! What a venue tells the strategy alone, with numbers for names.

use std::borrow::Cow;

use engine::{Action, CancelOutcome, Engine, LocateOutcome, OrderNews, SubmitOutcome};
use matching::{CancelReason, Refusal};
use model::{Fill, Notional, OrderReport, OrderState, Quantity, VenueOrderId};

/// An answer on its way, about the order of a place in the record.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) place: usize,
    pub(crate) what: What,
}

/// What is answered.
#[derive(Debug)]
pub(crate) enum What {
    /// The order was taken, under a number.
    Placed(u64),
    /// The order was not taken.
    Refused(Refusal),
    /// Whether the order was still there to be cancelled.
    Cancelled { gone: bool },
    /// What the venue knows of the order, when it was asked.
    Located(Option<News>),
    /// Something happened to the order.
    News(News),
}

/// Where an order stands at the venue.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) number: u64,
    pub(crate) state: OrderState,
    pub(crate) filled: Quantity,
    pub(crate) cost: Notional,
    pub(crate) fee: Notional,
    pub(crate) fill: Option<Fill>,
    pub(crate) reason: Option<CancelReason>,
}

impl Answer {
    /// Tells an engine.
    pub(crate) fn tell(self, engine: &mut Engine, actions: &mut Vec<Action>) {
        let number = u64::try_from(self.place).expect("fewer orders than memory") + 1;
        let mut hear = |news: OrderNews<'_>| engine.hear_of(number, news, actions);
        match self.what {
            What::Placed(number) => {
                let id = VenueOrderId::of_number(number);
                hear(OrderNews::Submitted(SubmitOutcome::Placed(id)));
            }
            What::Refused(refusal) => {
                hear(OrderNews::Submitted(SubmitOutcome::Refused(refusal.to_string())));
            }
            What::Cancelled { gone } => {
                let outcome =
                    if gone { CancelOutcome::AlreadyGone } else { CancelOutcome::Accepted };
                hear(OrderNews::Cancelled(outcome));
            }
            What::Located(news) => {
                let report = news.map(|news| news.report(None));
                let outcome = report.map_or(LocateOutcome::Absent, LocateOutcome::Found);
                hear(OrderNews::Located(&outcome));
            }
            What::News(news) => {
                let known = engine.orders().by_number(number);
                let known = known.and_then(|order| order.venue_order_id().cloned());
                engine.hear_of(number, OrderNews::Told(&news.report(known)), actions);
            }
        }
    }
}

impl News {
    /// Without our own name: whose it is, is known.
    fn report(self, known: Option<VenueOrderId>) -> OrderReport {
        OrderReport {
            client_order_id: None,
            venue_order_id: known.unwrap_or_else(|| VenueOrderId::of_number(self.number)),
            state: self.state,
            filled: Some(self.filled),
            cost: Some(self.cost),
            fee: Some(self.fee),
            last_fill: self.fill,
            reason: self.reason.map(|reason| Cow::Borrowed(reason.as_str())),
        }
    }
}

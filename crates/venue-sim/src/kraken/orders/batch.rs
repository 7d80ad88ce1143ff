//! Several orders in one request.

use matching::AccountId;
use model::UnixNanos;

use crate::kraken::error::ApiError;
use crate::kraken::orders::draft::check_deadline;
use crate::kraken::orders::{Draft, Placed};
use crate::kraken::rest::{Args, sentence};
use crate::kraken::venue::Venue;

/// Orders of a batch.
const BATCH_MIN: usize = 2;
const BATCH_MAX: usize = 15;

/// One order of a batch that was refused.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: ApiError,
    /// The sentence that describes it.
    pub(crate) sentence: String,
}

impl Venue {
    /// `AddOrderBatch`: the answer to each order.
    ///
    /// # Errors
    /// The batch as a whole is not understood, or too much; nothing was placed then.
    pub(crate) fn add_batch(
        &mut self,
        account: AccountId,
        args: &Args,
        orders: &[Args],
        now: UnixNanos,
    ) -> Result<Vec<Result<Placed, Refused>>, ApiError> {
        self.check_trader(account)?;
        let pair = self.pair_of(args)?;
        let validate = args.flag("validate")?;
        if !(BATCH_MIN..=BATCH_MAX).contains(&orders.len()) {
            return Err(ApiError::arguments("orders"));
        }
        let mut drafts = Vec::new();
        for order in orders {
            let draft = Draft::parse(self, &pair, order, now);
            drafts.push(draft.and_then(|draft| draft.with_userref(order)));
        }
        if !validate {
            let rests: Vec<bool> =
                drafts.iter().map(|d| d.as_ref().is_ok_and(|d| d.request.may_rest())).collect();
            let halves = u32::try_from(orders.len()).unwrap_or(u32::MAX);
            self.count_orders(account, pair.symbol(), &rests, halves, now)?;
        }
        check_deadline(args, now)?;
        // What is malformed rejects the batch; what the engine refuses rejects itself only.
        let drafts: Vec<Draft> = drafts.into_iter().collect::<Result<_, _>>()?;
        let place = |draft: Draft| {
            let sentence = sentence(&draft.request, draft.cost, &draft.told(&pair), &pair);
            let placed = self.place(account, &pair, draft, validate, now);
            placed.map_err(|error| Refused { error, sentence })
        };
        Ok(drafts.into_iter().map(place).collect())
    }
}

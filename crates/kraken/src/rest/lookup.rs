//! Questions for single orders, joined into few requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use model::{OrderReport, VenueOrderId};
use platform::Spawner;
use resilience::{BatchError, Batcher, Deadline, DeadlineElapsed, Gather, LaneError};

use super::{CallError, RestError, Shared};
use crate::codec::DecodeError;
use crate::config::ConfigError;

/// By how much a search ends before its most patient caller goes, so that what it found is told.
const TELL_TIME: Duration = Duration::from_millis(10);

/// A question for one order that brought none: its own error, which others of the same request may
/// share, or the batch did not take it.
pub type LookupError = BatchError<Arc<RestError>>;

/// What became of each id.
type Found = BTreeMap<VenueOrderId, Result<OrderReport, Arc<RestError>>>;

/// Asks for orders by the venue's ids. Cheap to clone; clones join each other's questions.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    batcher: Batcher<(VenueOrderId, Deadline), OrderReport, Arc<RestError>>,
    gather: Gather,
}

impl Lookup {
    pub(super) fn new(shared: &Arc<Shared>, spawner: &Spawner) -> Result<Self, ConfigError> {
        let gather = Gather::new("kraken/lookup", shared.config.gather)?;
        // Weak: the batcher's task must not keep a client alive that everybody else has dropped.
        let (client, parts) = (Arc::downgrade(shared), gather.clone());
        let run = move |asked| answers(Weak::clone(&client), parts.clone(), asked);
        let batcher = Batcher::new("kraken/QueryOrders", shared.config.lookup, spawner, run)?;
        Ok(Self { batcher, gather })
    }

    pub(super) async fn ask(
        &self,
        id: &VenueOrderId,
        deadline: Deadline,
    ) -> Result<OrderReport, LookupError> {
        let after = deadline.remaining();
        match deadline.run(self.batcher.call((id.clone(), deadline))).await {
            Ok(answer) => answer,
            // The others of the batch may have more time than this one.
            Err(DeadlineElapsed) => Err(LookupError::TimedOut { after }),
        }
    }

    /// Questions in the queue, batches and requests that run.
    #[cfg(test)]
    pub(super) fn at_work(&self) -> [usize; 3] {
        let batcher = self.batcher.snapshot();
        [batcher.queued, batcher.running, self.gather.snapshot().running]
    }

    pub(super) fn publish(&self) {
        self.batcher.publish();
        self.gather.publish();
    }
}

async fn answers(
    client: Weak<Shared>,
    gather: Gather,
    asked: Vec<(VenueOrderId, Deadline)>,
) -> Result<Vec<Result<OrderReport, Arc<RestError>>>, Arc<RestError>> {
    // Without a client nobody asks.
    let client = client.upgrade().ok_or(LaneError::DeadlineElapsed)?;
    let (ids, deadlines): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
    // The latest: nobody's haste costs another the answer.
    let latest = deadlines.into_iter().max().unwrap_or_else(|| client.longest());
    let deadline = latest.instant().checked_sub(TELL_TIME).map_or(latest, Deadline::at);
    let found = search(&client, &gather, &ids, deadline).await;
    let answer = |id| found.get(id).cloned().unwrap_or_else(|| Err(Arc::new(missing())));
    Ok(ids.iter().map(answer).collect())
}

/// Asks for all ids at once. An id that Kraken does not know fails the whole request; then both halves
/// are asked for again, until it stands alone. All of it has one deadline.
async fn search(
    client: &Shared,
    gather: &Gather,
    ids: &[VenueOrderId],
    deadline: Deadline,
) -> Found {
    let distinct: BTreeSet<_> = ids.iter().cloned().collect();
    let mut found = Found::new();
    let mut parts = vec![Vec::from_iter(distinct)];
    while !parts.is_empty() {
        let ask = |part: Vec<_>| async move { client.query_orders(&part, deadline).await };
        let asked = parts.iter().cloned().map(ask);
        let results = gather.run(asked).await;
        let mut halves = Vec::new();
        for (part, result) in parts.into_iter().zip(results) {
            match result {
                Ok(reports) => {
                    let by_id = |report: OrderReport| (report.venue_order_id.clone(), Ok(report));
                    found.extend(reports.into_iter().map(by_id));
                }
                Err(error) if part.len() > 1 && is_of_one_id(&error) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    halves.extend([first.to_vec(), second.to_vec()]);
                }
                Err(error) => {
                    let error = Arc::new(error);
                    found.extend(part.into_iter().map(|id| (id, Err(Arc::clone(&error)))));
                }
            }
        }
        parts = halves;
    }
    found
}

/// Kraken does not say of which.
fn is_of_one_id(error: &RestError) -> bool {
    let LaneError::Call(CallError::Venue(error)) = error else { return false };
    error.is("EOrder:Invalid order") || error.is("EOrder:Unknown order")
}

/// The answer leaves an id out.
fn missing() -> RestError {
    CallError::Malformed(DecodeError::Missing { what: "order" }).into()
}

#[cfg(test)]
mod tests;

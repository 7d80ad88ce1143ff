//! Histories: lists of pages, newest first.

use std::collections::BTreeSet;
use std::time::Duration;

use model::UnixNanos;

use super::{Read, Rest, RestError};
use crate::codec::account::{Listed, Paged, Period};
use crate::codec::form::Form;

/// Rows of a page; Kraken gives no more.
const PAGE: usize = 50;

/// A grain of a period: Kraken takes whole seconds.
const SECOND: Duration = Duration::from_secs(1);

/// What to read of a history.
pub(super) struct Pager {
    pub(super) method: &'static str,
    pub(super) weight: u32,
    /// What is asked for besides the period.
    pub(super) form: Form,
    pub(super) period: Period,
    pub(super) pages_max: u32,
}

impl Pager {
    /// Reads page after page until the history is over or the bound is reached. Without an end of the
    /// period it is now, so that what is added meanwhile moves nothing. Each page has a request's time.
    pub(super) async fn read<T: Listed + Send>(
        self,
        rest: &Rest,
        read: Read<(Vec<T>, Option<usize>)>,
    ) -> Result<Paged<T, UnixNanos>, RestError> {
        let period = Period { until: Some(self.until(rest)), ..self.period };
        let (mut rows, mut seen, mut offset) = (Vec::new(), BTreeSet::new(), 0_usize);
        for _ in 0..self.pages_max {
            let form = self.form.clone().with("ofs", &offset.to_string());
            let form = within(form, period);
            let shared = &rest.shared;
            let weight = self.weight.into();
            let page = shared.weighty_query(rest.deadline(), weight, self.method, form, read);
            let (mut page, count) = page.await?;
            let found = page.len();
            offset = offset.saturating_add(found);
            page.sort_by_key(|row| std::cmp::Reverse(row.at()));
            page.retain(|row| period.contains(row.at()) && seen.insert(row.id().to_owned()));
            rows.extend(page);
            let is_last = count.map_or(found < PAGE, |count| offset >= count);
            if found == 0 || is_last {
                return Ok(Paged { rows, next: None });
            }
        }
        let next = rows.last().map(Listed::at).or(period.until);
        Ok(Paged { rows, next })
    }

    fn until(&self, rest: &Rest) -> UnixNanos {
        self.period.until.unwrap_or_else(|| rest.shared.clock.now().plus(SECOND))
    }
}

/// With the period in whole seconds, which is at least as long.
fn within(form: Form, period: Period) -> Form {
    let start = period.after.map(|after| after.secs().saturating_sub(1).to_string());
    let end = period.until.map(|until| until.plus(SECOND).secs().to_string());
    form.with_some("start", start.as_deref()).with_some("end", end.as_deref())
}

//! `Retry-After`: how long an answer asks us to stay away. Pure.

use std::time::{Duration, UNIX_EPOCH};

use hyper::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use model::UnixNanos;

/// How long an answer asks us to stay away: a number of seconds, or the time until a date.
///
/// A date is counted from the answer's own `Date`: both are of one clock, and ours may differ from it.
/// Without that it is counted from `now`, our wall time, and without both it says nothing. A date that is
/// over asks for no time at all. No bound: whoever waits sets one.
pub fn retry_after(headers: &HeaderMap, now: Option<UnixNanos>) -> Option<Duration> {
    let asked = text(headers, RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = date(asked)?;
    let from = text(headers, DATE).and_then(date).or(now)?;
    Some(until.since(from))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// In each of the three forms that a date may have.
fn date(text: &str) -> Option<UnixNanos> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(UnixNanos::ZERO.plus(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIX: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:50:07 GMT";

    fn asked(after: &'static str, date: Option<&'static str>, now: Option<u64>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, after.parse().expect("visible"));
        if let Some(date) = date {
            headers.insert(DATE, date.parse().expect("visible"));
        }
        let now = now.map(|seconds| UnixNanos::ZERO.plus(Duration::from_secs(seconds)));
        retry_after(&headers, now).map(|time| time.as_secs())
    }

    #[test]
    fn seconds_are_taken_as_they_are() {
        assert_eq!(asked("120", None, None), Some(120));
        assert_eq!(asked(" 7 ", Some(SIX), Some(0)), Some(7));
        assert_eq!(asked("0", None, None), Some(0));
        assert_eq!(asked("-1", None, None), None);
        assert_eq!(asked("1.5", None, None), None);
        assert_eq!(asked("soon", Some(SIX), Some(0)), None);
        assert_eq!(retry_after(&HeaderMap::new(), Some(UnixNanos::ZERO)), None);
    }

    #[test]
    fn a_date_counts_from_the_date_of_the_answer() {
        // Whatever our own clock says.
        for now in [None, Some(0), Some(4_000_000_000)] {
            assert_eq!(asked(LATER, Some(SIX), now), Some(30), "{now:?}");
        }
        assert_eq!(asked(SIX, Some(LATER), None), Some(0), "it is over");
        assert_eq!(asked("Sunday, 06-Nov-94 08:50:07 GMT", Some(SIX), None), Some(30));
        assert_eq!(asked("Sun Nov  6 08:50:07 1994", Some(SIX), None), Some(30));
    }

    #[test]
    fn a_date_counts_from_our_clock_when_the_answer_has_none() {
        assert_eq!(asked(SIX, None, Some(784_111_777 - 5)), Some(5));
        assert_eq!(asked(SIX, Some("yesterday"), Some(784_111_777 - 5)), Some(5));
        assert_eq!(asked(SIX, None, None), None, "nothing to count from");
    }
}

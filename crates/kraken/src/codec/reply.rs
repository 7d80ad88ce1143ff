//! The envelope of REST answers.

use model::UnixNanos;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::decode::DecodeError;
use super::fault::VenueError;

/// An answer with status 200 that holds no result.
#[derive(Debug, Error)]
pub(crate) enum ReplyError {
    #[error(transparent)]
    Venue(#[from] VenueError),
    #[error(transparent)]
    Malformed(#[from] DecodeError),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    error: Vec<String>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

/// Reads the result of an answer. Warnings (`W...`) beside a result are logged and skipped.
pub(crate) fn result<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    now: UnixNanos,
) -> Result<T, ReplyError> {
    let envelope: Envelope<'a> = serde_json::from_slice(body).map_err(DecodeError::from)?;
    let (warnings, errors): (Vec<_>, Vec<_>) =
        envelope.error.into_iter().partition(|text| text.starts_with('W'));
    for warning in warnings {
        tracing::warn!(venue = "kraken", warning, "venue warns");
    }
    if !errors.is_empty() {
        return Err(VenueError::new(errors, now).into());
    }
    let result = envelope.result.ok_or(DecodeError::Missing { what: "result" })?;
    Ok(serde_json::from_str(result.get()).map_err(DecodeError::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<u32>, String> {
        result(body.as_bytes(), UnixNanos::ZERO).map_err(|error| error.to_string())
    }

    #[test]
    fn an_answer_is_a_result_or_an_error() {
        assert_eq!(read(r#"{"error":[],"result":[1],"new":0}"#), Ok(vec![1]));
        assert_eq!(read(r#"{"result":[2],"error":["WGeneral:Danger"]}"#), Ok(vec![2]));
        let check = |body: &str, error: &str| {
            let found = read(body).expect_err("no result");
            assert!(found.starts_with(error), "{body}: {found}");
        };
        check(r#"{"error":["EAPI:Invalid key"],"result":{}}"#, "EAPI:Invalid key");
        check(r#"{"error":[]}"#, "`result` is missing");
        check(r#"{"error":["WGeneral:Danger"]}"#, "`result` is missing");
        check(r#"{"error":[],"result":{}}"#, "unexpected JSON");
        check(r#"{"error":[],"resul"#, "unexpected JSON");
        check("<html><head><title>502 Bad Gateway</title>", "unexpected JSON");
        check("", "unexpected JSON");
    }
}

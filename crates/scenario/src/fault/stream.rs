//! `ws-status`, `ws-close`, `ws-text`, `stale`, `executions`, `book`: what becomes of WebSocket sessions.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::{Host, one_of, or_streams, write_link};
use super::parameters::{Parameters, Problem, Target, number, time};
use super::rest::{retry_after, status};
use crate::duration::format_duration;
use crate::schema::{DurationText, StatusNumber};
use crate::validate::limits;

/// Refuses a host without streams.
fn with_streams(host: Option<Host>) -> Option<Problem> {
    one_of(host, &Host::STREAMS, "with streams")
}

/// Parameters of `ws-status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WsStatus {
    /// HTTP status of the answers to upgrades, `400..=599`.
    #[serde(deserialize_with = "status")]
    #[schemars(with = "StatusNumber")]
    pub status: u16,
    /// Header `Retry-After` of the answers, whole seconds, `1s..=1h`; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub retry_after: Option<Duration>,
    /// The one host that it is about; both with streams by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
}

impl Parameters for WsStatus {
    fn problem(&self) -> Option<Problem> {
        retry_after(self.retry_after).or_else(|| with_streams(self.host))
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(or_streams(self.host))
    }
}

/// ` 429 retry-after 7s ws.kraken.com`.
impl fmt::Display for WsStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.status)?;
        if let Some(after) = self.retry_after {
            write!(f, " retry-after {}", format_duration(after))?;
        }
        write_link(f, None, self.host)
    }
}

/// Parameters of `ws-close`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WsClose {
    /// Code of the close frame, `1000..=4999` as far as the protocol permits it to be sent; `1006` for an
    /// end without one.
    pub code: u32,
    /// Age at which sessions are closed, whole milliseconds, `1ms..=24h`. By default those are closed
    /// that are open when it begins, and later ones are kept.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub after: Option<Duration>,
    /// The one host that it is about; both with streams by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
}

impl Parameters for WsClose {
    fn problem(&self) -> Option<Problem> {
        let unsendable = limits::CLOSE_CODES_RESERVED.contains(&self.code)
            || !limits::CLOSE_CODES.contains(&self.code);
        if unsendable {
            let (min, max) = (limits::CLOSE_CODES.start(), limits::CLOSE_CODES.end());
            let reserved = limits::CLOSE_CODES_RESERVED.map(|code| code.to_string()).join(", ");
            return Some(("code", format!("a close code from {min} to {max}, not {reserved}")));
        }
        time("after", self.after, &limits::SESSION_AGE).or_else(|| with_streams(self.host))
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(or_streams(self.host))
    }
}

/// ` 1012 after 30s ws.kraken.com`.
impl fmt::Display for WsClose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.code)?;
        if let Some(after) = self.after {
            write!(f, " after {}", format_duration(after))?;
        }
        write_link(f, None, self.host)
    }
}

/// Parameters of `ws-text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WsText {
    /// The message that every session gets once, one line of 1 to 200 characters.
    pub text: String,
    /// The one host that it is about; both with streams by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
}

impl Parameters for WsText {
    fn problem(&self) -> Option<Problem> {
        let chars = self.text.chars().count();
        let fits = limits::TEXT_CHARS.contains(&chars) && !self.text.contains(char::is_control);
        let (min, max) = (limits::TEXT_CHARS.start(), limits::TEXT_CHARS.end());
        let expected = || format!("one line of {min} to {max} characters");
        (!fits).then(|| ("text", expected())).or_else(|| with_streams(self.host))
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(or_streams(self.host))
    }
}

/// ` "CloudFlare WebSocket proxy restarting"`.
impl fmt::Display for WsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {:?}", self.text)?;
        write_link(f, None, self.host)
    }
}

/// Parameters of `stale`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stale {
    /// The one host that it is about; both with streams by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
}

impl Parameters for Stale {
    fn problem(&self) -> Option<Problem> {
        with_streams(self.host)
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(or_streams(self.host))
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_link(f, None, self.host)
    }
}

/// Parameters of `executions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Executions {
    /// What becomes of the messages.
    pub how: ExecutionsFault,
    /// Every so many-th message of a session is struck, `1..=1000000000`. Default 1: every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_in: Option<u32>,
}

/// What becomes of messages about our orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExecutionsFault {
    /// They do not come, and the numbers of the messages show it.
    Lost,
    /// They do not come, and the numbers do not show it.
    Omitted,
    /// They come twice, under the same number.
    Repeated,
    /// They come twice, under a number of their own each.
    Doubled,
    /// They come after the next one.
    Swapped,
}

impl ExecutionsFault {
    /// Value of the key `how`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Omitted => "omitted",
            Self::Repeated => "repeated",
            Self::Doubled => "doubled",
            Self::Swapped => "swapped",
        }
    }
}

impl Executions {
    /// Every so many-th message is struck.
    pub fn one_in(&self) -> u32 {
        self.one_in.unwrap_or(1)
    }
}

impl Parameters for Executions {
    fn problem(&self) -> Option<Problem> {
        number("one_in", self.one_in, &limits::ONE_IN)
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(vec![Host::KrakenPrivate])
    }
}

/// ` lost`, ` swapped, one in 5`.
impl fmt::Display for Executions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.how.as_str())?;
        write_one_in(f, self.one_in)
    }
}

/// Parameters of `book`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// What becomes of the changes of books.
    pub how: BookFault,
    /// Every so many-th change of a session is struck, `1..=1000000000`. Default 1: every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_in: Option<u32>,
}

/// What becomes of changes of books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BookFault {
    /// They do not come.
    Lost,
    /// Their checksum is wrong.
    Checksum,
}

impl BookFault {
    /// Value of the key `how`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Checksum => "checksum",
        }
    }
}

impl Book {
    /// Every so many-th change is struck.
    pub fn one_in(&self) -> u32 {
        self.one_in.unwrap_or(1)
    }
}

impl Parameters for Book {
    fn problem(&self) -> Option<Problem> {
        number("one_in", self.one_in, &limits::ONE_IN)
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(vec![Host::KrakenPublic])
    }
}

/// ` lost, one in 50`.
impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.how.as_str())?;
        write_one_in(f, self.one_in)
    }
}

fn write_one_in(f: &mut fmt::Formatter<'_>, one_in: Option<u32>) -> fmt::Result {
    one_in.map_or(Ok(()), |one_in| write!(f, ", one in {one_in}"))
}

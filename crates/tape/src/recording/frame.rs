//! The containers of recordings: a line with the time of its arrival and the message as it came, or the message
//! alone.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::json::bare;
use crate::number::{parse_decimal, take_integer};
use crate::read_error::{LineProblem, shorten};

/// A message as it came.
#[derive(Debug)]
pub(super) struct Frame<'l> {
    /// When it was received, nanoseconds on the recorder's clock, where that was recorded.
    pub(super) received: Option<i64>,
    pub(super) text: Cow<'l, str>,
    /// Symbol of the market that a REST answer is of.
    pub(super) asked: Option<String>,
}

/// A line of a recorder that writes `{"recv_ns":...,"frame":"..."}`, in this order or the other.
#[derive(Deserialize)]
struct Framed<'l> {
    recv_ns: i64,
    #[serde(borrow)]
    frame: Cow<'l, str>,
}

/// A line of cryptofeed's recorder, `{"t":"recv","conn":...,"ts":...,"data":"..."}`.
#[derive(Deserialize)]
struct Tagged<'l> {
    #[serde(borrow)]
    t: Cow<'l, str>,
    #[serde(borrow)]
    ts: Option<&'l RawValue>,
    #[serde(borrow)]
    url: Option<Cow<'l, str>>,
    #[serde(borrow)]
    data: Option<Cow<'l, str>>,
}

/// True when the beginning of a file is that of a recording.
pub(crate) fn is_recording(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut rest = line;
    if take_integer(&mut rest).is_some() && rest.starts_with(b" {") {
        return true;
    }
    let begins = |key: &str| line.starts_with(format!("{{\"{key}\":").as_bytes());
    begins("recv_ns") || begins("frame") || begins("t") || is_message(line)
}

/// True for a message of a venue that stands alone in its line.
fn is_message(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Keys {
        channel: Option<IgnoredAny>,
        method: Option<IgnoredAny>,
        feed: Option<IgnoredAny>,
        event: Option<IgnoredAny>,
        stream: Option<IgnoredAny>,
        e: Option<IgnoredAny>,
        u: Option<IgnoredAny>,
        #[serde(rename = "lastUpdateId")]
        last_update: Option<IgnoredAny>,
        /// Binance's answer to a subscription.
        id: Option<IgnoredAny>,
    }
    let is_list = line.first() == Some(&b'[') && line.get(1).is_some_and(u8::is_ascii_digit);
    match serde_json::from_slice(line) {
        Ok(Keys { channel, method, feed, event, stream, e, u, last_update, id }) => {
            [channel, method, feed, event, stream, e, u, last_update, id]
                .iter()
                .any(Option::is_some)
        }
        // A first message may be longer than what decides.
        Err(_) => {
            let keys = ["channel", "stream", "feed", "event", "e", "lastUpdateId"];
            let begins = |key: &str| line.starts_with(format!("{{\"{key}\":").as_bytes());
            is_list || keys.into_iter().any(begins)
        }
    }
}

/// The message of a line; `None` where the line has none that came from the venue.
pub(super) fn frame(line: &str) -> Result<Option<Frame<'_>>, LineProblem> {
    let is_json = line.starts_with(['{', '[']);
    if let Some((received, text)) = line.split_once(' ').filter(|_| !is_json) {
        let wrong = || expected("a time in nanoseconds and a message", line);
        let received = Some(received.parse().map_err(|_| wrong())?);
        return Ok(Some(Frame { received, text: Cow::Borrowed(text), asked: None }));
    }
    if line.starts_with("{\"recv_ns\"") || line.starts_with("{\"frame\"") {
        let Framed { recv_ns, frame: text } = read(line, "`recv_ns` and `frame`")?;
        return Ok(Some(Frame { received: Some(recv_ns), text, asked: None }));
    }
    if is_json && !line.starts_with("{\"t\":\"") {
        return Ok(Some(Frame { received: None, text: Cow::Borrowed(line), asked: None }));
    }
    let tagged: Tagged<'_> = read(line, "`t`, `ts` and `data`")?;
    let asked = match (&*tagged.t, tagged.url) {
        ("recv", _) => None,
        ("http", Some(url)) if url.contains("/depth?") => symbol_of(&url),
        ("header" | "http" | "connect" | "send", _) => return Ok(None),
        _ => return Err(expected("`t` of header, http, connect, send or recv", line)),
    };
    let (Some(ts), Some(text)) = (tagged.ts, tagged.data) else {
        return Err(expected("`ts` and `data` beside `t`", line));
    };
    let (received, _) =
        parse_decimal(bare(ts), 9).map_err(|_| expected("`ts` in seconds", ts.get()))?;
    Ok(Some(Frame { received: Some(received), text, asked }))
}

/// The market in `...?symbol=BTCUSDT&limit=1000`.
fn symbol_of(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|part| part.strip_prefix("symbol=")).map(str::to_owned)
}

/// JSON of a shape.
pub(super) fn read<'l, T: Deserialize<'l>>(text: &'l str, shape: &str) -> Result<T, LineProblem> {
    serde_json::from_str(text).map_err(|error| LineProblem::Json {
        expected: format!("JSON with {shape}"),
        found: shorten(&error.to_string()),
    })
}

/// What was expected instead of a text.
pub(super) fn expected(what: &str, found: &str) -> LineProblem {
    LineProblem::Json { expected: what.to_owned(), found: format!("`{}`", shorten(found)) }
}

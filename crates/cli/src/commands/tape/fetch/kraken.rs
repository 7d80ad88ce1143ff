//! Kraken's `Trades`, page after page, into one file of text.
//!
//! The file has a header and is read as `csv-trades`. It only grows by whole pages; what a kill leaves
//! of a page's last line is cut off when the fetch goes on.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use model::UnixNanos;
use serde::Deserialize;
use serde_json::value::RawValue;
use transport::HttpResponse;

use super::web::{Verdict, Web};
use super::{Fetched, say, shown};
use crate::args::FetchKrakenArgs;

const HEADER: &str = "timestamp,price,volume,side,order_type,trade_id\n";
/// Longest line that a file of ours ends with.
const LINE_BYTES_MAX: u64 = 1_024;
/// How far the time of a trade may be rounded, nanoseconds: Kraken writes it as a float, of seven digits after the point.
const ROUNDED_NANOS: i64 = 1_000;
/// Pages between two lines for people.
const PAGES_PER_LINE: u64 = 20;

/// Trades of a pair and a span.
#[derive(Debug)]
pub(super) struct Wanted {
    pair: String,
    from: UnixNanos,
    to: Option<UnixNanos>,
    out: PathBuf,
}

/// How far the file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reached {
    ts: UnixNanos,
    /// Number of the last trade, if there was one.
    id: Option<u64>,
}

/// A page: lines of the file, and how far they reach.
struct Page {
    lines: String,
    rows: u64,
    /// What to ask for next.
    last: UnixNanos,
    reached: Reached,
    /// A trade lay at the end of the span or behind it.
    complete: bool,
    /// The trade up to which the file reached before is among those of the page.
    met: bool,
}

#[derive(Deserialize)]
struct Answer<'a> {
    error: Vec<String>,
    #[serde(borrow)]
    result: Option<BTreeMap<String, &'a RawValue>>,
}

impl Wanted {
    pub(super) fn new(args: &FetchKrakenArgs) -> anyhow::Result<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if args.pair.is_empty() || !args.pair.chars().all(is_plain) {
            bail!("--pair: expected a pair like XBTUSD, found `{}`", args.pair);
        }
        if args.to.is_some_and(|to| to <= args.from) {
            bail!("--to: expected a time after --from");
        }
        let (pair, out) = (args.pair.clone(), args.out.clone());
        Ok(Self { pair, from: args.from, to: args.to, out })
    }

    pub(super) async fn fetch(self, web: &mut Web) -> anyhow::Result<Fetched> {
        let (mut file, found) = self.open()?;
        // Kraken's `since` is exclusive, and one instant may have trades on both sides of a page's end: their numbers tell.
        let before = earlier(self.from, 1);
        let mut reached = found.unwrap_or(Reached { ts: before, id: None });
        if found.is_some() {
            let until = tape::format_utc(reached.ts);
            say(&format!("{}: goes on after {until}", self.out.display()))?;
        }
        let (mut fetched, mut pages) = (Fetched::default(), 0);
        let mut since = found.map_or(reached.ts, |found| earlier(found.ts, ROUNDED_NANOS));
        loop {
            let nanos = since.as_nanos();
            let path = format!("/0/public/Trades?pair={}&since={nanos}&count=1000", self.pair);
            let page = web.get(&path, None, |answer| self.page(&answer, reached)).await?;
            if let Some(id) = found.filter(|_| pages == 0 && !page.met).and_then(|found| found.id) {
                let (out, pair) = (self.out.display(), &self.pair);
                bail!(
                    "{out}: its last trade, number {id}, is none of `{pair}`; expected the pair that it began with"
                );
            }
            file.write_all(page.lines.as_bytes()).with_context(shown(&self.out))?;
            fetched.new += page.rows;
            pages += 1;
            reached = page.reached;
            // A page that leads nowhere is the newest one.
            if page.complete || page.last <= since {
                break;
            }
            since = match page.rows {
                0 => page.last,
                _ => earlier(page.last, 1),
            };
            if pages % PAGES_PER_LINE == 0 {
                say(&format!("{} trades, until {}", fetched.new, tape::format_utc(since)))?;
            }
        }
        say(&format!("{}: {} new trades", self.out.display(), fetched.new))?;
        Ok(fetched)
    }

    /// Opens the file at its end, and tells its last trade.
    fn open(&self) -> anyhow::Result<(File, Option<Reached>)> {
        let at = shown(&self.out);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&self.out).with_context(&at)?;
        let length = file.seek(SeekFrom::End(0)).with_context(&at)?;
        if length == 0 {
            file.write_all(HEADER.as_bytes()).with_context(&at)?;
            return Ok((file, None));
        }
        let mut head = vec![0; HEADER.len().min(usize::try_from(length).unwrap_or(usize::MAX))];
        file.seek(SeekFrom::Start(0)).with_context(&at)?;
        file.read_exact(&mut head).with_context(&at)?;
        if head != HEADER.as_bytes() {
            bail!("{}: expected a file that this command began, found another one", at());
        }
        let tail_start = length.saturating_sub(2 * LINE_BYTES_MAX);
        file.seek(SeekFrom::Start(tail_start)).with_context(&at)?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).with_context(&at)?;
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = tail_start + whole as u64;
        file.set_len(end).with_context(&at)?;
        file.seek(SeekFrom::Start(end)).with_context(&at)?;
        if end == HEADER.len() as u64 {
            return Ok((file, None));
        }
        let text = String::from_utf8_lossy(&tail[..whole]);
        let line = text.lines().next_back().unwrap_or_default();
        let reached = reached_by(line).ok_or_else(|| {
            anyhow!("{}: expected a trade in the last line, found `{line}`", at())
        })?;
        Ok((file, Some(reached)))
    }

    /// Reads an answer. Trades up to `reached` and from the end of the span on are left out.
    fn page(&self, answer: &HttpResponse, reached: Reached) -> anyhow::Result<Verdict<Page>> {
        if answer.status != 200 {
            bail!("Kraken's Trades: expected an answer, found status {}", answer.status);
        }
        let parsed: Answer<'_> = serde_json::from_slice(&answer.body)
            .context("Kraken's Trades: expected JSON with `error` and `result`")?;
        if let Some(error) = parsed.error.first() {
            let wait = ["Too many requests", "Rate limit", "EService:", "EGeneral:Internal"];
            if wait.iter().any(|text| error.contains(text)) {
                return Ok(Verdict::Again(error.clone()));
            }
            bail!("Kraken refuses `{}`: {error}", self.pair);
        }
        let result = parsed.result.context("Kraken's Trades: expected `result`, found none")?;
        let last = result.get("last").context("Kraken's Trades: expected `last`, found none")?;
        let last = unquoted(last).parse().context("Kraken's Trades: expected `last` in ns")?;
        let rows = result.iter().find(|(key, _)| *key != "last");
        let (_, rows) = rows.context("Kraken's Trades: expected a list of trades, found none")?;
        let rows: Vec<Vec<&RawValue>> = serde_json::from_str(rows.get())
            .context("Kraken's Trades: expected a list of trades")?;
        let last = UnixNanos::from_nanos(last);
        let mut page =
            Page { lines: String::new(), rows: 0, last, reached, complete: false, met: false };
        for row in rows {
            page.push(&row, self.to)?;
        }
        Ok(Verdict::Good(page))
    }
}

impl Page {
    fn push(&mut self, row: &[&RawValue], to: Option<UnixNanos>) -> anyhow::Result<()> {
        let fields: Vec<&str> = row.iter().map(|value| unquoted(value)).collect();
        let wrong = || anyhow!("Kraken's Trades: expected a trade, found `{}`", fields.join(","));
        let [price, volume, time, side, order, _misc, rest @ ..] = fields.as_slice() else {
            return Err(wrong());
        };
        let side = match *side {
            "b" => "buy",
            "s" => "sell",
            _ => return Err(wrong()),
        };
        let order = match *order {
            "m" => "market",
            "l" => "limit",
            _ => return Err(wrong()),
        };
        let id = rest.first().copied().unwrap_or_default();
        let line = format!("{time},{price},{volume},{side},{order},{id}\n");
        let this = reached_by(line.trim_end()).ok_or_else(wrong)?;
        if to.is_some_and(|to| this.ts >= to) {
            self.complete = true;
        }
        let is_old = match self.reached.id {
            Some(_) => this.id <= self.reached.id,
            None => this.ts <= self.reached.ts,
        };
        if is_old && this.ts > self.reached.ts {
            bail!("Kraken's Trades: expected numbers that ascend, found `{}`", line.trim_end());
        }
        self.met |= this == self.reached;
        if self.complete || is_old {
            return Ok(());
        }
        self.lines.push_str(&line);
        self.rows += 1;
        self.reached = this;
        Ok(())
    }
}

fn earlier(ts: UnixNanos, nanos: i64) -> UnixNanos {
    UnixNanos::from_nanos(ts.as_nanos().saturating_sub(nanos))
}

/// Time and number of a line of the file.
fn reached_by(line: &str) -> Option<Reached> {
    let fields: Vec<&str> = line.split(',').collect();
    let [time, _, _, _, _, id] = fields.as_slice() else { return None };
    Some(Reached { ts: UnixNanos::parse_secs(time).ok()?, id: Some(id.parse().ok()?) })
}

fn unquoted(value: &RawValue) -> &str {
    value.get().trim_matches('"')
}

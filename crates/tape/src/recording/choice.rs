//! What of a recording is read: one channel of one market.

use std::collections::BTreeSet;
use std::fmt;

use crate::format::Format;
use crate::read_error::shorten;
use crate::row::RowKind;

/// Streams that an error lists.
const SHOWN_MAX: usize = 12;

/// One channel of one market.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stream {
    pub(crate) symbol: String,
    pub(crate) format: Format,
    /// Length of its bars: `1m`, `4h`, `1d`.
    pub(crate) interval: Option<String>,
}

/// What is wanted of a recording: the parts behind the `#` of `FILE#BTCUSDT,book`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Choice {
    symbol: Option<String>,
    kind: Option<RowKind>,
    format: Option<Format>,
    interval: Option<String>,
}

impl Choice {
    /// Reads `SYMBOL`, a kind of rows, a format, a length of bars, or several of them with commas between.
    pub(crate) fn parse(text: &str) -> Self {
        let mut choice = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let kind = RowKind::ALL.into_iter().find(|kind| kind.name() == part);
            if kind.is_some() {
                choice.kind = kind;
            } else if let Ok(format) = part.parse() {
                choice.format = Some(format);
            } else if is_interval(part) {
                choice.interval = Some(part.to_owned());
            } else {
                choice.symbol = Some(part.to_owned());
            }
        }
        choice
    }

    /// The same, of one format only.
    pub(crate) fn forced(mut self, format: Option<Format>) -> Self {
        self.format = self.format.or(format);
        self
    }

    /// True when the stream may be meant.
    pub(crate) fn takes(&self, format: Format, symbol: &str, interval: Option<&str>) -> bool {
        self.symbol.as_deref().is_none_or(|wanted| is_same_market(wanted, symbol))
            && self.kind.is_none_or(|kind| kind == format.kind())
            && self.format.is_none_or(|wanted| wanted == format)
            && self.interval.as_deref().is_none_or(|wanted| interval == Some(wanted))
    }

    /// The only stream that is meant, or what to say.
    pub(crate) fn of(&self, streams: &BTreeSet<Stream>) -> Result<Stream, String> {
        let taken =
            streams.iter().filter(|of| self.takes(of.format, &of.symbol, of.interval.as_deref()));
        let taken: Vec<&Stream> = taken.collect();
        match taken[..] {
            [one] => Ok(one.clone()),
            [] => Err(format!("nothing of that; it holds {}", Shown(streams.iter().collect()))),
            _ => Err(format!("several: {}", Shown(taken))),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one channel of one market")?;
        if let Some(symbol) = &self.symbol {
            write!(f, ", of `{}`", shorten(symbol))?;
        }
        if let Some(kind) = self.kind {
            write!(f, ", with rows of {}", kind.name())?;
        }
        if let Some(interval) = &self.interval {
            write!(f, ", with bars of {interval}")?;
        }
        self.format.map_or(Ok(()), |format| write!(f, ", as {format}"))
    }
}

/// Streams as a choice names them.
struct Shown<'s>(Vec<&'s Stream>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no market data");
        }
        for (index, Stream { symbol, format, interval }) in
            self.0.iter().take(SHOWN_MAX).enumerate()
        {
            let comma = if index == 0 { "" } else { " " };
            write!(f, "{comma}#{},{format}", shorten(symbol))?;
            if let Some(interval) = interval {
                write!(f, ",{}", shorten(interval))?;
            }
        }
        match self.0.len().saturating_sub(SHOWN_MAX) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// True for a length of bars: `1m`, `4h`, `1d`, and Binance's month `1M`.
fn is_interval(text: &str) -> bool {
    let count = text.strip_suffix(['s', 'm', 'h', 'd', 'w', 'M']);
    count.is_some_and(|count| !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()))
}

/// True for names of one market: `btcusdt`, `BTC/USDT`, and `XBT` for `BTC` on Kraken.
pub fn is_same_market(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        plain.to_ascii_uppercase().replace("XBT", "BTC")
    };
    plain(one) == plain(other)
}

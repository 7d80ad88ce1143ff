//! Questions about the venue and its markets, which need no key.

use model::{Book, Symbol, Trade, UnixNanos};

use super::{QUERY_WEIGHT, Read, Rest, RestError};
use crate::codec::account::Paged;
use crate::codec::form::Form;
use crate::codec::market::{Candle, CandleLength, Ticker};
use crate::codec::names;
use crate::codec::reply;
use crate::codec::rest::{
    self as payload, DepthRow, Keyed, Page, StatusRow, SystemStatus, TickerRow, TimeRow,
    TradeCursor, TradePage,
};
use resilience::Call;

/// Trades of one page; Kraken gives no more.
const TRADES_PAGE: usize = 1000;

impl Rest {
    /// State of the venue.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn system_status(&self) -> Result<SystemStatus, RestError> {
        self.public("SystemStatus", Form::new(), |body, now| {
            Ok(reply::result::<StatusRow<'_>>(body, now)?.into_status())
        })
        .await
    }

    /// The venue's wall time, in whole seconds.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn server_time(&self) -> Result<UnixNanos, RestError> {
        self.public("Time", Form::new(), |body, now| {
            Ok(reply::result::<TimeRow>(body, now)?.into_time())
        })
        .await
    }

    /// Best prices and last trade of a pair.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn ticker(&self, symbol: &Symbol) -> Result<Ticker, RestError> {
        let query = Form::new().with("pair", &names::altname(symbol));
        self.public("Ticker", query, |body, now| {
            let rows: Keyed<TickerRow<'_>> = reply::result(body, now)?;
            Ok(payload::only(rows)?.into_ticker()?)
        })
        .await
    }

    /// A book of up to `levels` levels of each side, 1 to 500. Quantities have three digits only.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn depth(&self, symbol: &Symbol, levels: u32) -> Result<Book, RestError> {
        let query =
            Form::new().with("pair", &names::altname(symbol)).with("count", &levels.to_string());
        self.public("Depth", query, |body, now| {
            let rows: Keyed<DepthRow<'_>> = reply::result(body, now)?;
            Ok(payload::only(rows)?.into_book()?)
        })
        .await
    }

    /// The books of many pairs as [`Rest::depth`] reads them, in the order asked for; at most
    /// [`KrakenConfig::gather`](crate::KrakenConfig::gather) of them are read at once. An error costs the others nothing.
    ///
    /// # Cancel safety
    /// Dropping it drops the requests that run and makes no other.
    pub async fn depths(&self, symbols: &[Symbol], levels: u32) -> Vec<Result<Book, RestError>> {
        let read = |symbol| async move { self.depth(&symbol, levels).await };
        self.depths.run(symbols.iter().cloned().map(read)).await
    }

    /// Candles of a pair, oldest first: at most 720 that are over, then the one that is not. Minutes in
    /// which nobody traded have one, too. Of those that begin at `after` or before nothing is told.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn candles(
        &self,
        symbol: &Symbol,
        length: CandleLength,
        after: Option<UnixNanos>,
    ) -> Result<Vec<Candle>, RestError> {
        let query = Form::new()
            .with("pair", &names::altname(symbol))
            .with("interval", &length.minutes().to_string())
            .with_some("since", after.map(|after| after.secs().to_string()).as_deref());
        let page = |body: &[u8], now| {
            let page: Page<'_> = reply::result(body, now)?;
            Ok(page.into_candles(CandleLength::Minute.duration())?)
        };
        let mut candles = self.public("OHLC", query, page).await?;
        for candle in &mut candles {
            candle.length = length.duration();
        }
        Ok(candles)
    }

    /// One page of trades of a pair: those after a place, oldest first, or without one the last 1000.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn trades(
        &self,
        symbol: &Symbol,
        after: Option<TradeCursor>,
    ) -> Result<TradePage, RestError> {
        let since = after.map(|after| after.as_nanos().to_string());
        let query = Form::new()
            .with("pair", &names::altname(symbol))
            .with_some("since", since.as_deref())
            .with("count", &TRADES_PAGE.to_string());
        let page = |body: &[u8], now| {
            let page: Page<'_> = reply::result(body, now)?;
            Ok(page.into_trades(&Symbol::new(""))?)
        };
        let mut page = self.public("Trades", query, page).await?;
        for trade in &mut page.trades {
            trade.symbol = symbol.clone();
        }
        Ok(page)
    }

    /// Trades of a pair after a place, each once, in at most so many requests. If they were not enough,
    /// [`Paged::next`] says where to go on.
    ///
    /// # Errors
    /// See [`RestError`], of any of the requests.
    pub async fn trades_after(
        &self,
        symbol: &Symbol,
        after: TradeCursor,
        pages_max: u32,
    ) -> Result<Paged<Trade, TradeCursor>, RestError> {
        let mut rows: Vec<Trade> = Vec::new();
        let mut next = after;
        for _ in 0..pages_max {
            let page = self.trades(symbol, Some(next)).await?;
            let is_last = page.trades.len() < TRADES_PAGE;
            // Whether `since` includes its own instant is not documented.
            let seen = rows.last().and_then(|trade| trade.trade_id);
            let is_new = |trade: &Trade| seen.is_none() || trade.trade_id > seen;
            rows.extend(page.trades.into_iter().filter(is_new));
            if is_last || page.next <= next {
                return Ok(Paged { rows, next: None });
            }
            next = page.next;
        }
        Ok(Paged { rows, next: Some(next) })
    }

    pub(super) async fn public<T: Send>(
        &self,
        method: &'static str,
        query: Form,
        read: Read<T>,
    ) -> Result<T, RestError> {
        let (shared, query) = (&*self.shared, &query);
        let op = format!("kraken/{method}");
        let limiter = &shared.limits.public;
        let call = Call::repeatable(&op, self.deadline(), limiter, QUERY_WEIGHT);
        let queue = || async { Ok(shared.http.acquire(&shared.config.rest).await?) };
        let send = |permit| shared.send_public(method, query, permit, read);
        shared.lanes.read.call_repeatable(call, queue, send).await
    }
}

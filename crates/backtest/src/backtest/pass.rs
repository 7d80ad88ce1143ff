//! What nothing depends on, in as few steps as possible.

use engine::{BarRun, MarketNumber};
use matching::Quiet;
use model::{Price, UnixNanos};

use super::{MarketSite, Run, RunError};
use crate::equity::EquityCurve;
use crate::event::TradeRow;
use crate::merge::{Events, Reel};
use crate::venue::{BarStop, close_of};
use crate::wire::Wire;

/// Trades and bars of a market that were passed over.
#[derive(Default)]
struct Passed {
    trades: u64,
    bars: u64,
    /// Time and price of the last one.
    last: Option<(UnixNanos, Price)>,
    /// Time and price of the last open of a bar.
    opened: Option<(UnixNanos, Price)>,
    /// The last trade that was told.
    trade: Option<TradeRow>,
}

/// Where and how long prices are passed over.
struct Site<'r> {
    venue: usize,
    market: usize,
    /// What lies there or behind is not passed over.
    end: Option<UnixNanos>,
    curve: &'r EquityCurve,
    wire: &'r mut Wire,
}

impl Run {
    /// Plays what comes next of a market, before `end`, as long as nothing can happen: nothing of ours is in the
    /// market or on its way, and the strategy passes over it. True when something else may come next now; false when what
    /// comes next must be played.
    ///
    /// The same as [`Run::play`] of each, in fewer steps.
    pub(super) fn pass<'t, I: Events<'t>>(
        &mut self,
        market: usize,
        reel: &mut Reel<'t, I>,
        end: Option<UnixNanos>,
        bars: bool,
    ) -> Result<bool, RunError<I::Error>> {
        if !self.curve.has_begun() || !self.wire.passes() {
            return Ok(false);
        }
        let MarketSite { venue, site } = self.markets[market];
        let Some(mut quiet) = self.venues[venue].quiet(site) else { return Ok(false) };
        let mut passed = Passed::default();
        let (curve, wire) = (&self.curve, &mut self.wire);
        let mut here = Site { venue, market, end, curve, wire };
        // The bar that comes next is before `end`, and the strategy looks at it.
        let mut refused = false;
        while !here.wire.overflowed {
            let trades = reel.trades();
            let (count, all) = if !trades.is_empty() {
                let all = trades.len();
                let count = here.trades(trades, &mut quiet, &mut passed);
                reel.advance_trades(count);
                (count, all)
            } else if bars && quiet.takes_bars() {
                let upcoming = reel.bars(end, curve.interval_end(), here.wire.together());
                let all = upcoming.bars().len();
                let count = here.bars(upcoming, &mut quiet, &mut passed);
                refused = count < all;
                reel.advance_bars(count);
                (count, all)
            } else {
                break;
            };
            reel.peek()?;
            if count == 0 || count < all {
                break;
            }
        }
        let (best, levels) = quiet.end();
        let Some((now, price)) = passed.last else { return Ok(false) };
        self.venues[venue].heard(site, best);
        self.venues[venue].passed(site, now, (passed.bars, passed.opened));
        if let Some(trade) = passed.trade {
            self.wire.passed(market, &trade, passed.trades + passed.bars);
        }
        if let Some(best) = levels {
            self.wire.engine.pass_best(MarketNumber::new(market), &best);
        }
        self.traded[market] |= passed.trades > 0;
        self.data.trades += passed.trades;
        self.data.bars += passed.bars;
        self.curve.priced(market, now, price);
        self.now = now;
        self.flood_check().map_err(|halt| halt.at(reel.name, reel.number))?;
        Ok(!refused)
    }
}

impl Site<'_> {
    /// Passes over trades, from the first one on; says how many.
    fn trades(&mut self, rows: &[TradeRow], quiet: &mut Quiet<'_>, passed: &mut Passed) -> usize {
        let mut count = self.skip(rows, quiet);
        for row in &rows[count..] {
            let sound = row.price.is_positive() && row.quantity.is_positive();
            let now = self.end.is_none_or(|end| row.ts < end) && !self.curve.is_due(row.ts);
            let passes = now && sound && !self.wire.overflowed;
            if !passes || !self.wire.pass_trade(self.venue, self.market, row) {
                break;
            }
            quiet.trade(row.price, row.taker_side);
            count += 1;
        }
        if let Some(last) = rows[..count].last() {
            passed.trade = Some(*last);
            passed.last = Some((last.ts, last.price));
            passed.trades += u64::try_from(count).expect("fewer trades than memory");
        }
        count
    }

    /// Passes over trades of which the strategy wants to hear of the last one only; says how many.
    fn skip(&mut self, rows: &[TradeRow], quiet: &mut Quiet<'_>) -> usize {
        // One alone may be of a tape that was not checked.
        if rows.len() < 2 {
            return 0;
        }
        let Some(until) = self.wire.passes_until() else { return 0 };
        let until = until.min(self.curve.interval_end());
        let until = self.end.map_or(until, |end| until.min(end));
        // One after the other, as memory is read fastest: most are asked about few.
        let count = rows.iter().take_while(|row| row.ts < until).count();
        match rows[..count].last() {
            Some(last) if self.wire.pass_trade(self.venue, self.market, last) => {
                quiet.trades(count, |at| (rows[at].price, rows[at].taker_side));
                count
            }
            Some(_) | None => 0,
        }
    }

    /// Passes over bars that follow each other, from the first one on; says how many.
    fn bars(&mut self, run: BarRun<'_>, quiet: &mut Quiet<'_>, passed: &mut Passed) -> usize {
        let Some(first) = run.bars().first() else { return 0 };
        let moves = quiet.moves(first.close);
        let count = self.wire.pass_bars(self.venue, self.market, run, moves);
        let bars = &run.bars()[..count];
        if let Some(last) = bars.last() {
            quiet.bars(bars);
            let close = BarStop::Close.at(last);
            let traded = bars.iter().rfind(|bar| bar.volume.is_positive());
            let traded = traded.map(|bar| close_of(bar, BarStop::Close.at(bar)));
            passed.trade = traded.or(passed.trade);
            passed.last = Some((close, last.close));
            passed.opened = Some((last.start, last.open));
            passed.bars += u64::try_from(count).expect("fewer bars than memory");
        }
        count
    }
}

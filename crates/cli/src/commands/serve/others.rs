//! Markets of the pairs that no tape is of: generated, quiet, the same at every start.

use std::time::Duration;

use model::{Symbol, UnixNanos};
use platform::{Clock as _, SystemClock};
use venue_sim::kraken::{KrakenSim, MarketEvent, Pace, Pair};

use crate::commands::serve::market::{
    LIVELY_PER_MINUTE, PAST_SPELL, QUIET_PER_MINUTE, SPELL, generated,
};

/// Seeds of two spells of one pair are so far apart.
const SEED_STEP: u64 = 1_000;

/// The pairs, and their first hour, which has happened at the start.
#[derive(Debug)]
pub(super) struct Others {
    pairs: Vec<Pair>,
    past: Vec<MarketEvent>,
    start: UnixNanos,
}

impl Others {
    /// Their first spell, which ends at `start`.
    pub(super) fn new(pairs: Vec<Pair>, start: UnixNanos) -> anyhow::Result<Self> {
        let spell = i64::try_from(PAST_SPELL.as_nanos()).unwrap_or(0);
        let from = UnixNanos::from_nanos(start.as_nanos() - spell);
        let seeds = (QUIET_PER_MINUTE, 0);
        let past = spell_of(&pairs, (from, PAST_SPELL), seeds, |pair| pair.usual_price)?;
        Ok(Self { pairs, past, start })
    }

    /// Pairs whose tape has ended at `start`; they go on from their last prices.
    pub(super) const fn after(pairs: Vec<Pair>, start: UnixNanos) -> Self {
        Self { pairs, past: Vec::new(), start }
    }

    /// What has happened at the start.
    pub(super) fn past(&self) -> &[MarketEvent] {
        &self.past
    }

    /// Plays one spell after the other. Never ends, unless a price leaves what can be generated.
    pub(super) async fn play(self, venue: &KrakenSim) {
        if self.pairs.is_empty() {
            return;
        }
        let mut start = self.start;
        for number in 1_u64.. {
            let last = venue.last_prices();
            let price = |pair: &Pair| {
                let known: Option<&model::Price> = last.get::<Symbol>(pair.symbol());
                known.copied().unwrap_or(pair.usual_price)
            };
            let seeds = (LIVELY_PER_MINUTE, number);
            match spell_of(&self.pairs, (start, SPELL), seeds, price) {
                Ok(events) => venue.play_market(&events, start, Pace::Time).await,
                Err(error) => {
                    tracing::warn!(%error, "generated markets are silent from here");
                    return;
                }
            }
            // A spell ends with its last trade; the next one begins where the clock is.
            start = SystemClock.now();
        }
    }
}

/// A spell of every pair, in the order of time.
fn spell_of(
    pairs: &[Pair],
    (from, length): (UnixNanos, Duration),
    (trades_per_minute, number): (u32, u64),
    price: impl Fn(&Pair) -> model::Price,
) -> anyhow::Result<Vec<MarketEvent>> {
    let mut events = Vec::new();
    for (at, pair) in (0_u64..).zip(pairs) {
        let seed = number * SEED_STEP + at;
        events.extend(generated(pair, (from, length), price(pair), (trades_per_minute, seed))?);
    }
    events.sort_by_key(MarketEvent::at);
    Ok(events)
}

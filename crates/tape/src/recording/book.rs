//! Books of recordings: rows out of messages, and whether a message is missing before them.

use std::collections::{BTreeMap, VecDeque};

use model::{Price, Quantity, Side, UnixNanos};

use super::message::{Levels, Proof, WireLevel};
use crate::delimited::Parsed;
use crate::row::LevelRow;

/// Levels of each side that Kraken's checksum covers, whatever the depth.
const CHECKED_LEVELS: usize = 10;

/// Depths that Kraken offers.
const DEPTHS: [usize; 5] = [10, 25, 100, 500, 1_000];

/// Levels of messages of Binance that wait for the snapshot that they belong behind.
const WAITING_LEVELS_MAX: usize = 100_000;

/// The book of the one market that is read.
#[derive(Debug)]
pub(super) enum Book {
    Checked(Checked),
    Chained(Chained),
    /// Every message is the whole book, of so many levels of a side.
    Partial(u32),
}

/// Times of a message and its line.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) ts: UnixNanos,
    pub(super) received: UnixNanos,
    pub(super) line: u64,
}

impl Default for Book {
    fn default() -> Self {
        Self::Chained(Chained::default())
    }
}

impl Book {
    /// A new file begins.
    pub(super) fn next_file(&mut self) {
        if let Self::Chained(chained) = self {
            chained.begins = true;
        }
    }

    /// Kraken will send so many levels.
    pub(super) fn depth(&mut self, depth: usize) {
        self.checked().depth = Some(depth);
    }

    /// Levels of a side that the venue sends at most, where it does not send all.
    pub(super) fn shown(&self) -> Option<u32> {
        match self {
            Self::Checked(checked) => checked.depth.and_then(|depth| u32::try_from(depth).ok()),
            Self::Chained(_) => None,
            Self::Partial(levels) => Some(*levels),
        }
    }

    /// Takes a message; its rows, if any, go to the end of `out`.
    pub(super) fn take(&mut self, at: At, message: Levels, out: &mut Parsed) {
        match message.proof {
            Proof::Checksum { .. } => self.checked().take(at, &message, out),
            Proof::Updates { .. } | Proof::Number(_) => self.chained().take(at, message, out),
            Proof::Whole(levels) => {
                *self = Self::Partial(levels);
                push(at, true, &message.levels, out);
            }
        }
    }

    /// Nothing more comes in this file.
    pub(super) fn end(&mut self, out: &mut Parsed) {
        if let Self::Chained(chained) = self {
            chained.give_up(out);
        }
    }

    fn checked(&mut self) -> &mut Checked {
        if !matches!(self, Self::Checked(_)) {
            *self = Self::Checked(Checked::default());
        }
        let Self::Checked(checked) = self else { unreachable!("made so above") };
        checked
    }

    fn chained(&mut self) -> &mut Chained {
        if !matches!(self, Self::Chained(_)) {
            *self = Self::Chained(Chained::default());
        }
        let Self::Chained(chained) = self else { unreachable!("made so above") };
        chained
    }
}

/// Adds the rows of a message; tells the place of the first one.
fn push(at: At, snapshot: bool, levels: &[WireLevel], out: &mut Parsed) -> Option<usize> {
    let first = out.rows.book.len();
    for (index, level) in levels.iter().enumerate() {
        let WireLevel { side, price, quantity, .. } = *level;
        let (ts, local_ts, begins) = (at.ts, at.received, index == 0);
        out.rows.book.push(LevelRow { ts, local_ts, side, price, quantity, begins, snapshot });
        out.lines.push(at.line);
    }
    (!levels.is_empty()).then_some(first)
}

/// A book of Kraken: as deep as was agreed, and proven by a checksum.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// Digits of the levels.
    bids: BTreeMap<Price, String>,
    asks: BTreeMap<Price, String>,
    depth: Option<usize>,
    /// True from the first snapshot on, or since its absence was told.
    begun: bool,
}

impl Checked {
    fn take(&mut self, at: At, message: &Levels, out: &mut Parsed) {
        let Proof::Checksum { sum, depth } = message.proof else { return };
        self.depth = depth.or(self.depth);
        let Some(first) = push(at, message.snapshot, &message.levels, out) else { return };
        if message.snapshot {
            self.bids.clear();
            self.asks.clear();
        }
        for level in &message.levels {
            let side = self.side(level.side);
            if level.quantity.is_zero() {
                side.remove(&level.price);
            } else {
                side.insert(level.price, level.digits.clone());
            }
        }
        if message.snapshot && self.depth.is_none() {
            // Nobody recorded what was agreed: the smallest depth that holds the snapshot.
            let levels = self.bids.len().max(self.asks.len());
            self.depth = DEPTHS.into_iter().find(|depth| *depth >= levels);
        }
        self.cut(at, message.snapshot, out);
        if !message.snapshot && !self.begun {
            out.broken.push(first);
        }
        self.begun = true;
        if sum.is_some_and(|sum| sum != self.sum()) {
            out.mismatched.push(first);
        }
    }

    /// Takes away what lies deeper than agreed: Kraken does not say when it goes.
    fn cut(&mut self, at: At, snapshot: bool, out: &mut Parsed) {
        let Some(depth) = self.depth else { return };
        for side in [Side::Buy, Side::Sell] {
            loop {
                let levels = self.side(side);
                if levels.len() <= depth {
                    break;
                }
                let worst = match side {
                    Side::Buy => levels.pop_first(),
                    Side::Sell => levels.pop_last(),
                };
                let Some((price, _)) = worst else { break };
                let (ts, local_ts, quantity) = (at.ts, at.received, Quantity::ZERO);
                let begins = false;
                let row = LevelRow { ts, local_ts, side, price, quantity, begins, snapshot };
                out.rows.book.push(row);
                out.lines.push(at.line);
            }
        }
    }

    fn side(&mut self, side: Side) -> &mut BTreeMap<Price, String> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// CRC32 over the digits of the best asks, then of the best bids.
    fn sum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let asks = self.asks.values().take(CHECKED_LEVELS);
        for digits in asks.chain(self.bids.values().rev().take(CHECKED_LEVELS)) {
            hasher.update(digits.as_bytes());
        }
        hasher.finalize()
    }
}

/// A book whose messages are numbered: of Binance, or of Kraken's futures.
#[derive(Debug, Default)]
pub(super) struct Chained {
    /// Number of the last update in the book.
    last: Option<u64>,
    /// True while the book is whole: a snapshot, and everything since.
    whole: bool,
    /// True when the last message was the snapshot.
    fresh: bool,
    /// True until the first message of a file.
    begins: bool,
    /// True when nobody waits for a snapshot any more.
    given_up: bool,
    /// Messages since the book stopped to be whole, and the levels that they have.
    waiting: VecDeque<(At, Levels)>,
    waiting_levels: usize,
    /// A snapshot that gets the time of the message behind it.
    snapshot: Option<(At, Levels)>,
    /// A message without levels showed that one is missing: the next one tells.
    owed: bool,
    /// Time of the newest row.
    newest: UnixNanos,
}

impl Chained {
    fn take(&mut self, at: At, message: Levels, out: &mut Parsed) {
        if message.snapshot {
            return self.take_snapshot(at, message, out);
        }
        let (first, last, follows) = self.follows(message.proof);
        if self.whole && self.last.is_some_and(|known| last <= known) && first <= last {
            // The snapshot holds it already.
            return;
        }
        let begins = std::mem::replace(&mut self.begins, false);
        if self.whole && follows {
            return self.give(at, &message, last, false, out);
        }
        if self.whole && !begins {
            // One is missing. What comes is given all the same, and kept for the next snapshot.
            self.whole = false;
            self.given_up = true;
            self.give(at, &message, last, true, out);
            return self.wait(at, message, out);
        }
        self.whole = false;
        if self.given_up {
            self.give(at, &message, last, !follows, out);
        }
        self.wait(at, message, out);
    }

    fn take_snapshot(&mut self, at: At, message: Levels, out: &mut Parsed) {
        let (_, last, _) = self.follows(message.proof);
        if self.whole && self.last.is_some_and(|known| known >= last) {
            return;
        }
        self.flush_snapshot(None, out);
        (self.last, self.whole, self.fresh) = (Some(last), true, true);
        (self.begins, self.given_up) = (false, false);
        self.snapshot = Some((at, message));
        self.waiting_levels = 0;
        for (mut at, message) in std::mem::take(&mut self.waiting) {
            // Given again behind what was given before.
            at.ts = at.ts.max(self.newest);
            self.take(at, message, out);
        }
    }

    /// First and last number of a message, and whether it goes on where the book is.
    fn follows(&self, proof: Proof) -> (u64, u64, bool) {
        let known = self.last;
        let next = known.and_then(|known| known.checked_add(1));
        match proof {
            Proof::Number(number) => (number, number, Some(number) == next),
            Proof::Updates { first, last, previous } => {
                let spans = next.is_some_and(|next| first <= next && next <= last);
                let follows = match previous {
                    // Numbers of futures have holes; a snapshot may lie in one.
                    Some(previous) if self.fresh => {
                        known.is_some_and(|known| previous <= known && known <= last)
                    }
                    Some(previous) => Some(previous) == known,
                    None => spans && (self.fresh || Some(first) == next),
                };
                (first, last, follows)
            }
            Proof::Checksum { .. } | Proof::Whole(_) => (0, 0, true),
        }
    }

    fn give(&mut self, at: At, message: &Levels, last: u64, broken: bool, out: &mut Parsed) {
        self.flush_snapshot(Some(at.ts), out);
        (self.last, self.fresh) = (Some(last), false);
        self.owed |= broken;
        if let Some(first) = push(at, false, &message.levels, out) {
            self.newest = self.newest.max(at.ts);
            if std::mem::take(&mut self.owed) {
                out.broken.push(first);
            }
        }
    }

    /// Gives the snapshot that waits for its time.
    fn flush_snapshot(&mut self, ts: Option<UnixNanos>, out: &mut Parsed) {
        let Some((mut at, message)) = self.snapshot.take() else { return };
        at.ts = ts.map_or(at.ts, |ts| ts.min(at.ts)).max(self.newest);
        self.newest = at.ts;
        push(at, true, &message.levels, out);
    }

    fn wait(&mut self, at: At, message: Levels, out: &mut Parsed) {
        self.waiting_levels += message.levels.len() + 1;
        self.waiting.push_back((at, message));
        if self.waiting_levels <= WAITING_LEVELS_MAX {
            return;
        }
        if !self.given_up {
            return self.give_up(out);
        }
        while self.waiting_levels > WAITING_LEVELS_MAX
            && let Some((_, message)) = self.waiting.pop_front()
        {
            self.waiting_levels -= message.levels.len() + 1;
        }
    }

    /// Gives what waits for a snapshot that does not come.
    fn give_up(&mut self, out: &mut Parsed) {
        self.flush_snapshot(None, out);
        if self.whole || std::mem::replace(&mut self.given_up, true) {
            return;
        }
        self.waiting_levels = 0;
        for (index, (at, message)) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            let (_, last, follows) = self.follows(message.proof);
            self.give(at, &message, last, index == 0 || !follows, out);
        }
    }
}

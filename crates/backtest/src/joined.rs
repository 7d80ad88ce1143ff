//! Several tapes of one market as one.

use model::UnixNanos;
use tape::{QualityError, QualityReport, RowKind};

use crate::checked::CheckedTape;
use crate::event::MarketEvent;

/// Trades and a book of one market, by time.
///
/// At one time trades come first, then what the tapes hold in the order in which they were given: a change of a
/// book tells what the trades of its time have left. Time never goes back: a late trade or change comes at the time of
/// the event before it. Ends after its first error.
#[derive(Debug)]
pub struct JoinedTape {
    parts: Vec<Part>,
    ended: bool,
    /// Time of the newest event.
    newest: UnixNanos,
}

const START: UnixNanos = UnixNanos::from_nanos(i64::MIN);

#[derive(Debug)]
struct Part {
    tape: CheckedTape,
    /// Read ahead, unless there is nothing more.
    next: Option<MarketEvent<'static>>,
    begun: bool,
}

impl JoinedTape {
    /// Joins tapes of one market.
    pub fn new(mut tapes: Vec<CheckedTape>) -> Self {
        // Stable: the rest stays as given.
        tapes.sort_by_key(|tape| tape.kind() != RowKind::Trades);
        let part = |tape| Part { tape, next: None, begun: false };
        Self { parts: tapes.into_iter().map(part).collect(), ended: false, newest: START }
    }

    /// What the rows of its tapes are, trades first.
    pub fn kinds(&self) -> impl Iterator<Item = RowKind> {
        self.parts.iter().map(|part| part.tape.kind())
    }

    /// As [`CheckedTape::tell_times`], of all of them.
    pub fn tell_times(&mut self) {
        self.parts.iter_mut().for_each(|part| part.tape.tell_times());
    }

    /// Bytes that were read of all files, packed as they are, and how many they have.
    pub fn bytes(&self) -> (u64, u64) {
        let each = self.parts.iter().map(|part| part.tape.bytes());
        each.fold((0, 0), |(read, all), (more, of)| (read + more, all + of))
    }

    /// What was found so far in each tape.
    pub fn reports(&self) -> impl Iterator<Item = &QualityReport> {
        self.parts.iter().map(|part| part.tape.report())
    }

    /// The part whose event is the first one.
    fn first(&mut self) -> Result<Option<usize>, QualityError> {
        let mut first: Option<(UnixNanos, usize)> = None;
        for (index, part) in self.parts.iter_mut().enumerate() {
            if !std::mem::replace(&mut part.begun, true) {
                part.next = part.tape.next().transpose()?;
            }
            if let Some(event) = &part.next
                && first.is_none_or(|(ts, _)| event.ts() < ts)
            {
                first = Some((event.ts(), index));
            }
        }
        Ok(first.map(|(_, index)| index))
    }

    fn read(&mut self) -> Result<Option<MarketEvent<'static>>, QualityError> {
        if let [part] = &mut self.parts[..] {
            return part.tape.next().transpose();
        }
        let Some(index) = self.first()? else { return Ok(None) };
        let part = &mut self.parts[index];
        let event = part.next.take();
        part.begun = false;
        Ok(event)
    }
}

impl Iterator for JoinedTape {
    type Item = Result<MarketEvent<'static>, QualityError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let mut event = self.read().transpose();
        self.ended = !matches!(event, Some(Ok(_)));
        if let Some(Ok(event)) = &mut event {
            self.newest = self.newest.max(event.ts());
            // A late row that a policy kept is played where it stands.
            match event {
                MarketEvent::Trade(row) => row.ts = self.newest,
                MarketEvent::Depth(row) => row.ts = self.newest,
                MarketEvent::Orders(row) => row.ts = self.newest,
                MarketEvent::Heard(row) => row.ts = self.newest,
                MarketEvent::Bar(_) => {}
            }
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tape::{CheckedReader, MarketReader, QualityConfig, ReadOptions};

    use super::*;

    /// A change of a book at the time of a trade comes behind it, whatever was given first.
    #[test]
    fn trades_come_before_the_book_that_they_have_left() {
        let folder = std::env::temp_dir().join(format!("wavetank-joined-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let book = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n\
            x,B,1700000001000000,1700000001000001,true,bid,99,1\n\
            x,B,1700000003000000,1700000003000001,false,bid,99,0\n";
        let trades = "1700000002,99,1\n1700000003,99,1\n1700000004,98,1\n";
        let open = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).expect("a file");
            CheckedTape::open(&[path]).expect("a known format")
        };
        let joined = JoinedTape::new(vec![open("book.csv", book), open("trades.csv", trades)]);
        let events: Vec<_> = joined.map(|event| event.expect("good rows")).collect();
        fs::remove_dir_all(&folder).expect("removed");
        let about = events.iter().map(|event| match event {
            MarketEvent::Trade(row) => ("trade", row.ts.secs()),
            MarketEvent::Depth(row) => ("depth", row.ts.secs()),
            MarketEvent::Bar(_) | MarketEvent::Orders(_) | MarketEvent::Heard(_) => {
                panic!("{event:?}")
            }
        });
        let about: Vec<_> = about.map(|(what, secs)| (what, secs - 1_700_000_000)).collect();
        let expected = [("depth", 1), ("trade", 2), ("trade", 3), ("depth", 3), ("trade", 4)];
        assert_eq!(about, expected);
    }

    #[test]
    fn a_late_row_that_is_kept_is_played_at_the_time_of_the_one_before() {
        let folder = std::env::temp_dir().join(format!("wavetank-late-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("trades.csv");
        fs::write(&path, "1700000002,99,1\n1700000001,98,1\n1700000004,97,1\n").expect("a file");
        let reader = MarketReader::open(&[path], ReadOptions::default()).expect("known");
        let mut config = QualityConfig::default();
        config.set_text("unsorted=keep").expect("a policy");
        let tape = CheckedTape::new(CheckedReader::new(reader, config));
        let tape = JoinedTape::new(vec![tape]);
        let times: Vec<_> = tape.map(|event| event.expect("kept").ts().secs()).collect();
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(times, [1_700_000_002, 1_700_000_002, 1_700_000_004]);
    }
}

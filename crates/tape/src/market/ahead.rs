//! Reads files with several threads: text takes longer to parse than to check or to write.
//!
//! One thread reads blocks of whole lines, two parse them in turn, and the caller's own takes the batches
//! in their order, whatever the threads do. All end before the call returns.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{Batch, MarketReader, Member};
use crate::delimited::Parsed;
use crate::layout::Layout;
use crate::read_error::ReadError;
use crate::row::RowKind;

/// Threads that parse.
const PARSERS: usize = 2;
/// Blocks that wait for each parser, and batches that wait for the caller.
const WAITING_MAX: usize = 2;

/// A piece of a file on its way.
struct Piece {
    file: usize,
    /// Number of its first row, where it is known: else it goes on behind the piece before.
    first: Option<u64>,
    kind: RowKind,
    rows: Parsed,
    unfinished: Vec<usize>,
    /// Whole lines that are not parsed yet, and by which layout.
    lines: Option<(Arc<Layout>, Vec<u8>)>,
    error: Option<ReadError>,
}

impl Piece {
    fn of_error(file: usize, error: ReadError) -> Self {
        let (rows, unfinished) = (Parsed::default(), Vec::new());
        let kind = RowKind::Trades;
        Self { file, first: None, kind, rows, unfinished, lines: None, error: Some(error) }
    }

    /// Rows that were read already.
    fn of_batch(batch: &Batch<'_>) -> Self {
        let mut rows = Parsed::default();
        rows.rows.extend(batch.rows);
        batch.rounded.clone_into(&mut rows.rounded);
        batch.broken.clone_into(&mut rows.broken);
        batch.mismatched.clone_into(&mut rows.mismatched);
        batch.lines.clone_into(&mut rows.lines);
        batch.received.clone_into(&mut rows.received);
        Self {
            file: batch.file,
            first: Some(batch.first),
            kind: batch.rows.kind(),
            rows,
            unfinished: batch.unfinished.to_vec(),
            lines: None,
            error: None,
        }
    }
}

impl MarketReader {
    /// Reads everything that is left with threads of its own, and gives `take` every batch in order, in
    /// the calling thread. It takes about half the time of [`Self::next_batch`] on two processors; batches
    /// may be longer. Memory is bounded by a few blocks of 256 KiB and their rows.
    ///
    /// # Errors
    /// The first one of `take`, or the [`ReadError`] for the first line that is wrong, after the rows
    /// before it.
    ///
    /// # Determinism
    /// Batches and error are the same in whatever order the threads run.
    pub fn read_ahead<E: From<ReadError>>(
        self,
        mut take: impl FnMut(&Batch<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        std::thread::scope(|scope| {
            let (mut to_parsers, mut from_parsers) = (Vec::new(), Vec::new());
            // As many as are on their way at once find their place again.
            let (free, freed) = sync_channel(PARSERS * WAITING_MAX);
            for _ in 0..PARSERS {
                let (to_parser, work) = sync_channel(WAITING_MAX);
                let (done, from_parser) = sync_channel(WAITING_MAX);
                let free = free.clone();
                scope.spawn(move || parse(&work, &done, &free));
                to_parsers.push(to_parser);
                from_parsers.push(from_parser);
            }
            let places: Vec<String> = self.files.iter().map(|file| file.place.clone()).collect();
            scope.spawn(move || feed(self, &to_parsers, &freed));
            let (mut file, mut next) = (0, 1);
            // Ends with the first parser that has nothing left, since they are fed in turn.
            for from_parser in from_parsers.iter().cycle() {
                let Ok(piece) = from_parser.recv() else { return Ok(()) };
                (file, next) = give(piece, (file, next), &places, &mut take)?;
            }
            Ok(())
        })
    }
}

/// Gives a piece to the caller; tells the file and the number behind its last row.
fn give<E: From<ReadError>>(
    mut piece: Piece,
    (file, next): (usize, u64),
    places: &[String],
    take: &mut impl FnMut(&Batch<'_>) -> Result<(), E>,
) -> Result<(usize, u64), E> {
    let first = piece.first.unwrap_or(if piece.file == file { next } else { 1 });
    let rows = piece.rows.rows.rows(piece.kind);
    let behind = first + rows.len() as u64;
    if !rows.is_empty() {
        let Parsed { rounded, broken, mismatched, received, lines, .. } = &piece.rows;
        let (file, unfinished) = (piece.file, &piece.unfinished);
        take(&Batch {
            file,
            first,
            rows,
            rounded,
            unfinished,
            broken,
            mismatched,
            received,
            lines,
        })?;
    }
    if let Some(problem) = piece.rows.wrong.take() {
        let place = places.get(piece.file).cloned().unwrap_or_default();
        return Err(ReadError::Line { place, line: behind, problem }.into());
    }
    match piece.error.take() {
        None => Ok((piece.file, behind)),
        // Whoever found it did not know the number of the line.
        Some(ReadError::Line { place, problem, .. }) if piece.first.is_none() => {
            Err(ReadError::Line { place, line: behind, problem }.into())
        }
        Some(error) => Err(error.into()),
    }
}

/// Parses pieces as they come; ends when nobody sends or nobody listens any more.
fn parse(work: &Receiver<Piece>, done: &SyncSender<Piece>, free: &SyncSender<Vec<u8>>) {
    for mut piece in work {
        if let Some((layout, lines)) = piece.lines.take() {
            layout.parse(&lines, usize::MAX, &mut piece.rows);
            // A full channel only means that the reader has enough.
            drop(free.try_send(lines));
        }
        if done.send(piece).is_err() {
            return;
        }
    }
}

/// Sends the pieces of all files to the parsers in turn; ends early when one does not listen.
fn feed(mut reader: MarketReader, parsers: &[SyncSender<Piece>], freed: &Receiver<Vec<u8>>) {
    let mut turns = parsers.iter().cycle();
    let mut send = |piece| turns.next().is_some_and(|parser| parser.send(piece).is_ok());
    loop {
        let piece = match reader.next_batch() {
            Ok(Some(batch)) => Piece::of_batch(&batch),
            Ok(None) => return,
            Err(error) => {
                let mut piece = Piece::of_error(reader.next_file, error);
                // The reader knew the line.
                piece.first = Some(0);
                send(piece);
                return;
            }
        };
        let file = piece.file;
        if !send(piece) {
            return;
        }
        let Some(Member::Text(text)) = &mut reader.current else { continue };
        if text.layout().format.kind() == RowKind::Book {
            // Where a message begins shows only behind the row before.
            continue;
        }
        let (layout, kind) = (Arc::new(text.layout().clone()), text.layout().format.kind());
        loop {
            let mut lines = freed.try_recv().unwrap_or_default();
            let piece = match text.take_block(&mut lines) {
                Ok(true) => {
                    let lines = Some((Arc::clone(&layout), lines));
                    let (rows, unfinished) = (Parsed::default(), Vec::new());
                    Piece { file, first: None, kind, rows, unfinished, lines, error: None }
                }
                Ok(false) => break,
                Err(error) => {
                    send(Piece::of_error(file, error));
                    return;
                }
            };
            if !send(piece) {
                return;
            }
        }
        reader.current = None;
    }
}

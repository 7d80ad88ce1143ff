//! Bytes that have arrived at one end and wait to be read. Pure: time comes in as an argument.

use std::collections::VecDeque;
use std::io;

use tokio::io::ReadBuf;
use tokio::time::Instant;

/// Bytes that wait at most; what is more waits in the network.
pub(crate) const WAITING_MAX: usize = 256 * 1024;

/// Bytes of one connection and direction.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    waiting: VecDeque<(Instant, Piece)>,
    bytes: usize,
    /// When the last piece is due: none overtakes another.
    last_due: Option<Instant>,
    /// Nothing is read before.
    not_before: Option<Instant>,
}

#[derive(Debug)]
enum Piece {
    Bytes(VecDeque<u8>),
    /// The end of the connection, perhaps by an error.
    End(io::Result<()>),
}

/// What can be read.
#[derive(Debug)]
pub(crate) enum Ready {
    /// Nothing waits.
    Nothing,
    /// Something, but not before a time.
    NotBefore(Instant),
    /// So many bytes.
    Bytes(usize),
    /// The end of the connection, once.
    End(io::Result<()>),
}

impl Flow {
    /// True when nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// True when nothing more is to be taken from the network now: too much waits, or the end.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= WAITING_MAX || matches!(self.waiting.back(), Some((_, Piece::End(_))))
    }

    /// Bytes arrived, and are due at a time.
    pub(crate) fn push(&mut self, bytes: &[u8], due: Instant) {
        let due = self.after_last(due);
        self.bytes += bytes.len();
        self.waiting.push_back((due, Piece::Bytes(bytes.iter().copied().collect())));
    }

    /// Nothing more arrives.
    pub(crate) fn finish(&mut self, end: io::Result<()>, due: Instant) {
        let due = self.after_last(due);
        self.waiting.push_back((due, Piece::End(end)));
    }

    fn after_last(&mut self, due: Instant) -> Instant {
        let due = self.last_due.map_or(due, |last| last.max(due));
        self.last_due = Some(due);
        due
    }

    /// What can be read now. The end is taken by looking at it.
    pub(crate) fn ready(&mut self, now: Instant) -> Ready {
        let Some((due, piece)) = self.waiting.front() else {
            return Ready::Nothing;
        };
        let due = self.not_before.map_or(*due, |not_before| not_before.max(*due));
        if due > now {
            return Ready::NotBefore(due);
        }
        if matches!(piece, Piece::End(_)) {
            let Some((_, Piece::End(end))) = self.waiting.pop_front() else {
                return Ready::Nothing;
            };
            return Ready::End(end);
        }
        let due = self.waiting.iter().map_while(|(due, piece)| match piece {
            Piece::Bytes(bytes) if *due <= now => Some(bytes.len()),
            Piece::Bytes(_) | Piece::End(_) => None,
        });
        Ready::Bytes(due.sum())
    }

    /// Reads `most` bytes that are ready.
    pub(crate) fn read(&mut self, most: usize, buf: &mut ReadBuf<'_>) {
        let mut left = most.min(buf.remaining());
        while left > 0 {
            let Some((_, Piece::Bytes(bytes))) = self.waiting.front_mut() else {
                return;
            };
            let (head, _) = bytes.as_slices();
            let count = head.len().min(left);
            buf.put_slice(head.get(..count).unwrap_or_default());
            bytes.drain(..count);
            (left, self.bytes) = (left - count, self.bytes - count);
            if bytes.is_empty() {
                self.waiting.pop_front();
            }
        }
    }

    /// Nothing is read before a time.
    pub(crate) fn pause_until(&mut self, until: Instant) {
        self.not_before = Some(until);
    }
}

#[cfg(test)]
mod tests;

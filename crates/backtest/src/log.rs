//! Rows of numbers in memory, each number as short as it is.

/// Bytes of a piece of memory; rows do not go over its end.
const PIECE: usize = 1 << 16;
/// Bytes that are made ready at once: a short run writes few.
const STEP: usize = 1 << 12;
/// Longest row.
const ROW_MAX: usize = 192;

/// Stands before a number of 16 bytes.
const WIDE: u8 = 16;

/// Rows, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    full: Vec<Vec<u8>>,
    /// The last piece, of which the first bytes are written.
    piece: Vec<u8>,
    written: usize,
}

impl Log {
    /// No row.
    pub(crate) const fn new() -> Self {
        Self { full: Vec::new(), piece: Vec::new(), written: 0 }
    }

    /// Appends a row, which is written in its place.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Row<'_>)) {
        if self.piece.len() < self.written + ROW_MAX {
            self.make_room();
        }
        let bytes = self.piece[self.written..].first_chunk_mut();
        let mut row = Row { bytes: bytes.expect("there is room for a row"), length: 0 };
        write(&mut row);
        self.written += row.length;
    }

    /// More zeros to write on; another piece, where the last one is full.
    #[inline(never)]
    fn make_room(&mut self) {
        if self.written + ROW_MAX > PIECE {
            self.piece.truncate(std::mem::take(&mut self.written));
            self.full.push(std::mem::take(&mut self.piece));
        }
        self.piece.reserve_exact(PIECE - self.piece.len());
        self.piece.resize((self.written + STEP).min(PIECE), 0);
    }

    /// Everything that was written.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.full.iter().map(Vec::as_slice).chain([&self.piece[..self.written]])
    }

    /// Reads from the first row on.
    pub(crate) fn reader(&self) -> Reader<'_> {
        let pieces: Vec<_> = self.bytes().filter(|piece| !piece.is_empty()).collect();
        Reader { pieces: pieces.into_iter(), rest: &[] }
    }
}

/// True for equal rows.
impl PartialEq for Log {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().eq(other.bytes())
    }
}

impl Eq for Log {}

/// A row that is written.
#[derive(Debug)]
pub(crate) struct Row<'l> {
    bytes: &'l mut [u8; ROW_MAX],
    length: usize,
}

impl Row<'_> {
    pub(crate) const fn byte(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    /// How many bytes it needs, then these bytes, the lowest first.
    pub(crate) fn unsigned(&mut self, value: u64) {
        let length = (71 - value.leading_zeros()) / 8;
        let place = self.bytes.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut::<9>);
        let place = place.expect("a row is shorter than the longest");
        place[0] = length.to_le_bytes()[0];
        place[1..].copy_from_slice(&value.to_le_bytes());
        self.length += 1 + usize::try_from(length).expect("at most 8");
    }

    /// Small ones of either sign are short.
    pub(crate) fn signed(&mut self, value: i64) {
        self.unsigned((value << 1).cast_unsigned() ^ (value >> 63).cast_unsigned());
    }

    /// As [`Row::signed`].
    pub(crate) fn wide(&mut self, value: i128) {
        if let Ok(value) = i64::try_from(value) {
            self.signed(value);
        } else {
            self.byte(WIDE);
            self.bytes[self.length..self.length + 16].copy_from_slice(&value.to_le_bytes());
            self.length += 16;
        }
    }
}

/// Reads what was written, in the same order. At the end there are zeros.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    pieces: std::vec::IntoIter<&'a [u8]>,
    rest: &'a [u8],
}

impl Reader<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        if self.rest.is_empty() {
            self.rest = self.pieces.next().unwrap_or(&[]);
        }
        let Some((byte, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *byte
    }

    pub(crate) fn unsigned(&mut self) -> u64 {
        let length = usize::from(self.byte());
        self.number(length)
    }

    pub(crate) fn signed(&mut self) -> i64 {
        signed(self.unsigned())
    }

    pub(crate) fn wide(&mut self) -> i128 {
        let length = self.byte();
        if length != WIDE {
            return signed(self.number(usize::from(length))).into();
        }
        let mut bytes = [0; 16];
        self.take(&mut bytes);
        i128::from_le_bytes(bytes)
    }

    fn number(&mut self, length: usize) -> u64 {
        let mut bytes = [0; 8];
        self.take(&mut bytes[..length.min(8)]);
        u64::from_le_bytes(bytes)
    }

    /// Takes some bytes, which are all in one piece.
    fn take(&mut self, bytes: &mut [u8]) {
        let Some((taken, rest)) = self.rest.split_at_checked(bytes.len()) else { return };
        bytes.copy_from_slice(taken);
        self.rest = rest;
    }
}

/// The number of either sign that was written as one without.
fn signed(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let numbers = [0, 1, -1, 63, 64, -64, -65, 1 << 40, i64::MAX / 3, i64::MAX, i64::MIN];
        let mut log = Log::new();
        for _ in 0..1_000 {
            for number in numbers {
                log.push(|row| {
                    row.signed(number);
                    row.unsigned(number.unsigned_abs());
                    row.wide(i128::from(number) * 3);
                    row.wide(i128::from(number) << 60);
                    row.byte(7);
                });
            }
        }
        assert!(log.full.len() > 3, "rows of several pieces");
        let mut reader = log.reader();
        for _ in 0..1_000 {
            for number in numbers {
                assert_eq!(reader.signed(), number);
                assert_eq!(reader.unsigned(), number.unsigned_abs());
                assert_eq!(reader.wide(), i128::from(number) * 3);
                assert_eq!(reader.wide(), i128::from(number) << 60);
                assert_eq!(reader.byte(), 7);
            }
        }
        assert_eq!(reader.byte(), 0, "nothing more");
    }
}

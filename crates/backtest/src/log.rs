//! Rows of numbers in memory, each number as short as it is.

/// Bytes of a piece of memory; rows do not go over its end.
const PIECE: usize = 1 << 16;
/// Longest row.
const ROW_MAX: usize = 192;

/// Most bytes of a number.
const BYTES_MAX: usize = 10;

/// Rows, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    pieces: Vec<Vec<u8>>,
}

impl Log {
    /// No row.
    pub(crate) const fn new() -> Self {
        Self { pieces: Vec::new() }
    }

    /// Appends a row.
    pub(crate) fn push(&mut self, row: &Row) {
        let row = &row.bytes[..row.length];
        match self.pieces.last_mut() {
            Some(piece) if piece.len() + row.len() <= PIECE => piece.extend_from_slice(row),
            Some(_) | None => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.extend_from_slice(row);
                self.pieces.push(piece);
            }
        }
    }

    /// Reads from the first row on.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader { pieces: self.pieces.iter(), rest: &[] }
    }
}

/// A row that is written.
#[derive(Debug)]
pub(crate) struct Row {
    bytes: [u8; ROW_MAX],
    length: usize,
}

impl Row {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; ROW_MAX], length: 0 }
    }

    pub(crate) const fn byte(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    /// Seven bits a byte, the lowest first.
    pub(crate) fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte((value & 0x7f).to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.byte(value.to_le_bytes()[0]);
    }

    /// Small ones of either sign are short.
    pub(crate) fn signed(&mut self, value: i64) {
        self.unsigned((value << 1).cast_unsigned() ^ (value >> 63).cast_unsigned());
    }

    /// As [`Row::signed`].
    pub(crate) fn wide(&mut self, value: i128) {
        match i64::try_from(value) {
            Ok(value) if value > i64::MIN / 4 && value < i64::MAX / 4 => {
                self.byte(0);
                self.signed(value);
            }
            _ => {
                self.byte(1);
                value.to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
            }
        }
    }
}

/// Reads what was written, in the same order. At the end there are zeros.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    pieces: std::slice::Iter<'a, Vec<u8>>,
    rest: &'a [u8],
}

impl Reader<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        if self.rest.is_empty() {
            self.rest = self.pieces.next().map_or(&[], Vec::as_slice);
        }
        let Some((byte, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *byte
    }

    pub(crate) fn unsigned(&mut self) -> u64 {
        if self.rest.is_empty() {
            self.rest = self.pieces.next().map_or(&[], Vec::as_slice);
        }
        let mut value = 0;
        for (at, byte) in self.rest.iter().take(BYTES_MAX).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if *byte < 0x80 {
                self.rest = &self.rest[at + 1..];
                return value;
            }
        }
        self.rest = &[];
        value
    }

    pub(crate) fn signed(&mut self) -> i64 {
        let value = self.unsigned();
        (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
    }

    pub(crate) fn wide(&mut self) -> i128 {
        if self.byte() == 0 {
            return self.signed().into();
        }
        let mut bytes = [0; 16];
        bytes.iter_mut().for_each(|byte| *byte = self.byte());
        i128::from_le_bytes(bytes)
    }
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
                let mut row = Row::new();
                row.signed(number);
                row.unsigned(number.unsigned_abs());
                row.wide(i128::from(number) * 3);
                row.wide(i128::from(number) << 60);
                row.byte(7);
                log.push(&row);
            }
        }
        assert!(log.pieces.len() > 3, "rows of several pieces");
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

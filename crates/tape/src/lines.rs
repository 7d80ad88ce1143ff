//! Blocks of whole lines out of any source of bytes, in one fixed buffer.

use std::io::{self, Read};

use memchr::memrchr;

/// Bytes of the buffer: small enough for the caches, large enough that calls cost nothing.
const BUFFER_BYTES: usize = 256 * 1024;

/// Longest line, in bytes without its end.
pub(crate) const LINE_BYTES_MAX: usize = 16 * 1024;

/// A line that is longer than [`LINE_BYTES_MAX`], or a source that failed.
#[derive(Debug)]
pub(crate) enum LinesError {
    LongLine { line: u64 },
    Io(io::Error),
}

/// Reads ahead and gives out whole lines. The last line needs no end.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    inner: R,
    buffer: Vec<u8>,
    /// The block is `start..block_end`, bytes of a line that is not complete are `block_end..end`.
    start: usize,
    block_end: usize,
    end: usize,
    /// Number of the line at `start`, from 1.
    line: u64,
    /// Longest line, in bytes without its end.
    line_max: usize,
    ended: bool,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self::with_line_max(inner, LINE_BYTES_MAX)
    }

    /// With another limit than [`LINE_BYTES_MAX`].
    pub(crate) fn with_line_max(inner: R, line_max: usize) -> Self {
        // One byte more, for the end that the last line may lack.
        let buffer = vec![0; BUFFER_BYTES.max(line_max + LINE_BYTES_MAX) + 1];
        Self { inner, buffer, start: 0, block_end: 0, end: 0, line: 1, line_max, ended: false }
    }

    /// The block: whole lines, each with its end. Empty before the first [`Self::fill`].
    pub(crate) fn block(&self) -> &[u8] {
        &self.buffer[self.start..self.block_end]
    }

    /// Number of the block's first line, from 1.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// Takes bytes off the front of the block: `lines` whole lines.
    pub(crate) fn consume(&mut self, bytes: usize, lines: u64) {
        self.start = (self.start + bytes).min(self.block_end);
        self.line += lines;
    }

    /// Reads the next block when this one is used up; false at the end.
    pub(crate) fn fill(&mut self) -> Result<bool, LinesError> {
        if self.start < self.block_end {
            return Ok(true);
        }
        self.buffer.copy_within(self.block_end..self.end, 0);
        self.end -= self.block_end;
        (self.start, self.block_end) = (0, 0);
        let mut searched = 0;
        loop {
            let new = &self.buffer[searched..self.end];
            if let Some(at) = memrchr(b'\n', new) {
                self.block_end = searched + at + 1;
                return Ok(true);
            }
            searched = self.end;
            if searched > self.line_max {
                return Err(LinesError::LongLine { line: self.line });
            }
            if self.ended {
                return Ok(self.close_last_line());
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> Result<(), LinesError> {
        let last = self.buffer.len() - 1;
        let free = &mut self.buffer[self.end..last];
        match self.inner.read(free) {
            Ok(0) => self.ended = true,
            Ok(count) => self.end += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(LinesError::Io(error)),
        }
        Ok(())
    }

    fn close_last_line(&mut self) -> bool {
        if self.end == 0 {
            return false;
        }
        self.buffer[self.end] = b'\n';
        self.end += 1;
        self.block_end = self.end;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_lines(bytes: &[u8]) -> u64 {
        memchr::memchr_iter(b'\n', bytes).count() as u64
    }

    /// All blocks, each read in pieces of `step` bytes.
    fn blocks(bytes: &[u8], step: usize) -> Result<Vec<u8>, LinesError> {
        struct Steps<'b>(&'b [u8], usize);
        impl Read for Steps<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let count = self.1.min(self.0.len()).min(buffer.len());
                buffer[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        let mut lines = Lines::new(Steps(bytes, step));
        let mut all = Vec::new();
        while lines.fill()? {
            let block = lines.block().to_vec();
            check_block(&block, lines.line(), &all);
            lines.consume(block.len(), count_lines(&block));
            all.extend(block);
        }
        Ok(all)
    }

    fn check_block(block: &[u8], line: u64, before: &[u8]) {
        assert!(block.ends_with(b"\n"));
        assert_eq!(line, 1 + count_lines(before));
    }

    #[test]
    fn lines_come_whole_however_they_are_read() {
        for step in [1, 2, 7, 1_000] {
            assert_eq!(blocks(b"", step).unwrap(), b"");
            assert_eq!(blocks(b"a", step).unwrap(), b"a\n");
            assert_eq!(blocks(b"a\nbc\n\nd", step).unwrap(), b"a\nbc\n\nd\n");
        }
        let long = b"0123456789\n".repeat(100_000);
        assert_eq!(blocks(&long, 1_000_000).unwrap(), long);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let line = b"x".repeat(LINE_BYTES_MAX);
        assert_eq!(blocks(&line, 999).unwrap().len(), LINE_BYTES_MAX + 1);
        let bytes = [b"a\n".as_slice(), &line, b"x"].concat();
        assert!(matches!(blocks(&bytes, 999), Err(LinesError::LongLine { line: 2 })));
    }
}

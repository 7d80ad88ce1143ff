//! Refuses what cannot be lines of numbers, before the CSV reader collects it.

use std::io::{self, Read};

use crate::error::RowProblem;

/// Longest line, in bytes without its end. Real rows have up to 50.
pub const LINE_BYTES_MAX: usize = 256;

/// Mark at the beginning of a file that some editors write.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// A source of bytes in which every line is short, not empty, and printable ASCII.
///
/// Everything before the first bad byte is passed on; the next read fails, and [`Self::fault`] tells
/// why.
#[derive(Debug)]
pub(super) struct LineGuard<R> {
    inner: R,
    offset: u64,
    line: u64,
    line_bytes: usize,
    fault: Option<RowProblem>,
}

impl<R> LineGuard<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, offset: 0, line: 1, line_bytes: 0, fault: None }
    }

    /// The line reached, from 1, and what is wrong with it.
    pub(super) fn fault(&self) -> (u64, Option<&RowProblem>) {
        (self.line, self.fault.as_ref())
    }

    fn check(&mut self, byte: u8) -> Option<RowProblem> {
        let at = self.offset;
        self.offset += 1;
        match byte {
            b'\n' if self.line_bytes == 0 => Some(RowProblem::EmptyLine),
            b'\n' => {
                self.line += 1;
                self.line_bytes = 0;
                None
            }
            b'\r' if self.line_bytes == 0 => Some(RowProblem::EmptyLine),
            b'\r' | b'\t' | b' '..=b'~' if self.line_bytes == LINE_BYTES_MAX => {
                Some(RowProblem::LongLine { bytes_max: LINE_BYTES_MAX })
            }
            b'\r' | b'\t' | b' '..=b'~' => {
                self.line_bytes += 1;
                None
            }
            _ if is_mark(at, byte) => None,
            byte => Some(RowProblem::Binary { byte }),
        }
    }
}

fn is_mark(at: u64, byte: u8) -> bool {
    let expected = usize::try_from(at).ok().and_then(|at| BYTE_ORDER_MARK.get(at));
    expected == Some(&byte)
}

impl<R: Read> Read for LineGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.fault.is_some() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let count = self.inner.read(buffer)?;
        for (at, byte) in buffer[..count].iter().enumerate() {
            self.fault = self.check(*byte);
            if self.fault.is_some() {
                // Zero would mean the end of the file.
                return if at == 0 { Err(io::ErrorKind::InvalidData.into()) } else { Ok(at) };
            }
        }
        Ok(count)
    }
}

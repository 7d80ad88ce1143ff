//! The text of a failure, rendered without an allocation.

use std::fmt::{self, Write};

/// Longest cause, in characters: error texts may carry whole pages of a venue.
const CHARS_MAX: usize = 200;

/// Stands for what was cut off.
const ELLIPSIS: &str = "...";

/// Room for the longest characters.
const BYTES_MAX: usize = CHARS_MAX * 4 + ELLIPSIS.len();

/// A text of at most [`CHARS_MAX`] characters, on the stack: most failures change nothing, and then
/// nobody reads it.
pub(super) struct Cause {
    bytes: [u8; BYTES_MAX],
    length: usize,
    chars: usize,
}

impl Cause {
    /// Renders a cause, cut to a sensible length. Calls foreign code, so hold no lock.
    pub(super) fn render(cause: &dyn fmt::Display) -> Self {
        let mut rendered = Self { bytes: [0; BYTES_MAX], length: 0, chars: 0 };
        if write!(rendered, "{cause}").is_err() && rendered.chars == CHARS_MAX {
            rendered.push(ELLIPSIS);
        }
        rendered
    }

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..self.length]).expect("made of whole characters")
    }

    fn push(&mut self, text: &str) {
        let end = self.length + text.len();
        self.bytes[self.length..end].copy_from_slice(text.as_bytes());
        self.length = end;
    }
}

impl Write for Cause {
    /// Fails when the text is too long, which ends the rendering.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = CHARS_MAX - self.chars;
        match text.char_indices().nth(left) {
            Some((end, _)) => {
                self.push(&text[..end]);
                self.chars = CHARS_MAX;
                Err(fmt::Error)
            }
            None => {
                self.push(text);
                self.chars += text.chars().count();
                Ok(())
            }
        }
    }
}

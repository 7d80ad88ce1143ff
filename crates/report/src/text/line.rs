//! Lines of coloured text, cut to the width of the terminal.

use super::TextStyle;

/// What a piece of text looks like on a terminal with colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Red => "\x1b[31m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
        }
    }
}

/// One line. Control characters in its text become `?`: a venue must not drive the terminal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    spans: Vec<(Paint, String)>,
}

impl Line {
    pub(crate) const fn new() -> Self {
        Self { spans: Vec::new() }
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.paint(Paint::Plain, text)
    }

    pub(crate) fn paint(mut self, paint: Paint, text: &str) -> Self {
        let clean = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        self.spans.push((paint, clean));
        self
    }

    pub(crate) fn append(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }

    /// Writes the line, cut to the width, with its end.
    pub(crate) fn render(&self, style: TextStyle, out: &mut String) {
        let length: usize = self.spans.iter().map(|(_, text)| text.chars().count()).sum();
        let cut = length > style.columns();
        let mut left = if cut { style.columns().saturating_sub(3) } else { length };
        let last = self.spans.len().saturating_sub(1);
        for (index, (paint, text)) in self.spans.iter().enumerate() {
            let mut shown: String = text.chars().take(left).collect();
            left = left.saturating_sub(shown.chars().count());
            if index == last && !cut {
                shown.truncate(shown.trim_end().len());
            }
            if style.color && *paint != Paint::Plain && !shown.is_empty() {
                out.push_str(paint.code());
                out.push_str(&shown);
                out.push_str("\x1b[0m");
            } else {
                out.push_str(&shown);
            }
        }
        if cut {
            out.push_str("...");
        }
        out.push('\n');
    }
}

/// Breaks a text between words into rows of at most `columns`; longer words stay whole.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let needed = word.chars().count().saturating_add(1);
        match rows.last_mut() {
            Some(row) if row.chars().count().saturating_add(needed) <= columns => {
                row.push(' ');
                row.push_str(word);
            }
            Some(_) | None => rows.push(word.to_owned()),
        }
    }
    rows
}

/// Cuts the middle out of a long list: what comes first, how much is left out, what comes last.
pub(crate) fn shorten<T>(items: &[T], shown_max: usize) -> (&[T], usize, &[T]) {
    let omitted = items.len().saturating_sub(shown_max);
    if omitted == 0 {
        return (items, 0, &[]);
    }
    let tail = shown_max / 3;
    let (head, rest) = items.split_at(shown_max.saturating_sub(tail));
    (head, omitted, &rest[omitted..])
}

/// The line that stands where a list was cut.
pub(crate) fn left_out(count: usize) -> Line {
    Line::new().paint(Paint::Dim, &format!("  ... {count} left out; the JSON record has all"))
}

//! A parsed file that still knows where everything stands, for error messages.

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use crate::error::{Problem, ScenarioError};

mod serde_message;

/// Characters of a line that an error message repeats.
const STATEMENT_CHARS_MAX: usize = 100;

/// Text, syntax tree and name of a file.
#[derive(Debug)]
pub(crate) struct Document<'t> {
    path: &'t Path,
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

/// One step from a table or list to what it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'k> {
    /// The value of a key.
    Key(&'k str),
    /// An element of a list.
    Index(usize),
}

impl<'t> Document<'t> {
    pub(crate) fn parse(path: &'t Path, text: &'t str) -> Result<Self, ScenarioError> {
        let root = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let problem = Problem::Syntax {
                statement: shorten(&text[line_range(text, span.start)]),
                message: error.message().to_owned(),
            };
            invalid(path, text, span.start, problem)
        })?;
        Ok(Self { path, text, root })
    }

    /// Reads the whole file.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ScenarioError> {
        T::deserialize(Deserializer::from(self.root.clone()))
            .map_err(|error| self.serde_error(&error, &[]))
    }

    /// What a path leads to.
    pub(crate) fn get(&self, path: &[Step<'_>]) -> Option<&Spanned<DeValue<'t>>> {
        let (first, rest) = path.split_first()?;
        let Step::Key(first) = first else { return None };
        let mut value = self.root.get_ref().get(*first)?;
        for step in rest {
            value = match step {
                Step::Key(key) => value.get_ref().as_table()?.get(*key)?,
                Step::Index(index) => value.get_ref().as_array()?.get(*index)?,
            };
        }
        Some(value)
    }

    /// An error at the value that a path leads to, or at the nearest table around it.
    pub(crate) fn expected(&self, path: &[Step<'_>], expected: String) -> ScenarioError {
        let mut path = path;
        let span = loop {
            if let Some(value) = self.get(path) {
                break value.span();
            }
            match path.split_last() {
                Some((_, parent)) => path = parent,
                None => break Range::default(),
            }
        };
        let problem = Problem::Value { statement: statement(self.text, &span), expected };
        self.error(span.start, problem)
    }

    /// An error of serde with its position; `more` are keys that it does not know of.
    pub(crate) fn serde_error(&self, error: &toml::de::Error, more: &[&str]) -> ScenarioError {
        self.serde_error_at(error, error.span().unwrap_or_default(), more)
    }

    /// An error of serde at a position of which serde knew nothing.
    pub(crate) fn serde_error_at(
        &self,
        error: &toml::de::Error,
        span: Range<usize>,
        more: &[&str],
    ) -> ScenarioError {
        let place = self.place(span.start);
        let problem =
            serde_message::problem(error.message(), &statement(self.text, &span), &place, more);
        self.error(span.start, problem)
    }

    pub(crate) fn error(&self, offset: usize, problem: Problem) -> ScenarioError {
        invalid(self.path, self.text, offset, problem)
    }

    /// The line of an offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        line(self.text, offset)
    }

    /// The table that an offset belongs to, in words: `in [market]`.
    pub(crate) fn place(&self, offset: usize) -> String {
        let end = line_range(self.text, offset).end;
        let header =
            self.text[..end].lines().rev().map(str::trim_start).find(|line| line.starts_with('['));
        match header.and_then(|line| line.rfind(']').map(|end| &line[..=end])) {
            Some(header) => format!("in {header}"),
            None => "at the top of the file".to_owned(),
        }
    }
}

fn invalid(path: &Path, text: &str, offset: usize, problem: Problem) -> ScenarioError {
    ScenarioError::Invalid { path: path.to_owned(), line: line(text, offset), problem }
}

fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The line around an offset, without its end.
fn line_range(text: &str, offset: usize) -> Range<usize> {
    let offset = text.floor_char_boundary(offset);
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    start..end
}

/// The line on which a span begins, up to the end of the span: a statement without its comment.
fn statement(text: &str, span: &Range<usize>) -> String {
    let line = line_range(text, span.start);
    let end = text.floor_char_boundary(span.end).clamp(line.start, line.end);
    let end = if end == line.start { line.end } else { end };
    shorten(&text[line.start..end])
}

fn shorten(statement: &str) -> String {
    let statement = statement.trim();
    match statement.char_indices().nth(STATEMENT_CHARS_MAX) {
        Some((cut, _)) => format!("{}...", &statement[..cut]),
        None => statement.to_owned(),
    }
}

//! A parsed file that still knows where everything stands, for error messages.
//!
//! Shared with other files of the program that must say as clearly what is wrong with them.

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use crate::error::{Problem, ScenarioError};

mod serde_message;
pub use serde_message::hint;

/// Characters of a line that an error message repeats.
const STATEMENT_CHARS_MAX: usize = 100;

/// Text, syntax tree and name of a file.
#[derive(Debug)]
pub struct Document<'t> {
    path: &'t Path,
    text: &'t str,
    tables: &'t [&'t str],
    /// Bytes of the text that are the file's; the others are of the environment.
    file_len: usize,
    root: Spanned<DeTable<'t>>,
}

/// A file's text together with variables of the environment that override it.
///
/// Each variable is a line `NAME = value` behind the file's own text, so that every position in an error
/// is one of this text, whether it is about the file or about a variable.
#[derive(Debug)]
pub struct Overridden {
    text: String,
    /// The lines of the variables, at the place that they have in the text.
    lines: String,
    file_len: usize,
    /// Table and key that each line overrides.
    keys: Vec<(String, String)>,
}

impl Overridden {
    /// A text without variables.
    pub fn new(file: &str) -> Self {
        let file_len = file.len() + 1;
        let text = format!("{file}\n");
        Self { text, lines: " ".repeat(file_len), file_len, keys: Vec::new() }
    }

    /// Adds a variable; `value` is written as in TOML and must not contain a line break.
    pub fn push(&mut self, name: &str, table: &str, key: &str, value: &str) {
        let line = format!("{name} = {value}\n");
        self.text.push_str(&line);
        self.lines.push_str(&line);
        self.keys.push((table.to_owned(), key.to_owned()));
    }
}

/// One step from a table or list to what it holds.
#[derive(Debug, Clone, Copy)]
pub enum Step<'k> {
    /// The value of a key.
    Key(&'k str),
    /// An element of a list.
    Index(usize),
}

impl<'t> Document<'t> {
    /// Parses a text. `path` names it in errors; `tables` are the names at its top that are tables.
    ///
    /// # Errors
    /// [`ScenarioError::Invalid`]: it is not TOML.
    pub fn parse(
        path: &'t Path,
        text: &'t str,
        tables: &'t [&'t str],
    ) -> Result<Self, ScenarioError> {
        let root = syntax(path, text, text, text.len())?;
        Ok(Self { path, text, tables, file_len: text.len(), root })
    }

    /// Parses a text whose values give way to those of the environment.
    ///
    /// # Errors
    /// [`ScenarioError::Invalid`]: the file or a variable is not TOML.
    pub fn parse_overridden(
        path: &'t Path,
        source: &'t Overridden,
        tables: &'t [&'t str],
    ) -> Result<Self, ScenarioError> {
        let Overridden { text, lines, file_len, keys } = source;
        let mut root = syntax(path, text, &text[..*file_len], *file_len)?;
        let variables = syntax(path, text, lines, *file_len)?;
        // In the order of the lines, as the keys are.
        let mut variables: Vec<_> = variables.into_inner().into_iter().collect();
        variables.sort_by_key(|(name, _)| name.span().start);
        for ((name, value), (table, key)) in variables.into_iter().zip(keys) {
            let span = name.span();
            let tables = root.get_mut();
            if !tables.contains_key(table.as_str()) {
                let empty = Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
                tables.insert(Spanned::new(span.clone(), Cow::Borrowed(table.as_str())), empty);
            }
            // What is no table is told when the file is read.
            if let Some(DeValue::Table(table)) =
                tables.get_mut(table.as_str()).map(Spanned::get_mut)
            {
                table.insert(Spanned::new(span, Cow::Borrowed(key.as_str())), value);
            }
        }
        Ok(Self { path, text, tables, file_len: *file_len, root })
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// [`ScenarioError::Invalid`] for the first value that `T` does not take.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ScenarioError> {
        T::deserialize(Deserializer::from(self.root.clone()))
            .map_err(|error| self.serde_error(&error, &[]))
    }

    /// What a path leads to.
    pub fn get(&self, path: &[Step<'_>]) -> Option<&Spanned<DeValue<'t>>> {
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
    pub fn expected(&self, path: &[Step<'_>], expected: String) -> ScenarioError {
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
    pub fn serde_error(&self, error: &toml::de::Error, more: &[&str]) -> ScenarioError {
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
        let statement = statement(self.text, &span);
        let problem =
            serde_message::problem(error.message(), &statement, &place, more, self.tables);
        self.error(span.start, problem)
    }

    pub(crate) fn error(&self, offset: usize, problem: Problem) -> ScenarioError {
        invalid(self.path, self.text, self.file_len, offset, problem)
    }

    /// File and line of what a path leads to, or of the nearest table around it.
    pub fn locate(&self, path: &[Step<'_>]) -> String {
        let found = (1..=path.len()).rev().find_map(|length| self.get(&path[..length]));
        let offset = found.map_or(0, |value| value.span().start);
        if self.is_variable(offset) {
            return "environment".to_owned();
        }
        format!("{}:{}", self.path.display(), self.line(offset))
    }

    /// Whether an offset is in the lines of the environment.
    const fn is_variable(&self, offset: usize) -> bool {
        offset >= self.file_len && self.file_len < self.text.len()
    }

    /// The line of an offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        line(self.text, offset)
    }

    /// The table that an offset belongs to, in words: `in [market]`.
    pub(crate) fn place(&self, offset: usize) -> String {
        if self.is_variable(offset) {
            return "in the environment".to_owned();
        }
        let end = line_range(self.text, offset).end;
        let header =
            self.text[..end].lines().rev().map(str::trim_start).find(|line| line.starts_with('['));
        match header.and_then(|line| line.rfind(']').map(|end| &line[..=end])) {
            Some(header) => format!("in {header}"),
            None => "at the top of the file".to_owned(),
        }
    }
}

/// Parses `part`, whose positions are those of `text`.
fn syntax<'t>(
    path: &Path,
    text: &str,
    part: &'t str,
    file_len: usize,
) -> Result<Spanned<DeTable<'t>>, ScenarioError> {
    DeTable::parse(part).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let problem = Problem::Syntax {
            statement: shorten(&text[line_range(text, span.start)]),
            message: error.message().to_owned(),
        };
        invalid(path, text, file_len, span.start, problem)
    })
}

fn invalid(
    path: &Path,
    text: &str,
    file_len: usize,
    offset: usize,
    problem: Problem,
) -> ScenarioError {
    if offset < file_len || file_len == text.len() {
        return ScenarioError::Invalid { path: path.to_owned(), line: line(text, offset), problem };
    }
    ScenarioError::Variable { problem }
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
    // A header is shown whole: its names are what an error may be about.
    let header = text[line.clone()].trim_start().starts_with('[');
    let end = match text[line.clone()].rfind(']') {
        Some(close) if header => line.start + close + 1,
        Some(_) | None => end,
    };
    shorten(&text[line.start..end])
}

fn shorten(statement: &str) -> String {
    let statement = &*redact(statement.trim());
    match statement.char_indices().nth(STATEMENT_CHARS_MAX) {
        Some((cut, _)) => format!("{}...", &statement[..cut]),
        None => statement.to_owned(),
    }
}
/// Parts of names whose values no error repeats: errors end up in logs.
const SECRETS: [&str; 4] = ["key", "secret", "token", "password"];

/// A statement without what nobody may read: the value of a secret, the password of an address.
fn redact(statement: &str) -> Cow<'_, str> {
    if let Some((name, _)) = statement.split_once('=')
        && SECRETS.iter().any(|part| name.to_lowercase().contains(part))
    {
        return Cow::Owned(format!("{} = ...", name.trim_end()));
    }
    match statement.split_once("://") {
        Some((scheme, rest)) if rest.contains('@') => {
            let host = rest.rsplit_once('@').map_or("", |(_, host)| host);
            Cow::Owned(format!("{scheme}://...@{host}"))
        }
        _ => Cow::Borrowed(statement),
    }
}

//! Serde's messages in the words of this program.
//!
//! Serde hands over a text and a position, nothing typed. Its wording has been the same since 1.0;
//! should it change, messages become plainer (the last arm) and the table tests fail.

use crate::error::Problem;

/// Letters that may differ between a key and the one that was probably meant, per letters written.
const NEAREST_PER_LETTERS: usize = 3;

pub(super) fn problem(
    message: &str,
    statement: &str,
    place: &str,
    more: &[&str],
    tables: &[&str],
) -> Problem {
    if message.starts_with("unknown field `") {
        let mut words = words(message);
        let key = words.next().unwrap_or_default();
        let known: Vec<&str> = more.iter().copied().chain(words).collect();
        let hint = hint(key, &known);
        // The position of a table is that of its header.
        return if statement.starts_with('[') {
            Problem::UnknownTable { table: key.to_owned(), hint }
        } else {
            Problem::UnknownKey { key: key.to_owned(), place: place.to_owned(), hint }
        };
    }
    if message.starts_with("unknown variant `") {
        let mut words = words(message);
        let value = words.next().unwrap_or_default();
        let known: Vec<&str> = words.collect();
        return Problem::UnknownValue {
            statement: statement.to_owned(),
            value: value.to_owned(),
            hint: hint(value, &known),
        };
    }
    if message.starts_with("missing field `") {
        return missing(words(message).next().unwrap_or_default(), place, tables);
    }
    Problem::Value { statement: statement.to_owned(), expected: expected(message).to_owned() }
}

fn expected(message: &str) -> &str {
    let expected = message
        .starts_with("invalid ")
        .then(|| message.split_once(", expected "))
        .flatten()
        .map_or(message, |(_, expected)| expected);
    match expected {
        "a string" | "path string" | "wanted string or table" => "a text in quotes",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

/// A key that is not there, or a table.
fn missing(key: &str, place: &str, tables: &[&str]) -> Problem {
    if tables.contains(&key) {
        Problem::MissingTable { table: key.to_owned() }
    } else {
        Problem::MissingKey { key: key.to_owned(), place: place.to_owned() }
    }
}

/// The texts between backticks.
fn words(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

/// The nearest of the known words, or all of them when none is near, as the end of an error.
pub fn hint(word: &str, known: &[&str]) -> String {
    let nearest =
        known.iter().map(|known| (strsim::damerau_levenshtein(word, known), *known)).min();
    match nearest {
        Some((distance, nearest)) if distance <= word.chars().count() / NEAREST_PER_LETTERS + 1 => {
            format!("did you mean `{nearest}`?")
        }
        Some((_, only)) if known.len() == 1 => format!("expected `{only}`"),
        Some(_) => format!("expected one of `{}`", known.join("`, `")),
        None => "no keys belong here".to_owned(),
    }
}

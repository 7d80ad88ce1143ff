//! The line protocol, read strictly: written from the database's manual, not from our encoder.

use std::collections::BTreeMap;

/// A line that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Parsed {
    pub(super) measurement: String,
    pub(super) tags: BTreeMap<String, String>,
    /// Values with their type before them: `i:42`, `b:true`, `t:text`, `f:1.5`.
    pub(super) fields: BTreeMap<String, String>,
    pub(super) at: i64,
}

/// Reads lines, which may hold line breaks within texts.
pub(super) fn parse(text: &str) -> Result<Vec<Parsed>, String> {
    let mut rest = text.chars().peekable();
    let mut lines = Vec::new();
    while rest.peek().is_some() {
        lines.push(line(&mut rest)?);
    }
    Ok(lines)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn line(rest: &mut Chars<'_>) -> Result<Parsed, String> {
    let mut parsed = Parsed::default();
    let (measurement, mut end) = word(rest, ", ", ", ")?;
    parsed.measurement = measurement;
    while end == ',' {
        let (key, equals) = word(rest, ",= ", ",= ")?;
        if equals != '=' {
            return Err(format!("tag `{key}` has no value"));
        }
        let (value, next) = word(rest, ",= ", ", ")?;
        end = next;
        if parsed.tags.insert(key, value).is_some() {
            return Err("a tag comes twice".to_owned());
        }
    }
    loop {
        let (key, equals) = word(rest, ",= ", ",= ")?;
        if equals != '=' {
            return Err(format!("field `{key}` has no value"));
        }
        let (value, next) = field(rest)?;
        if parsed.fields.insert(key, value).is_some() {
            return Err("a field comes twice".to_owned());
        }
        match next {
            ',' => {}
            ' ' => break,
            _ => return Err("no time".to_owned()),
        }
    }
    let mut at = String::new();
    for character in rest.by_ref() {
        if character == '\n' {
            break;
        }
        at.push(character);
    }
    parsed.at = at.parse().map_err(|_| format!("`{at}` is not a time"))?;
    Ok(parsed)
}

/// A name up to one of `ends`, which it may hold escaped if they are in `escapable`.
fn word(rest: &mut Chars<'_>, escapable: &str, ends: &str) -> Result<(String, char), String> {
    let mut word = String::new();
    while let Some(character) = rest.next() {
        let escaped = rest.peek().copied().filter(|next| escapable.contains(*next));
        if character == '\\'
            && let Some(escaped) = escaped
        {
            rest.next();
            word.push(escaped);
        } else if ends.contains(character) {
            return if word.is_empty() {
                Err("an empty name".to_owned())
            } else {
                Ok((word, character))
            };
        } else if character == '\n' || escapable.contains(character) {
            return Err(format!("`{word}` is followed by {character:?}"));
        } else {
            word.push(character);
        }
    }
    Err(format!("the line ends after `{word}`"))
}

fn field(rest: &mut Chars<'_>) -> Result<(String, char), String> {
    if rest.next_if_eq(&'"').is_some() {
        let mut text = "t:".to_owned();
        while let Some(character) = rest.next() {
            match character {
                '"' => return Ok((text, rest.next().unwrap_or('\n'))),
                '\\' if rest.peek().is_some_and(|next| matches!(next, '"' | '\\')) => {
                    text.extend(rest.next());
                }
                other => text.push(other),
            }
        }
        return Err("a text without end".to_owned());
    }
    let mut value = String::new();
    let mut end = '\n';
    for character in rest.by_ref() {
        if matches!(character, ',' | ' ' | '\n') {
            end = character;
            break;
        }
        value.push(character);
    }
    let digits = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let typed = match value.strip_suffix('i') {
        Some(number) if digits(number) && number.parse::<i64>().is_ok() => format!("i:{number}"),
        _ if matches!(value.as_str(), "true" | "false") => format!("b:{value}"),
        _ => match value.split_once('.') {
            Some((whole, part)) if digits(whole) && digits(part) && !part.starts_with('-') => {
                format!("f:{value}")
            }
            None if digits(&value) => format!("f:{value}"),
            _ => return Err(format!("`{value}` is no value")),
        },
    };
    Ok((typed, end))
}

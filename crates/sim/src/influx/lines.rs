//! Reads the line protocol, byte by byte.

use std::collections::BTreeMap;

/// One point.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    pub(super) measurement: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) fields: BTreeMap<String, Value>,
    pub(super) at: i64,
}

/// A field's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// `i` integer, `f` float, `b` boolean, `s` string.
    pub(super) kind: char,
    /// Without marks of its type.
    pub(super) text: String,
}

/// Reads all lines; the error says what is wrong with the first that is.
pub(super) fn read(text: &str) -> Result<Vec<Line>, String> {
    let mut reader = Reader { rest: text };
    let mut lines = Vec::new();
    while !reader.rest.is_empty() {
        lines.push(reader.line()?);
    }
    Ok(lines)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn line(&mut self) -> Result<Line, String> {
        let mut line = Line { measurement: self.name(&[',', ' '])?, ..Line::default() };
        while self.take(',') {
            let key = self.name(&[',', ' ', '='])?;
            self.expect('=')?;
            let value = self.name(&[',', ' ', '='])?;
            if line.tags.insert(key.clone(), value).is_some() {
                return Err(format!("tag `{key}` comes twice"));
            }
        }
        self.expect(' ')?;
        loop {
            let key = self.name(&[',', ' ', '='])?;
            self.expect('=')?;
            let value = self.value()?;
            if line.fields.insert(key.clone(), value).is_some() {
                return Err(format!("field `{key}` comes twice"));
            }
            if !self.take(',') {
                break;
            }
        }
        self.expect(' ')?;
        let (at, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        line.at = at.parse().map_err(|_| format!("`{at}` is no time"))?;
        self.rest = rest;
        Ok(line)
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) {
            return Ok(());
        }
        let found: String = self.rest.chars().take(20).collect();
        Err(format!("expected `{wanted}` before `{found}`"))
    }

    /// A name up to the first of `special` that is not escaped.
    fn name(&mut self, special: &[char]) -> Result<String, String> {
        let mut name = String::new();
        let mut rest = self.rest.chars();
        loop {
            let before = rest.as_str();
            match rest.next() {
                None | Some('\n') => return Err(format!("the line ends within `{name}`")),
                Some('\\') if rest.as_str().starts_with(special) => name.extend(rest.next()),
                Some(end) if special.contains(&end) => {
                    self.rest = before;
                    break;
                }
                Some(other) => name.push(other),
            }
        }
        if name.is_empty() || name.starts_with('_') {
            return Err(format!("`{name}` is no name"));
        }
        Ok(name)
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.take('"') {
            return self.string();
        }
        let end = self.rest.find([',', ' ', '\n']).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        let value = |kind, text: &str| Ok(Value { kind, text: text.to_owned() });
        if let Some(number) = token.strip_suffix('i') {
            return match number.parse::<i64>() {
                Ok(_) => value('i', number),
                Err(_) => Err(format!("`{token}` is no integer")),
            };
        }
        if matches!(token, "true" | "false" | "t" | "f" | "T" | "F" | "TRUE" | "FALSE") {
            return value('b', token);
        }
        let bytes = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        if token.bytes().all(bytes) && token.parse::<f64>().is_ok_and(f64::is_finite) {
            return value('f', token);
        }
        Err(format!("`{token}` is no value"))
    }

    /// The rest of a string whose opening quote was read. It may hold line breaks.
    fn string(&mut self) -> Result<Value, String> {
        let mut text = String::new();
        let mut rest = self.rest.chars();
        loop {
            match rest.next() {
                None => return Err("a string does not end".to_owned()),
                Some('"') => break,
                Some('\\') if rest.as_str().starts_with(['"', '\\']) => text.extend(rest.next()),
                Some(other) => text.push(other),
            }
        }
        self.rest = rest.as_str();
        Ok(Value { kind: 's', text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_their_escapes() {
        let text = "my\\ m\\,x,t\\=1=a\\ b f=1i,g=\"say \\\"\\\\\n\",h=-1.5,i=true 12\nm f=2 -3\n";
        let lines = read(text).expect("two lines");
        assert_eq!(lines.len(), 2);
        let Line { measurement, tags, fields, at } = &lines[0];
        assert_eq!((measurement.as_str(), *at), ("my m,x", 12));
        assert_eq!(tags["t=1"], "a b");
        let value = |key: &str| (fields[key].kind, fields[key].text.as_str());
        assert_eq!(value("f"), ('i', "1"));
        assert_eq!(value("g"), ('s', "say \"\\\n"));
        assert_eq!(value("h"), ('f', "-1.5"));
        assert_eq!(value("i"), ('b', "true"));
        assert_eq!((lines[1].fields["f"].kind, lines[1].at), ('f', -3));
    }

    #[test]
    fn what_is_no_line_is_refused() {
        for text in [
            "m",
            "m ",
            "m f",
            "m f=",
            "m f=1",
            "m f=1i x",
            "m f=1i 1.5",
            "m,t f=1i 1",
            "m,t= f=1i 1",
            " f=1i 1",
            "m,_t=1 f=1i 1",
            "m f=1i,f=2i 1",
            "m f=\"x 1",
            "m f=x 1",
            "m f=1ii 1",
            "m f=NaN 1",
            "m f=inf 1",
            "m f=1i  1",
            "m f=1i 1\n\n",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}

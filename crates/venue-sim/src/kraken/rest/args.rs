//! Arguments of a request: form or JSON, read leniently as Kraken does.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::kraken::error::ApiError;
use crate::kraken::rest::Request;

/// Arguments by name. Of a name given twice the last counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Args(BTreeMap<String, String>);

impl Args {
    /// The arguments of a body. Without a content type it is a form, unless it looks like JSON.
    pub(crate) fn of_body(request: &Request) -> Self {
        let json = match &request.content_type {
            Some(kind) => kind.to_ascii_lowercase().starts_with("application/json"),
            None => request.body.starts_with(b"{"),
        };
        if json { Self::json(&request.body) } else { Self::form(&request.body) }
    }

    /// `application/x-www-form-urlencoded`, also of a query.
    pub(crate) fn form(text: &[u8]) -> Self {
        let fields = text.split(|byte| *byte == b'&').filter(|f| !f.is_empty());
        let field = |field: &[u8]| {
            let at = field.iter().position(|byte| *byte == b'=');
            let (name, value) = field.split_at(at.unwrap_or(field.len()));
            (decode(name), decode(value.get(1..).unwrap_or_default()))
        };
        Self(fields.map(field).collect())
    }

    /// A JSON object; numbers keep their text, nested values are their JSON text.
    pub(crate) fn json(text: &[u8]) -> Self {
        let fields: BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(text).unwrap_or_default();
        let value = |raw: &RawValue| {
            serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
        };
        let fields = fields.iter().filter(|(_, raw)| raw.get() != "null");
        Self(fields.map(|(name, raw)| (name.clone(), value(raw))).collect())
    }

    /// Gives an argument another value.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// An argument that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// Arguments that are not empty, by name in alphabetic order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        fields.filter(|(_, value)| !value.is_empty())
    }

    /// An argument that must be there.
    pub(crate) fn require(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| ApiError::arguments(name))
    }

    /// A boolean in any of the ways in which clients write it; false when missing.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(ApiError::arguments(name)),
        }
    }

    /// A number that the standard library can read.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let number = self.get(name).map(str::parse);
        number.transpose().map_err(|_| ApiError::arguments(name))
    }

    /// The elements of a comma list.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let text = self.get(name).unwrap_or_default();
        let items = text.split(',').map(str::trim);
        items.filter(|item| !item.is_empty()).collect()
    }
}

/// Percent-decodes; `+` is a blank; a broken escape stands for itself.
fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        rest = match escaped {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                &tail[2..]
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                tail
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let args = Args::form(b"pair=XBT%2CETH&price=%2B100&note=a+b&empty=&broken=%zz&last");
        assert_eq!(args.list("pair"), ["XBT", "ETH"]);
        assert_eq!(args.get("price"), Some("+100"));
        assert_eq!(args.get("note"), Some("a b"));
        assert_eq!(args.get("empty"), None);
        assert_eq!(args.get("broken"), Some("%zz"));
        assert_eq!(args.get("last"), None);
    }

    #[test]
    fn booleans_come_in_many_spellings() {
        let args = Args::form(b"a=true&b=True&c=False&d=1&e=yes");
        let flags = ["a", "b", "c", "d", "missing"].map(|name| args.flag(name).unwrap());
        assert_eq!(flags, [true, true, false, true, false]);
        assert!(args.flag("e").is_err());
    }

    #[test]
    fn json_numbers_keep_their_text() {
        let args =
            Args::json(br#"{"nonce":179523111651790208,"volume":"0.10","ok":true,"n":null}"#);
        assert_eq!(args.get("nonce"), Some("179523111651790208"));
        assert_eq!(args.get("volume"), Some("0.10"));
        assert!(args.flag("ok").unwrap());
        assert_eq!(args.get("n"), None);
        assert!(Args::json(b"not json").0.is_empty());
    }
}

//! Bodies of private requests and queries of public ones.

/// Fields in the order in which they go out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    text: String,
}

impl Form {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        escape(name, &mut self.text);
        self.text.push('=');
        escape(value, &mut self.text);
        self
    }

    /// Adds a field if there is a value.
    pub(crate) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The encoded text.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The encoded text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// Writes a text with every byte escaped that is not unreserved in URLs.
fn escape(text: &str, out: &mut String) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_bytes_are_escaped() {
        let form = Form::new()
            .with("oflags", "fcib,post")
            .with("price", "+100")
            .with_some("cl_ord_id", None)
            .with("pair", "BTC/USD é");
        assert_eq!(form.as_str(), "oflags=fcib%2Cpost&price=%2B100&pair=BTC%2FUSD%20%C3%A9");
    }
}

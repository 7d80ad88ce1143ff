//! The identity of a series: name and labels.

use std::fmt;

use metrics::Key;

/// Name and labels, labels in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
}

impl Series {
    pub(crate) fn of(key: &Key) -> Self {
        let pair = |label: &metrics::Label| (label.key().to_owned(), label.value().to_owned());
        let mut labels: Vec<_> = key.labels().map(pair).collect();
        labels.sort();
        Self { name: key.name().to_owned(), labels }
    }

    /// The series as Prometheus writes it, with something after the name and a label behind the
    /// others.
    pub(crate) fn write(
        &self,
        f: &mut impl fmt::Write,
        suffix: &str,
        last: Option<(&str, &str)>,
    ) -> fmt::Result {
        write!(f, "{}{suffix}", self.name)?;
        let own = self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut separator = '{';
        for (name, value) in own.chain(last) {
            write!(f, "{separator}{name}=\"{}\"", Escaped(value))?;
            separator = ',';
        }
        if separator == ',' { f.write_char('}') } else { Ok(()) }
    }

    /// As [`Series::write`], as a text of its own.
    pub(crate) fn text(&self, suffix: &str) -> String {
        let mut text = String::new();
        self.write(&mut text, suffix, None).expect("a string takes everything");
        text
    }
}

/// The value of a label: backslash, quote and line feed are escaped.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_ordered_and_escaped() {
        let labels = [("to", "a\"b"), ("from", "c\\d\ne")].map(|(k, v)| metrics::Label::new(k, v));
        let series = Series::of(&Key::from_parts("x_total", labels.to_vec()));
        assert_eq!(series.text(""), r#"x_total{from="c\\d\ne",to="a\"b"}"#);
        assert_eq!(Series::of(&Key::from_name("y")).text("_sum"), "y_sum");
    }
}

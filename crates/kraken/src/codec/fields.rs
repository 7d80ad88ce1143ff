//! Named values of a request, as a form or as JSON.

use serde_json::{Map, Value as Json};

use super::form::Form;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Flag(bool),
    Number(i64),
    /// Named texts below one name: `close[price]` in a form, an object in JSON.
    Group(Vec<(&'static str, String)>),
}

/// Named values, in the order in which they go out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.0.push((name, value));
        self
    }

    /// These, then others.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    pub(crate) fn text(self, name: &'static str, value: &str) -> Self {
        self.with(name, Value::Text(value.to_owned()))
    }

    pub(crate) fn some_text(self, name: &'static str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.with(name, Value::Text(value)),
            None => self,
        }
    }

    /// A flag that is left out when it is not set.
    pub(crate) fn flag(self, name: &'static str, set: bool) -> Self {
        if set { self.with(name, Value::Flag(true)) } else { self }
    }

    pub(crate) fn form(&self) -> Form {
        self.0.iter().fold(Form::new(), |form, (name, value)| match value {
            Value::Text(text) => form.with(name, text),
            Value::Flag(flag) => form.with(name, if *flag { "true" } else { "false" }),
            Value::Number(number) => form.with(name, &number.to_string()),
            Value::Group(group) => group
                .iter()
                .fold(form, |form, (inner, text)| form.with(&format!("{name}[{inner}]"), text)),
        })
    }

    /// As the fields of a JSON object.
    pub(crate) fn object(&self) -> Map<String, Json> {
        let read = |value: &Value| match value {
            Value::Text(text) => Json::from(text.as_str()),
            Value::Flag(flag) => Json::from(*flag),
            Value::Number(number) => Json::from(*number),
            Value::Group(group) => {
                let texts = group.iter().map(|(name, text)| ((*name).to_owned(), text.as_str()));
                Json::Object(texts.map(|(name, text)| (name, Json::from(text))).collect())
            }
        };
        let fields = self.0.iter().map(|(name, value)| ((*name).to_owned(), read(value)));
        fields.collect()
    }
}

/// What a private request carries besides its nonce.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Form(Form),
    /// The fields of a JSON object.
    Json(Map<String, Json>),
}

impl Body {
    /// The text that is signed and sent. The nonce is a text in JSON, where a number so large would be
    /// rounded by many a reader.
    pub(crate) fn sealed(&self, nonce: u64) -> String {
        match self {
            Self::Form(form) => form.clone().with("nonce", &nonce.to_string()).into_text(),
            Self::Json(fields) => {
                let mut fields = fields.clone();
                fields.insert("nonce".to_owned(), Json::from(nonce.to_string()));
                Json::Object(fields).to_string()
            }
        }
    }

    /// Its `Content-Type`.
    pub(crate) const fn media_type(&self) -> &'static str {
        match self {
            Self::Form(_) => "application/x-www-form-urlencoded",
            Self::Json(_) => "application/json",
        }
    }
}

impl From<Form> for Body {
    fn from(form: Form) -> Self {
        Self::Form(form)
    }
}

impl From<&Fields> for Body {
    fn from(fields: &Fields) -> Self {
        Self::Json(fields.object())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_a_form_or_an_object() {
        let fields = Fields::new()
            .text("price", "+5%")
            .some_text("price2", None)
            .flag("reduce_only", true)
            .flag("validate", false)
            .with("userref", Value::Number(-7))
            .with("close", Value::Group(vec![("ordertype", "limit".to_owned())]));
        assert_eq!(
            fields.form().as_str(),
            "price=%2B5%25&reduce_only=true&userref=-7&close%5Bordertype%5D=limit"
        );
        assert_eq!(
            Body::from(&fields).sealed(12),
            r#"{"close":{"ordertype":"limit"},"nonce":"12","price":"+5%","reduce_only":true,"userref":-7}"#
        );
        assert_eq!(Body::from(fields.form()).sealed(12).rsplit('&').next(), Some("nonce=12"));
    }
}

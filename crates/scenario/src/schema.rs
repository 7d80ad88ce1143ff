//! JSON Schema of scenario files, made from the types that read them.
//!
//! What types cannot say, [`crate::Scenario::load`] checks beyond it: ranges of durations, order, overlap.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::fault::FaultKind;
use crate::file::File;
use crate::scenario::Timing;
use crate::storm::{FamilyTable, StormTable};
use crate::validate::limits;

/// A type that stands for a text or number in a schema only.
macro_rules! written {
    ($($(#[$doc:meta])* $name:ident: $schema:tt;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

written! {
    /// A duration, as [`crate::parse_duration`] reads it.
    DurationText: {
        "type": "string",
        "pattern": "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?([0-9]+us)?([0-9]+ns)?$"
    };
    /// A seed, as [`crate::parse_seed`] reads it, or a number.
    SeedText: {
        "oneOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^([0-9]{1,20}|0x[0-9a-fA-F]{1,16}|[0-9a-fA-F]{40})$" }
        ]
    };
    /// An instrument.
    SymbolText: { "type": "string", "pattern": "^[A-Z0-9]{2,12}/[A-Z0-9]{2,12}$" };
    /// An amount of an asset.
    AmountText: { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" };
    /// A HTTP status that says that a request failed.
    StatusNumber: {
        "type": "integer",
        "minimum": *limits::REST_STATUS.start(),
        "maximum": *limits::REST_STATUS.end()
    };
    /// The version of the format.
    SchemaNumber: { "type": "integer", "const": limits::SCHEMA };
}

/// JSON Schema (draft 2020-12) of a scenario file.
pub fn json_schema() -> Value {
    let mut file = schemars::schema_for!(File).to_value();
    let mut defs = definitions(&mut file);
    let mut kinds = schemars::schema_for!(FaultKind).to_value();
    defs.append(&mut definitions(&mut kinds));
    let kinds = kinds["oneOf"].as_array().cloned().unwrap_or_default();
    let timing = schemars::schema_for!(Timing).to_value();
    let family = schemars::schema_for!(FamilyTable).to_value();
    let faults: Vec<_> = kinds.iter().map(|kind| with(kind.clone(), &timing)).collect();
    let families: Vec<_> = kinds.into_iter().map(|kind| with(chosen(kind), &family)).collect();
    defs.insert("Fault".to_owned(), json!({ "oneOf": faults }));
    defs.insert("Family".to_owned(), json!({ "oneOf": families }));
    let mut storm = schemars::schema_for!(StormTable).to_value();
    defs.append(&mut definitions(&mut storm));
    storm["properties"]["family"] = json!({
        "type": "array", "minItems": 1, "maxItems": limits::FAMILIES_MAX,
        "items": { "$ref": "#/$defs/Family" }
    });
    require(&mut storm, "family");
    defs.insert("Storm".to_owned(), storm);
    file["properties"]["fault"] = json!({
        "type": "array", "maxItems": limits::FAULTS_MAX, "items": { "$ref": "#/$defs/Fault" }
    });
    file["properties"]["storm"] = json!({ "$ref": "#/$defs/Storm" });
    file["title"] = json!("wavetank scenario");
    file["$defs"] = Value::Object(defs);
    for name in ["Storm", "Fault", "Family"] {
        if let Some(part) = file["$defs"][name].as_object_mut() {
            part.remove("title");
            part.remove("$schema");
        }
    }
    without_null(&mut file);
    file
}

/// Takes the definitions out of a schema.
fn definitions(schema: &mut Value) -> Map<String, Value> {
    let defs = schema.as_object_mut().and_then(|schema| schema.remove("$defs"));
    defs.and_then(|defs| defs.as_object().cloned()).unwrap_or_default()
}

/// A kind of fault with the keys that every kind has.
fn with(mut kind: Value, common: &Value) -> Value {
    for (key, value) in common["properties"].as_object().into_iter().flatten() {
        kind["properties"][key] = value.clone();
    }
    for key in common["required"].as_array().into_iter().flatten() {
        require(&mut kind, key.as_str().unwrap_or_default());
    }
    kind["additionalProperties"] = json!(false);
    kind
}

fn require(schema: &mut Value, key: &str) {
    let mut required = schema["required"].as_array().cloned().unwrap_or_default();
    required.push(json!(key));
    schema["required"] = Value::Array(required);
}

/// A kind of fault with something to choose from in place of each parameter.
fn chosen(mut kind: Value) -> Value {
    for (key, value) in kind["properties"].as_object_mut().into_iter().flatten() {
        if key == "kind" {
            continue;
        }
        if let Some(value) = value.as_object_mut() {
            value.remove("default");
        }
        let list = json!({ "type": "array", "minItems": 1, "items": value });
        let percent = json!({
            "type": "integer", "minimum": *limits::PERCENT.start(), "maximum": *limits::PERCENT.end()
        });
        let of = json!({
            "type": "object", "additionalProperties": false, "required": ["of"],
            "properties": { "of": list, "percent": percent }
        });
        let range = json!({
            "type": "object", "additionalProperties": false, "required": ["min", "max"],
            "properties": { "min": value, "max": value, "percent": percent }
        });
        *value = json!({ "anyOf": [value, list, of, range] });
    }
    kind
}

/// TOML has no null, and a default that is one says nothing; nor are durations tables there.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("default").is_some_and(|default| default.is_null() || default.is_object())
            {
                object.remove("default");
            }
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(any)) = object.get_mut("anyOf") {
                any.retain(|part| *part != json!({ "type": "null" }));
            }
            object.values_mut().for_each(without_null);
        }
        Value::Array(list) => list.iter_mut().for_each(without_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests;

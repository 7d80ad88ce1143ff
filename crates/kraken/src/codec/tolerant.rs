//! Kraken adds fields and words without notice: neither may break a reader.

use serde_json::{Map, Value, json};

use super::samples::{answers, messages};
use super::{any, ws};

/// Fields whose texts are words of a list that may grow.
const WORDS: &[&str] = &[
    "status",
    "type",
    "ordertype",
    "order_type",
    "order_status",
    "exec_type",
    "side",
    "ord_type",
    "time_in_force",
    "misc",
    "oflags",
    "system",
    "liquidity_ind",
    "posstatus",
    "aclass",
    "trigger",
    "reason",
    "subtype",
    "leverage",
    "cancel_reason",
    "limit_price_type",
    "fee_ccy_pref",
];

/// A word that nobody has told us of.
const NEW_WORD: &str = "brand-new";

/// Places of words in the rows of `Trades`: side, kind, and what else.
const WORD_COLUMNS: &[usize] = &[3, 4, 5];

/// True for a map of rows, whose keys are the venue's names: a new one there is a row.
fn is_keyed(fields: &Map<String, Value>) -> bool {
    fields
        .keys()
        .any(|key| key.chars().any(char::is_uppercase) && !key.chars().any(char::is_lowercase))
}

/// Changes every object below a value.
fn each_object(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| each_object(value, change));
            change(fields);
        }
        Value::Array(values) => values.iter_mut().for_each(|value| each_object(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// With a field more in every object.
fn with_new_fields(text: &str) -> String {
    let mut value: Value = serde_json::from_str(text).expect("JSON");
    each_object(&mut value, &mut |fields| {
        if !is_keyed(fields) {
            fields.insert("zz_new".to_owned(), json!({ "a": [1, null, "x"] }));
        }
    });
    value.to_string()
}

/// With unknown words wherever a word stands, and how many.
fn with_new_words(text: &str) -> (String, usize) {
    let mut value: Value = serde_json::from_str(text).expect("JSON");
    let mut replaced = 0;
    each_object(&mut value, &mut |fields| {
        // On the WebSocket `type` next to `channel` says what the data are.
        let is_envelope = fields.contains_key("channel");
        for (name, value) in fields.iter_mut() {
            if WORDS.contains(&name.as_str()) && value.is_string() && !is_envelope {
                *value = json!(NEW_WORD);
                replaced += 1;
            }
            for row in value.as_array_mut().into_iter().flatten() {
                let Some(columns) = row.as_array_mut().filter(|columns| columns.len() == 7) else {
                    continue;
                };
                for column in WORD_COLUMNS {
                    columns[*column] = json!(NEW_WORD);
                    replaced += 1;
                }
            }
        }
    });
    (value.to_string(), replaced)
}

#[test]
fn new_fields_change_nothing() {
    for (method, body) in answers() {
        let plain: Value = serde_json::from_str(&body).expect("JSON");
        let before = any::read(method, plain.to_string().as_bytes());
        let after = any::read(method, with_new_fields(&body).as_bytes());
        assert!(matches!(before, Some(Ok(_))), "{method}: {before:?}");
        assert_eq!(before, after, "{method}");
    }
    for text in messages() {
        let plain: Value = serde_json::from_str(&text).expect("JSON");
        let before = ws::decode(&plain.to_string()).expect("a message");
        let after = ws::decode(&with_new_fields(&text)).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(before, after, "{text}");
    }
}

#[test]
fn new_words_break_nothing() {
    let mut replaced = 0;
    for (method, body) in answers() {
        let (text, count) = with_new_words(&body);
        replaced += count;
        let read = any::read(method, text.as_bytes());
        assert!(matches!(read, Some(Ok(_))), "{method}: {read:?}\n{text}");
    }
    for text in messages() {
        let (text, count) = with_new_words(&text);
        replaced += count;
        ws::decode(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    assert!(replaced > 60, "{replaced} words say little");
}

/// New channels and methods are nobody's business.
#[test]
fn new_kinds_of_messages_are_others() {
    for text in [
        r#"{"channel":"dreams","type":"snapshot","data":{"x":1}}"#,
        r#"{"method":"levitate","result":7,"success":true,"req_id":1}"#,
        r#"{"event":"systemStatus","status":"online"}"#,
        "CloudFlare WebSocket proxy restarting",
        "[]",
        "7",
    ] {
        ws::decode(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

//! Lines: fixed ones, and any point read back by a parser of its own.

use model::{Notional, Price, Quantity, UnixNanos};
use proptest::prelude::*;

use super::parser::{Parsed, parse};
use crate::influx::{Point, PointError};

#[test]
fn lines_are_as_the_manual_has_them() {
    let check = |point: Point, expected: &str| {
        assert_eq!(point.to_line().as_deref(), Ok(expected));
    };
    let at = UnixNanos::from_nanos(1_556_813_561_098_000_000);
    check(
        Point::new("myMeasurement", at).tag("tag1", "value1").field("fieldKey", "string value"),
        r#"myMeasurement,tag1=value1 fieldKey="string value" 1556813561098000000"#,
    );
    check(
        Point::new("my, Measurement=", at).tag("a, =", "b, =").field("c, =", true),
        r"my\,\ Measurement=,a\,\ \==b\,\ \= c\,\ \==true 1556813561098000000",
    );
    check(
        Point::new("fill", UnixNanos::from_nanos(-1))
            .field("a_number", 42)
            .field("b_price", Price::parse("15000.5").expect("valid"))
            .field("c_quantity", Quantity::parse("-0.0002").expect("valid"))
            .field("d_fee", Notional::parse("3").expect("valid"))
            .field("e_text", "say \"\\\"\nagain"),
        "fill a_number=42i,b_price=15000.5,c_quantity=-0.0002,d_fee=3,\
         e_text=\"say \\\"\\\\\\\"\nagain\" -1",
    );
}

#[test]
fn what_the_protocol_cannot_say_is_an_error() {
    let check = |point: Point, expected: &str| {
        assert_eq!(point.field("f", 1).to_line().expect_err(expected).to_string(), expected);
    };
    let at = UnixNanos::ZERO;
    let clean = "no control character and no backslash";
    check(Point::new("", at), "measurement `` of a point: expected at least one character");
    check(
        Point::new("a", at).tag("k", "x\ny"),
        &format!("tag value `x\ny` of a point: expected {clean}"),
    );
    check(
        Point::new("a", at).tag("k\\", "v"),
        &format!("tag key `k\\` of a point: expected {clean}"),
    );
    check(
        Point::new("a", at).field("_time", 1),
        "field key `_time` of a point: expected no underscore at the beginning, \
         which the database keeps for itself",
    );
    check(
        Point::new("#a", at),
        "measurement `#a` of a point: expected no `#` at the beginning, which begins a comment",
    );
    let long = Point::new("a", at).field("text", "x".repeat(5_000));
    assert!(matches!(long.to_line(), Err(PointError::TooLong { bytes: 5_011 })));
}

fn name() -> impl Strategy<Value = String> {
    "[a-z,= \"é#.:-][a-z,= \"é_#.:-]{0,8}".prop_filter("a comment", |name| !name.starts_with('#'))
}

proptest! {
    #[test]
    fn any_point_is_read_back_as_it_was(
        measurement in name(),
        tags in prop::collection::btree_map(name(), name(), 0..4),
        texts in prop::collection::btree_map(name(), "(?s).{0,20}", 0..4),
        number in any::<i64>(),
        at in any::<i64>(),
    ) {
        let mut point = Point::new(&measurement, UnixNanos::from_nanos(at)).field("number", number);
        let mut expected = Parsed { measurement, tags: tags.clone(), at, ..Parsed::default() };
        expected.fields.insert("number".to_owned(), format!("i:{number}"));
        for (key, value) in tags {
            point = point.tag(&key, value);
        }
        for (key, text) in texts {
            expected.fields.insert(key.clone(), format!("t:{text}"));
            point = point.field(&key, text);
        }
        let line = point.to_line().expect("a good point");
        // Twice, so that the end of a line is found, too.
        let text = format!("{line}\n{line}");
        prop_assert_eq!(parse(&text), Ok(vec![expected.clone(), expected]));
    }
}

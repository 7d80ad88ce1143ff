use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};
use proptest::prelude::*;

use super::*;

fn filled() -> Recorder {
    let recorder = Recorder::new();
    with_local_recorder(&recorder, || {
        describe_counter!("b_total", "Things that\nhappened.");
        counter!("b_total", "kind" => "y").increment(2);
        counter!("b_total", "kind" => "x").absolute(7);
        gauge!("a").set(0.5);
        gauge!("nan").set(f64::NAN);
        gauge!("below").set(f64::NEG_INFINITY);
        histogram!("wait_seconds", "host" => "h").record(0.3);
    });
    recorder
}

#[test]
fn everything_is_shown_in_the_order_of_names_and_labels() {
    let text = filled().render();
    let lines: Vec<_> = text.lines().filter(|line| !line.contains("_bucket")).collect();
    let expected = [
        "# HELP b_total Things that\\nhappened.",
        "# TYPE b_total counter",
        "b_total{kind=\"x\"} 7",
        "b_total{kind=\"y\"} 2",
        "# TYPE a gauge",
        "a 0.5",
        "# TYPE below gauge",
        "below -Inf",
        "# TYPE nan gauge",
        "nan NaN",
        "# TYPE wait_seconds histogram",
        "wait_seconds_sum{host=\"h\"} 0.3",
        "wait_seconds_count{host=\"h\"} 1",
        "# HELP wavetank_telemetry_series_refused_total Series that were not kept: there are too many.",
        "# TYPE wavetank_telemetry_series_refused_total counter",
        "wavetank_telemetry_series_refused_total 0",
    ];
    assert_eq!(lines, expected);
    assert!(text.contains("wait_seconds_bucket{host=\"h\",le=\"0.25\"} 0\n"), "{text}");
    assert!(text.contains("wait_seconds_bucket{host=\"h\",le=\"0.5\"} 1\n"), "{text}");
    assert!(text.contains("wait_seconds_bucket{host=\"h\",le=\"+Inf\"} 1\n"), "{text}");
}

#[test]
fn what_is_forgotten_counts_from_zero_and_its_handles_reach_nobody() {
    let recorder = filled();
    let held = with_local_recorder(&recorder, || counter!("b_total", "kind" => "x"));
    recorder.forget(|name| name == "a");
    held.increment(1);
    let names: Vec<_> = recorder.samples().into_iter().collect();
    assert_eq!(names, [("a".to_owned(), "0.5".to_owned())]);
    // `absolute` never falls: of a series that was kept it would not be heard.
    with_local_recorder(&recorder, || counter!("b_total", "kind" => "x").absolute(2));
    assert_eq!(recorder.samples()["b_total{kind=\"x\"}"], "2");
    assert!(recorder.render().contains("# HELP b_total"), "what it means is known");
}

#[test]
fn samples_are_exact_texts() {
    let samples = filled().samples();
    let expected = [
        ("a", "0.5"),
        ("b_total{kind=\"x\"}", "7"),
        ("b_total{kind=\"y\"}", "2"),
        ("below", "-inf"),
        ("nan", "NaN"),
        ("wait_seconds_count{host=\"h\"}", "1"),
        ("wait_seconds_sum{host=\"h\"}", "0.3"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(samples, expected.into());
}

#[test]
fn one_series_is_one_value_whoever_asks_for_it() {
    let recorder = Recorder::new();
    with_local_recorder(&recorder, || {
        let first = counter!("x_total", "a" => "1", "b" => "2");
        let second = counter!("x_total", "b" => "2", "a" => "1");
        first.increment(1);
        second.increment(1);
    });
    assert_eq!(recorder.clone().samples()["x_total{a=\"1\",b=\"2\"}"], "2");
}

#[test]
fn too_many_series_are_refused_and_counted() {
    let recorder = Recorder::new();
    with_local_recorder(&recorder, || {
        for number in 0..SERIES_MAX + 3 {
            counter!("x_total", "id" => number.to_string()).increment(1);
        }
        counter!("x_total", "id" => "0").increment(1);
    });
    assert_eq!(recorder.samples().len(), SERIES_MAX);
    assert_eq!(recorder.samples()["x_total{id=\"0\"}"], "2");
    assert!(recorder.render().ends_with("_refused_total 3\n"));
}

/// A line of the format: name, labels, value.
type Row = (String, Vec<(String, String)>, f64);

/// A reader of the format, by its own page: strict, and apart from the writer.
fn read(text: &str) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name: String = line.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let mut rest = &line[name.len()..];
        let mut labels = Vec::new();
        while let Some(after) = rest.strip_prefix(['{', ',']) {
            let (label, after) = after.split_once("=\"").ok_or(line)?;
            let mut value = String::new();
            let mut characters = after.char_indices();
            let end = loop {
                let (at, character) = characters.next().ok_or(line)?;
                match character {
                    '"' => break at + 1,
                    '\\' => value.push(match characters.next().ok_or(line)?.1 {
                        'n' => '\n',
                        other => other,
                    }),
                    other => value.push(other),
                }
            };
            labels.push((label.to_owned(), value));
            rest = &after[end..];
        }
        let rest = rest.strip_prefix('}').unwrap_or(rest);
        let value = rest.strip_prefix(' ').ok_or(line)?;
        rows.push((name, labels, value.parse().map_err(|_| line)?));
    }
    Ok(rows)
}

proptest! {
    #[test]
    fn whatever_labels_and_values_hold_can_be_read_back(
        series in prop::collection::btree_map("[^\r]{0,12}", any::<u32>(), 0..20)
    ) {
        let recorder = Recorder::new();
        with_local_recorder(&recorder, || {
            for (label, value) in &series {
                counter!("x_total", "label" => label.clone()).increment(u64::from(*value));
            }
        });
        let rows = read(&recorder.render()).expect("the format");
        let found: BTreeMap<_, _> = rows
            .into_iter()
            .filter(|(name, _, _)| name == "x_total")
            .map(|(_, labels, value)| (labels[0].1.clone(), value.to_string()))
            .collect();
        let told: BTreeMap<_, _> =
            series.into_iter().map(|(label, value)| (label, value.to_string())).collect();
        prop_assert_eq!(found, told);
    }
}

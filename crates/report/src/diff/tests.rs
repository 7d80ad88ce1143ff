use checks::testkit::clean;

use super::*;

#[test]
fn equal_histories_give_nothing() {
    let history = clean().history();
    assert_eq!(render_diff((&history, "a"), (&history, "b"), 3), "");
}

#[test]
fn the_first_event_that_differs_stands_between_its_neighbours() {
    let left = clean().history();
    let mut right = left.clone();
    right[10].host = "elsewhere".to_owned();
    let text = render_diff((&left, "a"), (&right, "b"), 2);
    let lines: Vec<String> = [
        "the runs part after 10 equal events".to_owned(),
        String::new(),
        "both".to_owned(),
        format!("    {}", left[8]),
        format!("    {}", left[9]),
        String::new(),
        "a".to_owned(),
        format!("  - {}", left[10]),
        format!("    {}", left[11]),
        format!("    {}", left[12]),
        String::new(),
        "b".to_owned(),
        format!("  + {}", right[10]),
        format!("    {}", right[11]),
        format!("    {}", right[12]),
    ]
    .into();
    assert_eq!(text.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn one_that_ends_before_the_other_says_so() {
    let left = clean().history();
    let text = render_diff((&left[..4], "short"), (&left, "long"), 1);
    let expected = format!(
        "the runs part after 4 equal events\n\nboth\n    {}\n\nshort\n  - ends here\n\nlong\n  + {}\n    {}\n",
        left[3], left[4], left[5]
    );
    assert_eq!(text, expected);
}

//! A sweep for CI systems: JUnit XML, and annotations as GitHub reads them from a log.

use std::collections::BTreeMap;

use super::coverage::CHECKS;
use super::tally::{FailureGroup, SweepReport};

/// JUnit XML: one suite per scenario, one case per check, and one that says how many runs were made.
///
/// A case per seed would tell nothing more: seeds of one check have one cause more often than not.
pub fn junit_xml(report: &SweepReport) -> String {
    let checks = report.coverage.get(CHECKS);
    let mut names: Vec<&str> =
        checks.into_iter().flat_map(BTreeMap::keys).map(String::as_str).collect();
    // A hang or a panic is no check, but a case.
    let others = report.failures.iter().map(|group| group.check.as_str());
    let others: Vec<&str> = others.filter(|check| !names.contains(check)).collect();
    names.extend(others);
    names.sort_unstable();
    names.dedup();
    let failures = report.failures.len();
    let cases = (names.len() + 1) * report.about.scenarios.len();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.push_str(&format!(
        "<testsuites name=\"wavetank sweep\" tests=\"{cases}\" failures=\"{failures}\" time=\"{:.3}\">\n",
        report.time.wall_s
    ));
    for scenario in &report.about.scenarios {
        let of: Vec<&FailureGroup> =
            report.failures.iter().filter(|group| group.scenario == *scenario).collect();
        let (name, tests) = (escaped(scenario), names.len() + 1);
        xml.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{}\">\n",
            of.len()
        ));
        let runs = format!("{} of {} runs made", report.done, report.about.runs);
        xml.push_str(&format!(
            "    <testcase classname=\"{name}\" name=\"runs\"><system-out>{runs}</system-out></testcase>\n"
        ));
        for check in &names {
            xml.push_str(&case(&name, check, of.iter().filter(|group| group.check == *check)));
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn case<'a>(
    scenario: &str,
    check: &str,
    groups: impl Iterator<Item = &'a &'a FailureGroup>,
) -> String {
    let failures: String = groups
        .map(|group| {
            let reduced = group.reduced.as_deref().unwrap_or("none");
            format!(
                "<failure type=\"{}\" message=\"{}\">{} seeds, first {:#x}\n{}\nrepro: {}\nreduced: {}</failure>",
                group.class.as_str(),
                escaped(&group.first.message),
                group.seeds,
                group.named.first().copied().unwrap_or_default(),
                escaped(&group.first.message),
                escaped(&group.repro),
                escaped(reduced)
            )
        })
        .collect();
    let check = escaped(check);
    format!("    <testcase classname=\"{scenario}\" name=\"{check}\">{failures}</testcase>\n")
}

/// One line per group of failures, as GitHub makes annotations of it.
pub fn github_annotations(report: &SweepReport) -> String {
    let line = |group: &FailureGroup| {
        let title = format!("{} {} in {}", group.class.as_str(), group.check, group.scenario);
        let message = format!(
            "{} of {} runs; first: {}\nrepro: {}",
            group.seeds, report.done, group.first.message, group.repro
        );
        format!("::error title={}::{}\n", property(&title), data(&message))
    };
    report.failures.iter().map(line).collect()
}

/// What GitHub's log commands need escaped in a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// And in a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Without what XML cannot hold.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

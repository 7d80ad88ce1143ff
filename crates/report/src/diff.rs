//! The first event at which two histories part.

use model::history::Record;

/// What two histories have in common, and how they go on from there. Empty if they are equal.
///
/// `left` and `right` name them; `context` events are shown before and after, of both.
pub fn render_diff(
    (left, left_name): (&[Record], &str),
    (right, right_name): (&[Record], &str),
    context: usize,
) -> String {
    let common = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    if common == left.len() && common == right.len() {
        return String::new();
    }
    let mut text = format!("the runs part after {common} equal events\n");
    let before = left.get(common.saturating_sub(context)..common).unwrap_or_default();
    if !before.is_empty() {
        text.push_str("\nboth\n");
        text.extend(before.iter().map(|record| format!("    {record}\n")));
    }
    for (history, name, mark) in [(left, left_name, '-'), (right, right_name, '+')] {
        text.push_str(&format!("\n{name}\n"));
        let rest = history.get(common..).unwrap_or_default();
        if rest.is_empty() {
            text.push_str(&format!("  {mark} ends here\n"));
        }
        let mut marks = std::iter::once(mark).chain(std::iter::repeat(' '));
        let shown = rest.iter().take(context.saturating_add(1));
        text.extend(shown.map(|record| format!("  {} {record}\n", marks.next().unwrap_or(' '))));
    }
    text
}

#[cfg(test)]
mod tests;

//! Pages that hold everything they need.

use serde_json::Value;

const HTML: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const COMMON: &str = include_str!("page/common.js");

/// The script of a backtest's page.
pub(super) const BACKTEST: &str = include_str!("page/backtest.js");
/// The script of a grid's page.
pub(super) const GRID: &str = include_str!("page/grid.js");

/// A page that draws `data` with `script`.
pub(super) fn fill(title: &str, script: &str, data: &Value) -> String {
    // Nothing in the data can end the element that holds it.
    let data = data.to_string().replace('<', "\\u003c");
    let mut page = String::with_capacity(data.len() + HTML.len() + STYLE.len() + 2 * COMMON.len());
    let mut rest = HTML;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("the template is ours");
        page.push_str(before);
        match name {
            "title" => page.push_str(title),
            "style" => page.push_str(STYLE.trim_end()),
            "data" => page.push_str(&data),
            "script" => {
                page.push_str(COMMON);
                page.push_str(script.trim_end());
            }
            _ => unreachable!("the template is ours"),
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

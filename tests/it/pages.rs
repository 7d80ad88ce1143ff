//! The pages of a backtest and of a grid, in a browser without a screen.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{root, wavetank};

const TAPE: &str = "data/tapes/BTCUSD_sample_30m.csv";

/// Collects what goes wrong, before anything of the page runs.
const BEFORE: &str = "<script>
const wrong = [];
addEventListener('error', event => wrong.push(String(event.message || event.target)), true);
addEventListener('unhandledrejection', event => wrong.push(String(event.reason)));
addEventListener('securitypolicyviolation', event => wrong.push('policy: ' + event.blockedURI));
for (const level of ['error', 'warn']) console[level] = (...words) => wrong.push(words.join(' '));
</script>";

/// Moves the pointer over everything that answers, and notes the answers. The pointer's event goes to what
/// lies on top at that place, as a real one would.
const AFTER: &str = "<script>
const point = (node, across, down) => {
  const box = node.getBoundingClientRect();
  const at = { clientX: box.left + box.width * across, clientY: box.top + box.height * down };
  const tip = document.getElementById('tip');
  const target = document.elementFromPoint(at.clientX, at.clientY);
  if (target) target.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, ...at }));
  const text = tip.hidden ? '' : tip.textContent;
  if (target) target.dispatchEvent(new PointerEvent('pointerleave', at));
  tip.hidden = true;
  return text;
};
const all = selector => [...document.querySelectorAll(selector)];
const charts = all('svg').map(svg => [svg.getAttribute('aria-label'), point(svg, 0.5, 0.4)]);
const colour = name => getComputedStyle(document.body)[name];
document.body.dataset.probe = JSON.stringify({
  wrong,
  title: document.querySelector('h1').textContent,
  charts,
  labels: all('svg').map(svg => [...svg.querySelectorAll('text[text-anchor=end]')].map(label => label.textContent)),
  lines: all('path').filter(path => path.getAttribute('d').length > 20 && path.getBBox().width > 0).length,
  fills: all('.buy, .sell').map(fill => point(fill, 0.5, 0.5)).filter(text => text.includes(' at ')).length,
  cells: all('.cell').map(cell => point(cell, 0.5, 0.5)),
  bars: all('.bar').filter(bar => bar.getBBox().height > 8).map(bar => point(bar, 0.5, 0.5)),
  wide: document.documentElement.scrollWidth > innerWidth,
  colours: [colour('color'), colour('backgroundColor')],
});
</script>";

/// The browser, if there is one. CI must have it.
#[expect(clippy::disallowed_methods, reason = "the environment tells whether this is CI")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn browser() -> Option<PathBuf> {
    let places = ["chromium", "chromium-browser", "google-chrome"]
        .map(|name| Path::new("/usr/bin").join(name));
    let found = places.into_iter().find(|path| path.exists());
    if found.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs a browser");
        println!("skipped: no browser in /usr/bin");
    }
    found
}

/// What a page does when it is opened and pointed at.
fn probe(browser: &Path, page: &Path, dark: bool) -> Value {
    let text = fs::read_to_string(page).expect("saved");
    let name = if dark { "dark" } else { "light" };
    let copy = page.with_extension(format!("{name}.html"));
    let probed = text.replacen("<script type", &format!("{BEFORE}<script type"), 1);
    let probed = probed.replacen("</body>", &format!("{AFTER}</body>"), 1);
    assert_ne!(probed, text);
    fs::write(&copy, probed).expect("the folder is ours");
    let scheme = if dark { "0" } else { "1" };
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,3000"])
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!("--user-data-dir={}", page.with_extension(name).display()))
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("file://{}", copy.display()))
        .output()
        .expect("the browser starts");
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = dom.split("data-probe=\"").nth(1).and_then(|rest| rest.split('"').next());
    let found = found.unwrap_or_else(|| panic!("the page did not answer:\n{dom}"));
    let found = found.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    serde_json::from_str(&found.replace("&amp;", "&")).expect("JSON")
}

/// Red, green and blue of `rgb(1, 2, 3)` as one brightness, `0..=765`.
fn brightness(colour: &Value) -> u32 {
    let text = colour.as_str().expect("a colour");
    let numbers =
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<u32>().ok());
    numbers.take(3).sum()
}

/// Looks at a page in light and in dark: no errors, nothing wider than the window, readable.
fn both(browser: &Path, page: &Path) -> Value {
    let [light, dark] = [false, true].map(|dark| probe(browser, page, dark));
    for found in [&light, &dark] {
        assert_eq!(found["wrong"], Value::Array(Vec::new()));
        assert_eq!(found["wide"], Value::Bool(false));
    }
    let of = |found: &Value| [0, 1].map(|at| brightness(&found["colours"][at]));
    let ([ink, paper], [pale, night]) = (of(&light), of(&dark));
    assert!(ink + 400 < paper && night + 400 < pale, "{ink} on {paper}, {pale} on {night}");
    light
}

#[test]
fn the_page_of_a_backtest_draws_itself_and_answers_the_pointer() {
    let Some(browser) = browser() else { return };
    let folder = root().join("target/tests/page");
    let spec = "ema-cross:fast=3,slow=8,qty=0.01,bar_s=5,patience_s=10";
    let out = ["--out", folder.to_str().expect("a path of ours")];
    let output = wavetank(&[&["backtest", "--tape", TAPE, "--strategy", spec], &out[..]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = both(&browser, &folder.join("report.html"));
    assert_eq!(found["title"], spec);
    let charts = found["charts"].as_array().expect("charts");
    let answers = ["equity ", "drawdown ", "BTC/USD ", ""];
    assert_eq!(charts.len(), answers.len(), "{charts:?}");
    for (chart, answer) in charts.iter().zip(answers) {
        let text = chart[1].as_str().expect("text");
        let date = text.starts_with("20") || answer.is_empty();
        assert!(text.contains(answer) && date, "{chart}");
    }
    assert!(found["lines"].as_u64().expect("a number") >= 3, "{found}");
    assert!(found["fills"].as_u64().expect("a number") > 10, "{found}");
    let answered = |name: &str, word: &str| {
        let all = found[name].as_array().expect("a list");
        let mut texts = all.iter().map(|text| text.as_str().expect("text"));
        assert!(!all.is_empty() && texts.all(|text| text.contains(word)), "{name}: {all:?}");
    };
    answered("cells", "%");
    answered("bars", "trades");
}

/// Prices near one, and an account of little: two digits after the point say nothing there.
#[test]
fn small_numbers_are_shown_with_the_digits_that_they_need() {
    let Some(browser) = browser() else { return };
    let folder = root().join("target/tests/small-page");
    fs::create_dir_all(&folder).expect("the folder is ours");
    let tape = folder.join("prices.csv");
    let row = |n: u32| format!("{},1.{:05},1\n", 1_700_000_000 + n * 60, 159 + n * 13);
    fs::write(&tape, (0..200).map(row).collect::<String>()).expect("the folder is ours");
    let path = |path: &Path| path.to_str().expect("a path of ours").to_owned();
    let (tape, out) = (format!("USDT/BTC={}", path(&tape)), path(&folder));
    let run = ["backtest", "--tape", &tape, "--strategy", "no-op", "--balance", "BTC=0.05"];
    let output = wavetank(&[&run[..], &["--out", &out]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("equity        0.050000 BTC -> 0.050000 BTC"), "{text}");
    let found = both(&browser, &folder.join("report.html"));
    for labels in found["labels"].as_array().expect("a list of each chart") {
        let labels = labels.as_array().expect("labels");
        let different: BTreeSet<_> = labels.iter().map(|label| label.as_str()).collect();
        assert_eq!(different.len(), labels.len(), "{labels:?}");
    }
    let told = found["charts"][2][1].as_str().expect("the price");
    assert!(told.contains("USDT/BTC 1.0") && told.trim().len() > "USDT/BTC 1.01".len(), "{told}");
    let told = found["charts"][0][1].as_str().expect("the equity");
    assert!(told.contains("equity 0.05 BTC"), "{told}");
}

#[test]
fn the_page_of_a_grid_has_a_map_that_answers_the_pointer() {
    let Some(browser) = browser() else { return };
    let folder = root().join("target/tests/grid-page");
    let grid = ["--grid", "fast=2..4,slow=6|9", "--walk-forward", "2", "--train", "1"];
    let out = ["--out", folder.to_str().expect("a path of ours")];
    let run = ["backtest", "--tape", TAPE, "--strategy", "ema-cross:bar_s=5"];
    let output = wavetank(&[&run[..], &grid, &out].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = both(&browser, &folder.join("grid.html"));
    let cells = found["cells"].as_array().expect("cells");
    assert_eq!(cells.len(), 6);
    let first = cells[0].as_str().expect("text");
    assert!(first.starts_with("fast 2, slow 6\nreturn "), "{first}");
}

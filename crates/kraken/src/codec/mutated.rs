//! Every decoder on real messages that were damaged at random: a value or an error, never a panic, and never
//! more of it than the message could hold. `PROPTEST_CASES` makes the run longer; `fuzz/` runs without end.

use model::{Price, Quantity, Symbol};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::time::Instant;

use super::fixtures::v1_recording;
use super::samples::{answers, messages};
use super::{any, names, v1, ws};
use crate::stream::{Machine, PrivateStream, PublicStream, Timings};
use crate::test_venue::{config, instrument};

/// One thing that happens to a text. Places are parts of 65536 of the length.
#[derive(Debug, Clone)]
enum Damage {
    Flip(u16, u8),
    Cut(u16),
    Remove(u16, u8),
    Repeat(u16, u8),
    Insert(u16, &'static str),
    /// As deep as a reader may have to go.
    Nest(u16, u8),
}

/// What breaks readers of JSON, numbers and times.
const INSERTED: &[&str] = &[
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    "+",
    ".",
    "0",
    "e9",
    "1e400",
    "1e-400",
    "NaN",
    "null",
    "true",
    "99999999999999999999999999",
    "-1",
    "0.00000000000000000000001",
    "\0",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\n",
    "é",
    "XXBTZUSD",
    "/",
    "9999-12-31T23:59:59Z",
    "0000-00-00",
];

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            (any::<u16>(), 1..=u8::MAX).prop_map(|(at, bits)| Self::Flip(at, bits)),
            any::<u16>().prop_map(Self::Cut),
            (any::<u16>(), any::<u8>()).prop_map(|(at, count)| Self::Remove(at, count)),
            (any::<u16>(), any::<u8>()).prop_map(|(at, count)| Self::Repeat(at, count)),
            (any::<u16>(), proptest::sample::select(INSERTED))
                .prop_map(|(at, text)| Self::Insert(at, text)),
            (any::<u16>(), any::<u8>()).prop_map(|(at, depth)| Self::Nest(at, depth)),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: u16| bytes.len() * usize::from(at) / 65_536;
        match *self {
            Self::Flip(at, bits) => {
                let at = place(at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Cut(at) => bytes.truncate(place(at)),
            Self::Remove(at, count) => {
                let (at, end) = (place(at), place(at) + usize::from(count));
                bytes.drain(at..end.min(bytes.len())).for_each(drop);
            }
            Self::Repeat(at, count) => {
                let (at, end) = (place(at), place(at) + usize::from(count));
                let again = bytes[at..end.min(bytes.len())].to_vec();
                bytes.splice(at..at, again).for_each(drop);
            }
            Self::Insert(at, text) => {
                let at = place(at);
                bytes.splice(at..at, text.bytes()).for_each(drop);
            }
            Self::Nest(at, depth) => {
                let at = place(at);
                let brackets = std::iter::repeat_n(b'[', usize::from(depth) * 4);
                bytes.splice(at..at, brackets).for_each(drop);
            }
        }
    }
}

/// What a reader makes of a text may be so many times as long, as text, and a little more.
const GROWTH_MAX: usize = 64;
const GROWTH_FLOOR: usize = 8 * 1024;

fn is_bounded(made: &str, of: &[u8]) {
    let most = GROWTH_MAX * of.len() + GROWTH_FLOOR;
    assert!(made.len() <= most, "{} bytes of {}", made.len(), of.len());
}

/// Damages texts in many ways and gives each to a reader. The config is of `proptest`, so that a failure is
/// made small.
fn damage_all<T: AsRef<str>>(texts: &[T], read: impl Fn(&T, &[u8])) {
    let cases = ProptestConfig::default().cases;
    for text in texts {
        // The default is 256 cases for one text; there are a hundred texts.
        let config = ProptestConfig {
            cases: cases.div_ceil(4),
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let damages = proptest::collection::vec(Damage::any(), 1..5);
        let outcome = TestRunner::new(config).run(&damages, |damages| {
            let mut bytes = text.as_ref().as_bytes().to_vec();
            damages.iter().for_each(|damage| damage.apply(&mut bytes));
            read(text, &bytes);
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{}: {failure}", text.as_ref());
        }
    }
}

/// An answer with the method that reads it.
struct Answer(&'static str, String);

impl AsRef<str> for Answer {
    fn as_ref(&self) -> &str {
        &self.1
    }
}

#[test]
fn damaged_answers_of_every_method_are_read_or_refused() {
    let answers: Vec<_> =
        answers().into_iter().map(|(method, body)| Answer(method, body)).collect();
    damage_all(&answers, |Answer(method, _), bytes| {
        let read = any::read(method, bytes).expect("a method that is read");
        is_bounded(&read.unwrap_or_else(|error| error), bytes);
        // The answer of one method to another.
        for other in any::methods().take(5) {
            drop(any::read(other, bytes));
        }
    });
}

#[tokio::test(start_paused = true)]
async fn damaged_messages_are_read_or_refused_by_decoder_and_streams() {
    let timings = || Timings::from(&config());
    let now = Instant::now();
    damage_all(&messages(), |_, bytes| {
        let text = String::from_utf8_lossy(bytes);
        let read = ws::decode(&text).map(|message| format!("{message:?}"));
        is_bounded(&read.unwrap_or_else(|error| error.to_string()), text.as_bytes());
        let mut out = Vec::new();
        PublicStream::new(&[instrument()], 10, timings()).message(&text, now, &mut out);
        PrivateStream::new(timings(), 125).message(&text, now, &mut out);
        is_bounded(&format!("{out:?}"), text.as_bytes());
    });
}

#[test]
fn damaged_messages_of_the_first_protocol_are_read_or_refused() {
    let Some((frames, answers)) = v1_recording() else { return };
    let some = |texts: Vec<String>| {
        let short = texts.into_iter().filter(|text| text.len() < 4_096);
        short.step_by(97).take(40).collect::<Vec<_>>()
    };
    damage_all(&some(frames), |_, bytes| {
        let text = String::from_utf8_lossy(bytes);
        let read = v1::decode(&text).map(|message| format!("{message:?}"));
        is_bounded(&read.unwrap_or_else(|error| error.to_string()), text.as_bytes());
    });
    drop(answers);
}

proptest! {
    /// Names come from the venue, too.
    #[test]
    fn any_text_is_a_name_or_none(text in ".{0,40}") {
        drop(names::asset_from_id(&text));
        drop(names::symbol_from_wsname(&text));
        let symbol = Symbol::new(&text);
        drop(names::altname(&symbol));
        let is_its_own_name = names::names(&names::altname(&symbol), &symbol);
        assert!(is_its_own_name || text.contains('/'), "{text}");
    }

    /// What is read says the same when it is written and read again.
    #[test]
    fn any_text_is_a_number_or_none(text in "[-+0-9eE._ ]{0,60}") {
        if let Ok(price) = Price::parse(&text) {
            assert_eq!(Price::parse(&price.to_string()), Ok(price));
        }
        if let Ok(quantity) = Quantity::parse(&text) {
            assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
        }
    }
}

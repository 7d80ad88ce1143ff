//! Client order ids: unique for all time, without a database.

use model::{ClientOrderId, UnixNanos};

use crate::orders::OrderNumber;

/// Base of the digits.
const BASE: u64 = 36;
/// Most digits of a `u64` in that base.
const DIGITS_MAX: usize = 13;
/// Digits of a start time, from 1972 to 2059.
const START_DIGITS: usize = 8;

/// Longest text before the digits of a number: more milliseconds than there will be.
const PREFIX_MAX: usize = DIGITS_MAX + 1;

/// Hands out ids of one run of the engine: start time in milliseconds and a counter, in base 36.
///
/// Two runs of one account never share an id as long as they do not start in the same millisecond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderIds {
    /// Of all ids of the run, the dash included.
    prefix: [u8; PREFIX_MAX],
    length: usize,
    drawn: u64,
    /// An id whose last digit alone differs from that of the last one that was drawn.
    stem: ClientOrderId,
}

impl OrderIds {
    /// Ids of a run that starts at `started`.
    pub fn new(started: UnixNanos) -> Self {
        let millis = u64::try_from(started.as_nanos() / 1_000_000).unwrap_or(0);
        let mut prefix = [b'-'; PREFIX_MAX];
        let length = base36(millis, &mut prefix) + 1;
        Self { prefix, length, drawn: 0, stem: named(&prefix[..length], b"1") }
    }

    /// Ids handed out.
    pub(crate) fn drawn(&self) -> u64 {
        self.drawn
    }

    /// The id of an order by its number, from 1.
    ///
    /// # Panics
    /// After 36^9 orders, which no run reaches: the id would be too long for the venues.
    pub fn id(&self, number: u64) -> ClientOrderId {
        let mut digits = [0; DIGITS_MAX];
        let count = base36(number, &mut digits);
        named(&self.prefix[..self.length], &digits[..count])
    }

    /// Hands out the next id; its number.
    pub(crate) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        if self.drawn.is_multiple_of(BASE) {
            self.stem = self.id(self.drawn);
        }
        self.drawn
    }

    /// Writes the last id that was drawn, in its place.
    pub(crate) fn write_last(&self, id: &mut ClientOrderId) {
        id.clone_from(&self.stem);
        let written = id.set_last(digit(self.drawn));
        debug_assert!(written, "a digit is a character of ids");
    }

    /// The number of an id of this run that was handed out.
    pub(crate) fn number_of(&self, id: &ClientOrderId) -> Option<OrderNumber> {
        let digits = id.as_bytes().strip_prefix(&self.prefix[..self.length])?;
        if digits.first().is_none_or(|first| *first == b'0') || digits.len() > DIGITS_MAX {
            return None;
        }
        let mut number = 0_u64;
        for digit in digits {
            let digit = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'z' => digit - b'a' + 10,
                _ => return None,
            };
            number = number.checked_mul(BASE)?.checked_add(digit.into())?;
        }
        (number <= self.drawn).then_some(OrderNumber(number))
    }
}

/// Tells orders that earlier runs of this engine left from those of other programs and people.
///
/// The form of the id is all that there is to tell by: another account's user of this engine on the same
/// account looks like an earlier run.
#[derive(Debug, Clone)]
pub struct EarlierRuns {
    /// Ids of this run.
    ours: OrderIds,
}

impl EarlierRuns {
    /// Runs other than the one that starts at `started`.
    pub fn before(started: UnixNanos) -> Self {
        Self { ours: OrderIds::new(started) }
    }

    /// True for an id of an earlier run.
    pub fn had(&self, id: &ClientOrderId) -> bool {
        let digit = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
        let text = id.as_str();
        let form = text.split_once('-').is_some_and(|(start, number)| {
            start.len() == START_DIGITS
                && !number.is_empty()
                && start.bytes().chain(number.bytes()).all(digit)
        });
        form && !id.as_bytes().starts_with(&self.ours.prefix[..self.ours.length])
    }
}

/// An id of its two parts.
fn named(prefix: &[u8], digits: &[u8]) -> ClientOrderId {
    let mut text = [0; PREFIX_MAX + DIGITS_MAX];
    let length = prefix.len() + digits.len();
    text[..prefix.len()].copy_from_slice(prefix);
    text[prefix.len()..length].copy_from_slice(digits);
    ClientOrderId::try_from(&text[..length]).expect("8 + 1 + at most 9 characters of the alphabet")
}

/// The last digit of a number.
fn digit(number: u64) -> u8 {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    DIGITS[usize::try_from(number % BASE).expect("below 36")]
}

/// Writes the digits of a number to the start of a buffer; says how many they are.
fn base36(mut number: u64, buffer: &mut [u8]) -> usize {
    let mut length = 0;
    loop {
        buffer[length] = digit(number);
        length += 1;
        number /= BASE;
        if number == 0 {
            break;
        }
    }
    buffer[..length].reverse();
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_up_behind_the_start_time_and_tell_their_numbers() {
        let mut ids = OrderIds::new(UnixNanos::from_secs(1_561_939_203));
        let mut drawn = Vec::new();
        for number in 1..=2_000 {
            let id = ids.id(number);
            assert_eq!(ids.number_of(&id), None, "not handed out yet");
            assert_eq!(ids.draw(), number);
            let mut last = ids.id(7);
            ids.write_last(&mut last);
            assert_eq!(last, id);
            assert_eq!(ids.number_of(&id), Some(OrderNumber(number)));
            drawn.push(id.to_string());
        }
        assert_eq!(drawn[0], "jxjm9ubc-1");
        assert_eq!(drawn[35], "jxjm9ubc-10");
    }

    #[test]
    fn ids_of_others_have_no_number() {
        let mut ids = OrderIds::new(UnixNanos::from_secs(1_561_939_203));
        assert_eq!((0..100).map(|_| ids.draw()).last(), Some(100));
        for text in [
            "jxjm9ubd-1",
            "jxjm9ubc-01",
            "jxjm9ubc-",
            "jxjm9ubc-A",
            "jxjm9ubc",
            "1",
            "jxjm9ubc-zzzzzzzzz",
        ] {
            let id = ClientOrderId::new(text).expect("a valid id");
            assert_eq!(ids.number_of(&id), None, "{text}");
        }
    }

    #[test]
    fn ids_of_earlier_runs_are_known_by_their_form() {
        let started = UnixNanos::from_secs(1_600_000_000);
        let runs = EarlierRuns::before(started);
        let of = |started| OrderIds::new(started).id(1);
        assert!(runs.had(&of(UnixNanos::from_secs(1_599_999_999))));
        assert!(!runs.had(&of(started)), "of this very run");
        for other in ["a", "12345678", "12345678-", "1234567-1", "1234567A-1", "12345678-1-2"] {
            assert!(!runs.had(&ClientOrderId::new(other).unwrap()), "{other}");
        }
    }
}

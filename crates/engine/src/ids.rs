//! Client order ids: unique for all time, without a database.

use model::{ClientOrderId, UnixNanos};

/// Hands out ids of one run of the engine: start time in milliseconds and a counter, in base 36.
///
/// Two runs of one account never share an id as long as they do not start in the same millisecond.
#[derive(Debug, Clone)]
pub struct OrderIds {
    prefix: String,
    next: u64,
}

impl OrderIds {
    /// Ids of a run that starts at `started`.
    pub fn new(started: UnixNanos) -> Self {
        let millis = u64::try_from(started.as_nanos() / 1_000_000).unwrap_or(0);
        Self { prefix: base36(millis), next: 0 }
    }

    /// The next id.
    ///
    /// # Panics
    /// After 36^9 orders, which no run reaches: the id would be too long for the venues.
    pub fn draw(&mut self) -> ClientOrderId {
        self.next += 1;
        let text = format!("{}-{}", self.prefix, base36(self.next));
        ClientOrderId::new(&text).expect("8 + 1 + at most 9 characters of the alphabet")
    }
}

fn base36(mut number: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    loop {
        let digit = usize::try_from(number % 36).expect("below 36");
        digits.push(char::from(DIGITS[digit]));
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_up_behind_the_start_time() {
        let mut ids = OrderIds::new(UnixNanos::from_secs(1_561_939_203));
        let drawn: Vec<_> = (0..36).map(|_| ids.draw().to_string()).collect();
        assert_eq!(drawn[0], "jxjm9ubc-1");
        assert_eq!(drawn[35], "jxjm9ubc-10");
    }
}

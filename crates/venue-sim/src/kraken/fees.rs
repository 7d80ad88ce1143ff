//! Fees by what was traded in 30 days.

use model::Notional;
use serde_json::value::RawValue;

/// Which of the two an order pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Maker,
    Taker,
}

/// One step: from this volume on, US dollars, the fees are these, in parts per million.
#[derive(Debug, Clone, Copy)]
struct Step {
    from: i64,
    taker_ppm: i64,
    maker_ppm: i64,
}

const fn step(from: i64, taker_ppm: i64, maker_ppm: i64) -> Step {
    Step { from, taker_ppm, maker_ppm }
}

/// Kraken's schedule for crypto pairs, as `AssetPairs` showed it in November 2025. It is published for every
/// pair; the venue charges what an account's configuration says.
const STEPS: [Step; 10] = [
    step(0, 4_000, 2_500),
    step(10_000, 3_500, 2_000),
    step(50_000, 2_400, 1_400),
    step(100_000, 2_200, 1_200),
    step(250_000, 2_000, 1_000),
    step(500_000, 1_800, 800),
    step(1_000_000, 1_600, 600),
    step(2_500_000, 1_400, 400),
    step(5_000_000, 1_200, 200),
    step(10_000_000, 1_000, 0),
];

impl Step {
    const fn ppm(self, role: Role) -> i64 {
        match role {
            Role::Maker => self.maker_ppm,
            Role::Taker => self.taker_ppm,
        }
    }
}

/// The rates that an account with a volume pays: maker, then taker, parts per million.
pub fn rates_at(volume: Notional) -> (i64, i64) {
    let (at, _) = around(volume);
    (at.maker_ppm, at.taker_ppm)
}

/// The volume of the next step and its rate, if there is one; and the volume of the present one.
pub(crate) fn next_step(volume: Notional, role: Role) -> (i64, Option<(i64, i64)>) {
    let (at, next) = around(volume);
    (at.from, next.map(|step| (step.from, step.ppm(role))))
}

/// The step of a volume and the one after it.
fn around(volume: Notional) -> (Step, Option<Step>) {
    let reached = |step: &Step| {
        let from = model::Quantity::step(0).checked_mul(step.from);
        from.is_some_and(|from| Notional::from_quantity(from) <= volume)
    };
    let at = STEPS.partition_point(reached).max(1) - 1;
    (STEPS[at], STEPS.get(at + 1).copied())
}

/// Lowest and highest rate of the schedule, parts per million.
pub(crate) const fn bounds(role: Role) -> (i64, i64) {
    (STEPS[STEPS.len() - 1].ppm(role), STEPS[0].ppm(role))
}

/// The schedule as `AssetPairs` shows it: `[[0,0.4],[10000,0.35],...]`.
pub(crate) fn published(role: Role) -> Box<RawValue> {
    let steps = STEPS.iter().map(|step| {
        let (whole, rest) = (step.ppm(role) / 10_000, step.ppm(role) % 10_000);
        let percent = format!("{whole}.{rest:04}");
        let percent = percent.trim_end_matches('0');
        let percent =
            if percent.ends_with('.') { format!("{percent}0") } else { percent.to_owned() };
        format!("[{},{percent}]", step.from)
    });
    let text = format!("[{}]", steps.collect::<Vec<_>>().join(","));
    RawValue::from_string(text).expect("numbers in brackets are JSON")
}

/// A rate as percent with four digits: `0.4000`.
pub(crate) fn percent(ppm: i64) -> String {
    let sign = if ppm < 0 { "-" } else { "" };
    let size = ppm.unsigned_abs();
    format!("{sign}{}.{:04}", size / 10_000, size % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_that_of_the_recording() {
        let taker = "[[0,0.4],[10000,0.35],[50000,0.24],[100000,0.22],[250000,0.2],[500000,0.18],[1000000,0.16],[2500000,0.14],[5000000,0.12],[10000000,0.1]]";
        let maker = "[[0,0.25],[10000,0.2],[50000,0.14],[100000,0.12],[250000,0.1],[500000,0.08],[1000000,0.06],[2500000,0.04],[5000000,0.02],[10000000,0.0]]";
        assert_eq!(published(Role::Taker).get(), taker);
        assert_eq!(published(Role::Maker).get(), maker);
    }

    #[test]
    fn a_volume_pays_what_it_has_reached() {
        let rates = |text: &str| rates_at(Notional::parse(text).unwrap());
        assert_eq!(rates("0"), (2_500, 4_000));
        assert_eq!(rates("9999.99"), (2_500, 4_000));
        assert_eq!(rates("10000"), (2_000, 3_500));
        assert_eq!(rates("99000000"), (0, 1_000));
        let volume = Notional::parse("60000").unwrap();
        assert_eq!(next_step(volume, Role::Maker), (50_000, Some((100_000, 1_200))));
        assert_eq!(percent(2_450), "0.2450");
        assert_eq!(percent(-100), "-0.0100");
    }
}

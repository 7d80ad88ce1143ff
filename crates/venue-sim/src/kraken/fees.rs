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

/// Kraken's schedule for crypto pairs, as `AssetPairs` showed it in November 2025.
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

/// The schedule for pairs of stablecoins and fiat money: its steps as `AssetPairs` showed them in 2021, its end
/// as the reference has it (0.20 to 0.001 percent).
const STABLE_STEPS: [Step; 6] = [
    step(0, 2_000, 2_000),
    step(50_000, 1_600, 1_600),
    step(100_000, 1_200, 1_200),
    step(250_000, 800, 800),
    step(500_000, 400, 400),
    step(1_000_000, 10, 0),
];

/// Which pairs a schedule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// Most pairs.
    Crypto,
    /// Pairs whose base is a stablecoin or fiat money.
    Stable,
}

impl Schedule {
    const fn steps(self) -> &'static [Step] {
        match self {
            Self::Crypto => &STEPS,
            Self::Stable => &STABLE_STEPS,
        }
    }

    /// The rates that an account with a volume pays: maker, then taker, parts per million.
    pub(crate) fn rates_at(self, volume: Notional) -> (i64, i64) {
        let (at, _) = self.around(volume);
        (at.maker_ppm, at.taker_ppm)
    }

    /// True when the rates of any pair are others at one volume than at another one.
    pub(crate) fn steps_between(before: Notional, after: Notional) -> bool {
        let mut schedules = [Self::Crypto, Self::Stable].into_iter();
        schedules.any(|schedule| schedule.rates_at(before) != schedule.rates_at(after))
    }

    /// The volume of the next step and its rate, if there is one; and the volume of the present one.
    pub(crate) fn next_step(self, volume: Notional, role: Role) -> (i64, Option<(i64, i64)>) {
        let (at, next) = self.around(volume);
        (at.from, next.map(|step| (step.from, step.ppm(role))))
    }

    /// The step of a volume and the one after it.
    fn around(self, volume: Notional) -> (Step, Option<Step>) {
        let reached = |step: &Step| {
            let from = model::Quantity::step(0).checked_mul(step.from);
            from.is_some_and(|from| Notional::from_quantity(from) <= volume)
        };
        let steps = self.steps();
        let at = steps.partition_point(reached).max(1) - 1;
        (steps[at], steps.get(at + 1).copied())
    }

    /// Lowest and highest rate of the schedule, parts per million.
    pub(crate) fn bounds(self, role: Role) -> (i64, i64) {
        let steps = self.steps();
        (steps[steps.len() - 1].ppm(role), steps[0].ppm(role))
    }

    /// The schedule as `AssetPairs` shows it: `[[0,0.4],[10000,0.35],...]`.
    pub(crate) fn published(self, role: Role) -> Box<RawValue> {
        let steps = self.steps().iter().map(|step| {
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
}

impl Step {
    const fn ppm(self, role: Role) -> i64 {
        match role {
            Role::Maker => self.maker_ppm,
            Role::Taker => self.taker_ppm,
        }
    }
}

/// The schedule for crypto pairs: from which volume on, US dollars, which rates are paid, maker, then taker, parts per
/// million.
pub fn steps() -> impl Iterator<Item = (i64, i64, i64)> {
    STEPS.iter().map(|step| (step.from, step.maker_ppm, step.taker_ppm))
}

/// The rates for crypto pairs that an account with a volume pays: maker, then taker, parts per million.
pub fn rates_at(volume: Notional) -> (i64, i64) {
    Schedule::Crypto.rates_at(volume)
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
        assert_eq!(Schedule::Crypto.published(Role::Taker).get(), taker);
        assert_eq!(Schedule::Crypto.published(Role::Maker).get(), maker);
    }

    #[test]
    fn a_volume_pays_what_it_has_reached() {
        let rates = |text: &str| rates_at(Notional::parse(text).unwrap());
        assert_eq!(rates("0"), (2_500, 4_000));
        assert_eq!(rates("9999.99"), (2_500, 4_000));
        assert_eq!(rates("10000"), (2_000, 3_500));
        assert_eq!(rates("99000000"), (0, 1_000));
        let volume = Notional::parse("60000").unwrap();
        assert_eq!(
            Schedule::Crypto.next_step(volume, Role::Maker),
            (50_000, Some((100_000, 1_200)))
        );
        assert_eq!(percent(2_450), "0.2450");
        let stable = Schedule::Stable.published(Role::Taker);
        let recorded =
            "[[0,0.2],[50000,0.16],[100000,0.12],[250000,0.08],[500000,0.04],[1000000,0.001]]";
        assert_eq!(stable.get(), recorded);
        assert_eq!(percent(-100), "-0.0100");
    }
}

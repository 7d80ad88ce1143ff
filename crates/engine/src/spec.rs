//! Strategies by text: `ema-cross:fast=12,slow=26`.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Quantity, Symbol};
use thiserror::Error;

use crate::rolling_mean::Means;
use crate::strategies::{EmaCross, NoOp, Quoter, SmaCross};
use crate::strategy::{Strategy, StrategyFactory};

/// Why a text names no strategy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpecError {
    /// No strategy of that name.
    #[error("unknown strategy `{name}`; known are `ema-cross`, `sma-cross`, `quoter` and `no-op`")]
    UnknownStrategy {
        /// The name given.
        name: String,
    },
    /// A parameter is not of the form `key=value`.
    #[error("`{text}` is not a parameter; expected `key=value`")]
    NotAParameter {
        /// The text given.
        text: String,
    },
    /// A parameter stands there twice.
    #[error("the parameter `{key}` is given twice")]
    GivenTwice {
        /// The key given.
        key: String,
    },
    /// The strategy has no such parameter.
    #[error("strategy `{strategy}` has no parameter `{key}`; it takes {known}")]
    UnknownParameter {
        /// The strategy.
        strategy: &'static str,
        /// The key given.
        key: String,
        /// The keys that exist.
        known: String,
    },
    /// A value is out of range or of the wrong kind.
    #[error("parameter `{key}={value}`: expected {expected}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// The value given.
        value: String,
        /// What would do.
        expected: &'static str,
    },
}

/// A strategy with its parameters, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrategySpec {
    /// [`NoOp`].
    NoOp,
    /// [`EmaCross`].
    EmaCross {
        /// Bars of the fast average, 1 or more. Default 12.
        fast: u32,
        /// Bars of the slow average, more than `fast`. Default 26.
        slow: u32,
        /// Base units to hold, above zero. Default 0.01.
        quantity: Quantity,
        /// Length of a bar in seconds, 1 or more; `None` is 5, or the length of the bars of a tape of bars.
        bar_s: Option<u32>,
        /// Seconds for which an order may rest, 1 or more. Default 60.
        patience_s: u32,
    },
    /// [`SmaCross`].
    SmaCross {
        /// Bars of the fast average, 1 or more. Default 10.
        fast: u32,
        /// Bars of the slow average, more than `fast`. Default 20.
        slow: u32,
        /// Base units to hold, long or short, above zero. Default 0.01.
        quantity: Quantity,
        /// How the averages are computed, `exact` or `pandas`. Default `exact`.
        means: Means,
        /// Whether it goes short, `yes` or `no`: then it is long or flat. Default `yes`.
        short: bool,
    },
    /// [`Quoter`].
    Quoter {
        /// Base units of each quote, above zero. Default 0.01.
        quantity: Quantity,
        /// Distance of a quote from the middle, basis points, `1..10_000`. Default 10.
        distance_bps: u32,
        /// Largest position in either direction, base units, above zero. Default 0.05.
        inventory_max: Quantity,
        /// Seconds between two looks at the quotes, 1 or more. Default 10.
        every_s: u32,
    },
}

/// Length of the bars that `ema-cross` makes of trades, where nobody says it, in seconds.
const BAR_S: u32 = 5;

/// Makes a strategy of its parameters, of which it takes what it knows.
type Read = fn(&mut BTreeMap<&str, &str>) -> Result<StrategySpec, SpecError>;

/// The strategies: name, parameters, and how they are read.
const STRATEGIES: [(&str, &[&str], Read); 4] = [
    ("ema-cross", &["fast", "slow", "qty", "bar_s", "patience_s"], StrategySpec::ema_cross),
    ("sma-cross", &["fast", "slow", "qty", "means", "short"], StrategySpec::sma_cross),
    ("quoter", &["qty", "distance_bps", "inventory_max", "every_s"], StrategySpec::quoter),
    ("no-op", &[], |_| Ok(StrategySpec::NoOp)),
];

impl StrategySpec {
    /// Parses `name` or `name:key=value,key=value`.
    ///
    /// # Errors
    /// [`SpecError`] names what was expected.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut parameters = parameters(rest)?;
        let name = name.trim();
        let found = STRATEGIES.iter().find(|(known, ..)| *known == name);
        let unknown = || SpecError::UnknownStrategy { name: name.to_owned() };
        let &(strategy, keys, read) = found.ok_or_else(unknown)?;
        // Before the values: where one name is misspelt, another value may make no sense without it.
        match parameters.keys().find(|key| !keys.contains(*key)) {
            Some(key) => {
                let names: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                Err(SpecError::UnknownParameter { strategy, key: (*key).to_owned(), known })
            }
            None => read(&mut parameters),
        }
    }

    /// A factory of this strategy.
    pub fn factory(&self) -> StrategyFactory {
        let spec = self.clone();
        StrategyFactory::new(move |symbol| spec.build(symbol))
    }

    /// Base units that it holds or quotes; `None` for one that does not trade.
    pub const fn quantity(&self) -> Option<Quantity> {
        match *self {
            Self::NoOp => None,
            Self::EmaCross { quantity, .. }
            | Self::SmaCross { quantity, .. }
            | Self::Quoter { quantity, .. } => Some(quantity),
        }
    }

    /// The same strategy on a tape of bars: what makes bars of its own takes theirs, or whole ones together.
    ///
    /// # Errors
    /// [`SpecError::BadValue`]: its bars are not so many whole bars of `length`.
    pub fn of_bars(self, length: Duration) -> Result<Self, SpecError> {
        let Self::EmaCross { fast, slow, quantity, bar_s, patience_s } = self else {
            return Ok(self);
        };
        let whole = u32::try_from(length.as_secs()).unwrap_or(u32::MAX).max(1);
        let bar_s = bar_s.unwrap_or(whole);
        if !bar_s.is_multiple_of(whole) {
            let (key, value) = ("bar_s", bar_s.to_string());
            let expected = "a multiple of the length of every tape's bars, in seconds";
            return Err(SpecError::BadValue { key, value, expected });
        }
        Ok(Self::EmaCross { fast, slow, quantity, bar_s: Some(bar_s), patience_s })
    }

    fn build(&self, symbol: &Symbol) -> Box<dyn Strategy> {
        match *self {
            Self::NoOp => Box::new(NoOp),
            Self::EmaCross { fast, slow, quantity, bar_s, patience_s } => Box::new(EmaCross::new(
                symbol.clone(),
                fast,
                slow,
                quantity,
                Duration::from_secs(bar_s.unwrap_or(BAR_S).into()),
                Duration::from_secs(patience_s.into()),
            )),
            Self::SmaCross { fast, slow, quantity, means, short } => {
                let strategy = SmaCross::new(symbol.clone(), fast, slow, quantity, means);
                Box::new(if short { strategy } else { strategy.long_only() })
            }
            Self::Quoter { quantity, distance_bps, inventory_max, every_s } => {
                let every = Duration::from_secs(every_s.into());
                Box::new(Quoter::new(symbol.clone(), quantity, distance_bps, inventory_max, every))
            }
        }
    }

    fn quoter(parameters: &mut BTreeMap<&str, &str>) -> Result<Self, SpecError> {
        let quantity = size(parameters, "qty", 1_000_000)?;
        let distance_bps = count(parameters, "distance_bps", 10)?;
        if distance_bps >= 10_000 {
            let (key, value) = ("distance_bps", distance_bps.to_string());
            return Err(SpecError::BadValue { key, value, expected: "less than 10000" });
        }
        let inventory_max = size(parameters, "inventory_max", 5_000_000)?;
        let every_s = count(parameters, "every_s", 10)?;
        Ok(Self::Quoter { quantity, distance_bps, inventory_max, every_s })
    }

    fn sma_cross(parameters: &mut BTreeMap<&str, &str>) -> Result<Self, SpecError> {
        let (fast, slow) = lengths(parameters, 10, 20)?;
        let quantity = size(parameters, "qty", 1_000_000)?;
        let means = match parameters.remove("means") {
            None | Some("exact") => Means::Exact,
            Some("pandas") => Means::Pandas,
            Some(other) => {
                let (key, value) = ("means", other.to_owned());
                return Err(SpecError::BadValue { key, value, expected: "`exact` or `pandas`" });
            }
        };
        let short = match parameters.remove("short") {
            None | Some("yes") => true,
            Some("no") => false,
            Some(other) => {
                let (key, value) = ("short", other.to_owned());
                return Err(SpecError::BadValue { key, value, expected: "`yes` or `no`" });
            }
        };
        Ok(Self::SmaCross { fast, slow, quantity, means, short })
    }

    fn ema_cross(parameters: &mut BTreeMap<&str, &str>) -> Result<Self, SpecError> {
        let (fast, slow) = lengths(parameters, 12, 26)?;
        let quantity = size(parameters, "qty", 1_000_000)?;
        let given = parameters.contains_key("bar_s");
        let bar_s = count(parameters, "bar_s", BAR_S)?;
        let bar_s = given.then_some(bar_s);
        let patience_s = count(parameters, "patience_s", 60)?;
        Ok(Self::EmaCross { fast, slow, quantity, bar_s, patience_s })
    }
}

/// The lengths of a fast and a slow average.
fn lengths(
    parameters: &mut BTreeMap<&str, &str>,
    fast: u32,
    slow: u32,
) -> Result<(u32, u32), SpecError> {
    let fast = count(parameters, "fast", fast)?;
    let slow = count(parameters, "slow", slow)?;
    if slow <= fast {
        let expected = "more bars than `fast`";
        return Err(SpecError::BadValue { key: "slow", value: slow.to_string(), expected });
    }
    Ok((fast, slow))
}

fn size(
    parameters: &mut BTreeMap<&str, &str>,
    key: &'static str,
    default_raw: i64,
) -> Result<Quantity, SpecError> {
    let Some(text) = parameters.remove(key) else { return Ok(Quantity::from_raw(default_raw)) };
    Quantity::parse(text).ok().filter(|q| q.is_positive()).ok_or_else(|| SpecError::BadValue {
        key,
        value: text.to_owned(),
        expected: "a quantity above zero in base units, for example `0.01`",
    })
}

fn parameters(text: &str) -> Result<BTreeMap<&str, &str>, SpecError> {
    let mut parameters = BTreeMap::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let pair = part.split_once('=');
        let (key, value) =
            pair.ok_or_else(|| SpecError::NotAParameter { text: part.to_owned() })?;
        let key = key.trim();
        if parameters.insert(key, value.trim()).is_some() {
            return Err(SpecError::GivenTwice { key: key.to_owned() });
        }
    }
    Ok(parameters)
}

fn count(
    parameters: &mut BTreeMap<&str, &str>,
    key: &'static str,
    default: u32,
) -> Result<u32, SpecError> {
    let Some(text) = parameters.remove(key) else {
        return Ok(default);
    };
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| SpecError::BadValue {
        key,
        value: text.to_owned(),
        expected: "a whole number above zero, at most 4294967295",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_is_named_with_its_parameters() {
        let spec = StrategySpec::parse("ema-cross:fast=5, slow=20,qty=0.5").expect("valid");
        let StrategySpec::EmaCross { fast, slow, quantity, bar_s, .. } = spec else {
            panic!("another strategy: {spec:?}")
        };
        assert_eq!((fast, slow, bar_s, quantity.to_string().as_str()), (5, 20, None, "0.5"));
        assert_eq!(StrategySpec::parse("no-op"), Ok(StrategySpec::NoOp));
    }

    #[test]
    fn averages_on_bars_take_whole_bars() {
        let length = Duration::from_secs(60);
        let bar_s = |text| match StrategySpec::parse(text).expect(text).of_bars(length) {
            Ok(StrategySpec::EmaCross { bar_s, .. }) => bar_s,
            Ok(_) | Err(_) => None,
        };
        assert_eq!(bar_s("ema-cross"), Some(60));
        assert_eq!(bar_s("ema-cross:bar_s=300"), Some(300));
        assert_eq!(bar_s("ema-cross:bar_s=5"), None);
    }

    #[test]
    fn errors_say_what_would_do() {
        let check = |text: &str, message: &str| {
            let error = StrategySpec::parse(text).expect_err(text);
            assert_eq!(error.to_string(), message);
        };
        check(
            "moon",
            "unknown strategy `moon`; known are `ema-cross`, `sma-cross`, `quoter` and `no-op`",
        );
        check("ema-cross:fast", "`fast` is not a parameter; expected `key=value`");
        check("no-op:x=1", "strategy `no-op` has no parameter `x`; it takes none");
        check(
            "ema-cross:fst=1",
            "strategy `ema-cross` has no parameter `fst`; \
             it takes `fast`, `slow`, `qty`, `bar_s`, `patience_s`",
        );
        check("sma-cross:short=maybe", "parameter `short=maybe`: expected `yes` or `no`");
        check("sma-cross:means=f32", "parameter `means=f32`: expected `exact` or `pandas`");
        check(
            "ema-cross:fast=0",
            "parameter `fast=0`: expected a whole number above zero, at most 4294967295",
        );
        check("ema-cross:fast=3,fast=4", "the parameter `fast` is given twice");
        check(
            "ema-cross:fsat=3,slow=8",
            "strategy `ema-cross` has no parameter `fsat`; \
             it takes `fast`, `slow`, `qty`, `bar_s`, `patience_s`",
        );
        check("ema-cross:fast=30", "parameter `slow=26`: expected more bars than `fast`");
    }
}

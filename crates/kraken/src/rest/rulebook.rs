//! The rules of pairs as they were last heard, and the check of every order by them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::{Instrument, Symbol};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{CallError, Rest, RestError};
use crate::codec::DecodeError;
use crate::codec::form::Form;
use crate::codec::names;
use crate::codec::order::{Amendment, KrakenOrder, Replacement};
use crate::codec::reply;
use crate::codec::rest::{Keyed, PairRow};
use crate::rules::{PairRules, RuleBroken};

/// Most pairs whose rules are remembered; of those with the oldest news the first is forgotten.
const PAIRS_MAX: usize = 1024;

/// Rules that are older refuse nothing before they are asked for anew: a pair that was closed for a
/// while, or a minimum that was lowered, must not keep orders back for ever.
const FRESH_FOR: Duration = Duration::from_secs(60);

/// What was last heard of each pair.
#[derive(Debug, Default)]
pub(super) struct Rulebook {
    heard: Mutex<BTreeMap<Symbol, (PairRules, Instant)>>,
}

impl Rulebook {
    /// Takes what was told.
    pub(super) fn remember(&self, rules: &[PairRules]) {
        let (mut heard, now) = (self.heard.lock(), Instant::now());
        for rules in rules {
            let symbol = &rules.instrument.symbol;
            if heard.len() >= PAIRS_MAX && !heard.contains_key(symbol) {
                let oldest = heard.iter().min_by_key(|(_, (_, at))| *at);
                let oldest = oldest.map(|(symbol, _)| symbol.clone());
                oldest.and_then(|oldest| heard.remove(&oldest));
            }
            heard.insert(symbol.clone(), (rules.clone(), now));
        }
    }

    /// What a check says of the rules that were last heard, and when that was.
    fn judge(
        &self,
        symbol: &Symbol,
        check: impl FnOnce(&PairRules) -> Result<(), RuleBroken>,
    ) -> Option<(Result<(), RuleBroken>, Instant)> {
        self.heard.lock().get(symbol).map(|(rules, heard)| (check(rules), *heard))
    }
}

impl Rest {
    /// The rules of pairs, in the order asked for. An answer is kept for the time to live of
    /// [`KrakenConfig::instrument_cache`](crate::KrakenConfig::instrument_cache), and whoever asks for the
    /// same meanwhile gets it, too.
    ///
    /// # Errors
    /// See [`RestError`]; a pair that the venue does not list is an error. Errors are shared by those
    /// who wait for the same answer, and never kept.
    pub async fn pairs(&self, symbols: &[Symbol]) -> Result<Vec<PairRules>, Arc<RestError>> {
        let load = |symbols: Vec<_>| async move { self.load_pairs(&symbols).await };
        self.instruments.get(symbols, self.deadline(), load).await
    }

    /// Names, digits, steps and minima of pairs, otherwise as [`Rest::pairs`].
    ///
    /// # Errors
    /// As [`Rest::pairs`].
    pub async fn instruments(&self, symbols: &[Symbol]) -> Result<Vec<Instrument>, Arc<RestError>> {
        let pairs = self.pairs(symbols).await?;
        Ok(pairs.into_iter().map(|rules| rules.instrument).collect())
    }

    pub(super) async fn load_pairs(&self, symbols: &[Symbol]) -> Result<Vec<PairRules>, RestError> {
        let names: Vec<_> = symbols.iter().map(names::altname).collect();
        let query = Form::new().with("pair", &names.join(","));
        let found = self
            .public("AssetPairs", query, |body, now| {
                let rows: Keyed<PairRow<'_>> = reply::result(body, now)?;
                let read = |row: PairRow<'_>| row.into_rules().transpose();
                let found: Result<Vec<_>, _> = rows.into_values().filter_map(read).collect();
                Ok(found?)
            })
            .await?;
        let find = |symbol: &Symbol| {
            let found = found.iter().find(|found| found.instrument.symbol == *symbol);
            found.cloned().ok_or_else(|| {
                CallError::Malformed(DecodeError::Missing { what: "asset pair" }).into()
            })
        };
        let found: Vec<_> = symbols.iter().map(find).collect::<Result<_, RestError>>()?;
        self.rules.remember(&found);
        Ok(found)
    }

    /// Checks an order by the rules of its pair, as everything that places one does by itself. What nobody
    /// asked for yet is asked for now; what would refuse the order is at most a minute old.
    ///
    /// # Errors
    /// [`CallError::Rule`] for the first rule that the order breaks; other [`RestError`]s if the rules
    /// cannot be asked for.
    pub async fn check(&self, order: &KrakenOrder) -> Result<(), RestError> {
        self.judge(&order.symbol, |rules| rules.check(order)).await
    }

    pub(crate) async fn check_amendment(&self, change: &Amendment) -> Result<(), RestError> {
        self.judge(&change.symbol, |rules| rules.check_amendment(change)).await
    }

    pub(crate) async fn check_replacement(&self, new: &Replacement) -> Result<(), RestError> {
        self.judge(&new.symbol, |rules| rules.check_replacement(new)).await
    }

    async fn judge(
        &self,
        symbol: &Symbol,
        check: impl Fn(&PairRules) -> Result<(), RuleBroken> + Send,
    ) -> Result<(), RestError> {
        let broken = match self.rules.judge(symbol, &check) {
            Some((Ok(()), _)) => return Ok(()),
            Some((Err(broken), heard)) if heard.elapsed() < FRESH_FOR => {
                return Err(CallError::from(broken).into());
            }
            Some((Err(broken), _)) => Some(broken),
            None => None,
        };
        match (self.load_pairs(std::slice::from_ref(symbol)).await, broken) {
            (Ok(rules), _) => {
                let judged = rules.iter().try_for_each(check);
                Ok(judged.map_err(CallError::from)?)
            }
            // The old rules are the best that there are.
            (Err(_), Some(broken)) => Err(CallError::from(broken).into()),
            (Err(error), None) => Err(error),
        }
    }

    /// Tells the rules of pairs, so that tests need not be asked for them.
    #[cfg(test)]
    pub(crate) fn know(&self, rules: &[PairRules]) {
        self.rules.remember(rules);
    }
}

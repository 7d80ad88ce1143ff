//! Who owns what. Money moves between accounts; it is never made or lost.

use std::collections::BTreeMap;

use model::{Asset, Notional};

use crate::order::AccountId;

/// Name of the account of everybody else.
pub(crate) const MARKET_NAME: &str = "market";
/// Name of the account that collects fees.
pub(crate) const FEES_NAME: &str = "fees";

/// Everybody else: counterparty of every execution. Its balances may be negative.
pub(crate) const MARKET: AccountId = AccountId(0);
/// Collects fees and pays rebates.
pub(crate) const FEES: AccountId = AccountId(1);

/// What an account has of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Owned, the reserved part included.
    pub total: Notional,
    /// Reserved by open orders.
    pub held: Notional,
}

impl Balance {
    /// Owned and not reserved.
    pub fn free(&self) -> Notional {
        self.total.checked_sub(self.held).expect("balances are far from the ends of their range")
    }
}

/// Position of an asset in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AssetId(usize);

/// Balances of all accounts.
///
/// Besides the traders there are two accounts of the exchange's own: `market`, everybody else and
/// the counterparty of every execution, and `fees`. Hence the sum of every asset is constant.
#[derive(Debug, Clone)]
pub struct Ledger {
    assets: Vec<Asset>,
    names: Vec<String>,
    /// By account: true when its balances may be negative.
    borrows: Vec<bool>,
    /// By account, then by asset.
    balances: Vec<Vec<Balance>>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            assets: Vec::new(),
            names: vec![MARKET_NAME.to_owned(), FEES_NAME.to_owned()],
            borrows: vec![true, true],
            balances: vec![Vec::new(), Vec::new()],
        }
    }

    /// The id of an asset, which exists from then on.
    pub(crate) fn asset(&mut self, asset: &Asset) -> AssetId {
        if let Some(at) = self.assets.iter().position(|known| known == asset) {
            return AssetId(at);
        }
        self.assets.push(asset.clone());
        for account in &mut self.balances {
            account.push(Balance::default());
        }
        AssetId(self.assets.len() - 1)
    }

    pub(crate) fn open_account(&mut self, name: &str, borrows: bool) -> AccountId {
        self.names.push(name.to_owned());
        self.borrows.push(borrows);
        self.balances.push(vec![Balance::default(); self.assets.len()]);
        AccountId(self.names.len() - 1)
    }

    pub(crate) fn deposit(&mut self, account: AccountId, asset: AssetId, amount: Notional) {
        let balance = self.balance_mut(account, asset);
        balance.total = sum(balance.total, amount);
    }

    /// The account of a name, `market` and `fees` included.
    pub fn account(&self, name: &str) -> Option<AccountId> {
        self.names.iter().position(|known| known == name).map(AccountId)
    }

    /// Name of an account.
    pub fn name(&self, account: AccountId) -> &str {
        &self.names[account.0]
    }

    /// Traders' accounts, in the order of the configuration.
    pub fn traders(&self) -> impl Iterator<Item = AccountId> + use<> {
        (FEES.0 + 1..self.names.len()).map(AccountId)
    }

    /// True for an account of the configuration.
    pub(crate) fn is_trader(&self, account: AccountId) -> bool {
        (FEES.0 + 1..self.names.len()).contains(&account.0)
    }

    /// What an account has, by asset, in alphabetic order; assets never touched show as zero.
    pub fn balances(&self, account: AccountId) -> BTreeMap<Asset, Balance> {
        let balances = self.balances[account.0].iter().copied();
        self.assets.iter().cloned().zip(balances).collect()
    }

    /// What an account owns of one asset, the reserved part included; zero of an unknown one.
    pub fn owned(&self, account: AccountId, asset: &Asset) -> Notional {
        let at = self.assets.iter().position(|known| known == asset);
        at.map_or(Notional::ZERO, |at| self.balances[account.0][at].total)
    }

    /// Sum of every asset over all accounts, `market` and `fees` included: constant.
    pub fn totals(&self) -> BTreeMap<Asset, Notional> {
        let total = |at: usize| {
            let amounts = self.balances.iter().map(|account| account[at].total);
            amounts.fold(Notional::ZERO, sum)
        };
        let assets = self.assets.iter().cloned().enumerate();
        assets.map(|(at, asset)| (asset, total(at))).collect()
    }

    pub(crate) fn balance(&self, account: AccountId, asset: AssetId) -> Balance {
        self.balances[account.0][asset.0]
    }

    /// Changes what an account reserves from `before` to `after`.
    pub(crate) fn set_hold(
        &mut self,
        account: AccountId,
        asset: AssetId,
        before: Notional,
        after: Notional,
    ) {
        if before == after {
            return;
        }
        let balance = self.balance_mut(account, asset);
        balance.held = sum(difference(balance.held, before), after);
        assert!(
            !balance.held.is_negative() && balance.held <= balance.total,
            "a hold is covered by the balance"
        );
    }

    /// Moves money. The traders' free balances cover every payment; callers see to it.
    pub(crate) fn transfer(
        &mut self,
        from: AccountId,
        to: AccountId,
        asset: AssetId,
        amount: Notional,
    ) {
        let payer = self.balance_mut(from, asset);
        payer.total = difference(payer.total, amount);
        let short = payer.free().is_negative();
        assert!(!short || self.borrows[from.0], "a payment is covered by the free balance");
        let payee = self.balance_mut(to, asset);
        payee.total = sum(payee.total, amount);
    }

    fn balance_mut(&mut self, account: AccountId, asset: AssetId) -> &mut Balance {
        &mut self.balances[account.0][asset.0]
    }
}

fn sum(left: Notional, right: Notional) -> Notional {
    left.checked_add(right).expect("balances are far from the ends of their range")
}

fn difference(left: Notional, right: Notional) -> Notional {
    left.checked_sub(right).expect("balances are far from the ends of their range")
}

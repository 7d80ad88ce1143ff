//! Rows of the `balances` channel.

use matching::AccountId;
use model::{Asset, Notional};
use serde::Serialize;

use crate::kraken::ledger::Entry;
use crate::kraken::pair::KrakenAsset;
use crate::kraken::venue::Venue;
use crate::kraken::wire::{Number, rfc3339};

/// A change of a balance.
#[derive(Serialize)]
pub(super) struct Row {
    asset: String,
    asset_class: &'static str,
    amount: Number,
    balance: Number,
    fee: Number,
    ledger_id: String,
    ref_id: String,
    timestamp: String,
    #[serde(rename = "type")]
    kind: &'static str,
    category: &'static str,
    wallet_type: &'static str,
    wallet_id: &'static str,
}

/// A balance in the snapshot. What open orders hold is not shown.
#[derive(Serialize)]
pub(super) struct SnapshotRow {
    asset: String,
    asset_class: &'static str,
    balance: Number,
    wallets: [Wallet; 1],
}

#[derive(Serialize)]
struct Wallet {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'static str,
    balance: Number,
}

impl Row {
    pub(super) fn of(entry: &Entry) -> Self {
        let amount = |amount| number(&entry.asset, amount);
        Self {
            asset: entry.asset.as_str().to_owned(),
            asset_class: "currency",
            amount: amount(entry.amount),
            balance: amount(entry.balance),
            fee: amount(entry.fee),
            ledger_id: entry.id.clone(),
            ref_id: entry.refid.clone(),
            timestamp: rfc3339(entry.at),
            kind: "trade",
            category: "trade",
            wallet_type: "spot",
            wallet_id: "main",
        }
    }
}

/// What an account has of every asset that it ever held.
pub(super) fn snapshot(venue: &Venue, account: AccountId) -> Vec<SnapshotRow> {
    let balances = venue.exchange.ledger().balances(account);
    let held = venue.accounts.get(&account).map(|state| &state.assets);
    let row = |asset: &Asset| {
        let total = balances.get(asset)?.total;
        let balance = number(asset, total);
        let wallets = [Wallet { kind: "spot", id: "main", balance: balance.clone() }];
        let asset = asset.as_str().to_owned();
        Some(SnapshotRow { asset, asset_class: "currency", balance, wallets })
    };
    held.into_iter().flatten().filter_map(row).collect()
}

fn number(asset: &Asset, amount: Notional) -> Number {
    let known = KrakenAsset::by_name(asset.as_str());
    Number::amount(amount, known.map_or(8, |asset| asset.decimals))
}

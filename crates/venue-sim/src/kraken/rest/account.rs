//! Private methods about money, and the token of the private streams.

use matching::AccountId;
use model::{Notional, UnixNanos};
use serde::Serialize;

use crate::kraken::error::ApiError;
use crate::kraken::fees::{self, Role, Schedule};
use crate::kraken::pair::KrakenAsset;
use crate::kraken::rest::{Args, MethodResult};
use crate::kraken::token::{Grant, TOKEN_LIFE};
use crate::kraken::venue::Venue;
use crate::kraken::wire::{Keyed, amount_text, json};

#[derive(Serialize)]
struct HoldRow {
    balance: String,
    hold_trade: String,
}

/// Sums over everything that an account owns, in one asset. There is no margin here.
#[derive(Serialize)]
struct TradeBalance {
    eb: String,
    tb: String,
    m: String,
    uv: String,
    n: String,
    c: String,
    v: String,
    e: String,
    mf: String,
    mfo: String,
}

#[derive(Serialize)]
struct FeeRow {
    fee: String,
    minfee: String,
    maxfee: String,
    nextfee: Option<String>,
    nextvolume: Option<String>,
    tiervolume: String,
}

#[derive(Serialize)]
struct TradeVolume {
    currency: &'static str,
    volume: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fees: Option<Keyed<FeeRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fees_maker: Option<Keyed<FeeRow>>,
}

impl Venue {
    /// `Balance`: only assets ever held.
    pub(super) fn balance(&self, account: AccountId) -> String {
        let row = |(asset, balance): (KrakenAsset, matching::Balance)| {
            (asset.id.to_owned(), balance.total.to_fixed(asset.decimals))
        };
        json(&Keyed(self.held(account).map(row).collect()))
    }

    /// `BalanceEx`.
    pub(super) fn balance_ex(&self, account: AccountId) -> String {
        let row = |(asset, balance): (KrakenAsset, matching::Balance)| {
            let row = HoldRow {
                balance: balance.total.to_fixed(asset.decimals),
                hold_trade: balance.held.to_fixed(asset.decimals),
            };
            (asset.id.to_owned(), row)
        };
        json(&Keyed(self.held(account).map(row).collect()))
    }

    /// What an account has of every asset that it ever held.
    fn held(
        &self,
        account: AccountId,
    ) -> impl Iterator<Item = (KrakenAsset, matching::Balance)> + '_ {
        let balances = self.exchange.ledger().balances(account);
        let held = self.accounts.get(&account).map(|state| &state.assets);
        held.into_iter().flatten().filter_map(move |asset| {
            let known = KrakenAsset::by_name(asset.as_str())?;
            Some((known, balances.get(asset).copied()?))
        })
    }

    /// `TradeBalance`: what is owned, at the last prices.
    pub(super) fn trade_balance(&self, account: AccountId, args: &Args) -> MethodResult {
        let asset = args.get("asset").unwrap_or("ZUSD");
        let asset = KrakenAsset::by_name(asset).ok_or(ApiError::UNKNOWN_ASSET)?;
        let worth = self
            .held(account)
            .filter_map(|(held, balance)| self.worth(&held.asset, balance.total, &asset.asset));
        let total = worth.fold(Notional::ZERO, |sum, worth| sum.checked_add(worth).unwrap_or(sum));
        let text = || amount_text(total, asset.decimals);
        let zero = || amount_text(Notional::ZERO, asset.decimals);
        let (m, uv, n, c, v) = (zero(), zero(), zero(), zero(), zero());
        let (eb, tb, e, mf, mfo) = (text(), text(), text(), text(), text());
        Ok(json(&TradeBalance { eb, tb, m, uv, n, c, v, e, mf, mfo }))
    }

    /// `TradeVolume`.
    pub(super) fn trade_volume(&self, account: AccountId, args: &Args) -> MethodResult {
        let state = self.accounts.get(&account).ok_or(ApiError::INVALID_KEY)?;
        let volume = state.volume;
        let rows = |role: Role| -> Result<Option<Keyed<FeeRow>>, ApiError> {
            if args.get("pair").is_none() {
                return Ok(None);
            }
            let row = |listed: &crate::kraken::venue::Listed| {
                let rates = state.rates(&listed.pair);
                let ppm = match role {
                    Role::Maker => rates.maker_ppm,
                    Role::Taker => rates.taker_ppm,
                };
                (listed.pair.id.to_owned(), fee_row(listed.pair.schedule(), role, ppm, volume))
            };
            Ok(Some(Keyed(self.pairs_of(args)?.into_iter().map(row).collect())))
        };
        Ok(json(&TradeVolume {
            currency: "ZUSD",
            volume: amount_text(volume, 4),
            fees: rows(Role::Taker)?,
            fees_maker: rows(Role::Maker)?,
        }))
    }

    /// `GetWebSocketsToken`.
    pub(super) fn web_sockets_token(&mut self, grant: Grant, now: UnixNanos) -> String {
        #[derive(Serialize)]
        struct Issued<'a> {
            token: &'a str,
            expires: u64,
        }
        let token = self.ids.token();
        let text = json(&Issued { token: &token, expires: TOKEN_LIFE.as_secs() });
        self.tokens.issue(token, grant, now);
        text
    }
}

fn fee_row(schedule: Schedule, role: Role, ppm: i64, volume: Notional) -> FeeRow {
    let (from, next) = schedule.next_step(volume, role);
    let (lowest, highest) = schedule.bounds(role);
    FeeRow {
        fee: fees::percent(ppm),
        minfee: fees::percent(lowest.min(ppm)),
        maxfee: fees::percent(highest.max(ppm)),
        nextfee: next.map(|(_, ppm)| fees::percent(ppm)),
        nextvolume: next.map(|(from, _)| format!("{from}.0000")),
        tiervolume: format!("{from}.0000"),
    }
}

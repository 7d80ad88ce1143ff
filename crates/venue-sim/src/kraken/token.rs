//! Tokens that open the private channels.

use std::collections::BTreeMap;
use std::time::Duration;

use matching::AccountId;
use model::UnixNanos;

use crate::kraken::config::Permissions;

/// Life of a token from its issue on; a connection that uses it prolongs it.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_secs(900);
/// Unused tokens that are remembered; the oldest are forgotten first.
const TOKENS_MAX: usize = 1024;

/// All tokens that may still be used.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    tokens: BTreeMap<String, Token>,
}

/// What a token opens: an account, as far as the key that asked for it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) account: AccountId,
    pub(crate) permissions: Permissions,
}

#[derive(Debug)]
struct Token {
    grant: Grant,
    issued: UnixNanos,
    /// Connections that use it: as long as there is one, it does not expire.
    users: u32,
}

impl Tokens {
    /// Makes a token valid.
    pub(crate) fn issue(&mut self, token: String, grant: Grant, now: UnixNanos) {
        self.tokens.retain(|_, token| token.is_valid(now));
        while self.tokens.len() >= TOKENS_MAX {
            let unused = self.tokens.iter().filter(|(_, token)| token.users == 0);
            let oldest = unused.min_by_key(|(_, token)| token.issued);
            let Some(oldest) = oldest.map(|(text, _)| text.clone()) else {
                break;
            };
            self.tokens.remove(&oldest);
        }
        let token_state = Token { grant, issued: now, users: 0 };
        self.tokens.insert(token, token_state);
    }

    /// What a valid token opens, which one more connection uses from now on.
    pub(crate) fn claim(&mut self, token: &str, now: UnixNanos) -> Option<Grant> {
        let token = self.tokens.get_mut(token).filter(|t| t.is_valid(now))?;
        token.users = token.users.saturating_add(1);
        Some(token.grant)
    }

    /// What a token opens that the connection uses already, or that is valid anyway.
    pub(crate) fn look(&self, token: &str, now: UnixNanos) -> Option<Grant> {
        self.tokens.get(token).filter(|t| t.is_valid(now)).map(|token| token.grant)
    }

    /// When a token was issued that no connection uses, if it is known.
    pub(crate) fn unused_since(&self, token: &str) -> Option<UnixNanos> {
        self.tokens.get(token).filter(|token| token.users == 0).map(|token| token.issued)
    }

    /// A token has expired before its time, for good.
    pub(crate) fn expire(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    /// A connection no longer uses a token. What is left of the token's own life it keeps.
    pub(crate) fn release(&mut self, token: &str) {
        if let Some(state) = self.tokens.get_mut(token) {
            state.users = state.users.saturating_sub(1);
        }
    }
}

impl Token {
    fn is_valid(&self, now: UnixNanos) -> bool {
        self.users > 0 || now.since(self.issued) < TOKEN_LIFE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Grant {
        let config = matching::ExchangeConfig {
            instruments: Vec::new(),
            accounts: vec![matching::AccountConfig {
                name: "a".to_owned(),
                balances: BTreeMap::new(),
                fees: matching::FeeRates::of_ppm(0, 0),
                funding: matching::Funding::Spot,
                shortfall: matching::Shortfall::Refuse,
            }],
            open_orders_max: 1,
            closed_orders_max: 1,
        };
        let exchange = matching::Exchange::new(config).unwrap();
        Grant { account: exchange.account("a").unwrap(), permissions: Permissions::ALL }
    }

    #[test]
    fn an_unused_token_expires_and_a_used_one_lives_with_its_connection() {
        let (start, a) = (UnixNanos::from_secs(1_000), account());
        let mut tokens = Tokens::default();
        tokens.issue("used".to_owned(), a, start);
        tokens.issue("unused".to_owned(), a, start);
        assert_eq!(tokens.claim("used", start), Some(a));
        let later = start.plus(TOKEN_LIFE);
        assert_eq!(tokens.claim("unused", later), None);
        assert_eq!(tokens.claim("used", later), Some(a));
        tokens.release("used");
        assert_eq!(tokens.claim("used", later), Some(a));
        tokens.release("used");
        tokens.release("used");
        assert_eq!(tokens.claim("used", later), None);
        assert_eq!(tokens.claim("never issued", start), None);
    }

    #[test]
    fn a_released_token_is_valid_until_a_quarter_of_an_hour_after_its_issue() {
        let (start, a) = (UnixNanos::from_secs(1_000), account());
        let mut tokens = Tokens::default();
        tokens.issue("t".to_owned(), a, start);
        assert_eq!(tokens.claim("t", start), Some(a));
        tokens.release("t");
        let last = start.plus(TOKEN_LIFE - Duration::from_nanos(1));
        assert_eq!(tokens.claim("t", last), Some(a));
        tokens.release("t");
        assert_eq!(tokens.claim("t", start.plus(TOKEN_LIFE)), None);
    }

    #[test]
    fn unused_tokens_are_limited() {
        let (start, a) = (UnixNanos::from_secs(1_000), account());
        let mut tokens = Tokens::default();
        for n in 0..TOKENS_MAX + 5 {
            let at = start.plus(Duration::from_millis(u64::try_from(n).unwrap()));
            tokens.issue(format!("t{n}"), a, at);
        }
        assert_eq!(tokens.claim("t4", start), None);
        assert_eq!(tokens.claim("t5", start), Some(a));
        assert_eq!(tokens.tokens.len(), TOKENS_MAX);
    }
}

//! Whether an account may do what it asks for.

use std::fmt;
use std::str::FromStr;

use crate::kraken::error::ApiError;

/// How Kraken regards an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// Nothing is wrong.
    #[default]
    Active,
    /// Kraken locked its trading: orders are neither taken nor changed, but can be read and cancelled.
    Locked,
    /// The same, by the owner's own wish.
    UserLocked,
    /// Kraken answers none of its private calls.
    Disabled,
    /// The same, because the owner has not confirmed the account yet.
    Unconfirmed,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Locked, Self::UserLocked, Self::Disabled, Self::Unconfirmed];

    /// Its name: `user-locked`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Locked => "locked",
            Self::UserLocked => "user-locked",
            Self::Disabled => "disabled",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// Refuses a private call of any kind.
    pub(crate) const fn check_call(self) -> Result<(), ApiError> {
        match self {
            Self::Active | Self::Locked | Self::UserLocked => Ok(()),
            Self::Disabled => Err(ApiError::ACCOUNT_DISABLED),
            Self::Unconfirmed => Err(ApiError::ACCOUNT_UNCONFIRMED),
        }
    }

    /// Refuses an order, or a change of one.
    pub(crate) const fn check_trade(self) -> Result<(), ApiError> {
        match self {
            Self::Active => Ok(()),
            Self::Locked => Err(ApiError::LOCKED),
            Self::UserLocked => Err(ApiError::USER_LOCKED),
            Self::Disabled | Self::Unconfirmed => self.check_call(),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Standing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|standing| standing.as_str() == text);
        known.ok_or_else(|| {
            format!("expected active, locked, user-locked, disabled or unconfirmed, found `{text}`")
        })
    }
}

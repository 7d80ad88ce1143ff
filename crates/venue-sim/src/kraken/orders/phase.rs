//! What the engine does at the moment.

use std::fmt;
use std::str::FromStr;

use matching::OrderRequest;

use crate::kraken::error::ApiError;

/// Phase of the venue, in the order in which a maintenance goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Phase {
    /// Everything works.
    #[default]
    Online,
    /// Nothing but `Time` and `SystemStatus` is answered, streams are closed.
    Maintenance,
    /// Orders can be cancelled only.
    CancelOnly,
    /// Orders can be cancelled, and placed if they do not take.
    PostOnly,
    /// Orders with a limit can be placed; the system as a whole counts as online.
    LimitOnly,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Online, Self::Maintenance, Self::CancelOnly, Self::PostOnly, Self::LimitOnly];

    /// Kraken's name: `cancel_only`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Maintenance => "maintenance",
            Self::CancelOnly => "cancel_only",
            Self::PostOnly => "post_only",
            Self::LimitOnly => "limit_only",
        }
    }

    /// The state of the whole system: that only limits are taken is told of pairs.
    pub(crate) const fn system(self) -> Self {
        match self {
            Self::LimitOnly => Self::Online,
            Self::Online | Self::Maintenance | Self::CancelOnly | Self::PostOnly => self,
        }
    }

    /// Refuses an order that may not come now.
    pub(super) fn check_order(self, request: &OrderRequest) -> Result<(), ApiError> {
        match self {
            Self::Online => Ok(()),
            Self::Maintenance => Err(ApiError::UNAVAILABLE),
            Self::CancelOnly => Err(ApiError::CANCEL_ONLY),
            Self::PostOnly if request.is_post_only() => Ok(()),
            Self::PostOnly => Err(ApiError::POST_ONLY_MODE),
            Self::LimitOnly if request.limit().is_some() => Ok(()),
            Self::LimitOnly => Err(ApiError::LIMIT_ONLY_MODE),
        }
    }

    /// Refuses a change of an order that may not come now.
    pub(super) const fn check_change(self) -> Result<(), ApiError> {
        match self {
            Self::Online | Self::PostOnly | Self::LimitOnly => Ok(()),
            Self::Maintenance => Err(ApiError::UNAVAILABLE),
            Self::CancelOnly => Err(ApiError::CANCEL_ONLY),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Phase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|phase| phase.as_str() == text);
        known.ok_or_else(|| {
            format!(
                "expected online, maintenance, cancel_only, post_only or limit_only, found `{text}`"
            )
        })
    }
}

//! Why a run stops.

use std::error::Error;

use matching::TapeError;
use model::UnixNanos;

use super::RunError;
use crate::latency::FeedError;

/// Why a run must stop, without the event's number.
#[derive(Debug)]
pub(crate) enum Halt {
    Event(TapeError),
    Unsorted { previous: UnixNanos, found: UnixNanos },
    Bar,
    Flood(UnixNanos),
    Feed(FeedError),
}

impl Halt {
    pub(crate) fn at<E: Error>(self, tape: usize, number: u64) -> RunError<E> {
        match self {
            Self::Event(source) => RunError::Event { tape, number, source },
            Self::Unsorted { previous, found } => {
                RunError::Unsorted { tape, number, previous, found }
            }
            Self::Bar => RunError::Bar { tape, number },
            Self::Flood(at) => RunError::Flood(at),
            Self::Feed(source) => {
                // What tells of a time comes before the event that it is of.
                let before = matches!(source, FeedError::Range { .. });
                RunError::Feed { tape, number: number + u64::from(before), source }
            }
        }
    }
}

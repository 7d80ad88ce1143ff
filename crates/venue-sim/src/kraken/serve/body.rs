//! Bodies of answers, which a fault may stop halfway.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A body of known length.
#[derive(Default)]
pub(super) struct AnswerBody {
    now: Bytes,
    /// What must be over before the rest comes, and the rest.
    later: Option<(Pin<Box<WaitForCancellationFutureOwned>>, Bytes)>,
}

impl AnswerBody {
    /// Lets only half of the body through until the token is cancelled.
    pub(super) fn hung_until(mut self, over: CancellationToken) -> Self {
        let rest = self.now.split_off(self.now.len() / 2);
        self.later = Some((Box::pin(over.cancelled_owned()), rest));
        self
    }
}

impl From<String> for AnswerBody {
    fn from(text: String) -> Self {
        Self { now: Bytes::from(text), later: None }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.now.is_empty()
            && let Some((over, _)) = &mut self.later
        {
            ready!(over.as_mut().poll(cx));
            self.now = self.later.take().map(|(_, rest)| rest).unwrap_or_default();
        }
        let now = std::mem::take(&mut self.now);
        Poll::Ready((!now.is_empty()).then(|| Ok(Frame::data(now))))
    }

    fn is_end_stream(&self) -> bool {
        self.now.is_empty() && self.later.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let later = self.later.as_ref().map_or(0, |(_, rest)| rest.len());
        SizeHint::with_exact(u64::try_from(self.now.len() + later).unwrap_or(u64::MAX))
    }
}

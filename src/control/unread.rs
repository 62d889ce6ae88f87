//! What a route has left of a request's body.
//!
//! A request may be answered before its body is there: it is refused by its head, or nothing is wanted of it. The next
//! request of the connection comes behind the body. So a small rest is taken and thrown away; where there is more the
//! connection ends with the answer, which says so.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::time::timeout;
use warp::{
    http::Request,
    hyper::{
        self,
        body::{Body, Frame, Incoming, SizeHint},
    },
};

/// A rest up to this size is taken, …
const SMALL: u64 = 64 << 10;
/// … if it is there within this time.
const WITHIN: Duration = Duration::from_secs(1);

/// The body of a request, which comes back when nobody wants more of it.
pub(super) struct Sent {
    body: Option<Incoming>,
    left: Arc<Mutex<Left>>,
}

/// What was left of a body.
enum Left {
    /// Somebody reads it.
    Unknown,
    Nothing,
    Rest(Incoming),
}

/// What will be left of a body.
pub(super) struct Unread(Arc<Mutex<Left>>);

impl Unread {
    /// The same request, and what will be left of its body.
    pub(super) fn of(request: Request<Incoming>) -> (Request<Sent>, Self) {
        let left = Arc::new(Mutex::new(Left::Unknown));
        let request = request.map(|body| Sent { body: Some(body), left: Arc::clone(&left) });
        (request, Self(left))
    }

    /// Takes the rest, if it is small and the client does not wait to be asked for it. Gives whether nothing is left.
    pub(super) async fn drain(self, waits: bool) -> bool {
        let left = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), Left::Unknown);
        let mut body = match left {
            Left::Nothing => return true,
            Left::Rest(body) if !waits && body.size_hint().lower() <= SMALL => body,
            Left::Unknown | Left::Rest(_) => return false,
        };
        let draining = timeout(WITHIN, async {
            let mut taken = 0;
            while let Some(frame) = body.frame().await {
                let Ok(frame) = frame else { return false };
                taken += frame.data_ref().map_or(0, |data| data.len() as u64);
                if taken > SMALL {
                    return false;
                }
            }
            true
        });
        draining.await.unwrap_or(false)
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        let left = match self.body.take() {
            Some(body) if !body.is_end_stream() => Left::Rest(body),
            _ => Left::Nothing,
        };
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = left;
    }
}

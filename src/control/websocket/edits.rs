//! Edits of one client that wait for their ticks.

use std::{future::Future, pin::Pin};

use components::document::Source;
use futures_util::{
    StreamExt as _,
    future::BoxFuture,
    poll,
    stream::{FuturesOrdered, FuturesUnordered},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    message::{answer, refusal},
    said::RequestId,
};
use crate::{
    control::{Problem, batch},
    engine::EngineHandle,
};

/// Edits of one client that may wait. While it is full nothing more is read from the client.
const WAITING: usize = 256;
/// How many of them may have an `at`. More are refused.
const FOR_LATER: usize = 64;

type Answer = BoxFuture<'static, Utf8Bytes>;

/// The edits.
#[derive(Default)]
pub(super) struct Edits {
    /// Those for the next tick, in the order in which they came and are answered.
    next: FuturesOrdered<Answer>,
    /// Those for later ticks.
    later: FuturesUnordered<Answer>,
}

impl Edits {
    /// Whether one more may come.
    pub(super) fn has_room(&self) -> bool {
        self.next.len() < WAITING
    }

    /// Sends a batch on its way. Those that follow come after it.
    ///
    /// # Errors
    /// Too many wait for later ticks.
    pub(super) async fn send(
        &mut self,
        engine: EngineHandle,
        request: Option<RequestId>,
        batch: Source,
        is_for_later: bool,
    ) -> Result<(), (Option<RequestId>, Problem)> {
        if is_for_later && self.later.len() >= FOR_LATER {
            let detail = format!("{FOR_LATER} edits of this client wait for later ticks, which is as many as may");
            return Err((request, Problem::unavailable(detail)));
        }
        let mut answering: Answer = Box::pin(async move {
            match batch::carry_out(&engine, &batch).await {
                Ok(edited) => answer("edited", request.as_ref(), &edited).into(),
                Err(problem) => refusal(request.as_ref(), &problem),
            }
        });
        // It goes to the engine when it is first polled: now, and so in order.
        if let std::task::Poll::Ready(told) = poll!(Pin::new(&mut answering)) {
            answering = Box::pin(std::future::ready(told));
        }
        if is_for_later {
            self.later.push(answering);
        } else {
            self.next.push_back(answering);
        }
        Ok(())
    }

    /// The next answer; never, if nothing waits.
    pub(super) fn answer(&mut self) -> impl Future<Output = Utf8Bytes> + '_ {
        let Self { next, later } = self;
        async move {
            tokio::select! {
                Some(told) = next.next() => told,
                Some(told) = later.next() => told,
                else => std::future::pending().await,
            }
        }
    }
}

//! Edits and requests of one client that wait for their answers.

use std::{
    collections::VecDeque,
    future::{Future, ready},
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::Poll,
};

use components::{EditBatch, document::Source};
use futures_util::{
    StreamExt as _,
    future::{BoxFuture, join_all},
    poll,
    stream::{FuturesOrdered, FuturesUnordered},
};
use warp::http::Method;

use super::{
    message::{Text, answer, refusal},
    requests::{Asking, response},
    said::RequestId,
};
use crate::{
    control::{Problem, Scope, batch, routes::Routes, uploads::Uploads},
    engine::EngineHandle,
};

/// Edits of one client that may wait. While it is full nothing more is read from the client.
const WAITING: usize = 256;
/// Those that may wait with an `at`, and requests. More are refused.
const FOR_LATER: usize = 64;
/// Requests that only read and are answered at the same time. Answers can be large, and all of them are held until the
/// client takes them.
const READING: usize = 4;

/// Bytes of answers that may wait until the client takes them. While there are more nothing more is read from it.
const WAITING_BYTES: usize = 256 << 10;

/// An answer, and how many bytes of it are counted as waiting.
type Answer = BoxFuture<'static, (Text, usize)>;

/// The edits.
#[derive(Default)]
pub(super) struct Edits {
    /// Those for the next tick, in the order in which they came and are answered.
    next: FuturesOrdered<Answer>,
    /// Those for later ticks, and requests that change something.
    later: FuturesUnordered<Answer>,
    /// Requests that only read, and …
    reading: FuturesUnordered<Answer>,
    /// … those that wait for these.
    to_read: VecDeque<Answer>,
    /// Bytes of answers that wait. Requests that only read are answered when their answer can be sent, and have none.
    bytes: usize,
}

impl Edits {
    /// Whether one more may come.
    pub(super) fn has_room(&self) -> bool {
        self.next.len() < WAITING && self.bytes < WAITING_BYTES
    }

    /// Sends a batch on its way. Those that follow come after it.
    ///
    /// # Errors
    /// Too many wait for later ticks.
    pub(super) async fn send(
        &mut self,
        (engine, uploads): (EngineHandle, Arc<Uploads>),
        request: Option<RequestId>,
        (batch, read): (Source, Result<EditBatch, Problem>),
        is_for_later: bool,
    ) -> Result<(), (Option<RequestId>, Problem)> {
        if is_for_later && let Err(problem) = self.has_room_for_later() {
            return Err((request, problem));
        }
        let answering = self.begun(Box::pin(async move {
            let edited = match read {
                Ok(read) => batch::carry_out_read(&engine, &uploads, &batch, read).await,
                Err(problem) => Err(problem),
            };
            let text = match edited {
                Ok(edited) => answer("edited", request.as_ref(), &edited).into(),
                Err(problem) => refusal(request.as_ref(), &problem).into(),
            };
            (text, 0)
        }));
        let answering = answering.await;
        if is_for_later {
            self.later.push(answering);
        } else {
            self.next.push_back(answering);
        }
        Ok(())
    }

    /// Has a request of `who` answered, which others need not wait for. One that only reads waits until what the client has
    /// sent before is carried out, unless that is for a later tick: `engines` are those by which its edits and its requests
    /// go.
    ///
    /// # Errors
    /// Too many wait.
    pub(super) async fn ask(
        &mut self,
        (engines, routes): ([EngineHandle; 2], Routes),
        request: Option<RequestId>,
        Asking { request: asked, part }: Asking,
        who: (Scope, IpAddr),
    ) -> Result<(), (Option<RequestId>, Problem)> {
        if let Err(problem) = self.has_room_for_later() {
            return Err((request, problem));
        }
        let is_read = asked.method() == Method::GET;
        let is_behind = is_read && !(self.next.is_empty() && self.later.is_empty());
        let answering = async move {
            if is_behind {
                // What asks for nothing comes after all that was sent before it. If it cannot be, the answer tells why.
                join_all(engines.iter().map(|engine| engine.check(Vec::new()))).await;
            }
            (response(request.as_ref(), part, &routes.call(asked, who).await), 0)
        };
        if is_read {
            self.to_read.push_back(Box::pin(answering));
        } else {
            let answering = self.begun(Box::pin(answering)).await;
            self.later.push(answering);
        }
        Ok(())
    }

    fn has_room_for_later(&self) -> Result<(), Problem> {
        if self.later.len() + self.reading.len() + self.to_read.len() < FOR_LATER {
            return Ok(());
        }
        let detail = format!(
            "{FOR_LATER} requests and edits for later ticks of this client wait for their answers, which is as many as may"
        );
        Err(Problem::unavailable(detail))
    }

    /// The next answer; never, if nothing waits.
    pub(super) fn answer(&mut self) -> impl Future<Output = Text> + '_ {
        let Self { next, later, reading, to_read, bytes } = self;
        let room = READING.saturating_sub(reading.len()).min(to_read.len());
        reading.extend(to_read.drain(..room));
        async move {
            let (text, counted) = tokio::select! {
                Some(told) = next.next() => told,
                Some(told) = later.next() => told,
                Some(told) = reading.next() => told,
                else => std::future::pending().await,
            };
            *bytes -= counted;
            text
        }
    }

    /// An answer that has been polled once. By this an edit goes to the engine: now, and so in order. A task that has done
    /// much is told to yield by the first thing that it waits for, which must not happen before the edit is on its way.
    async fn begun(&mut self, mut answering: Answer) -> Answer {
        match poll!(tokio::task::unconstrained(Pin::new(&mut answering))) {
            Poll::Ready((text, _)) => {
                let counted = text.len();
                self.bytes += counted;
                Box::pin(ready((text, counted)))
            }
            Poll::Pending => answering,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::{sync::Semaphore, task::consume_budget};

    use super::*;

    #[tokio::test]
    async fn an_edit_is_on_its_way_at_once_however_much_was_done_before_it() {
        while poll!(Box::pin(consume_budget())).is_ready() {}
        let is_sent = Arc::new(AtomicBool::new(false));
        let sent = Arc::clone(&is_sent);
        let mut edits = Edits::default();
        let waiting = edits.begun(Box::pin(async move {
            Semaphore::new(1).acquire().await.unwrap().forget();
            sent.store(true, Ordering::Relaxed);
            std::future::pending().await
        }));
        let waiting = waiting.await;
        assert!(is_sent.load(Ordering::Relaxed));
        drop(waiting);
    }

    #[tokio::test]
    async fn a_client_that_takes_no_answers_is_not_read_when_many_bytes_wait() {
        let mut edits = Edits::default();
        let large = || async { (Text::from("x".repeat(WAITING_BYTES / 2)), 0) };
        for has_room in [true, false] {
            let answering = edits.begun(Box::pin(large())).await;
            edits.next.push_back(answering);
            assert_eq!(edits.has_room(), has_room);
        }
        assert_eq!(edits.answer().await.len(), WAITING_BYTES / 2);
        assert!(edits.has_room());
        edits.answer().await;
        assert_eq!(edits.bytes, 0);
    }
}

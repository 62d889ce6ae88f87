//! The output's own thread breaks down. That is a fault of the service, and costs this output a moment: it is told, and the
//! supervisor goes on with what it did.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::RecvTimeoutError,
    time::Instant,
};

use super::{Order, STEADY, Supervisor, TELL};
use crate::{
    engine::{OutputErrorKind, OutputState},
    output::link::lock,
};

impl Supervisor {
    /// Does what it is ordered to, until the output is removed or nobody can order anything any more. Returns whether it
    /// was removed.
    pub(in crate::output) fn run(&mut self) -> bool {
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.follow_orders())) {
                Ok(was_removed) => return was_removed,
                Err(panic) => self.recover(words(panic.as_ref())),
            }
        }
    }

    fn recover(&mut self, words: &str) {
        drop(lock(&self.gate).close());
        self.lookout = None;
        let state = self.status.state;
        if state == OutputState::Started && self.began.elapsed() > STEADY {
            self.breakdowns = 0;
        }
        let policy = self.policy();
        let was_sending = matches!(state, OutputState::Starting | OutputState::Started | OutputState::Reconnecting);
        let is_worth_it = was_sending && policy.attempts.is_none_or(|attempts| self.breakdowns < attempts);
        let wait = policy.wait(self.breakdowns);
        self.goes_on_at = is_worth_it.then(|| Instant::now() + wait);
        self.breakdowns += 1;
        let further = if is_worth_it { "it is begun anew in a moment" } else { "start it again" };
        let error = format!("the output broke down, which is a fault of this service ({words}); {further}");
        tracing::error!(output = self.status.id, "the output's thread panicked: {words}");
        self.complain(OutputErrorKind::Internal, error, OutputState::Failed);
    }

    /// The next thing to do; `None` if nobody can order anything any more.
    pub(super) fn next_order(&mut self) -> Option<Order> {
        let order = loop {
            // A pipeline for which there was no thread is still to be taken down.
            let is_up = self.retired.as_mut().is_some_and(|retired| retired.try_begin().is_err());
            let left = self.goes_on_at.map(|at| at.saturating_duration_since(Instant::now()));
            let ordered = match left.into_iter().chain(is_up.then_some(TELL)).min() {
                None => self.orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => self.orders.recv_timeout(wait),
            };
            match ordered {
                Ok(order) => break Some(order),
                Err(RecvTimeoutError::Disconnected) => break None,
                Err(RecvTimeoutError::Timeout) if self.goes_on_at.is_some_and(|at| at <= Instant::now()) => {
                    break Some(Order::Resume);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        self.goes_on_at = None;
        order
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it did not say why")
}

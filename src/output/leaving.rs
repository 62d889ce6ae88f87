//! Encoders that are given up.

use std::sync::{Arc, Mutex};

use super::{link::lock, threads::Errand};

/// Encoders that were left and are not down yet, each with its threads, with which no other is started: all of them hang.
const MOST_LEFT: usize = 4;

/// Those of one kind that were left.
#[derive(Default)]
pub(super) struct Leaving {
    /// Each holds this until it is down.
    held: Arc<()>,
    /// Those for which the system has had no thread yet.
    waiting: Mutex<Vec<Errand>>,
}

impl Leaving {
    /// Takes an encoder down, and waits for nothing: one that hangs may not want to be taken down either.
    pub(super) fn leave(&self, encoder: impl Send + 'static) {
        let left = (encoder, Arc::clone(&self.held));
        lock(&self.waiting).push(Errand::put_off("leave-encoder", move || drop(left)));
        self.take_down();
    }

    fn take_down(&self) {
        lock(&self.waiting).retain_mut(|errand| errand.try_begin().is_err());
    }

    /// Whether so many are not down that no other may be started.
    pub(super) fn is_full(&self) -> bool {
        self.take_down();
        // This holds it too.
        Arc::strong_count(&self.held) > MOST_LEFT
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.take_down();
        // What there is still no thread for would be done here. The process ends as well.
        std::mem::forget(std::mem::take(&mut *lock(&self.waiting)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// Hangs until it is told not to.
    struct Hanging(Receiver<()>);

    impl Drop for Hanging {
        fn drop(&mut self) {
            let _ = self.0.recv();
        }
    }

    #[test]
    fn those_that_hang_are_counted_until_they_are_down() {
        let leaving = Leaving::default();
        let hanging: Vec<_> = (0..MOST_LEFT).map(|_| channel()).collect();
        let mut held = vec![];
        for (hold, hung) in hanging {
            assert!(!leaving.is_full());
            leaving.leave(Hanging(hung));
            held.push(hold);
        }
        assert!(leaving.is_full());
        held.pop();
        while leaving.is_full() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn one_for_which_there_was_no_thread_is_taken_down_once_there_is() {
        let leaving = Leaving::default();
        let left = Arc::clone(&leaving.held);
        lock(&leaving.waiting).push(Errand::put_off("leave-encoder", move || drop(left)));
        assert_eq!(Arc::strong_count(&leaving.held), 2);
        while leaving.is_full() || Arc::strong_count(&leaving.held) > 1 {
            std::thread::yield_now();
        }
        assert!(lock(&leaving.waiting).is_empty());
    }
}

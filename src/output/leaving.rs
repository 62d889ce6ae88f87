//! Encoders that are given up.

use std::{
    io,
    sync::{Arc, Mutex},
};

use super::link::lock;

/// Encoders that were left and are not down yet, each with its threads, with which no other is started: all of them hang.
const MOST_LEFT: usize = 4;

/// Something whose end may be waited for.
type Left = Box<dyn Send>;

/// Those of one kind that were left.
#[derive(Default)]
pub(super) struct Leaving {
    /// Each holds this until it is down.
    held: Arc<()>,
    /// Those for which the system had no thread yet.
    waiting: Mutex<Vec<Left>>,
}

impl Leaving {
    /// Takes an encoder down, and waits for nothing: one that hangs may not want to be taken down either.
    pub(super) fn leave(&self, encoder: impl Send + 'static) {
        lock(&self.waiting).push(Box::new((encoder, Arc::clone(&self.held))));
        self.take_down();
    }

    /// Those that are left, each on a thread of its own.
    fn take_down(&self) {
        let start = |task| std::thread::Builder::new().name("leave-encoder".to_owned()).spawn(task).map(drop);
        self.take_down_by(start);
    }

    /// The same with what starts threads. Where there is no more of them the rest is left for the next time.
    fn take_down_by(&self, start: impl Fn(Box<dyn FnOnce() + Send>) -> io::Result<()>) {
        let mut waiting = lock(&self.waiting);
        while let Some(left) = waiting.pop() {
            let place = Arc::new(Mutex::new(Some(left)));
            let taken = Arc::clone(&place);
            if start(Box::new(move || drop(lock(&taken).take()))).is_err() {
                waiting.extend(lock(&place).take());
                return;
            }
        }
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
        // The process ends as well.
        std::mem::forget(std::mem::take(&mut *lock(&self.waiting)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    };

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

    /// Tells that it is down.
    struct Telling(Arc<AtomicBool>);

    impl Drop for Telling {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn while_there_are_no_threads_what_is_left_is_kept_and_not_waited_for() {
        let leaving = Leaving::default();
        let is_down: Arc<AtomicBool> = Arc::default();
        lock(&leaving.waiting).push(Box::new((Telling(Arc::clone(&is_down)), Arc::clone(&leaving.held))));
        leaving.take_down_by(|_| Err(io::ErrorKind::WouldBlock.into()));
        assert!(!is_down.load(Ordering::Relaxed) && Arc::strong_count(&leaving.held) == 2, "it is kept");
        while leaving.is_full() || !is_down.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        assert!(lock(&leaving.waiting).is_empty());
    }
}

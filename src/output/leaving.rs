//! Encoders that are given up.

use std::sync::Arc;

/// Encoders that were left and are not down yet, each with its threads, with which no other is started: all of them hang.
const MOST_LEFT: usize = 4;

/// Those of one kind that were left. Each holds this until it is down.
#[derive(Debug, Default)]
pub(super) struct Leaving(Arc<()>);

impl Leaving {
    /// Takes an encoder down, and waits for nothing: one that hangs may not want to be taken down either.
    pub(super) fn leave(&self, encoder: impl Send + 'static) {
        let held = Arc::clone(&self.0);
        // Where the system gives no more threads this happens here.
        let _ = std::thread::Builder::new().name("leave-encoder".to_owned()).spawn(move || {
            drop(encoder);
            drop(held);
        });
    }

    /// Whether so many are not down that no other may be started.
    pub(super) fn is_full(&self) -> bool {
        // This holds it too.
        Arc::strong_count(&self.0) > MOST_LEFT
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
}

//! The states that the scene was in.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use components::SceneTree;

/// States that are kept at most. At 30 changing ticks a second these are more than two minutes.
const STATES: usize = 4096;
/// Bytes that they may take together, by a careful guess: 16 MB.
const BYTES: usize = 16 << 20;

/// The last states, so that a client that has an old one can be told what changed since. When it is full the oldest are
/// let go of; a client that has one of those gets a snapshot.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// In the order of their numbers, each with the bytes that it takes besides what it shares with the one before.
    states: VecDeque<(Arc<SceneTree>, usize)>,
    bytes: usize,
}

impl History {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a state that is newer than all before. `bytes` is what it takes.
    pub(super) fn keep(&self, state: Arc<SceneTree>, bytes: usize) {
        let mut kept = self.kept();
        kept.bytes += bytes;
        kept.states.push_back((state, bytes));
        // The newest is kept in any case.
        while kept.states.len() > 1 && (kept.states.len() > STATES || kept.bytes > BYTES) {
            if let Some((_, bytes)) = kept.states.pop_front() {
                kept.bytes -= bytes;
            }
        }
    }

    /// The state with this number, if it is still kept.
    pub(super) fn state(&self, seq: u64) -> Option<Arc<SceneTree>> {
        let kept = self.kept();
        let index = kept.states.binary_search_by_key(&seq, |(state, _)| state.seq).ok()?;
        kept.states.get(index).map(|(state, _)| Arc::clone(state))
    }
}

#[cfg(test)]
mod tests {
    use components::{SceneDocument, SceneSnapshot};

    use super::*;

    fn state(seq: u64) -> Arc<SceneTree> {
        Arc::new(SceneTree::from(&SceneSnapshot { tick: seq, seq, scene: SceneDocument::default() }))
    }

    #[test]
    fn the_oldest_go_first_and_the_newest_stays() {
        let history = History::default();
        for seq in 0..10 {
            history.keep(state(seq * 2), 1);
        }
        assert_eq!(history.state(4).map(|state| state.seq), Some(4));
        assert_eq!(history.state(5), None);
        history.keep(state(20), BYTES - 5);
        assert_eq!(history.state(8), None, "5 of 10 others were kept");
        assert!(history.state(10).is_some());
        history.keep(state(22), BYTES * 2);
        assert_eq!(history.kept().states.len(), 1);
        assert!(history.state(22).is_some());
        for seq in 23..23 + 2 * STATES as u64 {
            history.keep(state(seq), 0);
        }
        assert_eq!(history.kept().states.len(), STATES);
        assert!(history.state(22 + 2 * STATES as u64).is_some());
    }
}

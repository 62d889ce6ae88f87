//! Scenes that come on air within a tick, one after the other, and how the picture is to go over to each.
//!
//! Triggers bring scenes on air at exact scene times between two ticks, which may lie far apart. Of what happened there
//! only that is kept which is still seen: transitions that were over before the next one began are left out.

use std::sync::Arc;

use bevy_ecs::resource::Resource;
use components::Transition;

use super::leaving::Left;

/// Transitions of one tick that may cut one another short. Of what is beneath more of them nothing is left to see.
const MOST: usize = 8;

/// The scenes that left on this tick, in order.
#[derive(Resource, Clone, Debug, Default)]
pub struct Departures {
    /// Scene seconds at which a trigger acts, while it does.
    pub(crate) acting_at: Option<f64>,
    list: Vec<Departure>,
}

/// A scene that gives way to another.
#[derive(Clone, Debug)]
pub(crate) struct Departure {
    pub(crate) transition: Transition,
    /// The scene that leaves, unless it is gone at once.
    pub(crate) left: Option<Arc<Left>>,
    /// Scene seconds at which a trigger asked for it. Otherwise somebody did, on this tick.
    pub(crate) when: Option<f64>,
    /// Whether the scene that leaves was seen by itself then, whatever was under way on the tick before.
    pub(crate) is_alone: bool,
}

impl Departure {
    /// The scene that leaves. Who kept it, to put things back as they were, has let go of it by then.
    pub(crate) fn take_left(&mut self) -> Option<Left> {
        self.left.take().and_then(Arc::into_inner)
    }

    /// Whether it is over when the next one is asked for, be it by a trigger that acts at `when`. A cut always is: what leaves
    /// then is the scene that it brought.
    fn is_over(&self, when: Option<f64>) -> bool {
        let elapsed = when.zip(self.when).map(|(now, when)| now - when);
        self.transition.duration() <= 0.0 || elapsed.is_some_and(|elapsed| self.transition.progress(elapsed).is_none())
    }
}

impl Departures {
    /// Adds that the scene on air gives way. `left` is asked for if that scene will be seen.
    pub(crate) fn add(&mut self, transition: Transition, left: impl FnOnce(Option<f64>) -> Left) {
        let when = self.acting_at;
        let mut is_alone = false;
        if self.list.last().is_some_and(|last| last.is_over(when)) {
            self.list.clear();
            is_alone = true;
        }
        match self.list.last_mut() {
            // The scene that came on air then was never on the screen.
            Some(last) if last.when.is_none() || last.when == when => last.transition = transition,
            _ => {
                let left = (transition.duration() > 0.0).then(|| Arc::new(left(when)));
                self.list.push(Departure { transition, left, when, is_alone });
            }
        }
        if self.list.len() > MOST {
            self.list.remove(0);
            self.list[0].is_alone = true;
        }
    }

    /// All of them.
    pub(crate) fn take(&mut self) -> Vec<Departure> {
        std::mem::take(&mut self.list)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

//! Which animations nobody will see any more.

use super::{AnimationStarts, Start};
use crate::animation::{Animation, Animations, Orient, Queue, timeline::PlayState};

impl AnimationStarts {
    /// The places of those in the list `written` that are over and replaced at scene time `now`, from the last to the first:
    /// a later one of the same property is over too, and all that is seen. Web Animations Level 1 has these removed
    /// ("Replacing animations"), since whoever adds one after the other would have ever more of them.
    ///
    /// Those stay that started with their scene, at `since`: they begin anew with it. So do those that somebody has steered.
    #[must_use]
    pub fn replaced(&self, written: &Animations, since: f64, now: f64) -> Vec<usize> {
        let written = written.plain();
        let known = self.animations.0.iter().zip(&self.starts);
        // What an edit has just changed is none of those that were started.
        let all: Vec<_> =
            written.0.iter().zip(known).take_while(|(own, (known, _))| *own == *known).map(|(_, one)| one).collect();
        let is_over = |animation: &Animation, start: &Start| {
            matches!(start, Start::At(_)) && start.status(animation.span(), now).0 == PlayState::Finished
        };
        let is_replaced = |place: &usize| {
            let (animation, start) = all[*place];
            is_over(animation, start)
                && start.began() > since
                && all[*place + 1..].iter().any(|(other, start)| is_over(other, start) && other.replaces(animation))
        };
        (0..all.len()).rev().filter(is_replaced).collect()
    }

    /// Forgets those at these places, from the last to the first: one that is added afterwards is new, even if it is the same
    /// as one of them.
    pub fn forget(&mut self, places: &[usize]) {
        for &place in places {
            if place < self.starts.len() {
                self.animations.0.remove(place);
                self.starts.remove(place);
            }
        }
    }
}

impl Animation {
    /// Whether nothing is seen of `other`, which stands before it in the list, once both are over.
    fn replaces(&self, other: &Self) -> bool {
        // What goes on from there needs it.
        let goes_on = self.queue == Queue::Append && self.by.is_some() && self.from.is_none();
        let (whole, part) = (self.property.as_str(), other.property.as_str());
        let is_half = part.strip_prefix(whole).is_some_and(|half| matches!(half, ".x" | ".y"));
        (whole == part || is_half)
            && self.queue.takes_its_place()
            && other.queue.takes_its_place()
            && !goes_on
            && (other.orient == Orient::None || self.orient == other.orient)
    }
}

use bevy_ecs::component::Component;

use super::{Animation, Animations, Property, Queue, timeline::rounded, timing::seconds};

/// The animations that a layer plays, those that its presets stand for among them, and when each started; computed from
/// [`Animations`] and [`Presets`](super::Presets).
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct AnimationStarts {
    animations: Animations,
    /// Scene seconds; as many as there are animations.
    starts: Vec<f64>,
}

impl AnimationStarts {
    /// Takes over the animations of a layer at scene time `now`: those that it had before go on, new ones start.
    pub fn update(&mut self, animations: &Animations, now: f64) {
        let mut before: Vec<Option<f64>> = self.starts.iter().copied().map(Some).collect();
        let mut take = |index: usize, animation| {
            let known = self.animations.0.get(index).is_some_and(|known| known == animation);
            if known { before.get_mut(index).and_then(Option::take) } else { None }
        };
        // Those in the same place first: of equal ones each then keeps its own start.
        let mut starts: Vec<Option<f64>> =
            animations.0.iter().enumerate().map(|(index, animation)| take(index, animation)).collect();
        for (start, animation) in starts.iter_mut().zip(&animations.0) {
            if start.is_none() {
                *start = (0..self.animations.0.len()).find_map(|index| take(index, animation));
            }
        }
        self.starts.clear();
        for (animation, known) in animations.0.iter().zip(starts) {
            // One that has begun goes on; until then it waits for those before it, as they are now.
            let start = match known.filter(|start| animation.queue != Queue::Append || *start <= now) {
                Some(start) => start,
                None if animation.queue == Queue::Append => self.end_of(&animations.0, &animation.property).max(now),
                None => now,
            };
            self.starts.push(start);
        }
        self.animations.clone_from(animations);
    }

    /// Scene seconds at which those that have a start by now, of all these `animations`, have ended to animate a property.
    fn end_of(&self, animations: &[Animation], property: &Property) -> f64 {
        let started = animations.iter().zip(&self.starts).filter(|(earlier, _)| earlier.property == *property);
        let ends = started.filter_map(|(earlier, start)| Some(rounded(start + seconds(earlier.span()?))));
        ends.fold(f64::NEG_INFINITY, f64::max)
    }

    /// The animations of a layer that started at these scene seconds, in their order.
    #[must_use]
    pub fn resumed(animations: Animations, starts: Vec<f64>) -> Self {
        Self { animations, starts }
    }

    /// The animations.
    #[must_use]
    pub fn animations(&self) -> &Animations {
        &self.animations
    }

    /// Scene seconds at which each of the animations started, in their order.
    #[must_use]
    pub fn starts(&self) -> &[f64] {
        &self.starts
    }
}

use bevy_ecs::component::Component;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Animation, Animations, Property, Queue,
    timeline::{PlayState, rounded},
    timing::seconds,
};

mod replaced;
mod steering;

pub(crate) use self::steering::elapsed;
pub use self::steering::{AnimationControl, Start, Steered};

/// The animations that a layer plays, those that its presets stand for among them, and when each started; computed from
/// [`Animations`] and [`Presets`](super::Presets), and from what somebody asked of a single one.
#[derive(Component, Clone, Debug, Default, PartialEq)]
pub struct AnimationStarts {
    animations: Animations,
    /// As many as there are animations.
    starts: Vec<Start>,
}

/// An animation, as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnimationStatus {
    /// Its place in the list of the layer's animations, from 0.
    pub index: usize,
    /// What it changes.
    pub property: Property,
    /// What it is doing.
    pub state: PlayState,
    /// Seconds since its start, `delay` included, over all repeats; negative while it waits for another to end, `None` if
    /// nobody knows when that will be.
    pub position: Option<f64>,
    /// Seconds from its start to its end, over all repeats; `None` if it never ends.
    pub length: Option<f64>,
    /// How fast it plays, on top of its `speed`; negative if backwards.
    pub rate: f64,
}

/// Scene seconds at which starts what waits for something that does not end by itself.
const NEVER: f64 = 1e15;

impl AnimationStarts {
    /// Takes over the animations of a layer at scene time `now`: those that it had before go on, new ones start.
    pub fn update(&mut self, animations: &Animations, now: f64) {
        let animations = &*animations.plain();
        let mut before: Vec<Option<Start>> = self.starts.iter().copied().map(Some).collect();
        let mut take = |index: usize, animation| {
            let known = self.animations.0.get(index).is_some_and(|known| known == animation);
            if known { before.get_mut(index).and_then(Option::take) } else { None }
        };
        // Those in the same place first: of equal ones each then keeps its own start.
        let mut starts: Vec<Option<Start>> =
            animations.0.iter().enumerate().map(|(index, animation)| take(index, animation)).collect();
        for (start, animation) in starts.iter_mut().zip(&animations.0) {
            if start.is_none() {
                *start = (0..self.animations.0.len()).find_map(|index| take(index, animation));
            }
        }
        self.starts.clear();
        for (animation, known) in animations.0.iter().zip(starts) {
            // One that has begun goes on; until then it waits for those before it, as they are now.
            let start = match known {
                Some(start) if animation.queue != Queue::Append || start.is_settled(now) => start,
                known if animation.queue == Queue::Append => {
                    let until = self.end_of(&animations.0, &animation.property).max(now);
                    known.map_or(Start::At(until), |start| start.waiting_until(until))
                }
                _ => Start::At(now),
            };
            self.starts.push(start);
        }
        self.animations.clone_from(animations);
    }

    /// Scene seconds at which those that have a start by now, of all these `animations`, have ended to animate a property.
    fn end_of(&self, animations: &[Animation], property: &Property) -> f64 {
        let started = animations.iter().zip(&self.starts).filter(|(earlier, _)| earlier.property == *property);
        let ends = started
            .filter(|(_, start)| !start.is_idle())
            .filter_map(|(earlier, start)| Some(start.when(seconds(earlier.span()?)).map_or(NEVER, rounded)));
        ends.fold(f64::NEG_INFINITY, f64::max)
    }

    /// The place of an animation that was at `index` when somebody looked: there, or wherever it is now.
    #[must_use]
    pub fn find(&self, index: usize, animation: &Animation) -> Option<usize> {
        let (known, animation) = (&self.animations.0, &*animation.plain());
        let is_there = known.get(index).is_some_and(|known| known == animation);
        if is_there { Some(index) } else { known.iter().position(|known| known == animation) }
    }

    /// Steers a single one at scene time `now`; those that wait for it wait for it as it is then. Nothing happens if there
    /// is none at `index`.
    pub fn control(&mut self, index: usize, control: AnimationControl, now: f64) {
        let Some((animation, start)) = self.animations.0.get(index).zip(self.starts.get_mut(index)) else { return };
        *start = start.steered(control, animation.span(), now);
        let animations = self.animations.clone();
        self.update(&animations, now);
    }

    /// Where all stand at scene time `now`.
    #[must_use]
    pub fn status(&self, now: f64) -> Vec<AnimationStatus> {
        let all = self.animations.0.iter().zip(&self.starts).enumerate();
        let status = |(index, (animation, start)): (usize, (&Animation, &Start))| {
            let span = animation.span();
            let (state, position, rate) = start.status(span, now);
            let property = animation.property.clone();
            AnimationStatus { index, property, state, position, length: span.map(seconds), rate }
        };
        all.map(status).collect()
    }

    /// The animations of a layer that started at these scene seconds, in their order.
    #[must_use]
    pub fn resumed(animations: Animations, starts: Vec<Start>) -> Self {
        Self { animations: animations.plain().into_owned(), starts }
    }

    /// The animations.
    #[must_use]
    pub fn animations(&self) -> &Animations {
        &self.animations
    }

    /// When each of the animations started, in their order.
    #[must_use]
    pub fn starts(&self) -> &[Start] {
        &self.starts
    }
}

//! What the stage `edit` asks of timelines, animations and triggers.

use bevy_ecs::resource::Resource;
use components::{
    LayerId, TrackId,
    animation::{
        Animation, AnimationControl,
        timeline::{TimelineControl, TimelineId},
        trigger::{EventName, TriggerDocument},
    },
};

/// Something that timelines and triggers get to know from the stage `edit`.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// There is another scene.
    Loaded,
    /// Timelines were edited.
    Edited,
    /// Somebody steers a timeline.
    Control(TimelineId, TimelineControl),
    /// Somebody steers a single animation of a layer.
    Animation {
        /// The layer.
        layer: LayerId,
        /// Its place in the list of the layer's animations when it was steered.
        index: usize,
        /// What was there.
        animation: Box<Animation>,
        /// What it is to do.
        control: AnimationControl,
    },
    /// Somebody steers a single animation of the sound.
    Sound {
        /// The track; the whole mix if `None`.
        track: Option<TrackId>,
        /// Its place in the list of animations when it was steered.
        index: usize,
        /// What was there.
        animation: Box<Animation>,
        /// What it is to do.
        control: AnimationControl,
    },
    /// Somebody fires an event.
    Event(EventName),
    /// Somebody fires this trigger.
    Trigger(Box<TriggerDocument>),
}

/// What came from the stage `edit` on this tick, in order.
#[derive(Resource, Clone, Debug, Default)]
pub struct Inputs(pub Vec<Input>);

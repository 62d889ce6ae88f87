//! Random things that happen to a scene, and the edits that they are.

use components::{
    Content, Edit, LayerDocument, LayerId, SceneDocument, SceneId,
    animation::{
        AnimationControl,
        timeline::{SeekTarget, TimelineControl},
        trigger::EventName,
    },
};
use proptest::{option, prelude::*, sample::select};
use serde_json::{Value, json};

use super::{
    common,
    contents::{color, content},
    layer, read, size,
};

/// One thing that happens to a scene.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// So many frames go by.
    Wait(u64),
    Create {
        layer: Value,
        into_group: bool,
        index: usize,
    },
    Delete(usize),
    Patch {
        layer: usize,
        patch: Value,
    },
    Replace {
        layer: usize,
        with: Value,
    },
    /// Taken out and put in again somewhere else, with all it has.
    Move {
        layer: usize,
        into_group: Option<usize>,
        index: usize,
    },
    /// Children of a group or of the canvas in another order, and what else stands beside that.
    Order {
        of_group: Option<usize>,
        rotate: usize,
        count: usize,
    },
    /// The same as `Move`, as one edit.
    Shift {
        layer: usize,
        /// The canvas, a group, or the one that it is in.
        into: Option<Option<usize>>,
        index: Option<usize>,
    },
    /// Its children the other way round, perhaps without the last of them.
    Rearrange {
        layer: usize,
        drop: bool,
    },
    /// Another scene of the same layers, from another one on.
    Reload(usize),
    Canvas(Value),
    /// Frames of another size. That is no edit: whoever wants it does it.
    Resize {
        width: usize,
        height: usize,
    },
    /// A timeline is steered.
    Steer(usize, TimelineControl),
    /// A single animation of a layer is steered.
    SteerAnimation(usize, usize, AnimationControl),
    /// A single animation of the sound is steered.
    SteerSound(AnimationControl),
    /// An event is fired.
    Fire(EventName),
    /// Another sound: nothing of the picture changes.
    Audio(Value),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u64..12).prop_map(Step::Wait),
        2 => (layer(), any::<bool>(), 0_usize..6)
            .prop_map(|(layer, into_group, index)| Step::Create { layer, into_group, index }),
        1 => any::<usize>().prop_map(Step::Delete),
        2 => (any::<usize>(), common()).prop_map(|(layer, patch)| Step::Patch { layer, patch }),
        1 => (any::<usize>(), content()).prop_map(|(layer, content)| Step::Patch { layer, patch: json!({"content": content}) }),
        1 => (any::<usize>(), layer()).prop_map(|(layer, with)| Step::Replace { layer, with }),
        2 => (any::<usize>(), option::of(0_usize..4), 0_usize..6)
            .prop_map(|(layer, into_group, index)| Step::Move { layer, into_group, index }),
        2 => (option::of(any::<usize>()), 0..4_usize, 1..5_usize)
            .prop_map(|(of_group, rotate, count)| Step::Order { of_group, rotate, count }),
        2 => (any::<usize>(), option::of(option::of(any::<usize>())), option::of(0..4_usize))
            .prop_map(|(layer, into, index)| Step::Shift { layer, into, index }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(layer, drop)| Step::Rearrange { layer, drop }),
        1 => any::<usize>().prop_map(Step::Reload),
        1 => size().prop_map(|(width, height)| Step::Resize { width, height }),
        4 => steering(),
        1 => animation_control().prop_map(Step::SteerSound),
        1 => select(vec!["goal", "break"]).prop_map(|name| Step::Fire(EventName::new(name).unwrap())),
        1 => (0.0..4.0, any::<bool>()).prop_map(|(volume, muted)| Step::Audio(json!({"volume": volume,
            "tracks": [{"id": "tone", "source": {"type": "tone", "frequency": 440}, "muted": muted,
                "animations": [{"property": "volume", "to": volume / 2.0, "duration": 1.5, "repeat": 2}]}]}))),
        1 => (color(), 50_u32..300).prop_map(|(background, width)| Step::Canvas(json!({"width": width, "height": 150, "background": background}))),
    ]
}

/// A timeline or an animation is steered.
pub(crate) fn steering() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (any::<usize>(), control()).prop_map(|(timeline, control)| Step::Steer(timeline, control)),
        1 => (any::<usize>(), any::<usize>(), animation_control())
            .prop_map(|(layer, index, control)| Step::SteerAnimation(layer, index, control)),
    ]
}

fn control() -> impl Strategy<Value = TimelineControl> {
    prop_oneof![
        2 => Just(TimelineControl::Play),
        1 => Just(TimelineControl::Pause),
        1 => Just(TimelineControl::Reverse),
        1 => Just(TimelineControl::Cancel),
        1 => (0.2..5.0).prop_map(|rate| TimelineControl::Rate { rate }),
        1 => (0.0..4.0).prop_map(|to| TimelineControl::Seek { to: SeekTarget::Seconds(to) }),
    ]
}

fn animation_control() -> impl Strategy<Value = AnimationControl> {
    prop_oneof![
        2 => Just(AnimationControl::Play),
        2 => Just(AnimationControl::Pause),
        1 => Just(AnimationControl::Reverse),
        1 => Just(AnimationControl::Restart),
        1 => Just(AnimationControl::Cancel),
        1 => (0.2..5.0).prop_map(|rate| AnimationControl::Rate { rate }),
        1 => (0.0..4.0).prop_map(|to| AnimationControl::Seek { to }),
    ]
}

/// The edits that a step makes of this scene: none if there is nothing for it to change. The scene refuses some.
pub(crate) fn edits(step: &Step, scene: &SceneDocument, next: &mut u32) -> Vec<Edit> {
    let layers: Vec<&LayerDocument> = scene.walk().collect();
    let groups: Vec<&LayerDocument> =
        layers.iter().copied().filter(|layer| matches!(layer.content, Content::Group(_))).collect();
    let pick = |at: usize| layers.get(at % layers.len().max(1)).copied();
    let group = |at: usize| -> Option<LayerId> { groups.get(at % groups.len().max(1)).map(|group| group.id.clone()) };
    let mut edits = || {
        Some(match step {
            Step::Wait(_) | Step::Resize { .. } => return None,
            Step::Create { layer, into_group, index } => {
                let parent = if *into_group { group(0) } else { None };
                vec![Edit::CreateLayer { layer: Box::new(read(layer.clone(), next)), parent, index: Some(*index) }]
            }
            Step::Delete(at) => vec![Edit::DeleteLayer { id: pick(*at)?.id.clone() }],
            Step::Patch { layer, patch } => {
                vec![Edit::PatchLayer { id: pick(*layer)?.id.clone(), patch: patch.clone() }]
            }
            Step::Replace { layer, with } => {
                let id = pick(*layer)?.id.clone();
                let mut with = read(with.clone(), next);
                with.id = id.clone();
                vec![Edit::ReplaceLayer { id, layer: Box::new(with) }]
            }
            Step::Move { layer, into_group, index } => {
                let layer = pick(*layer)?.clone();
                let parent = into_group.and_then(group);
                let delete = Edit::DeleteLayer { id: layer.id.clone() };
                vec![delete, Edit::CreateLayer { layer: Box::new(layer), parent, index: Some(*index) }]
            }
            Step::Order { of_group, rotate, count } => {
                let parent = of_group.and_then(group);
                let list = match &parent {
                    Some(parent) => &groups.iter().find(|group| group.id == *parent)?.children,
                    None => &scene.layers,
                };
                let mut order: Vec<LayerId> = list.iter().rev().take(*count).map(|layer| layer.id.clone()).collect();
                let count = order.len().max(1);
                order.rotate_left(rotate % count);
                if order.is_empty() {
                    return None;
                }
                vec![Edit::OrderLayers { parent, order }]
            }
            Step::Shift { layer, into, index } => {
                let parent = into.map(|group_number| group_number.and_then(group));
                vec![Edit::MoveLayer { id: pick(*layer)?.id.clone(), parent, index: *index }]
            }
            Step::Rearrange { layer, drop } => {
                let mut layer = pick(*layer)?.clone();
                if *drop {
                    layer.children.pop();
                }
                layer.children.reverse();
                vec![Edit::ReplaceLayer { id: layer.id.clone(), layer: Box::new(layer) }]
            }
            Step::Reload(from) => {
                let mut scene = Box::new(scene.clone());
                if let Some(first) = scene.layers.first_mut() {
                    let children = std::mem::take(&mut first.children);
                    scene.layers.extend(children);
                    let from = from % scene.layers.len();
                    scene.layers.rotate_left(from);
                }
                // From its beginning, or with what stays the same going on.
                vec![if from % 2 == 0 {
                    Edit::LoadScene { scene }
                } else {
                    Edit::PutScene { id: SceneId::main(), scene }
                }]
            }
            Step::Steer(at, control) => {
                let timeline = scene.timelines.get(at % scene.timelines.len().max(1))?;
                vec![Edit::ControlTimeline { id: timeline.id.clone(), control: control.clone() }]
            }
            Step::SteerAnimation(at, index, control) => {
                let animated = || layers.iter().filter(|layer| !layer.animations.0.is_empty());
                let layer = animated().nth(at % animated().count().max(1))?;
                let index = index % layer.animations.0.len();
                vec![Edit::ControlAnimation { id: layer.id.clone(), index, control: *control }]
            }
            Step::SteerSound(control) => {
                let track = scene.audio.tracks.iter().find(|track| !track.animations.0.is_empty())?;
                let track = Some(track.id.clone());
                vec![Edit::ControlSoundAnimation { track, index: 0, control: *control }]
            }
            Step::Fire(name) => vec![Edit::FireEvent { name: name.clone() }],
            Step::Audio(audio) => vec![Edit::SetAudio { audio: serde_json::from_value(audio.clone()).unwrap() }],
            Step::Canvas(canvas) => vec![Edit::SetCanvas { canvas: serde_json::from_value(canvas.clone()).unwrap() }],
        })
    };
    edits().unwrap_or_default()
}

//! Strategies for proptest: documents that are valid, of every kind.
//!
//! Numbers stay near the size of a canvas, so that the scenes can be drawn as well.

mod audio;
mod content;
mod motion;
mod preset;
mod style;
mod transition;
mod values;

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::json;

use super::{CanvasDocument, Fingerprint, LayerDocument, SafeAreas, SceneDocument};
use crate::{
    animation::timeline::{LabelName, SeekTarget, TimelineControl, TimelineId},
    animation::trigger::{EventName, TriggerId, TriggerRef},
    animation::{AnimationControl, Animations, Presets, Transitions},
    asset::{AssetDocument, AssetId, AssetKind},
    audio::TrackId,
    blend::BlendMode,
    content::{Content, GroupContent},
    edit::{DocumentName, Edit},
    effects::Effects,
    held::SceneId,
    layer::{LayerId, LayerName, LayerType, Opacity, Stacking, Visibility},
};
use audio::with_sounds_of;
use motion::{animation, transitions};
use preset::preset;
use style::{effect, layer_mask, limit, limit_layers, mask, mask_by_layers, transform};
use values::{color, fit, length, share};

pub use self::{audio::audio, content::content, motion::motion, transition::transition};

/// Layers that a scene has at most, groups included.
pub const MAX_LAYERS: usize = 50;

const PATHS: [&str; 3] =
    ["M 0 0 L 100 0 L 50 80 Z", "M0,0c10,20,30,40,50,60", "M 10 10 h 80 v 80 h -80 Z m 20 20 h 40"];
const TEXTS: [&str; 6] =
    ["", "Hello", "two\nlines", "\"quoted\" \\ // no comment", "سلام 世界 🎬", "tab\tand nul \u{1}"];
const KINDS: [AssetKind; 5] =
    [AssetKind::Image, AssetKind::AnimatedImage, AssetKind::Svg, AssetKind::Font, AssetKind::Audio];
const EASINGS: [&str; 5] = ["linear", "ease", "easeInOutCubic", "cubic-bezier(0.2, 0, 0, 1)", "steps(4, jump-end)"];

/// Whole scenes with up to [`MAX_LAYERS`] layers.
pub fn scene() -> BoxedStrategy<SceneDocument> {
    let assets = vec((select(KINDS.to_vec()), "[a-z]{1,8}(/[a-z]{1,8})?\\.(png|ttf|wav)"), 0..4);
    (assets, canvas(), audio(), select(TEXTS.to_vec()), (vec(layer_mask(), 0..4), vec(limit(), 0..3)))
        .prop_flat_map(|(assets, canvas, audio, name, (masks, limits))| {
            let assets: Vec<AssetDocument> = assets
                .into_iter()
                .enumerate()
                .filter_map(|(number, (kind, path))| {
                    Some(AssetDocument { id: AssetId::new(format!("asset-{number}")).ok()?, kind, path: path.into() })
                })
                .collect();
            let named: Vec<(AssetId, AssetKind)> = assets.iter().map(|asset| (asset.id.clone(), asset.kind)).collect();
            vec(layer(named), 0..8).prop_map(move |mut layers| {
                renumber(&mut layers, &mut 0);
                mask_by_layers(&mut layers, &masks);
                limit_layers(&mut layers, &limits);
                SceneDocument {
                    name: name.to_owned(),
                    canvas,
                    audio: with_sounds_of(audio.clone(), &assets),
                    assets: assets.clone(),
                    layers,
                    ..SceneDocument::default()
                }
            })
        })
        .prop_flat_map(|scene| {
            let layers: Vec<LayerId> = scene.walk().map(|layer| layer.id.clone()).collect();
            (motion(layers), option::of(transition(&scene.assets))).prop_map(
                move |((timelines, triggers), transition)| SceneDocument {
                    timelines,
                    triggers,
                    transition,
                    ..scene.clone()
                },
            )
        })
        .boxed()
}

/// Edits of every kind, each valid in itself. Whether a scene takes one is another matter.
pub fn edit() -> BoxedStrategy<Edit> {
    let id = || select(vec!["layer-1", "a.b", "Z_9"]).prop_filter_map("an id", |id| LayerId::new(id).ok());
    let timeline = || "[a-z]{1,8}".prop_filter_map("an id", |id| TimelineId::new(id).ok());
    let held = || "[a-z]{1,8}".prop_filter_map("an id", |id| SceneId::new(id).ok());
    let layer = || scene().prop_filter_map("a layer", |scene| scene.layers.into_iter().next().map(Box::new));
    let index = || option::of(0..1000_usize);
    let patch = select(vec![
        json!({}),
        json!({ "opacity": 0.25, "mask": null, "transform": { "rotation": -12.5 } }),
        json!({ "content": { "type": "text", "text": "\u{1}\"", "~/": [1, 2.5, null, {}] } }),
    ]);
    let target = prop_oneof![
        (0.0..1e9).prop_map(SeekTarget::Seconds),
        "[a-z]{1,8}".prop_filter_map("a label", |name| LabelName::new(name).ok().map(SeekTarget::Label)),
    ];
    let control = prop_oneof![
        select(vec![TimelineControl::Play, TimelineControl::Pause, TimelineControl::Reverse, TimelineControl::Cancel,]),
        target.prop_map(|to| TimelineControl::Seek { to }),
        (0.001..1000.0).prop_map(|rate| TimelineControl::Rate { rate }),
    ];
    let trigger = || motion::trigger(&[], LayerId::new("layer-1").into_iter().collect()).prop_map(Box::new);
    let trigger_name = || {
        let id = "[a-z]{1,8}".prop_filter_map("an id", |id| TriggerId::new(id).ok().map(TriggerRef::Id));
        prop_oneof![id, (0..3_usize).prop_map(TriggerRef::Place)]
    };
    let track = || "[a-z]{1,8}".prop_filter_map("a track", |id| TrackId::new(id).ok());
    let volume = || (0..=100_u32).prop_map(|percent| f64::from(percent) / 100.0);
    let patched_trigger =
        (0..3_usize).prop_map(|event| json!({ "on": { "type": "event", "name": format!("e{event}") } }));
    let steered = prop_oneof![
        select(vec![
            AnimationControl::Play,
            AnimationControl::Pause,
            AnimationControl::Reverse,
            AnimationControl::Restart,
            AnimationControl::Cancel,
        ]),
        (0.0..1e9).prop_map(|to| AnimationControl::Seek { to }),
        (0.001..1000.0).prop_map(|rate| AnimationControl::Rate { rate }),
    ];
    let name = prop_oneof![
        trigger_name().prop_map(|id| DocumentName::Trigger { id }),
        id().prop_map(|id| DocumentName::Layer { id }),
        held().prop_map(|id| DocumentName::Scene { id }),
        Just(DocumentName::Canvas {}),
        Just(DocumentName::Audio {}),
        track().prop_map(|id| DocumentName::Track { id }),
        timeline().prop_map(|id| DocumentName::Timeline { id }),
        "[a-z]{1,8}".prop_filter_map("an asset", |id| Some(DocumentName::Asset { id: AssetId::new(id).ok()? })),
    ]
    .boxed();
    let timelines = motion(LayerId::new("layer-1").into_iter().collect());
    prop_oneof![
        scene().prop_map(|scene| Edit::LoadScene { scene: Box::new(scene) }),
        (held(), scene()).prop_map(|(id, scene)| Edit::PutScene { id, scene: Box::new(scene) }),
        held().prop_map(|id| Edit::DeleteScene { id }),
        (held(), option::of(transition(&[]))).prop_map(|(id, transition)| Edit::ActivateScene { id, transition }),
        scene().prop_filter_map("an asset", |mut scene| Some(Edit::PutAsset { asset: scene.assets.pop()? })),
        "[a-z]{1,8}".prop_filter_map("an id", |id| Some(Edit::DeleteAsset { id: AssetId::new(id).ok()? })),
        canvas().prop_map(|canvas| Edit::SetCanvas { canvas }),
        scene().prop_map(|scene| Edit::SetAudio { audio: scene.audio }),
        (layer(), option::of(id()), index()).prop_map(|(layer, parent, index)| Edit::CreateLayer {
            layer,
            parent,
            index
        }),
        (id(), layer()).prop_map(|(id, layer)| Edit::ReplaceLayer { id, layer }),
        (id(), patch).prop_map(|(id, patch)| Edit::PatchLayer { id, patch }),
        id().prop_map(|id| Edit::DeleteLayer { id }),
        (id(), animation()).prop_map(|(id, animation)| Edit::AddAnimation { id, animation: Box::new(animation) }),
        (id(), 0..4_usize).prop_map(|(id, index)| Edit::RemoveAnimation { id, index }),
        (id(), 0..4_usize, steered.clone()).prop_map(|(id, index, control)| Edit::ControlAnimation {
            id,
            index,
            control
        }),
        (option::of(track()), 0..4_usize, steered).prop_map(|(track, index, control)| Edit::ControlSoundAnimation {
            track,
            index,
            control
        }),
        (option::of(track()), 0..4_usize).prop_map(|(track, index)| Edit::RemoveSoundAnimation { track, index }),
        (option::of(track()), animation())
            .prop_map(|(track, animation)| Edit::AddSoundAnimation { track, animation: Box::new(animation) }),
        (id(), option::of(option::of(id())), index()).prop_map(|(id, parent, index)| Edit::MoveLayer {
            id,
            parent,
            index
        }),
        timelines.prop_filter_map("a timeline", |(mut timelines, _)| {
            Some(Edit::PutTimeline { timeline: Box::new(timelines.pop()?) })
        }),
        timeline().prop_map(|id| Edit::DeleteTimeline { id }),
        (timeline(), control).prop_map(|(id, control)| Edit::ControlTimeline { id, control }),
        trigger().prop_map(|trigger| Edit::AddTrigger { trigger }),
        (trigger_name(), trigger()).prop_map(|(id, trigger)| Edit::PutTrigger { id, trigger }),
        (trigger_name(), patched_trigger).prop_map(|(id, patch)| Edit::PatchTrigger { id, patch }),
        trigger_name().prop_map(|id| Edit::DeleteTrigger { id }),
        ("#[0-9a-f]{6}", select(vec!["cover", "contain"]))
            .prop_map(|(background, fit)| Edit::PatchCanvas { patch: json!({ "background": background, "fit": fit }) }),
        volume().prop_map(|volume| Edit::PatchAudio { patch: json!({ "volume": volume }) }),
        scene().prop_filter_map("a track", |mut scene| Some(Edit::PutTrack { track: scene.audio.tracks.pop()? })),
        (track(), volume(), any::<bool>()).prop_map(|(id, volume, muted)| Edit::PatchTrack {
            id,
            patch: json!({ "volume": volume, "muted": muted })
        }),
        track().prop_map(|id| Edit::DeleteTrack { id }),
        (0..3_usize).prop_map(|place| Edit::FireTrigger { trigger: TriggerRef::Place(place) }),
        "[a-z]{1,8}".prop_filter_map("an event", |name| Some(Edit::FireEvent { name: EventName::new(name).ok()? })),
        (option::of(id()), vec(id(), 1..4)).prop_map(|(parent, order)| Edit::OrderLayers { parent, order }),
        name.clone().prop_map(|document| Edit::ExpectAbsent { document }),
        (name, option::of(vec(any::<u64>(), 0..3))).prop_map(|(document, versions)| Edit::Expect {
            document,
            etags: versions.map(|versions| versions.iter().map(Fingerprint::of).collect()),
        }),
    ]
    .boxed()
}

/// A layer of any content, with children if that is a group; pictures are of these assets. Ids are unique within it.
pub fn layer(assets: Vec<(AssetId, AssetKind)>) -> BoxedStrategy<LayerDocument> {
    let leaf = (bare_layer(), content(assets)).prop_map(|(layer, content)| LayerDocument { content, ..layer });
    leaf.prop_recursive(3, 12, 4, |inner| {
        (bare_layer(), vec(inner, 0..4)).prop_map(|(layer, children)| LayerDocument {
            content: Content::Group(GroupContent {}),
            children,
            ..layer
        })
    })
    .prop_map(|mut layer| {
        renumber(&mut layer.children, &mut 1);
        layer
    })
    .boxed()
}

/// Gives each layer an id of its own, and leaves out layers that would be too many.
fn renumber(layers: &mut Vec<LayerDocument>, count: &mut usize) {
    layers.retain_mut(|layer| {
        *count += 1;
        if let Ok(id) = LayerId::new(format!("layer-{count}")) {
            layer.id = id;
        }
        renumber(&mut layer.children, count);
        *count <= MAX_LAYERS
    });
}

/// Everything that any layer has, but for content and children.
fn bare_layer() -> BoxedStrategy<LayerDocument> {
    let types = [LayerType::Host, LayerType::Assistant, LayerType::VisualFeed, LayerType::Overlay, LayerType::Chat];
    let looks = (
        select(TEXTS.to_vec()),
        select(types.to_vec()),
        -5..5_i32,
        prop::bool::weighted(0.9),
        share(),
        select(BlendMode::ALL.to_vec()),
    );
    let rest = (
        transform(),
        option::weighted(0.2, mask()),
        vec(effect(), 0..2),
        (vec(animation(), 0..3), vec(preset(), 0..2)),
        transitions(),
    );
    (looks, rest)
        .prop_filter_map("a valid id", |(looks, (transform, mask, effects, (animations, presets), transitions))| {
            let (name, layer_type, z_index, visible, opacity, blend) = looks;
            Some(LayerDocument {
                name: LayerName(name.to_owned()),
                layer_type,
                z_index: Stacking(z_index),
                visible: Visibility(visible),
                opacity: Opacity(opacity),
                transform,
                blend,
                mask,
                effects: Effects(effects),
                animations: Animations(animations),
                presets: Presets(presets),
                transitions: Transitions(transitions),
                ..LayerDocument::new(LayerId::new("layer").ok()?, Content::Group(GroupContent {}))
            })
        })
        .boxed()
}

fn canvas() -> BoxedStrategy<CanvasDocument> {
    (16..=640_u32, 16..=360_u32, color(), fit(), length(0.0..20.0), length(0.0..20.0))
        .prop_map(|(width, height, background, fit, action, title)| CanvasDocument {
            width,
            height,
            background,
            fit,
            safe_areas: SafeAreas { action, title },
        })
        .boxed()
}

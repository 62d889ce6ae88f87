//! The layers, tracks and assets of a scene as lists, each with the JSON pointer to it.
//!
//! The checks of meaning look at this rather than at the scene itself, so that a scene that cannot be read as a whole
//! is still checked in what can be made out of it.

mod salvage;

use std::borrow::Cow;

use super::{LayerDocument, SceneDocument};
use crate::{
    animation::{
        Animation, Parts, Preset, Transition,
        timeline::{Step, TimelineDocument},
        trigger::{Action, Cause, TriggerDocument},
    },
    asset::{AssetDocument, AssetId, AssetKind},
    audio::{AudioDocument, AudioSource, TrackDocument, TrackId, TrackMix},
    content::Content,
    effects::Effects,
    mask::Mask,
};

/// What the checks of meaning look at.
#[derive(Default)]
pub(super) struct Outline<'a> {
    pub(super) assets: Vec<AssetEntry<'a>>,
    /// Whether these are all assets that there are.
    pub(super) assets_known: bool,
    /// Parents before children.
    pub(super) layers: Vec<LayerEntry<'a>>,
    /// Whether these are all layers that there are.
    pub(super) layers_known: bool,
    pub(super) timelines: Vec<TimelineEntry<'a>>,
    /// Whether these are all timelines that there are.
    pub(super) timelines_known: bool,
    pub(super) triggers: Vec<TriggerEntry<'a>>,
    pub(super) tracks: Vec<TrackEntry<'a>>,
    /// Whether these are all tracks that there are.
    pub(super) tracks_known: bool,
    /// The animations of the whole mix, each with its index, below that pointer.
    pub(super) of_mix: (String, Vec<(usize, Cow<'a, Animation>)>),
    /// All of it, if it could be read.
    pub(super) scene: Option<&'a SceneDocument>,
}

/// A timeline; `None` is what could not be read.
pub(super) struct TimelineEntry<'a> {
    pub(super) pointer: String,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) document: Option<Cow<'a, TimelineDocument>>,
    /// The steps that animate something, as far as they can be read, however deep, each with its pointer.
    pub(super) steps: Vec<(String, Cow<'a, Step>)>,
}

/// A trigger, as far as it can be read.
pub(super) struct TriggerEntry<'a> {
    pub(super) pointer: String,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) cause: Option<(String, Cow<'a, Cause>)>,
    pub(super) actions: Vec<(String, Cow<'a, Action>)>,
}

/// An asset; `None` is what could not be read.
pub(super) struct AssetEntry<'a> {
    pub(super) pointer: String,
    pub(super) id: Cow<'a, str>,
    pub(super) kind: Option<AssetKind>,
    pub(super) path: Option<Cow<'a, str>>,
}

/// A track of the sound; `None` is what could not be read.
pub(super) struct TrackEntry<'a> {
    pub(super) pointer: String,
    pub(super) id: Option<Cow<'a, str>>,
    /// The assets that it plays, each with its index.
    pub(super) assets: Vec<(usize, Cow<'a, str>)>,
    /// The tracks that it makes way for, each with its index.
    pub(super) ducked_by: Vec<(usize, Cow<'a, str>)>,
    /// What of it can be animated, if that is known.
    pub(super) mix: Option<TrackMix>,
    /// Each with its index.
    pub(super) animations: Vec<(usize, Cow<'a, Animation>)>,
}

/// A layer; `None` is what could not be read.
pub(super) struct LayerEntry<'a> {
    pub(super) pointer: String,
    /// Groups around it.
    pub(super) depth: usize,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) is_group: Option<bool>,
    pub(super) content: Option<Cow<'a, Content>>,
    /// The asset that its content names, and of what kind it has to be.
    pub(super) asset: Option<(Cow<'a, str>, AssetKind)>,
    /// The layer that is its mask.
    pub(super) mask_layer: Option<Cow<'a, str>>,
    /// Whether some variants leave it out.
    pub(super) is_limited: bool,
    pub(super) has_children: bool,
    /// Each with its index.
    pub(super) animations: Vec<(usize, Cow<'a, Animation>)>,
    /// Each with its index.
    pub(super) presets: Vec<(usize, Cow<'a, Preset>)>,
    pub(super) effects: Cow<'a, Effects>,
    pub(super) mask: Option<Cow<'a, Mask>>,
    /// Whether effects and mask, if there are any, can be read.
    pub(super) parts_known: bool,
    /// All of them, if they can be read.
    pub(super) transitions: Cow<'a, [Transition]>,
}

impl LayerEntry<'_> {
    /// What of it can be animated, if it is known what it shows.
    pub(super) fn parts(&self) -> Option<Parts<'_>> {
        if !self.parts_known {
            return None;
        }
        // What can be animated of a layer does not depend on how it mixes and whether it is drawn.
        Some(Parts { effects: &self.effects, mask: self.mask.as_deref(), ..Parts::from(self.content.as_deref()?) })
    }
}

impl<'a> Outline<'a> {
    pub(super) fn of_scene(scene: &'a SceneDocument) -> Self {
        Self {
            timelines: scene.timelines.iter().enumerate().map(timeline_entry).collect(),
            timelines_known: true,
            triggers: scene.triggers.iter().enumerate().map(trigger_entry).collect(),
            scene: Some(scene),
            layers_known: true,
            layers: Self::of_layers(&scene.layers).layers,
            ..Self::of_audio(&scene.audio, &scene.assets, "/audio")
        }
    }

    /// All layers of a scene; of all else nothing is known.
    pub(super) fn of_layers(layers: &'a [LayerDocument]) -> Self {
        let mut outline = Self { layers_known: true, ..Self::default() };
        for (index, layer) in layers.iter().enumerate() {
            outline.add(layer, format!("/layers/{index}"), 0);
        }
        outline
    }

    /// What is heard, on its own, with the assets of the scene that it is for. Pointers to tracks begin with `base`.
    pub(super) fn of_audio(audio: &'a AudioDocument, assets: &'a [AssetDocument], base: &str) -> Self {
        let entry = |(index, track): (usize, &'a TrackDocument)| TrackEntry {
            pointer: format!("{base}/tracks/{index}"),
            id: Some(track.id.as_str().into()),
            assets: match &track.source {
                AudioSource::Files(playlist) => named(playlist.assets.iter().map(AssetId::as_str)),
                AudioSource::Tone(_) => Vec::new(),
            },
            ducked_by: named(track.duck.iter().flat_map(|duck| &duck.by).map(TrackId::as_str)),
            mix: Some(track.into()),
            animations: track.animations.0.iter().map(Cow::Borrowed).enumerate().collect(),
        };
        Self {
            assets: asset_entries(assets),
            assets_known: true,
            tracks: audio.tracks.iter().enumerate().map(entry).collect(),
            tracks_known: true,
            of_mix: (format!("{base}/animations"), audio.animations.0.iter().map(Cow::Borrowed).enumerate().collect()),
            ..Self::default()
        }
    }

    /// A layer on its own; `assets` are those of the scene that it is for, if that is known.
    pub(super) fn of_layer(layer: &'a LayerDocument, assets: Option<&'a [AssetDocument]>) -> Self {
        let mut outline = Self {
            assets: assets.map(asset_entries).unwrap_or_default(),
            assets_known: assets.is_some(),
            ..Self::default()
        };
        outline.add(layer, String::new(), 0);
        outline
    }

    fn add(&mut self, layer: &'a LayerDocument, pointer: String, depth: usize) {
        let children = format!("{pointer}/children/");
        self.layers.push(LayerEntry {
            pointer,
            depth,
            id: Some(layer.id.as_str().into()),
            is_group: Some(matches!(layer.content, Content::Group(_))),
            content: Some(Cow::Borrowed(&layer.content)),
            asset: layer.content.asset().map(|(asset, kind)| (asset.as_str().into(), kind)),
            mask_layer: layer.mask.as_ref().and_then(Mask::layer).map(|id| id.as_str().into()),
            is_limited: !layer.variants.is_all(),
            has_children: !layer.children.is_empty(),
            animations: layer.animations.0.iter().map(Cow::Borrowed).enumerate().collect(),
            presets: layer.presets.0.iter().map(Cow::Borrowed).enumerate().collect(),
            effects: Cow::Borrowed(&layer.effects),
            mask: layer.mask.as_ref().map(Cow::Borrowed),
            parts_known: true,
            transitions: Cow::Borrowed(&layer.transitions.0),
        });
        for (index, child) in layer.children.iter().enumerate() {
            self.add(child, format!("{children}{index}"), depth + 1);
        }
    }
}

fn asset_entries(assets: &[AssetDocument]) -> Vec<AssetEntry<'_>> {
    let mut entries = Vec::with_capacity(assets.len());
    for (index, asset) in assets.iter().enumerate() {
        entries.push(AssetEntry {
            pointer: format!("/assets/{index}"),
            id: asset.id.as_str().into(),
            kind: Some(asset.kind),
            path: Some(asset.path.to_string_lossy()),
        });
    }
    entries
}

pub(super) fn timeline_entry((index, timeline): (usize, &TimelineDocument)) -> TimelineEntry<'_> {
    let pointer = format!("/timelines/{index}");
    let mut steps = Vec::new();
    add_steps(&timeline.steps, &pointer, &mut steps);
    TimelineEntry { pointer, id: Some(timeline.id.as_str().into()), document: Some(Cow::Borrowed(timeline)), steps }
}

fn add_steps<'a>(steps: &'a [Step], pointer: &str, to: &mut Vec<(String, Cow<'a, Step>)>) {
    for (index, step) in steps.iter().enumerate() {
        let pointer = format!("{pointer}/steps/{index}");
        match step {
            Step::Sequence { steps } | Step::Parallel { steps } => add_steps(steps, &pointer, to),
            Step::Stagger { .. } | Step::Animate { .. } | Step::AnimateTrack { .. } | Step::Preset { .. } => {
                to.push((pointer, Cow::Borrowed(step)));
            }
            Step::Wait { .. } | Step::Label { .. } | Step::Timeline { .. } => {}
        }
    }
}

pub(super) fn trigger_entry((index, trigger): (usize, &TriggerDocument)) -> TriggerEntry<'_> {
    let actions = trigger.actions.iter().enumerate();
    TriggerEntry {
        pointer: format!("/triggers/{index}"),
        id: trigger.id.as_ref().map(|id| id.as_str().into()),
        cause: Some((format!("/triggers/{index}/on"), Cow::Borrowed(&trigger.on))),
        actions: actions.map(|(at, action)| (format!("/triggers/{index}/do/{at}"), Cow::Borrowed(action))).collect(),
    }
}

fn named<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(usize, Cow<'a, str>)> {
    names.map(Cow::Borrowed).enumerate().collect()
}

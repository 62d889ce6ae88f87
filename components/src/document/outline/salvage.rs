//! What can be made out of a document that does not have the structure it should have.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::{AssetEntry, LayerEntry, Outline, TimelineEntry, TrackEntry, TriggerEntry};
use crate::{
    animation::{
        Animation,
        timeline::{Step, TimelineId},
    },
    asset::{AssetId, AssetKind},
    audio::{Ducking, TrackMix},
    document::{
        source::{Data, Node, Source},
        words::nearest,
    },
    effects::Effects,
    mask::Mask,
    variants::Variants,
};

impl Outline<'static> {
    /// What can be made out of a scene that does not have the structure it should have.
    pub(in crate::document) fn salvaged_scene(source: &Source) -> Self {
        let root = &source.root;
        let assets: Vec<AssetEntry<'static>> =
            items(root.child("assets")).iter().enumerate().filter_map(salvaged_asset).collect();
        let timelines: Vec<TimelineEntry<'static>> =
            items(root.child("timelines")).iter().enumerate().map(salvaged_timeline).collect();
        let tracks = root.child("audio").and_then(|audio| audio.child("tracks"));
        let tracks: Vec<TrackEntry<'static>> = items(tracks).iter().enumerate().map(salvaged_track).collect();
        // An asset whose id cannot be read may be the one that a layer means.
        let assets_known = assets.len() == items(root.child("assets")).len() && is_list(root, "assets");
        let mut outline = Self {
            assets,
            assets_known,
            timelines_known: is_list(root, "timelines") && timelines.iter().all(|entry| entry.id.is_some()),
            timelines,
            triggers: items(root.child("triggers")).iter().enumerate().map(salvaged_trigger).collect(),
            tracks_known: tracks.iter().all(|track| track.id.is_some()),
            tracks,
            of_mix: (
                "/audio/animations".to_owned(),
                salvaged_animations(root.child("audio").and_then(|audio| audio.child("animations"))),
            ),
            ..Self::default()
        };
        outline.salvage_all(root.child("layers"), "/layers", 0);
        outline.layers_known = is_list(root, "layers") && outline.layers.iter().all(|entry| entry.id.is_some());
        outline
    }

    /// The same of a layer.
    pub(in crate::document) fn salvaged_layer(source: &Source) -> Self {
        let mut outline = Self::default();
        outline.salvage(&source.root, String::new(), 0);
        outline
    }

    fn salvage_all(&mut self, node: Option<&Node>, pointer: &str, depth: usize) {
        for (index, item) in items(node).iter().enumerate() {
            self.salvage(item, format!("{pointer}/{index}"), depth);
        }
    }

    fn salvage(&mut self, node: &Node, pointer: String, depth: usize) {
        let content = node.child("content");
        let content_type = content.and_then(|content| text(content.child("type")?));
        let below = format!("{pointer}/children");
        let presets = items(node.child("presets")).iter().enumerate();
        let effects = node.child("effects").and_then(typed::<Effects>);
        let mask = node.child("mask").and_then(typed::<Mask>);
        let is_read = |name, value: bool| value || node.child(name).is_none();
        let parts_known = is_read("effects", effects.is_some()) && is_read("mask", mask.is_some());
        self.layers.push(LayerEntry {
            pointer,
            depth,
            id: node.child("id").and_then(text).map(Cow::Owned),
            is_group: content_type.as_ref().map(|content_type| content_type == "group"),
            content: content.and_then(typed).map(Cow::Owned),
            asset: content_type
                .as_deref()
                .and_then(AssetKind::of_content)
                .and_then(|kind| Some((Cow::Owned(text(content?.child("asset")?)?), kind))),
            mask_layer: node.child("mask").and_then(|mask| text(mask.child("shape")?.child("layer")?)).map(Cow::Owned),
            is_limited: node.child("variants").and_then(typed).is_some_and(|variants: Variants| !variants.is_all()),
            has_children: !items(node.child("children")).is_empty(),
            animations: salvaged_animations(node.child("animations")),
            presets: presets.filter_map(|(index, item)| Some((index, Cow::Owned(typed(item)?)))).collect(),
            effects: Cow::Owned(effects.unwrap_or_default()),
            mask: mask.map(Cow::Owned),
            parts_known,
            transitions: Cow::Owned(node.child("transitions").and_then(typed).unwrap_or_default()),
        });
        self.salvage_all(node.child("children"), &below, depth + 1);
    }
}

/// `None` if its id cannot be read.
fn salvaged_asset((index, item): (usize, &Node)) -> Option<AssetEntry<'static>> {
    Some(AssetEntry {
        pointer: format!("/assets/{index}"),
        id: typed::<AssetId>(item.child("id")?)?.as_str().to_owned().into(),
        kind: item.child("type").and_then(typed),
        path: item.child("path").and_then(text).map(Cow::Owned),
    })
}

fn salvaged_timeline((index, item): (usize, &Node)) -> TimelineEntry<'static> {
    let pointer = format!("/timelines/{index}");
    let mut steps = Vec::new();
    salvage_steps(item, &pointer, &mut steps);
    let id = item.child("id").and_then(typed::<TimelineId>);
    TimelineEntry {
        id: id.map(|id| id.as_str().to_owned().into()),
        document: typed(item).map(Cow::Owned),
        pointer,
        steps,
    }
}

fn salvage_steps(node: &Node, pointer: &str, to: &mut Vec<(String, Cow<'static, Step>)>) {
    for (index, item) in items(node.child("steps")).iter().enumerate() {
        let pointer = format!("{pointer}/steps/{index}");
        if item.child("steps").is_some() {
            salvage_steps(item, &pointer, to);
        } else if let Some(
            step @ (Step::Stagger { .. } | Step::Animate { .. } | Step::AnimateTrack { .. } | Step::Preset { .. }),
        ) = typed(item)
        {
            to.push((pointer, Cow::Owned(step)));
        }
    }
}

fn salvaged_trigger((index, item): (usize, &Node)) -> TriggerEntry<'static> {
    let cause = item.child("on").and_then(typed);
    let actions = items(item.child("do")).iter().enumerate();
    TriggerEntry {
        pointer: format!("/triggers/{index}"),
        id: item.child("id").and_then(text).map(Cow::Owned),
        cause: cause.map(|cause| (format!("/triggers/{index}/on"), Cow::Owned(cause))),
        actions: actions
            .filter_map(|(at, item)| Some((format!("/triggers/{index}/do/{at}"), Cow::Owned(typed(item)?))))
            .collect(),
    }
}

/// Whether a key that holds a list does hold one, and is not there under a misspelt name.
fn is_list(root: &Node, key: &str) -> bool {
    let is_misspelt = match &root.data {
        Data::Object(members) => {
            members.iter().any(|member| member.key != key && nearest(&member.key, [key]).is_some())
        }
        _ => true,
    };
    !is_misspelt && root.child(key).is_none_or(|node| matches!(node.data, Data::List(_)))
}

fn salvaged_track((index, item): (usize, &Node)) -> TrackEntry<'static> {
    let texts = |node: Option<&Node>| {
        let texts = items(node).iter().enumerate().filter_map(|(index, item)| Some((index, text(item)?.into())));
        texts.collect()
    };
    let duck = item.child("duck");
    let known_duck: Option<Ducking> = duck.and_then(typed);
    TrackEntry {
        pointer: format!("/audio/tracks/{index}"),
        id: item.child("id").and_then(text).map(Cow::Owned),
        assets: texts(item.child("source").and_then(|source| source.child("assets"))),
        ducked_by: texts(duck.and_then(|duck| duck.child("by"))),
        // What can be animated does not depend on how loud it is and whether it is muted.
        mix: (duck.is_none() || known_duck.is_some()).then(|| TrackMix {
            volume: 1.0,
            muted: false,
            duck: known_duck.as_ref().map(Into::into),
        }),
        animations: salvaged_animations(item.child("animations")),
    }
}

fn salvaged_animations(node: Option<&Node>) -> Vec<(usize, Cow<'static, Animation>)> {
    let animations = items(node).iter().enumerate();
    animations.filter_map(|(index, item)| Some((index, Cow::Owned(typed(item)?)))).collect()
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.data) {
        Some(Data::List(items)) => items,
        _ => &[],
    }
}

fn text(node: &Node) -> Option<String> {
    node.value().as_str().map(str::to_owned)
}

fn typed<T: DeserializeOwned>(node: &Node) -> Option<T> {
    T::deserialize(node.value()).ok()
}

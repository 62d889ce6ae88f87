//! The layers and assets of a scene as a list, each with the JSON pointer to it.
//!
//! The checks of meaning look at this rather than at the scene itself, so that a scene that cannot be read as a whole
//! is still checked in what can be made out of it.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::{
    LayerDocument, SceneDocument,
    source::{Data, Node, Source},
    words::nearest,
};
use crate::{
    animation::Animation,
    asset::{AssetDocument, AssetId, AssetKind},
    content::Content,
    mask::Mask,
};

/// What the checks of meaning look at.
pub(super) struct Outline<'a> {
    pub(super) assets: Vec<AssetEntry<'a>>,
    /// Whether these are all assets that there are.
    pub(super) assets_known: bool,
    /// Parents before children.
    pub(super) layers: Vec<LayerEntry<'a>>,
    /// Whether these are all layers that there are.
    pub(super) layers_known: bool,
}

/// An asset; `None` is what could not be read.
pub(super) struct AssetEntry<'a> {
    pub(super) pointer: String,
    pub(super) id: Cow<'a, str>,
    pub(super) kind: Option<AssetKind>,
    pub(super) path: Option<Cow<'a, str>>,
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
    pub(super) has_children: bool,
    /// Each with its index.
    pub(super) animations: Vec<(usize, Cow<'a, Animation>)>,
}

impl<'a> Outline<'a> {
    pub(super) fn of_scene(scene: &'a SceneDocument) -> Self {
        Self { assets: asset_entries(&scene.assets), assets_known: true, ..Self::of_layers(&scene.layers) }
    }

    /// All layers of a scene; of its assets nothing is known.
    pub(super) fn of_layers(layers: &'a [LayerDocument]) -> Self {
        let mut outline = Self { assets: Vec::new(), assets_known: false, layers: Vec::new(), layers_known: true };
        for (index, layer) in layers.iter().enumerate() {
            outline.add(layer, format!("/layers/{index}"), 0);
        }
        outline
    }

    /// A layer on its own; `assets` are those of the scene that it is for, if that is known.
    pub(super) fn of_layer(layer: &'a LayerDocument, assets: Option<&'a [AssetDocument]>) -> Self {
        let mut outline = Self {
            assets: assets.map(asset_entries).unwrap_or_default(),
            assets_known: assets.is_some(),
            layers: Vec::new(),
            layers_known: false,
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
            has_children: !layer.children.is_empty(),
            animations: layer.animations.0.iter().map(Cow::Borrowed).enumerate().collect(),
        });
        for (index, child) in layer.children.iter().enumerate() {
            self.add(child, format!("{children}{index}"), depth + 1);
        }
    }
}

impl Outline<'static> {
    /// What can be made out of a scene that does not have the structure it should have.
    pub(super) fn salvaged_scene(source: &Source) -> Self {
        let items = items(source.root.child("assets"));
        let assets: Vec<AssetEntry<'static>> = items.iter().enumerate().filter_map(salvaged_asset).collect();
        // An asset whose id cannot be read may be the one that a layer means; so may any if the key was misspelt.
        let misspelt = |key: &str| key != "assets" && nearest(key, ["assets"]).is_some();
        let assets_known = assets.len() == items.len()
            && match &source.root.data {
                Data::Object(members) => !members.iter().any(|member| misspelt(&member.key)),
                _ => false,
            }
            && source.root.child("assets").is_none_or(|assets| matches!(assets.data, Data::List(_)));
        let mut outline = Self { assets, assets_known, layers: Vec::new(), layers_known: false };
        outline.salvage_all(source.root.child("layers"), "/layers", 0);
        outline.layers_known = !outline.layers.is_empty() && outline.layers.iter().all(|entry| entry.id.is_some());
        outline
    }

    /// The same of a layer.
    pub(super) fn salvaged_layer(source: &Source) -> Self {
        let mut outline = Self { assets: Vec::new(), assets_known: false, layers: Vec::new(), layers_known: false };
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
        let animations = items(node.child("animations")).iter().enumerate();
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
            has_children: !items(node.child("children")).is_empty(),
            animations: animations.filter_map(|(index, item)| Some((index, Cow::Owned(typed(item)?)))).collect(),
        });
        self.salvage_all(node.child("children"), &below, depth + 1);
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

/// `None` if its id cannot be read.
fn salvaged_asset((index, item): (usize, &Node)) -> Option<AssetEntry<'static>> {
    Some(AssetEntry {
        pointer: format!("/assets/{index}"),
        id: typed::<AssetId>(item.child("id")?)?.as_str().to_owned().into(),
        kind: item.child("type").and_then(typed),
        path: item.child("path").and_then(text).map(Cow::Owned),
    })
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

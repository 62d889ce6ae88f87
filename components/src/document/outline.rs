//! The layers and assets of a scene as a list, each with the JSON pointer to it.

use std::borrow::Cow;

use serde::Deserialize as _;
use serde_json::Value;

use super::{
    LayerDocument, SceneDocument,
    source::{Data, Node, Source},
};
use crate::{
    asset::{AssetDocument, AssetId, AssetKind},
    content::{Content, GroupContent},
    layer::LayerId,
};

/// What the checks of meaning look at.
pub(super) struct Outline<'a> {
    /// `None` where it is not known what assets there are.
    pub(super) assets: Option<Vec<AssetEntry>>,
    /// Parents before children.
    pub(super) layers: Vec<LayerEntry<'a>>,
}

pub(super) struct AssetEntry {
    pub(super) pointer: String,
    pub(super) id: AssetId,
    /// `None` where it could not be read.
    pub(super) kind: Option<AssetKind>,
    /// `None` where it could not be read.
    pub(super) path: Option<std::path::PathBuf>,
}

pub(super) struct LayerEntry<'a> {
    pub(super) pointer: String,
    /// Its `children` are not looked at.
    pub(super) layer: Cow<'a, LayerDocument>,
    pub(super) has_children: bool,
    /// Groups around it.
    pub(super) depth: usize,
}

impl<'a> Outline<'a> {
    pub(super) fn of_scene(scene: &'a SceneDocument) -> Self {
        let mut outline = Self { assets: Some(asset_entries(&scene.assets)), layers: Vec::new() };
        for (index, layer) in scene.layers.iter().enumerate() {
            outline.add(layer, format!("/layers/{index}"), 0);
        }
        outline
    }

    /// A layer on its own; `assets` are those of the scene that it is for, if that is known.
    pub(super) fn of_layer(layer: &'a LayerDocument, assets: Option<&[AssetDocument]>) -> Self {
        let mut outline = Self { assets: assets.map(asset_entries), layers: Vec::new() };
        outline.add(layer, String::new(), 0);
        outline
    }

    fn add(&mut self, layer: &'a LayerDocument, pointer: String, depth: usize) {
        let children = format!("{pointer}/children/");
        self.layers.push(LayerEntry {
            pointer,
            layer: Cow::Borrowed(layer),
            has_children: !layer.children.is_empty(),
            depth,
        });
        for (index, child) in layer.children.iter().enumerate() {
            self.add(child, format!("{children}{index}"), depth + 1);
        }
    }
}

impl Outline<'static> {
    /// What can be made out of a scene that does not have the structure it should have.
    pub(super) fn salvaged_scene(source: &Source) -> Self {
        let assets = match source.root.child("assets").map(|assets| &assets.data) {
            Some(Data::List(items)) => salvaged_assets(items),
            Some(_) => None,
            // Without the key there are no assets; unless it was misspelt, and then nothing is known.
            None => matches!(&source.root.data, Data::Object(members) if members.iter().all(|m| m.key.starts_with('$')
                || super::words::nearest(&m.key, ["assets"]).is_none()))
            .then(Vec::new),
        };
        let mut outline = Self { assets, layers: Vec::new() };
        outline.salvage_list(source.root.child("layers"), "/layers", 0);
        outline
    }

    /// The same of a layer.
    pub(super) fn salvaged_layer(source: &Source) -> Self {
        let mut outline = Self { assets: None, layers: Vec::new() };
        outline.salvage(&source.root, String::new(), 0);
        outline
    }

    fn salvage_list(&mut self, node: Option<&Node>, pointer: &str, depth: usize) {
        if let Some(Data::List(items)) = node.map(|node| &node.data) {
            for (index, item) in items.iter().enumerate() {
                self.salvage(item, format!("{pointer}/{index}"), depth);
            }
        }
    }

    fn salvage(&mut self, node: &Node, pointer: String, depth: usize) {
        let Data::Object(members) = &node.data else { return };
        let children = node.child("children");
        let below = format!("{pointer}/children");
        let own = members.iter().filter(|member| member.key != "children");
        let own = Value::Object(own.map(|member| (member.key.clone(), member.value.value())).collect());
        // A layer that cannot be read still has its id, and its children.
        let layer = LayerDocument::deserialize(&own).ok().or_else(|| {
            let id = LayerId::new(own.get("id")?.as_str()?).ok()?;
            Some(LayerDocument::new(id, Content::Group(GroupContent {})))
        });
        if let Some(layer) = layer {
            let has_children =
                children.is_some_and(|children| matches!(&children.data, Data::List(items) if !items.is_empty()));
            self.layers.push(LayerEntry { pointer, layer: Cow::Owned(layer), has_children, depth });
        }
        self.salvage_list(children, &below, depth + 1);
    }
}

fn asset_entries(assets: &[AssetDocument]) -> Vec<AssetEntry> {
    let entry = |(index, asset): (usize, &AssetDocument)| AssetEntry {
        pointer: format!("/assets/{index}"),
        id: asset.id.clone(),
        kind: Some(asset.kind),
        path: Some(asset.path.clone()),
    };
    assets.iter().enumerate().map(entry).collect()
}

/// `None` if there is one whose id cannot be read: layers may well mean that one.
fn salvaged_assets(items: &[Node]) -> Option<Vec<AssetEntry>> {
    let entry = |(index, item): (usize, &Node)| {
        Some(AssetEntry {
            pointer: format!("/assets/{index}"),
            id: AssetId::new(item.child("id")?.value().as_str()?).ok()?,
            kind: item.child("type").and_then(|kind| AssetKind::deserialize(&kind.value()).ok()),
            path: item.child("path").and_then(|path| path.value().as_str().map(Into::into)),
        })
    };
    items.iter().enumerate().map(entry).collect()
}

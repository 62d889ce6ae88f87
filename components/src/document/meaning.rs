//! What a schema cannot say: whether the parts of a scene fit together.

use std::{
    collections::HashMap,
    path::{Component, Path},
};

use super::{
    LayerDocument, Limits, SceneDocument,
    fault::{Fault, MAX_FAULTS, Place},
    mask_layers,
    outline::{AssetEntry, LayerEntry, Outline},
    rules::quoted,
    variants,
    words::{counted, nearest, shown_key, shown_length, shown_number, shown_text},
};
use crate::{
    animation::{self, Animation, Parts},
    asset::{AssetDocument, AssetKind},
    audio::AudioDocument,
    content::{Content, ShapeContent, Stroke, TextContent, is_feature_tag},
    geometry::{Length, Size},
    paint::{Gradient, Paint},
};

/// Groups that may lie within each other.
pub const MAX_GROUP_DEPTH: usize = 16;

/// Characters that a text and its spans may have together: setting them takes time by the square of their number.
const MAX_CHARACTERS: usize = 5_000;

/// Everything about a scene that does not fit together; pointers count from the scene.
///
/// A scene that was parsed has been checked already; this is for one that was changed afterwards.
#[must_use]
pub fn check_scene(scene: &SceneDocument, limits: &Limits) -> Vec<Fault> {
    check(&Outline::of_scene(scene), limits, |_| None)
}

/// The same for a layer on its own, its children included; pointers count from the layer. Without `assets` it is not
/// checked whether the assets that it names exist.
#[must_use]
pub fn check_layer(layer: &LayerDocument, assets: Option<&[AssetDocument]>, limits: &Limits) -> Vec<Fault> {
    let outline = Outline::of_layer(layer, assets);
    let mut checks = Checks { place: |_: &str| None, faults: Vec::new(), named: Vec::new() };
    // The assets themselves are not this layer's business.
    checks.layers(&outline.layers, limits);
    checks.asset_names(&outline);
    checks.faults
}

/// What is wrong with how the layers of a scene depend on each other: which are masks of others, and which are left out of
/// variants; pointers count from the scene.
#[must_use]
pub fn check_together(layers: &[LayerDocument]) -> Vec<Fault> {
    let layers = Outline::of_layers(layers).layers;
    let mut faults = mask_layers::check(&layers);
    faults.extend(variants::check(&layers));
    faults
}

/// The same for what is heard; pointers count from it.
#[must_use]
pub fn check_audio(audio: &AudioDocument, assets: &[AssetDocument]) -> Vec<Fault> {
    let outline = Outline::of_audio(audio, assets, "");
    let mut checks = Checks { place: |_: &str| None, faults: Vec::new(), named: Vec::new() };
    checks.tracks(&outline);
    checks.faults
}

pub(super) fn check(outline: &Outline<'_>, limits: &Limits, place: impl Fn(&str) -> Option<Place>) -> Vec<Fault> {
    let mut checks = Checks { place, faults: Vec::new(), named: Vec::new() };
    checks.assets(&outline.assets);
    checks.layers(&outline.layers, limits);
    checks.motion(outline, limits);
    checks.asset_names(outline);
    if outline.layers_known {
        let faults: Vec<Fault> =
            mask_layers::check(&outline.layers).into_iter().chain(variants::check(&outline.layers)).collect();
        checks.faults.extend(faults.into_iter().map(|fault| Fault { place: (checks.place)(&fault.pointer), ..fault }));
        checks.faults.truncate(MAX_FAULTS);
    }
    checks.tracks(outline);
    if let Some(scene) = outline.scene {
        let fault = scene.transition.as_ref().and_then(|transition| transition.check(&scene.assets));
        checks.all("/transition", fault.into_iter().collect());
    }
    checks.faults
}

pub(super) struct Checks<P> {
    /// Where what a pointer points to is written.
    pub(super) place: P,
    pub(super) faults: Vec<Fault>,
    /// The assets that animations name: where, which, and of what kind it has to be.
    pub(super) named: Vec<(String, String, AssetKind)>,
}

impl<P: Fn(&str) -> Option<Place>> Checks<P> {
    pub(super) fn fault(&mut self, pointer: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) {
        if self.faults.len() >= MAX_FAULTS {
            return;
        }
        let pointer = pointer.into();
        let place = (self.place)(&pointer);
        self.faults.push(Fault { place, pointer, found: found.into(), expected: expected.into(), nearest: None });
    }

    /// `/layers/0` or, where it is known, `/layers/0 on line 12`.
    pub(super) fn whereabouts(&self, pointer: &str) -> String {
        let name = if pointer.is_empty() { "the outermost layer".to_owned() } else { format!("`{pointer}`") };
        match (self.place)(pointer) {
            Some(Place { line, .. }) => format!("{name} on line {line}"),
            None => name,
        }
    }

    fn assets(&mut self, assets: &[AssetEntry<'_>]) {
        let mut first: HashMap<&str, &str> = HashMap::new();
        for AssetEntry { pointer, id, path, .. } in assets {
            if let Some(earlier) = first.get(&**id) {
                let earlier = self.whereabouts(earlier);
                let expected = format!("an id that no other asset has: {earlier} has this one");
                self.fault(format!("{pointer}/id"), format!("the asset id `{id}` a second time"), expected);
            } else {
                first.insert(id, pointer);
            }
            if let Some(path) = path
                && !stays_inside(path)
            {
                self.fault(
                    format!("{pointer}/path"),
                    shown_text(path),
                    "a path inside the folder of the scene file, relative to it, without `..`",
                );
            }
        }
    }

    fn layers(&mut self, layers: &[LayerEntry<'_>], limits: &Limits) {
        if layers.len() > limits.max_layers {
            // The first that is too many.
            let pointer = layers.get(limits.max_layers).map(|entry| entry.pointer.clone()).unwrap_or_default();
            let (most, highest) = (limits.max_layers, Limits::HIGHEST.max_layers);
            let expected = if most < highest {
                format!("at most {most} (MAX_LAYERS): remove some, or raise MAX_LAYERS (up to {highest})")
            } else {
                format!("at most {most}, which no setting raises: remove some")
            };
            self.fault(pointer, counted(layers.len(), "layer", "layers"), expected);
        }
        let mut first: HashMap<&str, &str> = HashMap::new();
        for entry in layers {
            self.layer(entry);
            let Some(id) = entry.id.as_deref() else { continue };
            if let Some(earlier) = first.get(id) {
                let earlier = self.whereabouts(earlier);
                let expected = format!("an id that no other layer has: {earlier} has this one");
                self.fault(
                    format!("{}/id", entry.pointer),
                    format!("the layer id {} a second time", shown_key(id)),
                    expected,
                );
            } else {
                first.insert(id, &entry.pointer);
            }
        }
    }

    fn layer(&mut self, entry: &LayerEntry<'_>) {
        let pointer = &entry.pointer;
        if entry.has_children && entry.is_group == Some(false) {
            self.fault(
                format!("{pointer}/children"),
                "children in a layer that is not a group",
                "none; or `\"content\": { \"type\": \"group\" }`, with this content in a child of its own",
            );
        }
        if entry.depth == MAX_GROUP_DEPTH && entry.is_group == Some(true) {
            let found = format!("a group within {MAX_GROUP_DEPTH} groups");
            self.fault(pointer, found, format!("at most {MAX_GROUP_DEPTH} groups in each other"));
        }
        if let Some(content) = &entry.content {
            self.content(&format!("{pointer}/content"), content);
        }
        if let Some(parts) = entry.parts() {
            for (index, animation) in &entry.animations {
                self.animation(&format!("{pointer}/animations/{index}"), animation, parts);
            }
            for (index, preset) in &entry.presets {
                self.all(
                    &format!("{pointer}/presets/{index}"),
                    animation::check_preset(preset, parts).into_iter().collect(),
                );
            }
            let queues = entry.animations.iter().map(|(index, animation)| (*index, &**animation));
            self.all(&format!("{pointer}/animations"), animation::check_queues(queues));
            let faults = animation::check_transitions(&entry.transitions, parts);
            self.all(&format!("{pointer}/transitions"), faults);
        }
    }

    pub(super) fn animation(&mut self, pointer: &str, animation: &Animation, parts: Parts<'_>) {
        self.all(pointer, animation::check(animation, parts));
        if let Some((_, kind)) = parts.content.asset().filter(|_| animation.property.as_str() == "content.asset") {
            let values = animation::written(animation);
            let named =
                values.filter_map(|(at, value)| Some((format!("{pointer}{at}"), value.text()?.into_owned(), kind)));
            self.named.extend(named);
        }
    }

    /// Faults whose pointers count from `pointer`.
    pub(super) fn all(&mut self, pointer: &str, faults: Vec<Fault>) {
        for fault in faults {
            let pointer = format!("{pointer}{}", fault.pointer);
            self.faults.push(Fault { place: (self.place)(&pointer), pointer, ..fault });
        }
    }

    fn content(&mut self, pointer: &str, content: &Content) {
        match content {
            Content::Color(color) => self.size(pointer, color.size.as_ref()),
            Content::Gradient(gradient) => {
                self.gradient(&format!("{pointer}/gradient"), &gradient.gradient);
                self.size(pointer, gradient.size.as_ref());
            }
            Content::Image(image) => self.size(pointer, image.size.as_ref()),
            Content::AnimatedImage(image) => self.size(pointer, image.size.as_ref()),
            Content::Svg(image) => self.size(pointer, image.size.as_ref()),
            Content::Shape(ShapeContent { fill, stroke, .. }) => {
                if let Some(fill) = fill {
                    self.paint(&format!("{pointer}/fill"), fill);
                }
                if let Some(stroke) = stroke {
                    self.stroke(&format!("{pointer}/stroke"), stroke);
                }
            }
            Content::Text(text) => self.text(pointer, text),
            Content::Group(_) => {}
        }
    }

    fn text(&mut self, pointer: &str, text: &TextContent) {
        self.paint(&format!("{pointer}/fill"), &text.fill);
        if let Some(stroke) = &text.stroke {
            self.stroke(&format!("{pointer}/stroke"), stroke);
        }
        self.features(&format!("{pointer}/font/features"), text.font.features.keys());
        let count = text.spans.iter().map(|span| &span.text).chain([&text.text]).map(|text| text.chars().count());
        let count: usize = count.sum();
        if !text.spans.is_empty() && count > MAX_CHARACTERS {
            let expected = format!("at most {MAX_CHARACTERS} in `text` and all `spans` together");
            self.fault(format!("{pointer}/spans"), format!("{count} characters"), expected);
        }
        for (index, span) in text.spans.iter().enumerate() {
            let pointer = format!("{pointer}/spans/{index}");
            if let Some(fill) = &span.fill {
                self.paint(&format!("{pointer}/fill"), fill);
            }
            self.features(&format!("{pointer}/font/features"), span.font.features.keys());
        }
        if let Some(fit) = &text.auto_fit {
            if text.width.is_none() && text.height.is_none() {
                let expected = "a `width` or a `height` beside it, which the text is to fit into";
                self.fault(format!("{pointer}/autoFit"), "`autoFit` without a box", expected);
            }
            if fit.min_size > fit.max_size {
                let expected = format!("a size of at least {}, that of `minSize`", shown_number(fit.min_size));
                self.fault(format!("{pointer}/autoFit/maxSize"), format!("`{}`", shown_number(fit.max_size)), expected);
            }
        }
        if text.ticker.is_some() && text.width.is_none() {
            let expected = "a `width` beside it, through which the text runs";
            self.fault(format!("{pointer}/ticker"), "`ticker` without a box", expected);
        }
    }

    fn features<'a>(&mut self, pointer: &str, tags: impl Iterator<Item = &'a String>) {
        for tag in tags.filter(|tag| !is_feature_tag(tag)) {
            let expected = "the tag of an OpenType feature: four characters such as `liga`, `tnum` or `ss01`";
            self.fault(pointer, shown_text(tag), expected);
        }
    }

    fn size(&mut self, pointer: &str, size: Option<&Size>) {
        let Some(Size { width, height }) = size else { return };
        for (side, length) in [("width", width), ("height", height)] {
            let (Length::Px(value) | Length::Percent(value)) = length;
            if *value < 0.0 {
                self.fault(
                    format!("{pointer}/size/{side}"),
                    format!("`{}`", shown_length(*length)),
                    "a length of 0 or more",
                );
            }
        }
    }

    fn stroke(&mut self, pointer: &str, stroke: &Stroke) {
        self.paint(&format!("{pointer}/paint"), &stroke.paint);
        let dash = &stroke.dash;
        if !dash.len().is_multiple_of(2) {
            self.fault(
                format!("{pointer}/dash"),
                format!("a list of {}", dash.len()),
                "an even number of lengths: a dash, a gap, a dash, a gap, …",
            );
        }
        if !dash.is_empty() && dash.iter().sum::<f64>() <= 0.0 {
            self.fault(format!("{pointer}/dash"), "only lengths of 0", "at least one length above 0");
        }
    }

    fn paint(&mut self, pointer: &str, paint: &Paint) {
        if let Paint::Gradient(gradient) = paint {
            self.gradient(pointer, gradient);
        }
    }

    fn gradient(&mut self, pointer: &str, gradient: &Gradient) {
        for (index, pair) in gradient.stops().windows(2).enumerate() {
            let [before, stop] = [pair[0].offset, pair[1].offset];
            if stop < before {
                self.fault(
                    format!("{pointer}/stops/{}/offset", index + 1),
                    format!("`{}`", shown_number(stop)),
                    format!("an offset of at least {}, that of the stop before", shown_number(before)),
                );
            }
        }
    }

    /// Whether the assets exist that layers and their animations draw from.
    pub(super) fn asset_names(&mut self, outline: &Outline<'_>) {
        let by_animations = std::mem::take(&mut self.named);
        if !outline.assets_known {
            return;
        }
        let known: HashMap<&str, &AssetEntry<'_>> = outline.assets.iter().map(|asset| (&*asset.id, asset)).collect();
        let by_layers = outline.layers.iter().filter_map(|entry| {
            let (wanted, kind) = entry.asset.as_ref()?;
            Some((format!("{}/content/asset", entry.pointer), wanted.to_string(), *kind))
        });
        for (pointer, wanted, kind) in by_layers.chain(by_animations) {
            let (wanted, name) = (&*wanted, kind.name());
            let fits = |asset: &&AssetEntry<'_>| asset.kind.is_none_or(|other| other == kind);
            // As many as a scene may have.
            let fitting = || outline.assets.iter().filter(fits).map(|asset| &*asset.id).take(1000);
            let (found, expected) = match known.get(wanted) {
                Some(asset) if fits(asset) => continue,
                Some(asset) => (of_other_type(wanted, asset), format!("an asset of type `\"{name}\"`")),
                None => {
                    let none = if fitting().next().is_none() { ", which has none yet" } else { "" };
                    let expected = format!("the id of an asset of type `\"{name}\"` in the scene's `assets`{none}");
                    (shown_text(wanted), expected)
                }
            };
            if self.faults.len() >= MAX_FAULTS {
                return;
            }
            self.fault(pointer, found, expected);
            if let Some(fault) = self.faults.last_mut() {
                fault.nearest = nearest(wanted, fitting()).map(quoted);
            }
        }
    }
}

/// What is found where an asset of another type is named.
pub(super) fn of_other_type(wanted: &str, asset: &AssetEntry<'_>) -> String {
    format!("`\"{wanted}\"`, which is of type `\"{}\"`", asset.kind.map_or("something else", AssetKind::name))
}

/// Whether a path cannot leave the folder that it is relative to, on any system.
fn stays_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', '\0'])
        && Path::new(path).components().all(|component| matches!(component, Component::Normal(_) | Component::CurDir))
}

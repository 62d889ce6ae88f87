//! The one schema of scene files, of the API, of diffs and of storage.
//!
//! A document is read in three steps, so that all of its faults are told at once: its notation ([`Source`]), its
//! structure (by the JSON Schema of its type, see [`check`]), and its meaning ([`check_scene`]). Faults of structure
//! do not hide faults of meaning: what can still be made out is checked.

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod fault;
mod fields;
mod fingerprint;
mod format;
mod loops;
mod mask_layers;
mod meaning;
mod motion;
mod notice;
mod outline;
mod patch;
mod read;
mod rebase;
mod rules;
mod sound;
mod source;
mod structure;
mod variants;
pub mod words;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    animation::{Animations, Presets, Transitions, timeline::TimelineDocument, trigger::TriggerDocument},
    asset::AssetDocument,
    audio::AudioDocument,
    blend::BlendMode,
    color::Color,
    content::Content,
    effects::Effects,
    geometry::{Fit, Length},
    layer::{LayerId, LayerName, LayerType, Opacity, Stacking, Visibility},
    mask::Mask,
    transform::Transform,
    transition::Transition,
    variants::Variants,
};

pub(crate) use self::words::{shown_length, shown_number, shown_text};
pub use self::{
    fault::{Fault, MAX_FAULTS, Place},
    fingerprint::{Fingerprint, ParseFingerprintError},
    mask_layers::MAX_MASK_DEPTH,
    meaning::{MAX_GROUP_DEPTH, check_audio, check_layer, check_scene, check_together},
    motion::{check_motion, check_motion_of},
    notice::{Notice, RESERVED_LAYERS, no_reserved_layer, reserved_in_patch},
    patch::{merge_patch, read_patched},
    read::{Limits, check, describe_for_people, read, scene_schema},
    rebase::{Difference, Rebased},
    source::{MAX_BYTES, MAX_DEPTH, Source},
    words::{Telling, nearest},
};

/// Assets that a scene may have.
pub const MAX_ASSETS: usize = 1000;
/// Timelines that a scene may have.
pub const MAX_TIMELINES: usize = 1000;
/// Triggers that a scene may have.
pub const MAX_TRIGGERS: usize = 1000;

/// A scene: everything that a show consists of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "A scene of Stream Manager")]
pub struct SceneDocument {
    /// Where the schema of this file lies, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// A name for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200), extend("default" = ""))]
    pub name: String,
    /// What the layers stand on.
    #[serde(default)]
    pub canvas: CanvasDocument,
    /// Files that the layers draw from.
    #[serde(default)]
    #[schemars(length(max = MAX_ASSETS))]
    pub assets: Vec<AssetDocument>,
    /// What is heard.
    #[serde(default)]
    pub audio: AudioDocument,
    /// The layers, those that are farther away first (`zIndex` goes before this order).
    #[serde(default)]
    pub layers: Vec<LayerDocument>,
    /// Animations of several layers that are played as one.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = MAX_TIMELINES), extend("default" = []))]
    pub timelines: Vec<TimelineDocument>,
    /// What happens by itself when something else does.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = MAX_TRIGGERS), extend("default" = []))]
    pub triggers: Vec<TriggerDocument>,
    /// How it comes on air in the place of another scene, unless whoever activates it says otherwise; by a cut if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition: Option<Transition>,
    /// The folder that asset paths are relative to. Not part of the file: whoever reads the file sets it.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// What the layers of a scene stand on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CanvasDocument {
    /// Pixels from left to right.
    #[schemars(range(min = 16, max = 3840))]
    pub width: u32,
    /// Pixels from top to bottom.
    #[schemars(range(min = 16, max = 2160))]
    pub height: u32,
    /// What is seen where no layer is. Alpha is ignored: a stream has nothing behind it.
    pub background: Color,
    /// How the canvas is laid onto a stream of another size.
    pub fit: Fit,
    /// Margins that graphics should keep to; nothing enforces them.
    pub safe_areas: SafeAreas,
}

impl Default for CanvasDocument {
    fn default() -> Self {
        Self {
            width: 1920,
            height: 1080,
            background: Color::BLACK,
            fit: Fit::Contain,
            safe_areas: SafeAreas::default(),
        }
    }
}

/// Margins on each side of the canvas, percentages of the side's length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SafeAreas {
    /// Margin for what must be seen.
    pub action: Length,
    /// Margin for what must be read.
    pub title: Length,
}

impl Default for SafeAreas {
    /// 3.5 % and 5 %, as EBU R 95 recommends.
    fn default() -> Self {
        Self { action: Length::Percent(3.5), title: Length::Percent(5.0) }
    }
}

/// A layer, with all that was written about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayerDocument {
    /// By what name files, programs and diffs speak of it.
    pub id: LayerId,
    /// A name for people.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(extend("default" = ""))]
    pub name: LayerName,
    /// What it is for.
    #[serde(rename = "type", default)]
    pub layer_type: LayerType,
    /// Order among siblings: higher is nearer to the viewer.
    #[serde(default)]
    pub z_index: Stacking,
    /// Whether it is drawn.
    #[serde(default)]
    pub visible: Visibility,
    /// 0 (nothing of it is seen) to 1.
    #[serde(default)]
    pub opacity: Opacity,
    /// Where it stands.
    #[serde(default)]
    pub transform: Transform,
    /// How it mixes with what is below.
    #[serde(default)]
    pub blend: BlendMode,
    /// In which variants of the stream it is seen.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(extend("default" = {}))]
    pub variants: Variants,
    /// What part of it is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Mask>,
    /// What is done to its picture.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(extend("default" = []))]
    pub effects: Effects,
    /// What it shows.
    pub content: Content,
    /// How it moves.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(extend("default" = []))]
    pub animations: Animations,
    /// Ready-made motion: what fades, slides, shakes and so on.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(extend("default" = []))]
    pub presets: Presets,
    /// How changes of its properties are smoothed.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(extend("default" = []))]
    pub transitions: Transitions,
    /// The layers of a group, those farther away first. Only a layer with content `group` has any.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(extend("default" = []))]
    pub children: Vec<LayerDocument>,
}

/// Whether a field need not be written: nothing is merged into a list or a text, so nobody misses an empty one.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl LayerDocument {
    /// A layer with everything but its id and content at default.
    #[must_use]
    pub fn new(id: LayerId, content: Content) -> Self {
        Self {
            id,
            content,
            name: LayerName::default(),
            layer_type: LayerType::default(),
            z_index: Stacking::default(),
            visible: Visibility::default(),
            opacity: Opacity::default(),
            transform: Transform::default(),
            blend: BlendMode::default(),
            variants: Variants::default(),
            mask: None,
            effects: Effects::default(),
            animations: Animations::default(),
            presets: Presets::default(),
            transitions: Transitions::default(),
            children: Vec::new(),
        }
    }

    /// This layer and all below it, depth first, parents before children.
    pub fn walk(&self) -> impl Iterator<Item = &LayerDocument> {
        let mut stack = vec![self];
        std::iter::from_fn(move || {
            let layer = stack.pop()?;
            stack.extend(layer.children.iter().rev());
            Some(layer)
        })
    }
}

impl SceneDocument {
    /// All layers, depth first, parents before children.
    pub fn walk(&self) -> impl Iterator<Item = &LayerDocument> {
        self.layers.iter().flat_map(LayerDocument::walk)
    }
}

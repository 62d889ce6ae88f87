//! What is not wrong with a document, but may be otherwise than its author thinks.

use std::{borrow::Cow, collections::HashMap, fmt};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{LayerDocument, SceneDocument, loops};
use crate::{
    animation::{
        Animation, Animations, Parts, Subject,
        timeline::{Step, TimelineDocument},
        warn,
    },
    audio::AudioDocument,
    layer::LayerId,
};

/// Layers with these ids have no path of their own in the API: `active`, `order` and `batch` stand where an id would.
pub const RESERVED_LAYERS: [&str; 3] = ["active", "batch", "order"];

/// Tells `tell` of each layer with such an id that a patch puts into a group, with a pointer that begins with `base`. The
/// ids may be those of layers that are there already.
pub fn reserved_in_patch(patch: &Value, base: &str, tell: &mut impl FnMut(&str, String)) {
    for (index, child) in patch["children"].as_array().into_iter().flatten().enumerate() {
        let base = format!("{base}/children/{index}");
        if let Some(id) = child["id"].as_str().filter(|id| RESERVED_LAYERS.contains(id)) {
            tell(id, format!("{base}/id"));
        }
        reserved_in_patch(child, &base, tell);
    }
}

/// What is expected of a new layer instead of such an id.
#[must_use]
pub fn no_reserved_layer(id: &str) -> String {
    format!(
        "another id: the paths `/api/stream/layers/{id}` and below have another meaning, as they do for `{}`",
        RESERVED_LAYERS.join("`, `")
    )
}

/// Something about a document that its author should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// JSON pointer (RFC 6901) to what it is about.
    pub pointer: String,
    /// What it is, in words.
    pub message: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

fn of_animation<'a>(pointer: &str, animation: &Animation, subject: impl Into<Subject<'a>>) -> Option<Notice> {
    Some(Notice { pointer: format!("{pointer}/property"), message: warn(animation, subject)? })
}

impl Animation {
    /// What its author should know about it, of a layer or the sound, with pointers that begin with `base`.
    #[must_use]
    pub fn notice<'a>(&self, base: &str, subject: impl Into<Subject<'a>>) -> Option<Notice> {
        of_animation(base, self, subject)
    }
}

impl LayerDocument {
    /// What of it can be animated.
    #[must_use]
    pub fn parts(&self) -> Parts<'_> {
        Parts {
            content: &self.content,
            effects: &self.effects,
            mask: self.mask.as_ref(),
            blend: self.blend,
            visible: self.visible.0,
            z_index: self.z_index.0,
        }
    }

    /// What its author should know about it and its children, with pointers that begin with `base`.
    #[must_use]
    pub fn notices(&self, base: &str) -> Vec<Notice> {
        let own = self.animations.0.iter().enumerate();
        let own = own.filter_map(|(index, animation)| {
            of_animation(&format!("{base}/animations/{index}"), animation, self.parts())
        });
        let below = self.children.iter().enumerate();
        let id = RESERVED_LAYERS.contains(&self.id.as_str()).then(|| Notice {
            pointer: format!("{base}/id"),
            message: format!(
                "`{0}` cannot be reached over HTTP, where `/api/stream/layers/{0}` has another meaning; give the layer \
                 another id",
                self.id
            ),
        });
        id.into_iter()
            .chain(own)
            .chain(below.flat_map(|(index, child)| child.notices(&format!("{base}/children/{index}"))))
            .collect()
    }
}

impl AudioDocument {
    /// What its author should know about it, with pointers that begin with `base`.
    #[must_use]
    pub fn notices(&self, base: &str) -> Vec<Notice> {
        let of = |pointer: String, animations: &Animations, subject: Subject<'_>| -> Vec<Notice> {
            let animations = animations.0.iter().enumerate();
            animations
                .filter_map(|(index, animation)| {
                    of_animation(&format!("{pointer}/animations/{index}"), animation, subject)
                })
                .collect()
        };
        let mix = of(base.to_owned(), &self.animations, self.into());
        let tracks = self.tracks.iter().enumerate();
        let tracks =
            tracks.flat_map(|(index, track)| of(format!("{base}/tracks/{index}"), &track.animations, track.into()));
        mix.into_iter().chain(tracks).collect()
    }
}

impl SceneDocument {
    /// What its author should know about it.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let layers = self.layers.iter().enumerate();
        let mut notices: Vec<Notice> =
            layers.flat_map(|(index, layer)| layer.notices(&format!("/layers/{index}"))).collect();
        notices.extend(self.audio.notices("/audio"));
        if !self.timelines.is_empty() {
            let layers: HashMap<&LayerId, &LayerDocument> = self.walk().map(|layer| (&layer.id, layer)).collect();
            let layer = |id: &LayerId| layers.get(id).map(|layer| Cow::Borrowed(*layer));
            for (index, timeline) in self.timelines.iter().enumerate() {
                notices.extend(timeline.notices(&format!("/timelines/{index}"), &layer, &self.audio));
            }
        }
        notices.extend(loops::of_triggers(&self.triggers));
        notices
    }
}

impl TimelineDocument {
    /// What its author should know about it in a scene of such layers and sound, with pointers that begin with `base`.
    #[must_use]
    pub fn notices<'a>(
        &self,
        base: &str,
        layer: &dyn Fn(&LayerId) -> Option<Cow<'a, LayerDocument>>,
        audio: &AudioDocument,
    ) -> Vec<Notice> {
        let mut notices = Vec::new();
        of_steps(&self.steps, base, layer, audio, &mut notices);
        notices
    }
}

fn of_steps<'a>(
    steps: &[Step],
    base: &str,
    layer: &dyn Fn(&LayerId) -> Option<Cow<'a, LayerDocument>>,
    audio: &AudioDocument,
    notices: &mut Vec<Notice>,
) {
    for (index, step) in steps.iter().enumerate() {
        let pointer = format!("{base}/steps/{index}");
        let base = format!("{pointer}/animation");
        let of_layer = |id: Option<&LayerId>, animation: &Animation| {
            let layer = id.and_then(layer)?;
            of_animation(&base, animation, layer.parts())
        };
        // Each is told once, however many layers it moves.
        match step {
            Step::Animate { layer: id, animation } => notices.extend(of_layer(Some(id), animation)),
            Step::Stagger { layers, animation, .. } => notices.extend(of_layer(layers.first(), animation)),
            Step::AnimateTrack { track: None, animation } => notices.extend(of_animation(&base, animation, audio)),
            Step::AnimateTrack { track: Some(id), animation } => {
                let track = audio.tracks.iter().find(|track| track.id == *id);
                notices.extend(track.and_then(|track| of_animation(&base, animation, track)));
            }
            Step::Sequence { steps } | Step::Parallel { steps } => of_steps(steps, &pointer, layer, audio, notices),
            Step::Preset { .. } | Step::Wait { .. } | Step::Label { .. } | Step::Timeline { .. } => {}
        }
    }
}

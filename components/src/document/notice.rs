//! What is not wrong with a document, but may be otherwise than its author thinks.

use std::{collections::HashMap, fmt};

use schemars::JsonSchema;
use serde::Serialize;

use super::{LayerDocument, SceneDocument};
use crate::{
    animation::{Animation, Parts, timeline::Step, warn},
    layer::LayerId,
};

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

fn of_animation(pointer: &str, animation: &Animation, parts: Parts<'_>) -> Option<Notice> {
    Some(Notice { pointer: format!("{pointer}/property"), message: warn(animation, parts)? })
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
        own.chain(below.flat_map(|(index, child)| child.notices(&format!("{base}/children/{index}")))).collect()
    }
}

impl SceneDocument {
    /// What its author should know about it.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let layers = self.layers.iter().enumerate();
        let mut notices: Vec<Notice> =
            layers.flat_map(|(index, layer)| layer.notices(&format!("/layers/{index}"))).collect();
        if !self.timelines.is_empty() {
            let layers: HashMap<&LayerId, &LayerDocument> = self.walk().map(|layer| (&layer.id, layer)).collect();
            for (index, timeline) in self.timelines.iter().enumerate() {
                of_steps(&timeline.steps, &format!("/timelines/{index}"), &layers, &mut notices);
            }
        }
        notices
    }
}

fn of_steps(steps: &[Step], base: &str, layers: &HashMap<&LayerId, &LayerDocument>, notices: &mut Vec<Notice>) {
    for (index, step) in steps.iter().enumerate() {
        let pointer = format!("{base}/steps/{index}");
        // Each is told once, however many layers it moves.
        let mut told = |layer: Option<&LayerId>, animation| {
            let layer = layer.and_then(|layer| layers.get(layer));
            notices.extend(
                layer.and_then(|layer| of_animation(&format!("{pointer}/animation"), animation, layer.parts())),
            );
        };
        match step {
            Step::Animate { layer, animation } => told(Some(layer), animation),
            Step::Stagger { layers, animation, .. } => told(layers.first(), animation),
            Step::Sequence { steps } | Step::Parallel { steps } => of_steps(steps, &pointer, layers, notices),
            Step::Preset { .. } | Step::Wait { .. } | Step::Label { .. } | Step::Timeline { .. } => {}
        }
    }
}

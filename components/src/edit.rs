//! What can be changed in a scene from outside.

use serde_json::Value;

use crate::{
    animation::{
        timeline::{TimelineControl, TimelineDocument, TimelineId},
        trigger::EventName,
    },
    audio::AudioDocument,
    document::{CanvasDocument, LayerDocument, SceneDocument},
    layer::LayerId,
};

/// A change to the scene. Whoever makes one sends it to the mailbox; the stage `edit` carries it out, and is the only
/// one that writes authored components.
///
/// Edits arrive in batches; a batch is carried out within one tick, all of it or nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Puts another scene in the place of the present one.
    LoadScene(Box<SceneDocument>),
    /// Changes the canvas.
    SetCanvas(CanvasDocument),
    /// Changes what is heard. Tracks whose source stays the same play on.
    SetAudio(AudioDocument),
    /// Adds a layer with its children.
    CreateLayer {
        /// The new layer.
        layer: Box<LayerDocument>,
        /// The group it goes into; the canvas if `None`.
        parent: Option<LayerId>,
        /// Its place among its siblings in document order; at the end if `None`.
        index: Option<usize>,
    },
    /// Puts another document in the place of a layer's, children included. Its id stays.
    ReplaceLayer {
        /// The layer.
        id: LayerId,
        /// The new document; its id must be the same.
        layer: Box<LayerDocument>,
    },
    /// Changes parts of a layer's document by a JSON Merge Patch (RFC 7396).
    PatchLayer {
        /// The layer.
        id: LayerId,
        /// The patch; it cannot change `id`.
        patch: Value,
    },
    /// Removes a layer and its children.
    DeleteLayer {
        /// The layer.
        id: LayerId,
    },
    /// Adds a timeline, or puts another document in the place of the one with its id; where that stands it stays.
    PutTimeline(Box<TimelineDocument>),
    /// Removes a timeline.
    DeleteTimeline {
        /// The timeline.
        id: TimelineId,
    },
    /// Steers a timeline.
    ControlTimeline {
        /// The timeline.
        id: TimelineId,
        /// What it is to do.
        control: TimelineControl,
    },
    /// Fires an event: what waits for it happens.
    FireEvent {
        /// The event.
        name: EventName,
    },
}

/// How a batch of edits ended.
pub type EditOutcome = Result<EditApplied, EditRejected>;

/// A batch was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct EditApplied {
    /// The tick whose frame shows it first.
    pub tick: u64,
}

/// A batch was refused, and nothing of it was carried out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EditRejected {
    /// A layer that an edit names is not in the scene.
    #[error("there is no layer `{id}` in the scene{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownLayer {
        /// What was named.
        id: String,
        /// The layer whose id is nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// A new layer's id is taken.
    #[error("there is a layer `{id}` in the scene already; choose another id, or change that layer")]
    DuplicateLayer {
        /// The id.
        id: LayerId,
    },
    /// A timeline that an edit names is not in the scene.
    #[error("there is no timeline `{id}` in the scene{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownTimeline {
        /// What was named.
        id: String,
        /// The timeline whose id is nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// The scene's timelines and triggers would not fit its layers any more.
    #[error(
        "the scene's timelines and triggers would not fit it any more; change them too, in the same batch or before"
    )]
    InUse {
        /// What would not fit, with pointers into the scene's document.
        faults: Vec<crate::document::Fault>,
    },
    /// A layer was to go into a layer that is no group.
    #[error("`{id}` is not a group, so it cannot have children; give it content of type `group`")]
    NotAGroup {
        /// The layer that is no group.
        id: LayerId,
    },
    /// The scene would have more layers than allowed.
    #[error(
        "the scene would have {count} layers, but MAX_LAYERS allows {limit}; remove some, or raise MAX_LAYERS (up to 1000)"
    )]
    TooManyLayers {
        /// How many there would be.
        count: usize,
        /// How many may be.
        limit: usize,
    },
    /// The resulting document is not valid.
    #[error("{} in the document", if faults.len() == 1 { "a fault".to_owned() } else { format!("{} faults", faults.len()) })]
    Invalid {
        /// Everything that is wrong, with pointers into the layer's document after the change.
        faults: Vec<crate::document::Fault>,
    },
    /// More edits are waiting than the mailbox holds; none of this batch was taken.
    #[error("too many edits are waiting; try again in a moment")]
    Busy,
    /// The service is ending.
    #[error("the service is ending")]
    Closed,
}

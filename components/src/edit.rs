//! What can be changed in a scene from outside; how a batch of changes ends is told by `outcome`.
//!
//! One document serves all who edit: HTTP, WebSocket, files and storage. To add an edit: one variant below, what it does
//! in `systems/src/edit/draft.rs`, and what it makes of a document in the model of `systems/tests/ticks.rs`.

mod at;
mod outcome;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{
    animation::{
        Animation, AnimationControl,
        timeline::{TimelineControl, TimelineDocument, TimelineId},
        trigger::{EventName, TriggerDocument, TriggerRef},
    },
    asset::{AssetDocument, AssetId},
    audio::{AudioDocument, TrackDocument, TrackId},
    document::{
        self, CanvasDocument, Fault, Fingerprint, LayerDocument, Limits, SceneDocument, Source, check_layer,
        check_scene,
    },
    held::SceneId,
    layer::LayerId,
    transition::Transition,
};

pub use at::{At, ParseAtError};
pub use outcome::{BatchRejected, Done, EditApplied, EditOutcome, EditRejected};

/// Edits that a batch may have.
pub const MAX_EDITS: usize = 1000;
/// JSON values that the patches of a batch may be made of, all together.
pub const MAX_PATCHED_VALUES: usize = 50_000;

/// A change to the scene. Whoever makes one sends it to the mailbox; the stage `edit` carries it out, and is the only
/// one that writes authored components.
///
/// Edits arrive in batches; a batch is carried out within one tick, all of it or nothing. What its edits write is one
/// change; events, triggers, timelines and animations that it fires or steers act then, in the order of the batch, on what
/// all of it has written. Where it brings another scene on air, what stands before that is written and acts in the scene
/// that leaves, before it does, and what stands behind it in the one that comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "camelCase", deny_unknown_fields)]
pub enum Edit {
    /// Puts another scene in the place of the present one. Its assets lie where those of the present one do.
    LoadScene {
        /// The scene.
        scene: Box<SceneDocument>,
    },
    /// Holds a scene, or puts another document in the place of the one of that id. If that is on air, just what differs is
    /// changed: layers that stay the same go on. Its assets lie where those of the scene before do, or of the present one.
    PutScene {
        /// The scene that is held.
        id: SceneId,
        /// All of it.
        scene: Box<SceneDocument>,
    },
    /// Removes a scene that is not on air.
    DeleteScene {
        /// The scene.
        id: SceneId,
    },
    /// Brings a scene on air, from its beginning. The one before is held as it is then. Documents change at once; only the
    /// picture follows in time. Nothing happens, whatever the transition, if the scene is on air already: it plays on.
    ActivateScene {
        /// The scene.
        id: SceneId,
        /// How the picture goes over to it; as the scene's own document says if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transition: Option<Transition>,
    },
    /// Adds an asset to the scene, or puts another one in the place of the one of its id.
    PutAsset {
        /// The asset. Its file has to be there already.
        asset: AssetDocument,
    },
    /// Removes an asset that nothing in the scene uses; its file stays.
    DeleteAsset {
        /// The asset.
        id: AssetId,
    },
    /// Changes the canvas.
    SetCanvas {
        /// The canvas as it is to be.
        canvas: CanvasDocument,
    },
    /// Changes parts of the canvas by a JSON Merge Patch (RFC 7396).
    PatchCanvas {
        /// The patch.
        #[schemars(extend("type" = "object"))]
        patch: Value,
    },
    /// Changes what is heard. Tracks whose source stays the same play on.
    SetAudio {
        /// The sound as it is to be.
        audio: AudioDocument,
    },
    /// Changes parts of what is heard by a JSON Merge Patch (RFC 7396).
    PatchAudio {
        /// The patch.
        #[schemars(extend("type" = "object"))]
        patch: Value,
    },
    /// Adds a track, or puts another document in the place of the one with its id.
    PutTrack {
        /// The track.
        track: TrackDocument,
    },
    /// Changes parts of a track by a JSON Merge Patch (RFC 7396).
    PatchTrack {
        /// The track.
        id: TrackId,
        /// The patch; it cannot change `id`.
        #[schemars(extend("type" = "object"))]
        patch: Value,
    },
    /// Removes a track.
    DeleteTrack {
        /// The track.
        id: TrackId,
    },
    /// Adds a layer with its children.
    CreateLayer {
        /// The new layer.
        layer: Box<LayerDocument>,
        /// The group it goes into; the canvas if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<LayerId>,
        /// Its place among its siblings in document order; at the end if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
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
        #[schemars(extend("type" = "object"))]
        patch: Value,
    },
    /// Adds an animation to those of a layer, at the end of their list. It begins then; the others go on.
    AddAnimation {
        /// The layer.
        id: LayerId,
        /// The animation.
        animation: Box<Animation>,
    },
    /// Removes an animation from those of a layer. The others go on.
    RemoveAnimation {
        /// The layer.
        id: LayerId,
        /// Its place in the list, from 0.
        index: usize,
    },
    /// Steers a single animation of a layer.
    ControlAnimation {
        /// The layer.
        id: LayerId,
        /// Its place in the list, from 0.
        index: usize,
        /// What it is to do.
        control: AnimationControl,
    },
    /// Adds an animation to those of a track or of the whole mix, at the end of their list. It begins then; the others go on.
    AddSoundAnimation {
        /// The track; the whole mix if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        track: Option<TrackId>,
        /// The animation.
        animation: Box<Animation>,
    },
    /// Removes an animation from those of a track or of the whole mix. The others go on.
    RemoveSoundAnimation {
        /// The track; the whole mix if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        track: Option<TrackId>,
        /// Its place in the list, from 0.
        index: usize,
    },
    /// Steers a single animation of a track or of the whole mix.
    ControlSoundAnimation {
        /// The track; the whole mix if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        track: Option<TrackId>,
        /// Its place in the list, from 0.
        index: usize,
        /// What it is to do.
        control: AnimationControl,
    },
    /// Removes a layer and its children.
    DeleteLayer {
        /// The layer.
        id: LayerId,
    },
    /// Moves a layer, with its children, to another place in document order. Its animations go on.
    MoveLayer {
        /// The layer.
        id: LayerId,
        /// The group it goes into; the canvas if `null`; the one it is in if absent.
        #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
        parent: Option<Option<LayerId>>,
        /// Its place among its siblings in document order, itself not counted; at the end if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        index: Option<usize>,
    },
    /// Puts layers of one group, or of the canvas, into another order, which the picture follows: the places that they
    /// have among their siblings, with the `zIndex` of each place, are handed out anew. Siblings that are not named
    /// stay where they are.
    OrderLayers {
        /// The group; the canvas if absent or `null`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<LayerId>,
        /// Its children in their new order, those that are farther away first.
        #[schemars(length(min = 1, max = 1000))]
        order: Vec<LayerId>,
    },
    /// Adds a timeline, or puts another document in the place of the one with its id; where that stands it stays.
    PutTimeline {
        /// The timeline.
        timeline: Box<TimelineDocument>,
    },
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
    /// Adds a trigger at the end of the scene's list.
    AddTrigger {
        /// The trigger.
        trigger: Box<TriggerDocument>,
    },
    /// Puts another document in the place of a trigger. One that is named by an `id` that no other has is added.
    PutTrigger {
        /// Its id, or its place in the scene's list from 0.
        id: TriggerRef,
        /// The trigger. Where it is named by its id that must be the same.
        trigger: Box<TriggerDocument>,
    },
    /// Changes parts of a trigger by a JSON Merge Patch (RFC 7396).
    PatchTrigger {
        /// Its id, or its place in the scene's list from 0.
        id: TriggerRef,
        /// The patch. Where the trigger is named by its `id` it cannot change that.
        #[schemars(extend("type" = "object"))]
        patch: Value,
    },
    /// Removes a trigger.
    DeleteTrigger {
        /// Its id, or its place in the scene's list from 0.
        id: TriggerRef,
    },
    /// Fires an event: what waits for it happens.
    FireEvent {
        /// The event.
        name: EventName,
    },
    /// Has a trigger do what it does, as if what it waits for had happened.
    FireTrigger {
        /// Its id, or its place in the scene's list from 0.
        trigger: TriggerRef,
    },
    /// Changes nothing, but has the whole batch refused if a document is not as it is expected to be at this point of
    /// the batch.
    Expect {
        /// The document.
        document: DocumentName,
        /// What it may be; if absent, that it is there will do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(length(max = 100))]
        etags: Option<Vec<Fingerprint>>,
    },
    /// Changes nothing, but has the whole batch refused if a document is there at this point of the batch: what follows
    /// makes it, and takes no other's place.
    ExpectAbsent {
        /// The document.
        document: DocumentName,
    },
}

impl Edit {
    /// JSON values that its patch is made of; 0 for edits that have none, whose documents are limited otherwise.
    #[must_use]
    pub fn patched_values(&self) -> usize {
        match self {
            Self::PatchLayer { patch, .. }
            | Self::PatchCanvas { patch }
            | Self::PatchAudio { patch }
            | Self::PatchTrack { patch, .. }
            | Self::PatchTrigger { patch, .. } => count_values(patch),
            _ => 0,
        }
    }
}

/// JSON values that a value is made of, itself included.
#[must_use]
pub fn count_values(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count_values).sum(),
        Value::Object(entries) => entries.values().map(count_values).sum(),
        _ => 0,
    }
}

/// A document of the scene that is read and written as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum DocumentName {
    /// A layer with its children.
    Layer {
        /// The layer.
        id: LayerId,
    },
    /// A scene that is held, or the one on air.
    Scene {
        /// The scene.
        id: SceneId,
    },
    /// The canvas.
    Canvas {},
    /// What is heard.
    Audio {},
    /// A track of what is heard.
    Track {
        /// The track.
        id: TrackId,
    },
    /// A timeline.
    Timeline {
        /// The timeline.
        id: TimelineId,
    },
    /// A trigger.
    Trigger {
        /// Its id, or its place in the scene's list from 0.
        id: TriggerRef,
    },
    /// An asset: what file it is, not what has become of that.
    Asset {
        /// The asset.
        id: AssetId,
    },
}

/// A value that is there, be it `null`.
fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Edits that are carried out within one tick: all of them or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditBatch {
    /// What is done, in this order.
    #[schemars(length(min = 1, max = MAX_EDITS))]
    pub edits: Vec<Edit>,
    /// The tick or time that they are for, within the next hour; the next tick that starts if absent or past. If the client
    /// goes away before, they are not carried out, unless they were sent over HTTP with an `Idempotency-Key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<At>,
    /// Whether the batch is only checked against the scene as it is now, and nothing is changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl EditBatch {
    /// Reads a batch. What depends on the scene that it is for is checked when it is carried out.
    ///
    /// # Errors
    /// All that is wrong with it in itself, in the order of the document.
    pub fn read(source: &Source, limits: &Limits) -> Result<Self, Vec<Fault>> {
        let batch: Self = document::read(source)?;
        let mut faults = Vec::new();
        for (index, edit) in batch.edits.iter().enumerate() {
            let (part, found) = match edit {
                Edit::LoadScene { scene } | Edit::PutScene { scene, .. } => ("scene", check_scene(scene, limits)),
                Edit::CreateLayer { layer, .. } | Edit::ReplaceLayer { layer, .. } => {
                    ("layer", check_layer(layer, None, limits))
                }
                _ => continue,
            };
            faults.extend(found.into_iter().map(|fault| {
                let pointer = format!("/edits/{index}/{part}{}", fault.pointer);
                Fault { place: source.place(&pointer), pointer, ..fault }
            }));
        }
        if faults.is_empty() { Ok(batch) } else { Err(faults) }
    }
}

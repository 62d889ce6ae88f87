//! How a batch of edits ends: on which tick it was carried out, or why it was refused.

use schemars::JsonSchema;
use serde::Serialize;

use super::MAX_PATCHED_VALUES;
use crate::{
    document::{Fault, Fingerprint},
    held::SceneId,
    layer::LayerId,
};

/// How a batch of edits ended.
pub type EditOutcome = Result<EditApplied, BatchRejected>;

/// A batch was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditApplied {
    /// The tick whose frame shows it first.
    pub tick: u64,
    /// Whether it is in the store, so that it is still there after the service has been killed.
    pub persisted: bool,
    /// What else is told of it.
    #[serde(skip)]
    pub done: Done,
}

/// What a batch did that an answer tells in its own way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Whether it put something where there was nothing of that name.
    pub created: bool,
    /// Whether it brought another scene on air than was there.
    pub activated: bool,
}

impl Done {
    /// What both did together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { created: self.created || other.created, activated: self.activated || other.activated }
    }
}

/// A batch was refused, and nothing of it was carried out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct BatchRejected {
    /// JSON pointer to what was refused in the document of the batch, from which the faults in the reason count:
    /// `/edits/3/patch`. `None` if no single edit is to blame.
    pub place: Option<String>,
    /// Why.
    pub reason: EditRejected,
}

impl BatchRejected {
    /// The edit number `index` was refused for what stands at its key `part`.
    #[must_use]
    pub fn at(index: usize, part: &str, reason: EditRejected) -> Self {
        Self { place: Some(format!("/edits/{index}/{part}")), reason }
    }

    /// What is wrong, with pointers into the document of the batch where a single edit is to blame.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let within = |fault: &Fault| {
            let place = self.place.as_deref().unwrap_or_default();
            Fault { pointer: format!("{place}{}", fault.pointer), ..fault.clone() }
        };
        match (&self.reason, &self.place) {
            (EditRejected::Invalid { faults }, _) => faults.iter().map(within).collect(),
            (EditRejected::InUse { faults } | EditRejected::AssetInUse { faults }, _) => faults.clone(),
            (_, None) => Vec::new(),
            (reason, Some(place)) => reason.fault(place).into_iter().collect(),
        }
    }
}

impl From<EditRejected> for BatchRejected {
    /// Refused for a reason that no single edit is to blame for.
    fn from(reason: EditRejected) -> Self {
        Self { place: None, reason }
    }
}

fn other_version(present: Option<&Fingerprint>) -> String {
    match present {
        Some(present) => format!(
            "the document has changed since it was read; read it again and decide anew. Its ETag is now \"{present}\""
        ),
        None => {
            "what comes before this in the batch, or what that sets off, has changed the document; expect it before \
                 that"
                .to_owned()
        }
    }
}

fn exists(present: Option<&Fingerprint>) -> String {
    match present {
        Some(present) => {
            format!("the document is there already; read it, and change it instead. Its ETag is \"{present}\"")
        }
        None => "the document is there by what comes before this in the batch, or what that sets off; expect it to be \
                 absent before that"
            .to_owned(),
    }
}

impl EditRejected {
    /// What is wrong at `pointer`, where the reason is one thing that stands there.
    fn fault(&self, pointer: &str) -> Option<Fault> {
        let (found, expected, nearest) = match self {
            Self::UnknownLayer { id, nearest } => (id.as_str(), "the id of a layer in the scene", nearest.clone()),
            Self::UnknownTimeline { id, nearest } => {
                (id.as_str(), "the id of a timeline in the scene", nearest.clone())
            }
            Self::UnknownTrigger { id, nearest } => {
                (id.as_str(), "the id of a trigger in the scene, or its place in the list", nearest.clone())
            }
            Self::UnknownScene { id, nearest } => (id.as_str(), "the id of a scene that is held", nearest.clone()),
            Self::UnknownAsset { id, nearest } => (id.as_str(), "the id of an asset of the scene", nearest.clone()),
            Self::OnAir { id } => (id.as_str(), "a scene that is not on air", None),
            Self::DuplicateLayer { id, .. } => (id.as_str(), "an id that no layer of the scene has", None),
            Self::NotAGroup { id } => (id.as_str(), "the id of a group", None),
            Self::IntoItself { parent, .. } => (parent.as_str(), "a group that is not within the layer itself", None),
            Self::UnknownTrack { id, nearest } => (id.as_str(), "the id of a track in the scene", nearest.clone()),
            Self::OtherVersion { .. }
            | Self::Exists { .. }
            | Self::InUse { .. }
            | Self::AssetInUse { .. }
            | Self::TooManyLayers { .. }
            | Self::TooManyScenes { .. }
            | Self::TooManyValues { .. }
            | Self::TooMuchWork { .. }
            | Self::Invalid { .. }
            | Self::Busy
            | Self::TooManyWait { .. }
            | Self::TooMuchDue { .. }
            | Self::Closed => return None,
        };
        let within = if let Self::DuplicateLayer { pointer, .. } = self { pointer } else { "" };
        let (pointer, found, expected) = (format!("{pointer}{within}"), format!("`{found}`"), expected.to_owned());
        Some(Fault { place: None, pointer, found, expected, nearest })
    }
}

/// Why a batch was refused.
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
        /// JSON pointer to it in the document of the edit: `/id`, or that of a layer within.
        pointer: String,
    },
    /// A timeline that an edit names is not in the scene.
    #[error("there is no timeline `{id}` in the scene{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownTimeline {
        /// What was named.
        id: String,
        /// The timeline whose id is nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// A trigger that an edit names is not in the scene.
    #[error("there is no trigger `{id}` in the scene{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownTrigger {
        /// What was named.
        id: String,
        /// The trigger whose id is nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// An asset that an edit names is not in the scene.
    #[error("there is no asset `{id}` in the scene{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownAsset {
        /// What was named.
        id: String,
        /// The asset whose id is nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// Layers or tracks would draw from an asset that is not there, or not of the kind that they draw from.
    #[error("the scene uses the asset; change what does too, in the same batch or before")]
    AssetInUse {
        /// What would not fit, with pointers into the scene's document.
        faults: Vec<Fault>,
    },
    /// A track that an edit names is not in the scene.
    #[error("there is no track `{id}` in the scene{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownTrack {
        /// What was named.
        id: String,
        /// The track whose id is nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// A document is not what the batch expects.
    #[error("{}", other_version(present.as_ref()))]
    OtherVersion {
        /// What it is; `None` if the batch itself has made it so, and that is undone.
        present: Option<Fingerprint>,
    },
    /// A document is there that the batch expects not to be.
    #[error("{}", exists(present.as_ref()))]
    Exists {
        /// What it is; `None` if the batch itself has made it so, and that is undone.
        present: Option<Fingerprint>,
    },
    /// The scene's timelines and triggers would not fit its layers any more.
    #[error(
        "the scene's timelines and triggers would not fit it any more; change them too, in the same batch or before"
    )]
    InUse {
        /// What would not fit, with pointers into the scene's document.
        faults: Vec<Fault>,
    },
    /// A scene that an edit names is not held.
    #[error("there is no scene `{id}`{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownScene {
        /// What was named.
        id: String,
        /// The scene whose id is nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// The scene on air cannot be removed.
    #[error("the scene `{id}` is on air; bring another one on air first")]
    OnAir {
        /// The scene.
        id: SceneId,
    },
    /// As many scenes are held as may be.
    #[error("{limit} scenes are held besides the one on air, which is as many as may be; remove some")]
    TooManyScenes {
        /// How many may be.
        limit: usize,
    },
    /// A layer was to go into a layer that is no group.
    #[error("`{id}` is not a group, so it cannot have children; give it content of type `group`")]
    NotAGroup {
        /// The layer that is no group.
        id: LayerId,
    },
    /// A group was to go into itself, or into a group within it.
    #[error("`{id}` cannot go into `{parent}`, which is within it; choose a group outside of it")]
    IntoItself {
        /// The layer that was to be moved.
        id: LayerId,
        /// Where to.
        parent: LayerId,
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
    /// The patches of the batch are too large to be merged within a tick.
    #[error("the patches are made of {values} values, but {MAX_PATCHED_VALUES} are taken at once; send them in parts")]
    TooManyValues {
        /// How many values they have.
        values: usize,
    },
    /// The batch would take too long, since it reads or writes so much of the scene so often.
    #[error(
        "the edits go through {weight} layers, each counted as often as they do, but {limit} are gone through at once; \
         send them in parts"
    )]
    TooMuchWork {
        /// Layers that are gone through.
        weight: usize,
        /// How many may be.
        limit: usize,
    },
    /// The resulting document is not valid.
    #[error("{} in the document", if faults.len() == 1 { "a fault".to_owned() } else { format!("{} faults", faults.len()) })]
    Invalid {
        /// Everything that is wrong, with pointers into the layer's document after the change.
        faults: Vec<Fault>,
    },
    /// More edits are waiting than the mailbox holds; none of this batch was taken.
    #[error("too many edits are waiting; try again in a moment")]
    Busy,
    /// As many batches wait for ticks to come as may; this one was not taken.
    #[error(
        "as many edits{} wait for ticks to come as may; send this one nearer to its tick, or when others have been carried \
         out", if *.is_of_one { " of this address" } else { "" }
    )]
    TooManyWait {
        /// Whether they are those of one sender, and others have room.
        is_of_one: bool,
    },
    /// As much is to be done on the tick that a batch is for, or around it, as may be; it was not taken.
    #[error(
        "as many edits{} are for that tick and those around it as can be carried out there; send this batch for a tick some \
         seconds away from it, or in parts", if *.is_of_one { " of this address" } else { "" }
    )]
    TooMuchDue {
        /// Whether they are those of one sender, and others have room.
        is_of_one: bool,
    },
    /// The service is ending.
    #[error("the service is ending")]
    Closed,
}

//! What authors should know of what their edits write, though nothing is wrong with it.

use std::borrow::Cow;

use components::{
    Edit, LayerId,
    animation::{Animation, timeline::TimelineDocument},
    document::Notice,
};
use serde_json::Value;
use systems::edit::SceneAfter;

/// What of a batch is to be looked at once it was carried out, each with the pointer to it.
pub(super) struct Watched(Vec<(String, What)>);

enum What {
    /// A scene or a layer that is written whole: all is known already, with pointers into it.
    Whole(Vec<Notice>),
    /// A layer that a patch has changed.
    Patched(LayerId, Value),
    /// An animation that such a layer has got.
    Animation(LayerId, Box<Animation>),
    Timeline(Box<TimelineDocument>),
}

impl Watched {
    pub(super) fn of(edits: &[Edit]) -> Self {
        let watched = edits.iter().enumerate().filter_map(|(index, edit)| {
            let (part, what) = What::of(edit)?;
            Some((format!("/edits/{index}/{part}"), what))
        });
        Self(watched.collect())
    }

    /// Whether there is nothing of the kind.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is to be told of it, with pointers into the batch.
    pub(super) fn notices(self, after: &SceneAfter<'_>) -> Vec<Notice> {
        self.0.into_iter().flat_map(|(base, what)| what.notices(&base, after)).collect()
    }
}

impl What {
    fn of(edit: &Edit) -> Option<(&'static str, Self)> {
        match edit {
            Edit::LoadScene { scene } | Edit::PutScene { scene, .. } => {
                let notices = scene.notices();
                (!notices.is_empty()).then_some(("scene", Self::Whole(notices)))
            }
            Edit::CreateLayer { layer, .. } | Edit::ReplaceLayer { layer, .. } => {
                let notices = layer.notices("");
                (!notices.is_empty()).then_some(("layer", Self::Whole(notices)))
            }
            Edit::PatchLayer { id, patch } => {
                let may_tell = ["animations", "children"].iter().any(|member| patch.get(member).is_some());
                may_tell.then(|| ("patch", Self::Patched(id.clone(), patch.clone())))
            }
            Edit::AddAnimation { id, animation } => Some(("animation", Self::Animation(id.clone(), animation.clone()))),
            Edit::PutTimeline { timeline } => Some(("timeline", Self::Timeline(timeline.clone()))),
            _ => None,
        }
    }

    fn notices(self, base: &str, after: &SceneAfter<'_>) -> Vec<Notice> {
        match self {
            Self::Whole(notices) => notices.into_iter().map(|notice| within(base, notice)).collect(),
            // A later edit of the batch may have removed it, or added to it.
            Self::Patched(id, patch) => {
                let notices = after.layer(&id).map(|layer| layer.notices("")).unwrap_or_default();
                let of_patch = notices.into_iter().filter(|notice| patch.pointer(&notice.pointer).is_some());
                of_patch.map(|notice| within(base, notice)).collect()
            }
            Self::Animation(id, animation) => {
                let layer = after.layer(&id);
                layer.and_then(|layer| animation.notice(base, layer.parts())).into_iter().collect()
            }
            Self::Timeline(timeline) => of_timeline(&timeline, base, after),
        }
    }
}

fn within(base: &str, notice: Notice) -> Notice {
    Notice { pointer: format!("{base}{}", notice.pointer), ..notice }
}

/// What the author of a timeline should know about it, with pointers that begin with `base`.
pub(super) fn of_timeline(timeline: &TimelineDocument, base: &str, after: &SceneAfter<'_>) -> Vec<Notice> {
    timeline.notices(base, &|id| after.layer(id).map(Cow::Owned), &after.header().audio)
}

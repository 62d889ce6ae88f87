//! The scene as a batch of edits would leave it, before anything is written.

mod check;
mod layers;
mod parts;
mod scenes;
mod tracks;
mod triggers;

use std::collections::HashMap;

use bevy_ecs::{entity::Entity, world::World};
use components::{
    Edit, LayerDocument, LayerId, SceneDocument, Transition,
    animation::{
        timeline::{TimelineDocument, TimelineId},
        trigger::{TriggerDocument, TriggerRef},
    },
    document::{Fault, Fingerprint, Limits, nearest},
    edit::{BatchRejected, DocumentName, Done, EditRejected},
    held::{HeldChange, HeldScenes},
};

use super::SceneLimits;
use crate::{
    clock::Input,
    held::Held,
    scene::{self, LayerIndex, SceneRoot},
};

/// A layer as the batch leaves it.
pub(super) struct Node {
    /// What is written about it; children stand in `children`.
    pub(super) document: LayerDocument,
    /// Its group; the root if `None`.
    pub(super) parent: Option<LayerId>,
    /// The ids of its children in document order.
    pub(super) children: Vec<LayerId>,
    /// The entity that it is already, if it is one.
    pub(super) entity: Option<Entity>,
    /// Places of the animations of that which have made room for others, from the last to the first.
    pub(super) dropped: Vec<usize>,
}

/// What a batch changes.
pub(super) struct Changes {
    /// Layers as they are to be.
    pub(super) layers: HashMap<LayerId, Node>,
    /// Layers that go, children before parents or after: each is named.
    pub(super) removed: Vec<(LayerId, Entity)>,
    /// The outermost layers in document order, if the batch touched that list.
    pub(super) roots: Option<Vec<LayerId>>,
    /// The header, if the batch touched it.
    pub(super) header: Option<SceneDocument>,
    /// What timelines and triggers get to know of the batch, in order.
    pub(super) inputs: Vec<Input>,
    /// The scenes that are held, if the batch touched them.
    pub(super) held: Option<HeldScenes>,
    /// What happened to them, in order.
    pub(super) held_changes: Vec<HeldChange>,
    /// How the picture goes over to the scene that the batch brings on air, if it does.
    pub(super) transition: Option<Transition>,
    /// What is told of the batch.
    pub(super) done: Done,
}

/// See [`Changes`]; reads what it does not hold from the World.
pub(super) struct Draft<'w> {
    world: &'w World,
    limits: Limits,
    layers: HashMap<LayerId, Node>,
    /// Layers of the World that are gone in the draft.
    removed: HashMap<LayerId, Entity>,
    roots: Option<Vec<LayerId>>,
    header: Option<SceneDocument>,
    /// Layers whose documents must be checked against the scene once the batch is through, each with the edit that is
    /// to blame for it.
    unchecked: Vec<(LayerId, Blamed)>,
    inputs: Vec<Input>,
    held: Option<HeldScenes>,
    held_changes: Vec<HeldChange>,
    transition: Option<Transition>,
    done: Done,
    /// Whether assets were changed or removed that something may use.
    assets: bool,
    /// Timelines that the batch has put into the header, each with the edit that did.
    put: HashMap<TimelineId, Blamed>,
    /// Triggers that it has, each with the edit that did.
    put_triggers: Vec<(TriggerDocument, Blamed)>,
    /// Whether the batch has loaded a scene: no layer goes on as the entity that it was.
    fresh: bool,
    /// How many layers the scene had before the batch, or as the batch has loaded it.
    known: usize,
    /// The edit that is being applied.
    index: usize,
}

/// The number of an edit in the batch, and the key in it at which the document stands.
#[derive(Clone, Copy)]
struct Blamed(usize, &'static str);

/// The key at which an edit says where a layer goes, not what is in it.
const MOVED: &str = "parent";

impl Blamed {
    fn for_(self, reason: EditRejected) -> BatchRejected {
        BatchRejected::at(self.0, self.1, reason)
    }
}

impl<'w> Draft<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        Self {
            world,
            limits: world.resource::<SceneLimits>().0,
            layers: HashMap::new(),
            removed: HashMap::new(),
            roots: None,
            header: None,
            unchecked: Vec::new(),
            inputs: Vec::new(),
            held: None,
            held_changes: Vec::new(),
            transition: None,
            done: Done::default(),
            assets: false,
            put: HashMap::new(),
            put_triggers: Vec::new(),
            fresh: false,
            known: world.resource::<LayerIndex>().len(),
            index: 0,
        }
    }

    /// Carries out edit number `index` on the draft.
    pub(super) fn apply(&mut self, index: usize, edit: Edit) -> Result<(), BatchRejected> {
        self.index = index;
        let at = |part: &'static str| move |reason: EditRejected| Blamed(index, part).for_(reason);
        match edit {
            Edit::LoadScene { scene } => {
                self.check_all()?;
                self.load_scene(*scene, true).map_err(at("scene"))
            }
            Edit::PutScene { id, scene } => self.put_scene(id, *scene).map_err(at("scene")),
            Edit::DeleteScene { id } => self.delete_scene(&id).map_err(at("id")),
            Edit::ActivateScene { id, transition } => {
                self.check_all()?;
                self.check_transition(&id, transition.as_ref()).map_err(at("transition"))?;
                self.activate_scene(&id, transition).map_err(at("id"))
            }
            Edit::PutAsset { asset } => self.put_asset(asset).map_err(at("asset")),
            Edit::DeleteAsset { id } => self.delete_asset(&id).map_err(at("id")),
            Edit::SetCanvas { canvas } => self.set_canvas(canvas).map_err(at("canvas")),
            Edit::PatchCanvas { patch } => self.patch_canvas(&patch).map_err(at("patch")),
            Edit::SetAudio { audio } => self.set_audio(audio).map_err(at("audio")),
            Edit::PatchAudio { patch } => self.patch_audio(&patch).map_err(at("patch")),
            Edit::PutTrack { track } => self.put_track(track).map_err(at("track")),
            Edit::PatchTrack { id, patch } => {
                let place = self.track(&id).map_err(at("id"))?;
                self.patch_track(place, &patch).map_err(at("patch"))
            }
            Edit::DeleteTrack { id } => self.delete_track(&id).map_err(at("id")),
            Edit::CreateLayer { layer, parent, index } => {
                self.check_group(parent.as_ref()).map_err(at("parent"))?;
                self.create(*layer, parent, index).map_err(at("layer"))
            }
            Edit::ReplaceLayer { id, layer } => {
                self.node(&id).map_err(at("id"))?;
                self.replace(&id, *layer, "layer").map_err(at("layer"))
            }
            Edit::PatchLayer { id, patch } => {
                self.node(&id).map_err(at("id"))?;
                self.patch(&id, &patch).map_err(at("patch"))
            }
            Edit::AddAnimation { id, animation } => {
                self.node(&id).map_err(at("id"))?;
                self.add_animation(&id, *animation).map_err(at("animation"))
            }
            Edit::RemoveAnimation { id, index } => {
                self.node(&id).map_err(at("id"))?;
                self.remove_animation(&id, index).map_err(at("index"))
            }
            Edit::ControlAnimation { id, index, control } => {
                self.node(&id).map_err(at("id"))?;
                self.control_animation(id, index, control).map_err(at("index"))
            }
            Edit::AddSoundAnimation { track, animation } => {
                self.find_sound(track.as_ref()).map_err(at("track"))?;
                self.add_sound_animation(track.as_ref(), *animation).map_err(at("animation"))
            }
            Edit::RemoveSoundAnimation { track, index } => {
                self.find_sound(track.as_ref()).map_err(at("track"))?;
                self.remove_sound_animation(track.as_ref(), index).map_err(at("index"))
            }
            Edit::ControlSoundAnimation { track, index, control } => {
                self.find_sound(track.as_ref()).map_err(at("track"))?;
                self.control_sound_animation(track, index, control).map_err(at("index"))
            }
            Edit::DeleteLayer { id } => self.delete(&id).map_err(at("id")),
            Edit::MoveLayer { id, parent, index } => {
                let from = self.node(&id).map_err(at("id"))?.parent.clone();
                let to = parent.unwrap_or_else(|| from.clone());
                self.check_group(to.as_ref()).map_err(at(MOVED))?;
                self.move_layer(&id, from.as_ref(), to, index).map_err(at(MOVED))
            }
            Edit::OrderLayers { parent, order } => {
                self.check_group(parent.as_ref()).map_err(at("parent"))?;
                self.order(parent.as_ref(), &order).map_err(at("order"))
            }
            Edit::Expect { document, etags } => self.expect(&document, etags.as_deref()).map_err(at("document")),
            Edit::ExpectAbsent { document } => self.expect_absent(&document).map_err(at("document")),
            Edit::PutTimeline { timeline } => self.put_timeline(*timeline).map_err(at("timeline")),
            Edit::DeleteTimeline { id } => self.delete_timeline(&id).map_err(at("id")),
            Edit::ControlTimeline { id, control } => {
                self.timeline(&id).map_err(at("id"))?;
                self.control(id, control).map_err(at("control"))
            }
            Edit::FireEvent { name } => {
                self.inputs.push(Input::Event(name));
                Ok(())
            }
            Edit::AddTrigger { trigger } => self.add_trigger(*trigger).map_err(at("trigger")),
            Edit::PutTrigger { id, trigger } => {
                if let TriggerRef::Place(_) = id {
                    self.trigger(&id).map_err(at("id"))?;
                }
                self.put_trigger(&id, *trigger).map_err(at("trigger"))
            }
            Edit::PatchTrigger { id, patch } => {
                let place = self.trigger(&id).map_err(at("id"))?;
                self.patch_trigger(&id, place, &patch).map_err(at("patch"))
            }
            Edit::DeleteTrigger { id } => self.delete_trigger(&id).map_err(at("id")),
            Edit::FireTrigger { trigger } => self.fire(&trigger).map_err(at("trigger")),
        }
    }

    /// What the batch changes, if the scene is a valid one after it.
    pub(super) fn finish(mut self) -> Result<Changes, BatchRejected> {
        self.check_all()?;
        Ok(self.into_changes())
    }

    fn into_changes(self) -> Changes {
        let removed = self.removed.into_iter().collect();
        let Self { layers, roots, header, inputs, held, held_changes, transition, done, .. } = self;
        Changes { layers, removed, roots, header, inputs, held, held_changes, transition, done }
    }

    /// The scenes that are held, as the batch leaves them.
    fn held(&mut self) -> &mut HeldScenes {
        let world = self.world;
        self.held.get_or_insert_with(|| world.resource::<Held>().0.clone())
    }

    /// The scene on air, as the batch leaves it.
    fn scene(&mut self) -> SceneDocument {
        let layers = self.outermost();
        SceneDocument { layers, ..self.header().clone() }
    }

    /// The outermost layers with all below them.
    fn outermost(&mut self) -> Vec<LayerDocument> {
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let roots = self.roots.clone().unwrap_or_else(|| child_ids(self.world, root));
        roots.iter().filter_map(|id| self.document(id)).collect()
    }

    /// The version of a document.
    fn version(&mut self, document: &DocumentName) -> Result<Fingerprint, EditRejected> {
        Ok(match document {
            DocumentName::Layer { id } => {
                self.node(id)?;
                self.document(id).map(|layer| Fingerprint::of(&layer)).ok_or_else(|| self.unknown(id))?
            }
            DocumentName::Scene { id } if self.held().active == *id => Fingerprint::of(&self.scene()),
            DocumentName::Scene { id } => {
                let held = self.held();
                Fingerprint::of(held.others.get(id).ok_or_else(|| held.unknown(id.as_str()))?.as_ref())
            }
            DocumentName::Canvas {} => Fingerprint::of(&self.header().canvas),
            DocumentName::Audio {} => Fingerprint::of(&self.header().audio),
            DocumentName::Track { id } => Fingerprint::of(&self.header().audio.tracks[self.track(id)?]),
            DocumentName::Timeline { id } => Fingerprint::of(self.timeline(id)?),
            DocumentName::Trigger { id } => Fingerprint::of(&self.header().triggers[self.trigger(id)?]),
            DocumentName::Asset { id } => {
                let assets = &self.header().assets;
                Fingerprint::of(assets.iter().find(|asset| asset.id == *id).ok_or_else(|| {
                    let known = assets.iter().map(|asset| asset.id.as_str());
                    let nearest = nearest(id.as_str(), known).map(str::to_owned);
                    EditRejected::UnknownAsset { id: id.to_string(), nearest }
                })?)
            }
        })
    }

    /// Whether a document is there and, where `etags` names any, is one of these.
    fn expect(&mut self, document: &DocumentName, etags: Option<&[Fingerprint]>) -> Result<(), EditRejected> {
        let present = self.version(document)?;
        if etags.is_none_or(|etags| etags.contains(&present)) {
            return Ok(());
        }
        // A version that the batch itself has made is gone with it.
        let stays = Draft::new(self.world).version(document).is_ok_and(|before| before == present);
        Err(EditRejected::OtherVersion { present: stays.then_some(present) })
    }

    /// Whether a document is not there.
    fn expect_absent(&mut self, document: &DocumentName) -> Result<(), EditRejected> {
        // One that is there is none of no versions.
        match self.expect(document, Some(&[])) {
            Err(EditRejected::OtherVersion { present }) => Err(EditRejected::Exists { present }),
            _ => Ok(()),
        }
    }

    fn timeline(&self, id: &TimelineId) -> Result<&TimelineDocument, EditRejected> {
        let known = &self.header().timelines;
        known.iter().find(|timeline| timeline.id == *id).ok_or_else(|| {
            let nearest = nearest(id.as_str(), known.iter().map(|timeline| timeline.id.as_str())).map(str::to_owned);
            EditRejected::UnknownTimeline { id: id.to_string(), nearest }
        })
    }

    fn exists(&self, id: &LayerId) -> bool {
        self.layers.contains_key(id)
            || (!self.removed.contains_key(id) && self.world.resource::<LayerIndex>().get(id).is_some())
    }

    fn header(&self) -> &SceneDocument {
        match &self.header {
            Some(header) => header,
            None => scene::header(self.world),
        }
    }

    /// The header, to be changed: a copy of the World's, made once for the batch.
    fn header_mut(&mut self) -> &mut SceneDocument {
        let header = match self.header.take() {
            Some(header) => header,
            None => self.header().clone(),
        };
        self.header.insert(header)
    }

    /// The list of children of a group, or of the outermost layers.
    fn siblings(&mut self, parent: Option<&LayerId>) -> Result<&mut Vec<LayerId>, EditRejected> {
        if let Some(parent) = parent {
            return Ok(&mut self.node(parent)?.children);
        }
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let world = self.world;
        Ok(self.roots.get_or_insert_with(|| child_ids(world, root)))
    }

    /// A layer of the draft, copied from the World if the draft does not have it yet.
    fn node(&mut self, id: &LayerId) -> Result<&mut Node, EditRejected> {
        if !self.layers.contains_key(id) {
            let node = self.read(id).ok_or_else(|| self.unknown(id))?;
            self.layers.insert(id.clone(), node);
        }
        self.layers.get_mut(id).ok_or_else(|| EditRejected::UnknownLayer { id: id.to_string(), nearest: None })
    }

    fn read(&self, id: &LayerId) -> Option<Node> {
        if self.removed.contains_key(id) {
            return None;
        }
        let entity = self.world.resource::<LayerIndex>().get(id)?;
        let document = scene::document_without_children(self.world.get_entity(entity).ok()?)?;
        let parent = scene::parent_id(self.world, entity);
        Some(Node {
            document,
            parent,
            children: child_ids(self.world, entity),
            entity: Some(entity),
            dropped: Vec::new(),
        })
    }

    /// A layer of the draft or of the World, with all below it.
    fn document(&mut self, id: &LayerId) -> Option<LayerDocument> {
        let node = self.node(id).ok()?;
        let mut layer = node.document.clone();
        let children = node.children.clone();
        layer.children = children.iter().filter_map(|child| self.document(child)).collect();
        Some(layer)
    }

    fn unknown(&self, id: &LayerId) -> EditRejected {
        let ids: Vec<&LayerId> = self.world.resource::<LayerIndex>().ids().filter(|id| self.exists(id)).collect();
        let nearest = nearest(id.as_str(), ids.iter().map(|id| id.as_str()));
        EditRejected::UnknownLayer { id: id.to_string(), nearest: nearest.map(ToOwned::to_owned) }
    }
}

fn child_ids(world: &World, entity: Entity) -> Vec<LayerId> {
    let Ok(entity) = world.get_entity(entity) else { return Vec::new() };
    scene::children(entity).into_iter().filter_map(|child| world.get::<LayerId>(child).cloned()).collect()
}

fn invalid(pointer: &str, found: &str, expected: &str) -> EditRejected {
    EditRejected::Invalid {
        faults: vec![Fault {
            place: None,
            pointer: pointer.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
            nearest: None,
        }],
    }
}

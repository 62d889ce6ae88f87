//! The scene as a batch of edits would leave it, before anything is written.

use std::collections::HashMap;

use bevy_ecs::{entity::Entity, world::World};
use components::{
    AssetDocument, AssetId, AudioDocument, CanvasDocument, Content, Edit, LayerDocument, LayerId, LayerMask, Mask,
    SceneDocument, SceneId,
    animation::timeline::{LabelName, SeekTarget, TimelineControl, TimelineDocument, TimelineId},
    document::{
        Fault, Fingerprint, Limits, MAX_GROUP_DEPTH, check_audio, check_layer, check_masks, check_motion, check_scene,
        merge_patch, nearest,
    },
    edit::{BatchRejected, DocumentName, EditRejected},
    held::{HeldChange, HeldScenes},
};

use super::SceneLimits;
use crate::{
    clock::Input,
    held::Held,
    scene::{self, LayerIndex, SceneHeader, SceneRoot},
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
    /// Whether assets were changed or removed that something may use.
    assets: bool,
    /// Timelines that the batch has put into the header, each with the edit that did.
    put: HashMap<TimelineId, Blamed>,
    /// Whether the batch has loaded a scene: no layer goes on as the entity that it was.
    fresh: bool,
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
            assets: false,
            put: HashMap::new(),
            fresh: false,
            index: 0,
        }
    }

    /// Carries out edit number `index` on the draft.
    pub(super) fn apply(&mut self, index: usize, edit: Edit) -> Result<(), BatchRejected> {
        self.index = index;
        let at = |part: &'static str| move |reason: EditRejected| Blamed(index, part).for_(reason);
        match edit {
            Edit::LoadScene { scene } => self.load_scene(*scene, true).map_err(at("scene")),
            Edit::PutScene { id, scene } => self.put_scene(id, *scene).map_err(at("scene")),
            Edit::DeleteScene { id } => self.delete_scene(&id).map_err(at("id")),
            Edit::ActivateScene { id } => self.activate_scene(&id).map_err(at("id")),
            Edit::PutAsset { asset } => {
                self.put_asset(asset);
                Ok(())
            }
            Edit::DeleteAsset { id } => self.delete_asset(&id).map_err(at("id")),
            Edit::SetCanvas { canvas } => self.set_canvas(canvas).map_err(at("canvas")),
            Edit::SetAudio { audio } => self.set_audio(audio).map_err(at("audio")),
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
            Edit::PutTimeline { timeline } => {
                self.put_timeline(*timeline);
                Ok(())
            }
            Edit::DeleteTimeline { id } => self.delete_timeline(&id).map_err(at("id")),
            Edit::ControlTimeline { id, control } => {
                self.timeline(&id).map_err(at("id"))?;
                self.control(id, control).map_err(at("control"))
            }
            Edit::FireEvent { name } => {
                self.inputs.push(Input::Event(name));
                Ok(())
            }
        }
    }

    /// What the batch changes, if the scene is a valid one after it.
    pub(super) fn finish(mut self) -> Result<Changes, BatchRejected> {
        let known = self.world.resource::<LayerIndex>();
        let added = self.layers.values().filter(|node| node.entity.is_none()).count();
        let count = known.len() + added - self.removed.len();
        if count > self.limits.max_layers {
            return Err(EditRejected::TooManyLayers { count, limit: self.limits.max_layers }.into());
        }
        for (id, blamed) in self.unchecked.clone() {
            self.check(&id).map_err(|reason| blamed.for_(reason))?;
        }
        self.check_assets()?;
        self.check_masks()?;
        self.check_motion()?;
        let removed = self.removed.into_iter().collect();
        let Self { layers, roots, header, inputs, held, held_changes, .. } = self;
        Ok(Changes { layers, removed, roots, header, inputs, held, held_changes })
    }

    /// Checks a layer, with all below it, against the scene's assets and the groups around it.
    fn check(&mut self, id: &LayerId) -> Result<(), EditRejected> {
        if !self.exists(id) {
            return Ok(());
        }
        let Some(layer) = self.document(id) else { return Ok(()) };
        let faults = check_layer(&layer, Some(&self.header().assets), &self.limits);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        let depth = self.groups_around(id) + group_depth(&layer);
        if depth > MAX_GROUP_DEPTH {
            let found = format!("a group within {} groups", depth - 1);
            return Err(invalid("", &found, &format!("at most {MAX_GROUP_DEPTH} groups in each other")));
        }
        Ok(())
    }

    /// Checks that timelines and triggers fit the layers and each other, where the batch has touched any of them.
    fn check_motion(&self) -> Result<(), BatchRejected> {
        let header = self.header();
        let is_touched = !self.layers.is_empty() || !self.removed.is_empty() || self.header.is_some();
        if !is_touched || header.timelines.is_empty() && header.triggers.is_empty() {
            return Ok(());
        }
        // Animations of layers that the batch has not touched fit as they did.
        let put = !self.put.is_empty();
        let known = self.world.resource::<LayerIndex>().iter();
        let untouched = known.filter(|(id, _)| !self.layers.contains_key(*id) && !self.removed.contains_key(*id));
        let untouched = untouched.map(|(id, entity)| (id.as_str(), self.world.get(entity).filter(|_| put)));
        let touched = self.layers.iter().map(|(id, node)| (id.as_str(), Some(&node.document.content)));
        let faults = check_motion(header, &untouched.chain(touched).collect());
        if faults.is_empty() {
            return Ok(());
        }
        // Faults of a timeline that was put are told as faults of its document.
        for (index, timeline) in header.timelines.iter().enumerate() {
            let pointer = format!("/timelines/{index}");
            let of_it = faults.iter().filter_map(|fault| {
                let pointer =
                    fault.pointer.strip_prefix(&pointer).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
                Some(Fault { pointer: pointer.to_owned(), ..fault.clone() })
            });
            let of_it: Vec<Fault> = of_it.collect();
            if let Some(blamed) = self.put.get(&timeline.id).filter(|_| !of_it.is_empty()) {
                return Err(blamed.for_(EditRejected::Invalid { faults: of_it }));
            }
        }
        Err(EditRejected::InUse { faults }.into())
    }

    /// Checks that the layers which are masks of others are all there, and do not need those others themselves. An edit
    /// of one layer can break the mask of another.
    fn check_masks(&mut self) -> Result<(), BatchRejected> {
        let masked = |document: &LayerDocument| document.mask.as_ref().and_then(Mask::layer).is_some();
        let in_world = |id: &LayerId, entity: Entity| {
            let mask = || self.world.get::<LayerMask>(entity)?.0.as_ref()?.layer();
            !self.removed.contains_key(id) && mask().is_some()
        };
        let any = self.layers.values().any(|node| masked(&node.document))
            || self.world.resource::<LayerIndex>().iter().any(|(id, entity)| in_world(id, entity));
        if !any {
            return Ok(());
        }
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        let roots = self.roots.clone().unwrap_or_else(|| child_ids(self.world, root));
        let layers: Vec<LayerDocument> = roots.iter().filter_map(|id| self.document(id)).collect();
        let faults = check_masks(&layers);
        if faults.is_empty() {
            return Ok(());
        }
        // Faults in a layer that was edited are told as faults of its document.
        let mut places = Vec::new();
        for (index, layer) in layers.iter().enumerate() {
            pointers(layer, format!("/layers/{index}"), &mut places);
        }
        for (id, place) in &places {
            let of_it = |(edited, blamed): &&(LayerId, Blamed)| edited == id && blamed.1 != MOVED;
            let Some((_, blamed)) = self.unchecked.iter().rfind(of_it) else { continue };
            let of_it = faults.iter().filter_map(|fault| {
                let pointer = fault.pointer.strip_prefix(place.as_str()).filter(|rest| rest.starts_with('/'))?;
                Some(Fault { pointer: pointer.to_owned(), ..fault.clone() })
            });
            let of_it: Vec<Fault> = of_it.collect();
            if !of_it.is_empty() {
                return Err(blamed.for_(EditRejected::Invalid { faults: of_it }));
            }
        }
        Err(EditRejected::Invalid { faults }.into())
    }

    fn groups_around(&mut self, id: &LayerId) -> usize {
        let mut count = 0;
        let mut next = self.node(id).ok().and_then(|node| node.parent.clone());
        while let Some(parent) = next {
            count += 1;
            next = self.node(&parent).ok().and_then(|node| node.parent.clone());
        }
        count
    }

    /// Puts a scene in the place of the one on air: from its beginning, or with what stays the same going on.
    fn load_scene(&mut self, mut scene: SceneDocument, fresh: bool) -> Result<(), EditRejected> {
        let faults = check_scene(&scene, &self.limits);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        // One that came over the wire has no folder of its own.
        if scene.folder.as_os_str().is_empty() {
            scene.folder.clone_from(&self.header().folder);
        }
        self.layers.clear();
        self.unchecked.clear();
        self.put.clear();
        self.fresh |= fresh;
        self.inputs.push(if fresh { Input::Loaded } else { Input::Edited });
        self.removed = self.world.resource::<LayerIndex>().iter().map(|(id, entity)| (id.clone(), entity)).collect();
        let layers = std::mem::take(&mut scene.layers);
        self.header = Some(scene);
        self.roots = Some(layers.iter().map(|layer| layer.id.clone()).collect());
        for layer in layers {
            self.plant(layer, None);
        }
        Ok(())
    }

    fn put_scene(&mut self, id: SceneId, mut scene: SceneDocument) -> Result<(), EditRejected> {
        if self.held().active == id {
            return self.load_scene(scene, false);
        }
        let faults = check_scene(&scene, &self.limits);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        if scene.folder.as_os_str().is_empty() {
            let before = self.held().others.get(&id).map(|scene| scene.folder.clone());
            scene.folder = before.unwrap_or_else(|| self.header().folder.clone());
        }
        let change = self.held().put(id, scene)?;
        self.held_changes.push(change);
        Ok(())
    }

    fn delete_scene(&mut self, id: &SceneId) -> Result<(), EditRejected> {
        if self.held().active == *id {
            return Err(EditRejected::OnAir { id: id.clone() });
        }
        self.held().take(id)?;
        self.held_changes.push(HeldChange::Removed { id: id.clone() });
        Ok(())
    }

    /// Does nothing if the scene is on air already.
    fn activate_scene(&mut self, id: &SceneId) -> Result<(), EditRejected> {
        if self.held().active == *id {
            return Ok(());
        }
        let next = self.held().take(id)?;
        let present = self.scene();
        let held = self.held();
        let before = std::mem::replace(&mut held.active, id.clone());
        let kept = held.put(before, present)?;
        self.held_changes.extend([kept, HeldChange::Activated { id: id.clone() }]);
        self.load_scene(SceneDocument::clone(&next), true)
    }

    fn put_asset(&mut self, asset: AssetDocument) {
        let mut header = self.header().clone();
        match header.assets.iter_mut().find(|known| known.id == asset.id) {
            Some(known) => {
                self.assets |= known.kind != asset.kind;
                *known = asset;
            }
            None => {
                self.assets = true;
                header.assets.push(asset);
            }
        }
        self.header = Some(header);
    }

    fn delete_asset(&mut self, id: &AssetId) -> Result<(), EditRejected> {
        let mut header = self.header().clone();
        let before = header.assets.len();
        header.assets.retain(|asset| asset.id != *id);
        if header.assets.len() == before {
            let known = header.assets.iter().map(|asset| asset.id.as_str());
            let nearest = nearest(id.as_str(), known).map(str::to_owned);
            return Err(EditRejected::UnknownAsset { id: id.to_string(), nearest });
        }
        self.header = Some(header);
        self.assets = true;
        Ok(())
    }

    /// Checks that everything in the scene has the assets that it uses, and that there are not too many, where the batch
    /// has changed some.
    fn check_assets(&mut self) -> Result<(), EditRejected> {
        if !self.assets {
            return Ok(());
        }
        let scene = self.scene();
        let faults = check_scene(&scene, &self.limits);
        if faults.is_empty() { Ok(()) } else { Err(EditRejected::AssetInUse { faults }) }
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

    fn set_canvas(&mut self, canvas: CanvasDocument) -> Result<(), EditRejected> {
        let mut header = self.header().clone();
        header.canvas = canvas;
        // The layers that timelines and triggers speak of do not stand in the header.
        let (timelines, triggers) = (std::mem::take(&mut header.timelines), std::mem::take(&mut header.triggers));
        let faults = check_scene(&header, &self.limits);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        self.header = Some(SceneDocument { timelines, triggers, ..header });
        Ok(())
    }

    fn set_audio(&mut self, audio: AudioDocument) -> Result<(), EditRejected> {
        let mut header = self.header().clone();
        let faults = check_audio(&audio, &header.assets);
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        header.audio = audio;
        self.header = Some(header);
        Ok(())
    }

    fn create(
        &mut self,
        layer: LayerDocument,
        parent: Option<LayerId>,
        index: Option<usize>,
    ) -> Result<(), EditRejected> {
        self.refuse_taken(&layer)?;
        let id = layer.id.clone();
        let siblings = self.siblings(parent.as_ref())?;
        let index = index.unwrap_or(siblings.len()).min(siblings.len());
        siblings.insert(index, id.clone());
        self.plant(layer, parent);
        self.blame(id, "layer");
        Ok(())
    }

    /// Whether layers can go into `parent`; the canvas takes any.
    fn check_group(&mut self, parent: Option<&LayerId>) -> Result<(), EditRejected> {
        let Some(parent) = parent else { return Ok(()) };
        if matches!(self.node(parent)?.document.content, Content::Group(_)) {
            return Ok(());
        }
        Err(EditRejected::NotAGroup { id: parent.clone() })
    }

    /// Takes a layer from where it is to another place. It stays the entity that it is.
    fn move_layer(
        &mut self,
        id: &LayerId,
        from: Option<&LayerId>,
        to: Option<LayerId>,
        index: Option<usize>,
    ) -> Result<(), EditRejected> {
        let mut around = to.clone();
        while let Some(group) = around {
            if group == *id {
                let parent = to.unwrap_or(group);
                return Err(EditRejected::IntoItself { id: id.clone(), parent });
            }
            around = self.node(&group)?.parent.clone();
        }
        self.siblings(from)?.retain(|sibling| sibling != id);
        let siblings = self.siblings(to.as_ref())?;
        let index = index.unwrap_or(siblings.len()).min(siblings.len());
        siblings.insert(index, id.clone());
        self.node(id)?.parent = to;
        self.blame(id.clone(), MOVED);
        Ok(())
    }

    /// Puts children of a group, or of the canvas, into another order. A place is what decides who is in front of whom:
    /// first the `zIndex`, then the place in the list.
    fn order(&mut self, parent: Option<&LayerId>, order: &[LayerId]) -> Result<(), EditRejected> {
        let mut children = self.siblings(parent)?.clone();
        let at: HashMap<LayerId, usize> = children.iter().cloned().enumerate().map(|(at, id)| (id, at)).collect();
        let mut faults = Vec::new();
        let mut places = Vec::with_capacity(order.len());
        for (number, id) in order.iter().enumerate() {
            let is_repeated = order[..number].contains(id);
            match at.get(id) {
                Some(at) if !is_repeated => places.push((self.node(id)?.document.z_index, *at)),
                found => faults.push(Fault {
                    place: None,
                    pointer: format!("/{number}"),
                    found: if is_repeated { format!("`{id}` a second time") } else { format!("`{id}`") },
                    expected: match parent {
                        Some(parent) => format!("children of the group `{parent}`, each once"),
                        None => "outermost layers of the scene, each once".to_owned(),
                    },
                    nearest: if found.is_some() {
                        None
                    } else {
                        nearest(id.as_str(), children.iter().map(LayerId::as_str)).map(str::to_owned)
                    },
                }),
            }
        }
        if !faults.is_empty() {
            return Err(EditRejected::Invalid { faults });
        }
        places.sort_by_key(|(z_index, at)| (z_index.0, *at));
        for (id, (z_index, at)) in order.iter().zip(places) {
            self.node(id)?.document.z_index = z_index;
            children[at] = id.clone();
        }
        *self.siblings(parent)? = children;
        Ok(())
    }

    /// Whether a document is there and, where `etags` names any, is one of these.
    fn expect(&mut self, document: &DocumentName, etags: Option<&[Fingerprint]>) -> Result<(), EditRejected> {
        let present = match document {
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
            DocumentName::Track { id } => {
                let tracks = &self.header().audio.tracks;
                Fingerprint::of(tracks.iter().find(|track| track.id == *id).ok_or_else(|| {
                    let known = tracks.iter().map(|track| track.id.as_str());
                    let nearest = nearest(id.as_str(), known).map(str::to_owned);
                    EditRejected::UnknownTrack { id: id.to_string(), nearest }
                })?)
            }
            DocumentName::Timeline { id } => Fingerprint::of(self.timeline(id)?),
        };
        if etags.is_none_or(|etags| etags.contains(&present)) {
            return Ok(());
        }
        Err(EditRejected::OtherVersion { present })
    }

    /// Notes that a layer has to be checked, and which part of the present edit is to blame if it does not fit.
    fn blame(&mut self, id: LayerId, part: &'static str) {
        self.unchecked.push((id, Blamed(self.index, part)));
    }

    fn replace(&mut self, id: &LayerId, layer: LayerDocument, part: &'static str) -> Result<(), EditRejected> {
        let parent = self.node(id)?.parent.clone();
        if layer.id != *id {
            return Err(invalid("/id", &format!("`{}`", layer.id), &format!("`{id}`: a layer keeps its id")));
        }
        // Where this is refused the draft is dropped with the batch: nothing has to be put back.
        self.take(id);
        self.refuse_taken(&layer)?;
        self.plant(layer, parent);
        self.blame(id.clone(), part);
        Ok(())
    }

    fn patch(&mut self, id: &LayerId, patch: &serde_json::Value) -> Result<(), EditRejected> {
        self.node(id)?;
        let Some(layer) = self.document(id) else { return Err(self.unknown(id)) };
        let mut value =
            serde_json::to_value(&layer).map_err(|error| invalid("", &error.to_string(), "a layer document"))?;
        merge_patch(&mut value, patch);
        let layer =
            LayerDocument::from_value(value, &self.limits).map_err(|faults| EditRejected::Invalid { faults })?;
        self.replace(id, layer, "patch")
    }

    fn delete(&mut self, id: &LayerId) -> Result<(), EditRejected> {
        let parent = self.node(id)?.parent.clone();
        self.siblings(parent.as_ref())?.retain(|sibling| sibling != id);
        self.take(id);
        Ok(())
    }

    fn put_timeline(&mut self, timeline: TimelineDocument) {
        let mut header = self.header().clone();
        self.put.insert(timeline.id.clone(), Blamed(self.index, "timeline"));
        match header.timelines.iter_mut().find(|known| known.id == timeline.id) {
            Some(known) => *known = timeline,
            None => header.timelines.push(timeline),
        }
        self.header = Some(header);
        self.inputs.push(Input::Edited);
    }

    fn delete_timeline(&mut self, id: &TimelineId) -> Result<(), EditRejected> {
        self.timeline(id)?;
        let mut header = self.header().clone();
        header.timelines.retain(|timeline| timeline.id != *id);
        self.header = Some(header);
        self.inputs.push(Input::Edited);
        Ok(())
    }

    fn control(&mut self, id: TimelineId, control: TimelineControl) -> Result<(), EditRejected> {
        let timeline = self.timeline(&id)?;
        if let TimelineControl::Seek { to: SeekTarget::Label(label) } = &control {
            let labels: Vec<&LabelName> = timeline.labels().collect();
            if !labels.contains(&label) {
                let nearest = nearest(label.as_str(), labels.iter().map(|label| label.as_str())).map(str::to_owned);
                let fault = Fault {
                    place: None,
                    pointer: "/to".to_owned(),
                    found: format!("`{label}`"),
                    expected: format!("a label of the timeline `{id}` itself"),
                    nearest,
                };
                return Err(EditRejected::Invalid { faults: vec![fault] });
            }
        }
        self.inputs.push(Input::Control(id, control));
        Ok(())
    }

    fn timeline(&self, id: &TimelineId) -> Result<&TimelineDocument, EditRejected> {
        let known = &self.header().timelines;
        known.iter().find(|timeline| timeline.id == *id).ok_or_else(|| {
            let nearest = nearest(id.as_str(), known.iter().map(|timeline| timeline.id.as_str())).map(str::to_owned);
            EditRejected::UnknownTimeline { id: id.to_string(), nearest }
        })
    }

    /// Takes a layer and all below it out of the draft. Those that are entities go with the batch, unless they are
    /// planted again.
    fn take(&mut self, id: &LayerId) {
        let Ok(node) = self.node(id) else { return };
        let children = node.children.clone();
        if let Some(node) = self.layers.remove(id)
            && let Some(entity) = node.entity
        {
            self.removed.insert(id.clone(), entity);
        }
        for child in children {
            self.take(&child);
        }
    }

    /// Puts a layer and all below it into the draft. Those that the batch had taken out keep their entities, and so
    /// whatever of them stays the same goes on undisturbed; but with another scene everything begins anew.
    fn plant(&mut self, mut layer: LayerDocument, parent: Option<LayerId>) {
        let children = std::mem::take(&mut layer.children);
        let id = layer.id.clone();
        let entity = if self.fresh { None } else { self.removed.remove(&id) };
        let ids = children.iter().map(|child| child.id.clone()).collect();
        self.layers.insert(id.clone(), Node { document: layer, parent, children: ids, entity });
        for child in children {
            self.plant(child, Some(id.clone()));
        }
    }

    fn refuse_taken(&self, layer: &LayerDocument) -> Result<(), EditRejected> {
        match layer.walk().find(|layer| self.exists(&layer.id)) {
            Some(layer) => Err(EditRejected::DuplicateLayer { id: layer.id.clone() }),
            None => Ok(()),
        }
    }

    fn exists(&self, id: &LayerId) -> bool {
        self.layers.contains_key(id)
            || (!self.removed.contains_key(id) && self.world.resource::<LayerIndex>().get(id).is_some())
    }

    fn header(&self) -> &SceneDocument {
        static EMPTY: std::sync::LazyLock<SceneDocument> = std::sync::LazyLock::new(SceneDocument::default);
        let SceneRoot(root) = *self.world.resource::<SceneRoot>();
        match &self.header {
            Some(header) => header,
            None => self.world.get::<SceneHeader>(root).map_or(&EMPTY, |header| &header.0),
        }
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
        Some(Node { document, parent, children: child_ids(self.world, entity), entity: Some(entity) })
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

/// How many groups lie within each other in a layer, itself included.
fn group_depth(layer: &LayerDocument) -> usize {
    let within = layer.children.iter().map(group_depth).max().unwrap_or(0);
    within + usize::from(matches!(layer.content, Content::Group(_)))
}

/// Every layer with the JSON pointer to it.
fn pointers(layer: &LayerDocument, pointer: String, places: &mut Vec<(LayerId, String)>) {
    for (index, child) in layer.children.iter().enumerate() {
        pointers(child, format!("{pointer}/children/{index}"), places);
    }
    places.push((layer.id.clone(), pointer));
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

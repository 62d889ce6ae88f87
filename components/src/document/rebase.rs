//! What a scene becomes when the file that it began with is saved anew: a merge of three, by ids, and by fields of what all
//! three have.

mod order;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    hash::Hash,
};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use self::order::ordered;
use super::{
    LayerDocument, SceneDocument, check_scene,
    fields::{Fields, Path},
    read::Limits,
};
use crate::{animation::timeline::TimelineId, asset::AssetId, layer::LayerId};

/// Something in which a scene differs from the file that it began with. Printed, it is named for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Difference {
    /// A part of the scene beside its lists, by its key.
    Part(&'static str),
    /// An asset: another one, a new one, or one that is gone.
    Asset(AssetId),
    /// A layer without its children: a new one, or one that is gone.
    Layer(LayerId),
    /// A field of a layer, or of a part of the scene, by the names that lead to it.
    Field(Box<Difference>, Path),
    /// The group that a layer is in.
    Group(LayerId),
    /// The order of the layers in a group, or of those in none.
    Order(Option<LayerId>),
    /// A timeline: another one, a new one, or one that is gone.
    Timeline(TimelineId),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(key) => write!(f, "`{key}`"),
            Self::Asset(id) => write!(f, "the asset `{id}`"),
            Self::Layer(id) => write!(f, "the layer `{id}`"),
            Self::Field(of, path) => write!(f, "`{}` of {of}", path.join(".")),
            Self::Group(id) => write!(f, "the group of the layer `{id}`"),
            Self::Order(None) => f.write_str("the order of the layers"),
            Self::Order(Some(id)) => write!(f, "the order of the layers in `{id}`"),
            Self::Timeline(id) => write!(f, "the timeline `{id}`"),
        }
    }
}

/// A scene that has been brought to another version of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebased {
    /// What it is now.
    pub scene: SceneDocument,
    /// What was changed in it and is the file's again: the file has it otherwise by now, or has what does not go with it.
    pub gave_way: Vec<Difference>,
}

impl SceneDocument {
    /// This scene with what has changed from `before` to `after`, two valid versions of the file that it began with.
    ///
    /// Layers, assets and timelines are told apart by their ids. One that is the same in both files stays as it is here,
    /// changed or removed; one that is another in `after`, or new, is as it is there; one that `after` does not have any
    /// more goes; and what only this scene has stays. The order of layers is the one here, unless the file has brought what
    /// it had into another one. The same holds for a layer's place, for all else, each part as a whole, and for each field
    /// of a layer that all three have, of the canvas and of the sound: lists are one field, and so are objects that become
    /// of another `type`. What would make the scene invalid by that, such as a layer that needs an asset which the file has
    /// removed, gives way, and nothing besides: what is the scene's own and gave way could not be added to what comes out.
    /// How many layers there are is not looked at.
    #[must_use]
    pub fn rebased(&self, before: &Self, after: &Self) -> Rebased {
        let merge = Merge::of([self, before, after]);
        let limits = Limits { max_layers: usize::MAX };
        let is_valid = |kept: &HashSet<&Difference>| {
            merge.keeping(kept).is_some_and(|scene| check_scene(&scene, &limits).is_empty())
        };
        let own = merge.differences(Whose::Own);
        let (kept, gave_way) = most(&own, is_valid);
        // With nothing kept it is the file, which is as valid as it came.
        let scene = merge.keeping(&kept).unwrap_or_else(|| after.clone());
        let gave_way = gave_way.into_iter().cloned().chain(merge.differences(Whose::Both)).collect();
        Rebased { scene, gave_way }
    }
}

/// As many of `all` as go together, and the rest, none of which could be added. All are tried at once, then halves of them,
/// so that a few among many that do not go together cost few looks.
fn most<'a>(
    all: &'a [Difference],
    go_together: impl Fn(&HashSet<&'a Difference>) -> bool,
) -> (HashSet<&'a Difference>, Vec<&'a Difference>) {
    fn add<'a>(
        kept: &mut HashSet<&'a Difference>,
        more: &[&'a Difference],
        go_together: &impl Fn(&HashSet<&'a Difference>) -> bool,
    ) -> Vec<&'a Difference> {
        let with: HashSet<_> = kept.iter().chain(more).copied().collect();
        match more {
            _ if go_together(&with) => *kept = with,
            [_] => return more.to_vec(),
            _ => {
                let (first, second) = more.split_at(more.len() / 2);
                let mut left = add(kept, first, go_together);
                left.extend(add(kept, second, go_together));
                return left;
            }
        }
        Vec::new()
    }
    let (mut kept, mut left) = (HashSet::new(), all.iter().collect::<Vec<_>>());
    while !left.is_empty() {
        let tried = left.len();
        left = add(&mut kept, &left, &go_together);
        // What was refused may have needed what came after it.
        if left.len() == tried {
            break;
        }
    }
    (kept, left)
}

/// What became of something: what the scene has, what the file had, and what it has now.
type Three<T> = [T; 3];

/// Who has something otherwise than the file had it.
#[derive(Clone, Copy)]
enum Whose {
    /// The scene alone.
    Own,
    /// The scene and the file, and not alike.
    Both,
}

impl Whose {
    fn is(self, [present, before, after]: &Three<impl PartialEq>) -> bool {
        match self {
            Self::Own => before == after && present != after,
            Self::Both => before != after && present != before && present != after,
        }
    }

    /// The fields that this is so of.
    fn of(self, fields: &Fields, of: &Difference) -> impl Iterator<Item = Difference> {
        let changes = fields.changes().filter(move |change| change.is_of_both == matches!(self, Self::Both));
        changes.map(|change| Difference::Field(Box::new(of.clone()), change.path.clone()))
    }
}

/// A merge of a scene, its file as it was, and its file as it is.
struct Merge<'a> {
    scenes: Three<&'a SceneDocument>,
    flats: Three<Flat<'a>>,
    /// What the scene has made of layers that all three have.
    layers: HashMap<&'a LayerId, Fields>,
    canvas: Fields,
    audio: Fields,
}

impl<'a> Merge<'a> {
    fn of(scenes: Three<&'a SceneDocument>) -> Self {
        let flats = scenes.map(Flat::of);
        let changed = |(id, here): (&&'a LayerId, &Own<'_>)| {
            let (old, new) = (flats[1].layers.get(*id)?, flats[2].layers.get(*id)?);
            let [here, old, new] = [here, old, new].map(|own| &own.document);
            (here != old).then(|| (*id, Fields::of(here, old, new)))
        };
        let layers = flats[0].layers.iter().filter_map(changed).collect();
        let [present, before, after] = scenes;
        let canvas = Fields::of(&present.canvas, &before.canvas, &after.canvas);
        let audio = Fields::of(&present.audio, &before.audio, &after.audio);
        Self { scenes, flats, layers, canvas, audio }
    }

    /// What `whose` is so of: assets before the layers that use them, groups before what is in them.
    fn differences(&self, whose: Whose) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut part = |key, is_so: bool| found.extend(is_so.then_some(Difference::Part(key)));
        part("$schema", whose.is(&self.scenes.map(|scene| &scene.schema)));
        part("name", whose.is(&self.scenes.map(|scene| &scene.name)));
        found.extend(whose.of(&self.canvas, &Difference::Part("canvas")));
        let assets = ById::of(self.scenes.map(|scene| &*scene.assets), |asset| &asset.id);
        found.extend(assets.which(whose).cloned().map(Difference::Asset));
        let layers = self.layers();
        for &id in &layers {
            let own = self.flats.each_ref().map(|flat| flat.layers.get(id));
            let layer = Difference::Layer(id.clone());
            if own.iter().all(Option::is_some) {
                found.extend(self.layers.get(id).into_iter().flat_map(|fields| whose.of(fields, &layer)));
            } else if whose.is(&own.map(|own| own.map(|own| &own.document))) {
                found.push(layer);
            }
            // What is gone stands nowhere, and what is new there stands where it does.
            if own[0].is_some() && own[2].is_some() && whose.is(&own.map(|own| own.map(|own| own.group))) {
                found.push(Difference::Group(id.clone()));
            }
        }
        if matches!(whose, Whose::Both) {
            let groups = std::iter::once(None).chain(layers.iter().copied().map(Some));
            let children = |group| self.flats.each_ref().map(|flat| flat.children(group));
            let moved = groups.filter(|group| order::is_of_both(children(*group)));
            found.extend(moved.map(|group| Difference::Order(group.cloned())));
        }
        let timelines = ById::of(self.scenes.map(|scene| &*scene.timelines), |timeline| &timeline.id);
        found.extend(timelines.which(whose).cloned().map(Difference::Timeline));
        found.extend(whose.of(&self.audio, &Difference::Part("audio")));
        let mut part = |key, is_so: bool| found.extend(is_so.then_some(Difference::Part(key)));
        part("transition", whose.is(&self.scenes.map(|scene| &scene.transition)));
        part("triggers", whose.is(&self.scenes.map(|scene| &scene.triggers)));
        found
    }

    /// All layers, each once, groups before what is in them.
    fn layers(&self) -> Vec<&'a LayerId> {
        let mut known = HashSet::new();
        let all = self.scenes.into_iter().flat_map(SceneDocument::walk).map(|layer| &layer.id);
        all.filter(|id| known.insert(*id)).collect()
    }

    /// The merged scene with these of the scene's own differences; `None` if a layer would have no place, or something
    /// would be no document.
    fn keeping(&self, kept: &HashSet<&Difference>) -> Option<SceneDocument> {
        fn part<T: Clone + PartialEq>([present, before, after]: Three<&T>, is_kept: bool) -> T {
            if before == after && is_kept { present.clone() } else { after.clone() }
        }
        let keeps = |key| kept.contains(&Difference::Part(key));
        let assets = ById::of(self.scenes.map(|scene| &*scene.assets), |asset| &asset.id);
        let timelines = ById::of(self.scenes.map(|scene| &*scene.timelines), |timeline| &timeline.id);
        Some(SceneDocument {
            schema: part(self.scenes.map(|scene| &scene.schema), keeps("$schema")),
            name: part(self.scenes.map(|scene| &scene.name), keeps("name")),
            canvas: with_fields(
                &self.canvas,
                &Difference::Part("canvas"),
                kept,
                self.scenes.map(|scene| &scene.canvas),
            )?,
            audio: with_fields(&self.audio, &Difference::Part("audio"), kept, self.scenes.map(|scene| &scene.audio))?,
            transition: part(self.scenes.map(|scene| &scene.transition), keeps("transition")),
            triggers: part(self.scenes.map(|scene| &scene.triggers), keeps("triggers")),
            assets: assets.merged(|id| kept.contains(&Difference::Asset(id.clone()))),
            timelines: timelines.merged(|id| kept.contains(&Difference::Timeline(id.clone()))),
            layers: self.merged_layers(kept)?,
            folder: self.scenes[2].folder.clone(),
        })
    }

    /// The layers of the merged scene; `None` if one would be in a group that is not there, or groups in each other in a
    /// circle.
    fn merged_layers(&self, kept: &HashSet<&Difference>) -> Option<Vec<LayerDocument>> {
        let mut merged: HashMap<&LayerId, Own<'_>> = HashMap::new();
        for id in self.layers() {
            let own = self.flats.each_ref().map(|flat| flat.layers.get(id));
            let document = own.map(|own| own.map(|own| &own.document));
            let layer = Difference::Layer(id.clone());
            let document = match (self.layers.get(id), document) {
                (Some(fields), [Some(here), Some(old), Some(new)]) => {
                    with_fields(fields, &layer, kept, [here, old, new])?
                }
                (_, document) => match resolve(document, kept.contains(&layer)) {
                    Some(document) => document.clone(),
                    None => continue,
                },
            };
            let [here, old, new] = own.map(|own| own.map(|own| own.group));
            // One that is here alone, or in the file alone, stands where it does there.
            let is_here = old == new && kept.contains(&Difference::Group(id.clone()));
            let group = if is_here { here.or(new) } else { new.or(here) };
            merged.insert(id, Own { document, group: group.flatten() });
        }
        let groups = |id| std::iter::successors(Some(id), |id| merged.get(id)?.group).take(merged.len() + 1);
        let has_place = |id| groups(id).all(|id| merged.contains_key(id)) && groups(id).count() <= merged.len();
        merged.keys().all(|id| has_place(*id)).then(|| planted(&self.flats, &merged, None))
    }
}

/// What becomes of something that all three have, with these differences of the scene's own; `None` if that is no document.
fn with_fields<T: Clone + PartialEq + JsonSchema + DeserializeOwned>(
    fields: &Fields,
    of: &Difference,
    kept: &HashSet<&Difference>,
    [present, before, after]: Three<&T>,
) -> Option<T> {
    let is_kept = |path: &Path| kept.contains(&Difference::Field(Box::new(of.clone()), path.clone()));
    let kept = fields.changes().filter(|change| is_kept(&change.path)).count();
    match kept {
        0 => Some(after.clone()),
        // Most are of one side alone, and need not be put together.
        _ if before == after && kept == fields.changes().count() => Some(present.clone()),
        _ => fields.merged(is_kept),
    }
}

/// What there is in the merged scene of something that these three have, where the scene's own difference is kept or not.
fn resolve<T: PartialEq>([present, before, after]: Three<Option<&T>>, is_kept: bool) -> Option<&T> {
    if before == after && is_kept { present } else { after }
}

/// Three lists of things with ids.
struct ById<'a, T, I> {
    ids: Three<Vec<&'a I>>,
    things: Three<HashMap<&'a I, &'a T>>,
}

impl<'a, T: Clone + PartialEq, I: Hash + Eq> ById<'a, T, I> {
    fn of(lists: Three<&'a [T]>, id: fn(&'a T) -> &'a I) -> Self {
        let things = lists.map(|list| list.iter().map(|thing| (id(thing), thing)).collect());
        Self { ids: lists.map(|list| list.iter().map(id).collect()), things }
    }

    /// All ids, each once.
    fn order(&self) -> Vec<&'a I> {
        ordered(self.ids.each_ref().map(Vec::as_slice))
    }

    /// The ids of what `whose` is so of.
    fn which(&self, whose: Whose) -> impl Iterator<Item = &'a I> {
        self.order().into_iter().filter(move |id| whose.is(&self.things.each_ref().map(|things| things.get(id))))
    }

    /// What there is in the merged scene.
    fn merged(&self, is_kept: impl Fn(&I) -> bool) -> Vec<T> {
        let of = |id: &I| resolve(self.things.each_ref().map(|things| things.get(id).copied()), is_kept(id)).cloned();
        self.order().into_iter().filter_map(of).collect()
    }
}

/// A layer without its children, and its group.
struct Own<'a> {
    document: LayerDocument,
    group: Option<&'a LayerId>,
}

/// All layers of a scene, and the children of each group in their order; those of no group under `None`.
#[derive(Default)]
struct Flat<'a> {
    layers: HashMap<&'a LayerId, Own<'a>>,
    children: HashMap<Option<&'a LayerId>, Vec<&'a LayerId>>,
}

impl<'a> Flat<'a> {
    fn of(scene: &'a SceneDocument) -> Self {
        let mut flat = Self::default();
        flat.add(&scene.layers, None);
        flat
    }

    fn add(&mut self, layers: &'a [LayerDocument], group: Option<&'a LayerId>) {
        for layer in layers {
            let document = LayerDocument { children: Vec::new(), ..layer.clone() };
            self.layers.insert(&layer.id, Own { document, group });
            self.children.entry(group).or_default().push(&layer.id);
            self.add(&layer.children, Some(&layer.id));
        }
    }

    fn children(&self, group: Option<&'a LayerId>) -> &[&'a LayerId] {
        self.children.get(&group).map_or(&[], Vec::as_slice)
    }
}

/// The children of a group with all below them.
fn planted<'a>(
    flats: &[Flat<'a>; 3],
    kept: &HashMap<&'a LayerId, Own<'a>>,
    group: Option<&'a LayerId>,
) -> Vec<LayerDocument> {
    let children = ordered(flats.each_ref().map(|flat| flat.children(group))).into_iter();
    let children = children.filter_map(|id| Some((id, kept.get(id).filter(|own| own.group == group)?)));
    children
        .map(|(id, own)| LayerDocument { children: planted(flats, kept, Some(id)), ..own.document.clone() })
        .collect()
}

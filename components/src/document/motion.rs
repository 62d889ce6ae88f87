//! Whether timelines and triggers fit the layers of their scene, and one another.

use std::collections::{HashMap, HashSet};

use super::{
    LayerDocument, Limits, SceneDocument,
    fault::{Fault, MAX_FAULTS, Place},
    meaning::{Checks, check_layer},
    notice::{no_reserved_layer, reserved_in_patch},
    outline::{Outline, TimelineEntry, TriggerEntry, timeline_entry, trigger_entry},
    read_patched,
    rules::quoted,
    words::{nearest, shown_key, shown_text},
};
use crate::{
    animation::{
        self, Animation, Parts, Queue, Subject, check_preset,
        timeline::{self, LabelName, SeekTarget, Step, TimelineControl, TimelineDocument, TimelineId},
        trigger::{Action, Cause},
    },
    audio::AudioDocument,
    layer::LayerId,
};

/// Everything about the timelines and triggers of a scene that does not fit one another, or these layers; pointers
/// count from the scene. Of each layer its parts are given, or `None` if its animations need not be checked.
#[must_use]
pub fn check_motion(scene: &SceneDocument, layers: &HashMap<&str, Option<Parts<'_>>>) -> Vec<Fault> {
    let timelines: Vec<TimelineEntry<'_>> = scene.timelines.iter().enumerate().map(timeline_entry).collect();
    let triggers: Vec<TriggerEntry<'_>> = scene.triggers.iter().enumerate().map(trigger_entry).collect();
    let mut checks = Checks { place: |_: &str| None, faults: Vec::new(), named: Vec::new() };
    let layers = Known { layers, are_all: true };
    let audio = Outline::of_audio(&scene.audio, &scene.assets, "/audio");
    checks.timelines(&timelines, true, &layers, &audio);
    checks.triggers(&triggers, &Labels::of(&timelines, true), &layers);
    checks.heard(&timelines, &triggers, &audio);
    checks.asset_names(&audio);
    checks.faults
}

/// The same of what timelines and triggers do to layers that `is_touched` names, where they themselves and the sound are as
/// they were when all was checked: of thousands of steps few are about a layer that is edited.
#[must_use]
pub fn check_motion_of(
    scene: &SceneDocument,
    layers: &HashMap<&str, Option<Parts<'_>>>,
    is_touched: &dyn Fn(&LayerId) -> bool,
) -> Vec<Fault> {
    let mut checks = Checks { place: |_: &str| None, faults: Vec::new(), named: Vec::new() };
    let layers = Known { layers, are_all: true };
    let audio = Outline::of_audio(&scene.audio, &scene.assets, "/audio");
    for (index, timeline) in scene.timelines.iter().enumerate() {
        for (pointer, step) in touched_steps((index, timeline), is_touched) {
            checks.step(&pointer, step, &layers, &audio);
        }
    }
    let sets = |action: &Action| matches!(action, Action::Set { layer, .. } if is_touched(layer));
    let triggers = scene.triggers.iter().enumerate().filter(|(_, trigger)| trigger.actions.iter().any(sets));
    let triggers: Vec<TriggerEntry<'_>> = triggers.map(trigger_entry).collect();
    // The timelines that they speak of are there.
    checks.triggers(&triggers, &Labels { timelines: HashMap::new(), are_all: false }, &layers);
    checks.asset_names(&audio);
    checks.faults
}

/// The steps of a timeline that animate one of these layers, however deep, each with its pointer.
fn touched_steps<'a>(
    (index, timeline): (usize, &'a TimelineDocument),
    is_touched: &dyn Fn(&LayerId) -> bool,
) -> Vec<(String, &'a Step)> {
    fn add<'a>(
        steps: &'a [Step],
        way: &mut Vec<usize>,
        is_touched: &dyn Fn(&LayerId) -> bool,
        to: &mut Vec<(Vec<usize>, &'a Step)>,
    ) {
        for (index, step) in steps.iter().enumerate() {
            way.push(index);
            let is_about = match step {
                Step::Sequence { steps } | Step::Parallel { steps } => {
                    add(steps, way, is_touched, to);
                    false
                }
                Step::Animate { layer, .. } => is_touched(layer),
                Step::Stagger { layers, .. } | Step::Preset { layers, .. } => layers.iter().any(is_touched),
                Step::AnimateTrack { .. } | Step::Wait { .. } | Step::Label { .. } | Step::Timeline { .. } => false,
            };
            if is_about {
                to.push((way.clone(), step));
            }
            way.pop();
        }
    }
    let mut found = Vec::new();
    add(&timeline.steps, &mut Vec::new(), is_touched, &mut found);
    let pointer = |way: Vec<usize>| {
        let steps = way.into_iter().map(|index| format!("/steps/{index}"));
        std::iter::once(format!("/timelines/{index}")).chain(steps).collect()
    };
    found.into_iter().map(|(way, step)| (pointer(way), step)).collect()
}

/// The layers that there are.
struct Known<'a> {
    layers: &'a HashMap<&'a str, Option<Parts<'a>>>,
    /// Whether there are no others that could not be read.
    are_all: bool,
}

/// The timelines that there are, each with its labels; `None` where these could not be read.
struct Labels<'a> {
    timelines: HashMap<&'a str, Option<HashSet<&'a LabelName>>>,
    /// Whether there are no others that could not be read.
    are_all: bool,
}

impl<'a> Labels<'a> {
    fn of(timelines: &'a [TimelineEntry<'a>], are_all: bool) -> Self {
        let labelled = |entry: &'a TimelineEntry<'a>| {
            let labels = entry.document.as_deref().map(|document| document.labels().collect());
            Some((entry.id.as_deref()?, labels))
        };
        Self { timelines: timelines.iter().filter_map(labelled).collect(), are_all }
    }
}

impl<P: Fn(&str) -> Option<Place>> Checks<P> {
    pub(super) fn motion(&mut self, outline: &Outline<'_>, limits: &Limits) {
        if outline.timelines.is_empty() && outline.triggers.is_empty() {
            return;
        }
        let layers = outline.layers.iter().filter_map(|entry| Some((entry.id.as_deref()?, entry.parts())));
        let layers = Known { layers: &layers.collect(), are_all: outline.layers_known };
        self.timelines(&outline.timelines, outline.timelines_known, &layers, outline);
        self.triggers(&outline.triggers, &Labels::of(&outline.timelines, outline.timelines_known), &layers);
        self.heard(&outline.timelines, &outline.triggers, outline);
        if let Some(scene) = outline.scene {
            self.patches(scene, limits);
        }
    }

    /// `sound` knows the tracks.
    fn timelines(&mut self, timelines: &[TimelineEntry<'_>], are_all: bool, layers: &Known<'_>, sound: &Outline<'_>) {
        let mut first: HashMap<&str, &str> = HashMap::new();
        for TimelineEntry { pointer, id, steps, .. } in timelines {
            if let Some(id) = id.as_deref() {
                self.id_is_new(&mut first, "timeline", id, pointer);
            }
            for (pointer, step) in steps {
                self.step(pointer, step, layers, sound);
            }
        }
        let documents = timelines.iter().filter_map(|entry| Some((entry.pointer.as_str(), entry.document.as_deref()?)));
        let documents: Vec<(&str, &TimelineDocument)> = documents.collect();
        let are_all = are_all && documents.len() == timelines.len();
        self.all("", timeline::check(&documents, are_all));
    }

    /// Whether no other one of these has the id that one has.
    fn id_is_new<'a>(&mut self, first: &mut HashMap<&'a str, &'a str>, kind: &str, id: &'a str, pointer: &'a str) {
        if let Some(earlier) = first.get(id) {
            let earlier = self.whereabouts(earlier);
            let expected = format!("an id that no other {kind} has: {earlier} has this one");
            self.fault(format!("{pointer}/id"), format!("the {kind} id {} a second time", shown_key(id)), expected);
        } else {
            first.insert(id, pointer);
        }
    }

    fn step(&mut self, pointer: &str, step: &Step, layers: &Known<'_>, sound: &Outline<'_>) {
        let animation = format!("{pointer}/animation");
        match step {
            Step::Animate { layer, animation: animated } => {
                self.layer_name(format!("{pointer}/layer"), layer, layers);
                if let Some(Some(parts)) = layers.layers.get(layer.as_str()) {
                    self.animation(&animation, animated, *parts);
                }
                self.queue(&animation, animated);
            }
            Step::AnimateTrack { track, animation: animated } => {
                self.track_name(pointer, track.as_ref(), sound);
                let subject = match track {
                    None => Some((&AudioDocument::default()).into()),
                    Some(track) => {
                        let entry = sound.tracks.iter().find(|entry| entry.id.as_deref() == Some(track.as_str()));
                        entry.and_then(|entry| entry.mix).map(Subject::Track)
                    }
                };
                if let Some(subject) = subject {
                    self.all(&animation, animation::check(animated, subject));
                }
                self.queue(&animation, animated);
            }
            Step::Stagger { layers: staggered, animation: animated, .. } => {
                self.queue(&animation, animated);
                self.each(pointer, staggered, layers, |checks, parts| checks.animation(&animation, animated, parts));
            }
            Step::Preset { layers: ones, preset, .. } => {
                let at = format!("{pointer}/preset");
                self.each(pointer, ones, layers, |checks, parts| {
                    checks.all(&at, check_preset(preset, parts).into_iter().collect());
                });
            }
            Step::Sequence { .. } | Step::Parallel { .. } | Step::Wait { .. } => {}
            Step::Label { .. } | Step::Timeline { .. } => {}
        }
    }

    /// Checks the layers of a step, and on each of them what it does.
    fn each(&mut self, pointer: &str, layers: &[LayerId], known: &Known<'_>, check: impl Fn(&mut Self, Parts<'_>)) {
        for (index, layer) in layers.iter().enumerate() {
            self.layer_name(format!("{pointer}/layers/{index}"), layer, known);
        }
        // What is wrong in itself is told once, not for each layer.
        let mut told: Vec<Fault> = Vec::new();
        for layer in layers {
            if let Some(Some(parts)) = known.layers.get(layer.as_str()) {
                let before = self.faults.len();
                check(self, *parts);
                let new = self.faults.split_off(before).into_iter();
                let new: Vec<Fault> =
                    new.filter(|fault| told.iter().all(|known| known.pointer != fault.pointer)).collect();
                told.extend(new);
            }
        }
        self.faults.extend(told);
    }

    /// Whether an animation of a step leaves its time to the timeline.
    fn queue(&mut self, pointer: &str, animation: &Animation) {
        if animation.queue == Queue::Append {
            let expected = "another: the steps of a timeline follow one another anyway";
            self.fault(format!("{pointer}/queue"), "`append` in a timeline", expected);
        }
    }

    fn layer_name(&mut self, pointer: String, layer: &LayerId, known: &Known<'_>) {
        let is_full = self.faults.len() >= MAX_FAULTS;
        if known.are_all && !is_full && !known.layers.contains_key(layer.as_str()) {
            let near = nearest(layer.as_str(), known.layers.keys().copied()).map(quoted);
            self.unknown(pointer, layer.as_str(), "the id of a layer of the scene", near);
        }
    }

    fn unknown(&mut self, pointer: String, name: &str, expected: &str, nearest: Option<String>) {
        self.fault(pointer.clone(), shown_text(name), expected);
        if let Some(fault) = self.faults.last_mut().filter(|fault| fault.pointer == pointer) {
            fault.nearest = nearest;
        }
    }

    fn triggers(&mut self, triggers: &[TriggerEntry<'_>], timelines: &Labels<'_>, layers: &Known<'_>) {
        let mut first: HashMap<&str, &str> = HashMap::new();
        for TriggerEntry { pointer, id, cause, actions } in triggers {
            if let Some(id) = id.as_deref() {
                self.id_is_new(&mut first, "trigger", id, pointer);
            }
            if let Some((pointer, cause)) = cause
                && let Some(timeline) = cause.timeline()
            {
                self.timeline_name(format!("{pointer}/timeline"), timeline, timelines);
                if let Cause::Label { label, .. } = &**cause {
                    self.label_name(format!("{pointer}/label"), timeline, label, timelines);
                }
            }
            for (pointer, action) in actions {
                if let Action::Set { layer, .. } = &**action {
                    self.layer_name(format!("{pointer}/layer"), layer, layers);
                }
                let Some((timeline, control)) = action.control() else { continue };
                self.timeline_name(format!("{pointer}/timeline"), timeline, timelines);
                if let TimelineControl::Seek { to: SeekTarget::Label(label) } = &control {
                    self.label_name(format!("{pointer}/to"), timeline, label, timelines);
                }
            }
        }
    }

    fn timeline_name(&mut self, pointer: String, timeline: &TimelineId, known: &Labels<'_>) {
        if known.are_all && !known.timelines.contains_key(timeline.as_str()) {
            let near = nearest(timeline.as_str(), known.timelines.keys().copied()).map(quoted);
            self.unknown(pointer, timeline.as_str(), "the id of a timeline of the scene", near);
        }
    }

    fn label_name(&mut self, pointer: String, timeline: &TimelineId, label: &LabelName, known: &Labels<'_>) {
        let Some(Some(labels)) = known.timelines.get(timeline.as_str()) else { return };
        if !labels.contains(label) {
            let near = nearest(label.as_str(), labels.iter().map(|name| name.as_str())).map(quoted);
            let expected = format!("a label of the timeline `{timeline}` itself");
            self.unknown(pointer, label.as_str(), &expected, near);
        }
    }

    /// Whether what triggers set fits the layers as they are written.
    fn patches(&mut self, scene: &SceneDocument, limits: &Limits) {
        let sets = scene.triggers.iter().enumerate().flat_map(|(index, trigger)| {
            let actions = trigger.actions.iter().enumerate();
            actions.map(move |(at, action)| (format!("/triggers/{index}/do/{at}/patch"), action))
        });
        let mut layers: HashMap<&LayerId, &LayerDocument> = HashMap::new();
        for (pointer, action) in sets {
            let Action::Set { layer, patch } = action else { continue };
            if layers.is_empty() {
                layers = scene.walk().map(|layer| (&layer.id, layer)).collect();
            }
            let Some(document) = layers.get(layer) else { continue };
            if patch.get("id").is_some_and(|id| id.as_str() != Some(layer.as_str())) {
                self.fault(
                    format!("{pointer}/id"),
                    "another `id`",
                    format!("no `id`: the layer `{layer}` keeps its own"),
                );
                continue;
            }
            reserved_in_patch(patch, &pointer, &mut |id, at| {
                // What is there may stay.
                if !layers.keys().any(|known| known.as_str() == id) {
                    self.fault(at, format!("`{id}`"), no_reserved_layer(id));
                }
            });
            match read_patched(*document, patch, |source| LayerDocument::from_source(&source, limits)) {
                Ok(patched) => self.all(&pointer, check_layer(&patched, Some(&scene.assets), limits)),
                Err(faults) => self.all(&pointer, faults),
            }
        }
    }
}

//! What the timelines do to layers and to the sound.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use bevy_ecs::{
    change_detection::DetectChangesMut,
    query::Added,
    system::{Query, ResMut},
};
use components::{
    LayerId,
    animation::timeline::{ActiveCue, Cue, CueList, CueTarget, Cues},
};

use super::{Player, Steered, Timelines};

/// What a timeline does to a layer, to a track or to the whole mix.
#[derive(Clone, Debug)]
pub(in super::super) struct Moved {
    pub(in super::super) target: CueTarget,
    /// In the order in which they begin.
    cues: Vec<Arc<Cue>>,
    /// Whether any of it goes on from what is shown.
    goes_on: bool,
}

impl Moved {
    /// All that a timeline does, in the order in which it begins with each.
    pub(super) fn by(list: &CueList) -> Arc<[Self]> {
        let mut places: HashMap<&CueTarget, usize> = HashMap::new();
        let mut moved: Vec<Self> = Vec::new();
        for cue in list.cues() {
            let place = *places.entry(&cue.target).or_insert_with(|| {
                moved.push(Self { target: cue.target.clone(), cues: Vec::new(), goes_on: false });
                moved.len() - 1
            });
            moved[place].goes_on |= cue.animation.goes_on();
            moved[place].cues.push(Arc::clone(cue));
        }
        moved.into()
    }

    fn layer(&self) -> Option<&LayerId> {
        match &self.target {
            CueTarget::Layer(layer) => Some(layer),
            CueTarget::Track(_) | CueTarget::Mix => None,
        }
    }
}

impl Timelines {
    /// Those that have been played, those that were played last at the end.
    fn ranked(&self) -> Vec<&Player> {
        let mut players: Vec<&Player> = self.players.iter().filter(|player| player.playhead.is_some()).collect();
        players.sort_by_key(|player| player.rank);
        players
    }

    /// What those that have been played do to what `wanted` names.
    fn cues_of<'a, K: std::hash::Hash + Eq>(
        &'a self,
        wanted: impl Fn(&'a CueTarget) -> Option<K>,
    ) -> HashMap<K, Vec<ActiveCue>> {
        let mut cues: HashMap<K, Vec<ActiveCue>> = HashMap::new();
        for player in self.ranked() {
            let Some(playhead) = player.playhead else { continue };
            for moved in &*player.moved {
                let Some(key) = wanted(&moved.target) else { continue };
                let active = |cue: &Arc<Cue>| ActiveCue::new(Arc::clone(cue), &player.list, playhead);
                cues.entry(key).or_default().extend(moved.cues.iter().map(active));
            }
        }
        cues
    }

    /// What those that have been played do to the sound.
    pub(crate) fn sound_cues(&self) -> HashMap<&CueTarget, Vec<ActiveCue>> {
        self.cues_of(|target| (!matches!(target, CueTarget::Layer(_))).then_some(target))
    }

    /// What those that have been played do to these layers; nothing is said of layers to which they do nothing.
    pub(in super::super) fn layer_cues(
        &self,
        is_wanted: impl Fn(&LayerId) -> bool,
    ) -> HashMap<&LayerId, Vec<ActiveCue>> {
        self.cues_of(|target| match target {
            CueTarget::Layer(layer) => is_wanted(layer).then_some(layer),
            CueTarget::Track(_) | CueTarget::Mix => None,
        })
    }

    /// The layers in which a timeline goes on from what was there before.
    pub(in super::super) fn carrying(&self) -> HashSet<&LayerId> {
        let moved = self.players.iter().flat_map(|player| &*player.moved);
        moved.filter(|moved| moved.goes_on).filter_map(Moved::layer).collect()
    }
}

/// Tells layers what the timelines do to them, where someone steered a timeline that moves them, or they are new.
pub fn cue_layers(
    mut timelines: ResMut<Timelines>,
    mut layers: Query<(&LayerId, &mut Cues)>,
    added: Query<&LayerId, Added<LayerId>>,
) {
    // Whether it has changed is asked by those who want to know whether one was steered.
    let timelines = timelines.bypass_change_detection();
    let steered = std::mem::take(&mut timelines.untold);
    if matches!(steered, Steered::None) && (added.is_empty() || timelines.players.is_empty()) {
        return;
    }
    let moved = timelines.players.iter().enumerate().filter(|(index, _)| steered.has(*index));
    let moved = moved.flat_map(|(_, player)| &*player.moved).filter_map(Moved::layer);
    let wanted: HashSet<&LayerId> = moved.chain(&added).collect();
    let are_all = matches!(steered, Steered::All);
    let mut cues = timelines.layer_cues(|layer| are_all || wanted.contains(layer));
    for (id, mut known) in &mut layers {
        if are_all || wanted.contains(id) {
            known.set_if_neq(Cues(cues.remove(id).unwrap_or_default()));
        }
    }
}

//! Where every timeline stands, and what that means for layers.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use bevy_ecs::{
    change_detection::{DetectChanges, DetectChangesMut},
    query::Added,
    resource::Resource,
    system::{Query, Res},
};
use components::{
    LayerId,
    animation::{
        timeline::{
            ActiveCue, CueList, CueTarget, Cues, LabelName, PlayState, Playhead, TimelineControl, TimelineDocument,
            TimelineId,
        },
        trigger::{Cause, TriggerDocument},
    },
    audio::LevelReading,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::TimelineMotion;

/// The timelines of the scene, laid out, and where they stand. Marked as changed when someone steers one.
#[derive(Resource, Clone, Debug, Default)]
pub struct Timelines {
    pub(super) players: Vec<Player>,
    /// How often a timeline was played.
    plays: u64,
    /// Whether somebody or something steered one on this tick, rather than that one stands elsewhere since it follows a
    /// level.
    pub(super) are_steered: bool,
}

/// A timeline that can be played.
#[derive(Clone, Debug)]
pub(super) struct Player {
    pub(super) list: Arc<CueList>,
    /// Where it stands; `None` if it has no effect.
    pub(super) playhead: Option<Playhead>,
    /// The rate at which it plays, whichever way.
    rate: f64,
    /// Whether it follows what it is to follow.
    follows: bool,
    /// Number of the time that it was played last: the one played last goes over the others.
    rank: u64,
    /// What it moves.
    pub(super) targets: Vec<CueTarget>,
    /// What triggers wait for.
    pub(super) waits: Vec<Wait>,
    /// Up to where labels and ends that it came to have been dealt with.
    pub(super) seen: Seen,
}

/// Something that a timeline comes to, and that a trigger waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wait {
    /// A label, at a time of each round in nanoseconds.
    Label(LabelName, u64),
    /// The end, or backwards the beginning.
    End,
}

/// A time of a timeline, up to which everything has happened that should.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Nanoseconds.
    pub(super) at: u64,
    /// Whether what is at that very time is still to happen.
    pub(super) inclusive: bool,
}

/// A timeline, as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineStatus {
    /// Its name.
    pub id: TimelineId,
    /// What it is doing.
    pub state: PlayState,
    /// Seconds from its beginning, over all repeats.
    pub position: f64,
    /// Seconds until its end, over all repeats; `None` if it never ends.
    pub length: Option<f64>,
    /// How fast it plays; negative if backwards.
    pub rate: f64,
    /// Its labels in the order of the document.
    pub labels: Vec<LabelStatus>,
}

/// A label, as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LabelStatus {
    /// Its name.
    pub name: LabelName,
    /// Seconds from the beginning of the timeline, in its first round.
    pub at: f64,
}

#[expect(clippy::cast_precision_loss, reason = "nobody waits for the last nanosecond of 100 days")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Where a timeline stands from scene time `now` on that has ended at `before` up to then, and ends at `end` now: where it
/// stood, or at the new end. One that had finished does not play on by itself. What one that is edited does from now on
/// begins now.
fn moved(playhead: Playhead, now: f64, before: Option<u64>, end: Option<u64>, is_edited: bool) -> Playhead {
    let stood = playhead.at(now, before);
    let stands = end.map_or(stood, |end| stood.min(end));
    let has_finished = playhead.rate > 0.0 && playhead.state(now, before) == PlayState::Finished;
    let running = playhead.running && !(has_finished && end != Some(stands));
    if !is_edited && running == playhead.running && playhead.at(now, None) == stands {
        return playhead;
    }
    Playhead { since: now, position: seconds(stands), running, ..playhead }
}

impl Timelines {
    /// Takes over edited timelines at scene time `now`: those that were there stay where they are, new ones begin if
    /// they play by themselves. Returns these.
    pub(super) fn update(
        &mut self,
        documents: &[TimelineDocument],
        triggers: &[TriggerDocument],
        now: f64,
    ) -> Vec<TimelineId> {
        let mut known: HashMap<TimelineId, Player> =
            self.players.drain(..).map(|player| (player.list.id.clone(), player)).collect();
        let mut begun = Vec::new();
        for list in CueList::lay_out(documents) {
            let (speed, autoplay, id) = (list.speed, list.autoplay, list.id.clone());
            let index = self.players.len();
            if let Some(player) = known.remove(&id) {
                let is_faster_or_slower = player.list.speed != speed;
                let is_active = player.follows || player.playhead.is_some_and(|playhead| playhead.running);
                let begins_anew = is_active && player.list.follows.is_some() != list.follows.is_some();
                let (before, is_edited) = (player.list.end(), *player.list != list);
                let playhead = player.playhead.map(|playhead| moved(playhead, now, before, list.end(), is_edited));
                // What it has passed already does not happen again where it stands now.
                let seen = playhead.map_or(player.seen, |p| Seen { at: p.at(now, list.end()), inclusive: false });
                let follows = player.follows && !begins_anew;
                let targets = targets_of(&list);
                self.players.push(Player { list: Arc::new(list), playhead, follows, targets, seen, ..player });
                if begins_anew {
                    self.control(index, &TimelineControl::Play, now);
                }
                if is_faster_or_slower {
                    self.control(index, &TimelineControl::Rate { rate: speed }, now);
                }
            } else {
                self.players.push(Player::new(list));
                if autoplay {
                    self.control(index, &TimelineControl::Play, now);
                    begun.push(id);
                }
            }
        }
        self.wait_for(triggers, &BTreeSet::new());
        begun
    }

    /// Takes over what triggers wait for, but for those at the places `stopped`.
    pub(super) fn wait_for(&mut self, triggers: &[TriggerDocument], stopped: &BTreeSet<usize>) {
        let mut waited: HashMap<&TimelineId, Vec<&Cause>> = HashMap::new();
        for (place, TriggerDocument { on, .. }) in triggers.iter().enumerate() {
            if let Some(timeline) = on.timeline().filter(|_| !stopped.contains(&place)) {
                waited.entry(timeline).or_default().push(on);
            }
        }
        for Player { list, waits, .. } in &mut self.players {
            let causes = waited.get(&list.id).into_iter().flatten();
            *waits = causes.filter_map(|cause| Wait::new(list, cause)).collect();
        }
    }

    /// The place of a timeline among the players.
    pub(super) fn find(&self, id: &TimelineId) -> Option<usize> {
        self.players.iter().position(|player| player.list.id == *id)
    }

    /// How many layers and tracks a timeline moves.
    pub(super) fn reach(&self, id: &TimelineId) -> usize {
        self.find(id).map_or(0, |index| self.players[index].targets.len())
    }

    /// Steers a timeline at scene time `now`. Returns whether it started to play from one of its ends.
    pub(super) fn control(&mut self, index: usize, control: &TimelineControl, now: f64) -> bool {
        let plays = self.plays + 1;
        let Some(player) = self.players.get_mut(index) else { return false };
        let is_last = player.rank == self.plays;
        let end = player.list.end();
        let here = player.playhead.map(|playhead| playhead.at(now, end));
        let mut started = false;
        match control {
            // The next level that is heard tells it where to stand.
            TimelineControl::Play | TimelineControl::Reverse if player.list.follows.is_some() => {
                started = here.is_none();
                player.follows = true;
                player.stand(seconds(here.unwrap_or(0)), now);
            }
            TimelineControl::Play => {
                let from = here.filter(|here| Some(*here) != end);
                started = from.is_none();
                player.go(from.unwrap_or(0), player.rate, now, (started, is_last));
            }
            TimelineControl::Reverse => {
                let from = here.filter(|here| *here > 0);
                started = from.is_none();
                let from = from.unwrap_or_else(|| end.unwrap_or(player.list.round()));
                player.go(from, -player.rate, now, (started, is_last));
            }
            TimelineControl::Pause => {
                player.follows = false;
                if let (Some(playhead), Some(here)) = (&mut player.playhead, here) {
                    *playhead = Playhead { since: now, position: seconds(here), running: false, ..*playhead };
                }
            }
            TimelineControl::Seek { to } => {
                let Some(time) = player.list.time_of(to) else { return false };
                let (rate, running) = player.playhead.map_or((player.rate, false), |p| (p.rate, p.running));
                if player.playhead.is_none() {
                    player.rank = plays;
                    self.plays = plays;
                }
                player.playhead = Some(Playhead { since: now, position: seconds(time), rate, running });
                player.seen = Seen { at: time, inclusive: true };
                return false;
            }
            TimelineControl::Rate { rate } => {
                player.rate = *rate;
                if let (Some(playhead), Some(here)) = (&mut player.playhead, here) {
                    let rate = rate.copysign(playhead.rate);
                    *playhead = Playhead { since: now, position: seconds(here), rate, ..*playhead };
                }
            }
            TimelineControl::Cancel => (player.playhead, player.follows) = (None, false),
        }
        if matches!(control, TimelineControl::Play | TimelineControl::Reverse) {
            player.rank = plays;
            self.plays = plays;
        }
        started
    }

    /// Lets timelines that follow levels stand where this one is, which is that of scene time `now`. Returns whether any
    /// stands elsewhere than before.
    pub(super) fn follow(&mut self, reading: &LevelReading, now: f64) -> bool {
        let mut have_moved = false;
        for player in self.players.iter_mut().filter(|player| player.follows) {
            let (Some(scale), Some(end)) = (&player.list.follows, player.list.end()) else { continue };
            let position = scale.share(reading) * seconds(end);
            if player.playhead.is_none_or(|playhead| playhead.position != position) {
                player.stand(position, now);
                have_moved = true;
            }
        }
        have_moved
    }

    /// Lets timelines go on from where they stood.
    pub(super) fn resume(&mut self, motions: &[TimelineMotion], now: f64) {
        for motion in motions {
            let TimelineMotion { id, playhead, rate, rank, seen, is_seen_to_come, follows } = motion;
            let Some(index) = self.find(id) else { continue };
            let player = &mut self.players[index];
            let stored = Seen { at: *seen, inclusive: *is_seen_to_come };
            // All that a running one has come to by now has happened.
            let running = playhead.filter(|playhead| playhead.running);
            player.seen =
                running.map_or(stored, |playhead| Seen { at: playhead.at(now, player.list.end()), inclusive: false });
            (player.playhead, player.rate, player.rank) = (*playhead, *rate, *rank);
            player.follows = *follows && player.list.follows.is_some();
            self.plays = self.plays.max(*rank);
        }
    }

    /// Where all timelines stand, to go on from there another time.
    pub(crate) fn motion(&self) -> Vec<TimelineMotion> {
        let motion = |player: &Player| TimelineMotion {
            id: player.list.id.clone(),
            playhead: player.playhead,
            rate: player.rate,
            rank: player.rank,
            seen: player.seen.at,
            is_seen_to_come: player.seen.inclusive,
            follows: player.follows,
        };
        self.players.iter().map(motion).collect()
    }

    /// All, those that were played last at the end.
    fn ranked(&self) -> Vec<&Player> {
        let mut players: Vec<&Player> = self.players.iter().collect();
        players.sort_by_key(|player| player.rank);
        players
    }

    /// What those that have been played do to the sound.
    pub(crate) fn sound_cues(&self) -> HashMap<&CueTarget, Vec<ActiveCue>> {
        let mut cues: HashMap<&CueTarget, Vec<ActiveCue>> = HashMap::new();
        for player in self.ranked() {
            let Some(playhead) = player.playhead else { continue };
            for cue in player.list.cues().iter().filter(|cue| !matches!(cue.target, CueTarget::Layer(_))) {
                let active = ActiveCue::new(Arc::clone(cue), &player.list, playhead);
                cues.entry(&cue.target).or_default().push(active);
            }
        }
        cues
    }

    /// What those that have been played do to layers.
    pub(super) fn layer_cues(&self) -> impl Iterator<Item = (&LayerId, ActiveCue)> {
        let played = self.ranked().into_iter().filter_map(|player| Some((player, player.playhead?)));
        played.flat_map(|(player, playhead)| {
            player.list.cues().iter().filter_map(move |cue| match &cue.target {
                CueTarget::Layer(layer) => Some((layer, ActiveCue::new(Arc::clone(cue), &player.list, playhead))),
                CueTarget::Track(_) | CueTarget::Mix => None,
            })
        })
    }

    /// The layers in which a timeline goes on from what was there before.
    pub(super) fn carrying(&self) -> HashSet<&LayerId> {
        let cues = self.players.iter().flat_map(|player| player.list.cues());
        let carrying = cues.filter(|cue| cue.animation.goes_on());
        carrying
            .filter_map(|cue| match &cue.target {
                CueTarget::Layer(layer) => Some(layer),
                CueTarget::Track(_) | CueTarget::Mix => None,
            })
            .collect()
    }

    /// Whether any timeline moves at scene time `now`.
    pub(crate) fn are_playing(&self, now: f64) -> bool {
        let playing = |player: &Player| {
            player.playhead.is_some_and(|playhead| playhead.state(now, player.list.end()) == PlayState::Playing)
        };
        self.players.iter().any(playing)
    }

    /// All timelines at scene time `now`.
    pub(crate) fn status(&self, now: f64) -> Vec<TimelineStatus> {
        let status = |player: &Player| {
            let end = player.list.end();
            let labels = player.list.labels().iter();
            TimelineStatus {
                id: player.list.id.clone(),
                state: match player.playhead {
                    Some(_) if player.follows => PlayState::Playing,
                    playhead => playhead.map_or(PlayState::Idle, |playhead| playhead.state(now, end)),
                },
                position: seconds(player.playhead.map_or(0, |playhead| playhead.at(now, end))),
                length: end.map(seconds),
                rate: player.playhead.map_or(player.rate, |playhead| playhead.rate),
                labels: labels.map(|(name, at)| LabelStatus { name: name.clone(), at: seconds(*at) }).collect(),
            }
        };
        self.players.iter().map(status).collect()
    }
}

impl Wait {
    /// What a cause means for a timeline, if it is something that this comes to.
    fn new(list: &CueList, cause: &Cause) -> Option<Self> {
        match cause {
            Cause::Label { label, .. } => {
                let (name, at) = list.labels().iter().find(|(name, _)| name == label)?;
                Some(Self::Label(name.clone(), *at))
            }
            Cause::TimelineEnd { .. } => Some(Self::End),
            Cause::Start {} | Cause::TimelineStart { .. } => None,
            Cause::Schedule { .. } | Cause::Event { .. } | Cause::AudioLevel { .. } => None,
        }
    }
}

/// What the animations of a timeline move, each once.
fn targets_of(list: &CueList) -> Vec<CueTarget> {
    let mut seen = HashSet::new();
    list.cues().iter().map(|cue| &cue.target).filter(|target| seen.insert(*target)).cloned().collect()
}

impl Player {
    fn new(list: CueList) -> Self {
        Self {
            targets: targets_of(&list),
            rate: list.speed,
            list: Arc::new(list),
            playhead: None,
            follows: false,
            rank: 0,
            waits: Vec::new(),
            seen: Seen::default(),
        }
    }

    /// The time that it plays to, in nanoseconds; `None` if there is none.
    pub(super) fn last_time(&self, forwards: bool) -> Option<u64> {
        if forwards { self.list.end() } else { Some(0) }
    }

    /// Stands still at `position`.
    fn stand(&mut self, position: f64, now: f64) {
        self.playhead = Some(Playhead { since: now, position, rate: self.rate, running: false });
    }

    /// Plays on from `position` at a signed rate, be it that it `started` from one of its ends. Unless it was the last that
    /// was played it takes over, though it may have been running.
    fn go(&mut self, position: u64, rate: f64, now: f64, (started, is_last): (bool, bool)) {
        let same = |playhead: &Playhead| playhead.running && playhead.rate == rate && !started && is_last;
        if self.playhead.as_ref().is_some_and(same) {
            return;
        }
        let turned = self.playhead.is_some_and(|playhead| playhead.rate * rate < 0.0);
        if started {
            self.seen = Seen { at: position, inclusive: true };
        } else if turned {
            self.seen = Seen { at: position, inclusive: false };
        }
        self.playhead = Some(Playhead { since: now, position: seconds(position), rate, running: true });
    }
}

/// Tells layers what the timelines do to them, when someone steered a timeline or layers are new.
pub fn cue_layers(
    timelines: Res<Timelines>,
    mut layers: Query<(&LayerId, &mut Cues)>,
    added: Query<(), Added<LayerId>>,
) {
    if !timelines.is_changed() && (added.is_empty() || timelines.players.is_empty()) {
        return;
    }
    let mut by_layer: HashMap<&LayerId, Vec<ActiveCue>> = HashMap::new();
    for (layer, cue) in timelines.layer_cues() {
        by_layer.entry(layer).or_default().push(cue);
    }
    for (id, mut cues) in &mut layers {
        cues.set_if_neq(Cues(by_layer.remove(id).unwrap_or_default()));
    }
}

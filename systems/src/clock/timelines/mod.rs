//! Where every timeline stands, and what that means for layers.

mod cues;
mod player;
mod status;
mod steered;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use bevy_ecs::resource::Resource;
use components::{
    animation::{
        timeline::{CueList, PlayState, TimelineControl, TimelineDocument, TimelineId},
        trigger::{Cause, TriggerDocument},
    },
    audio::LevelReading,
};

pub use self::{cues::cue_layers, status::TimelineStatus};
pub(super) use self::{
    player::{Player, Seen, Wait},
    steered::Steered,
};
use super::TimelineMotion;

/// The timelines of the scene, laid out, and where they stand. Marked as changed when someone steers one.
#[derive(Resource, Clone, Debug, Default)]
pub struct Timelines {
    pub(super) players: Vec<Player>,
    /// The place of each among these.
    places: Arc<HashMap<TimelineId, usize>>,
    /// Those that stand elsewhere than layers know.
    untold: Steered,
    /// How often a timeline was played.
    plays: u64,
    /// Whether somebody or something steered one on this tick, rather than that one stands elsewhere since it follows a
    /// level.
    pub(super) are_steered: bool,
}

#[expect(clippy::cast_precision_loss, reason = "nobody waits for the last nanosecond of 100 days")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
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
                let (player, begins_anew) = player.edited(list, now);
                self.players.push(player);
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
        let ids = self.players.iter().map(|player| player.list.id.clone());
        self.places = Arc::new(ids.zip(0..).collect());
        self.untold = Steered::All;
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
        self.places.get(id).copied()
    }

    /// Whether the timeline at this place has no effect.
    pub(super) fn is_idle(&self, index: usize) -> bool {
        self.players.get(index).is_none_or(|player| player.playhead.is_none())
    }

    /// How many layers and tracks a timeline moves.
    pub(super) fn reach(&self, id: &TimelineId) -> usize {
        self.find(id).map_or(0, |index| self.players[index].moved.len())
    }

    /// Steers a timeline at scene time `now`. Returns whether it began to play from its beginning or, backwards, from its end.
    pub(super) fn control(&mut self, index: usize, control: &TimelineControl, now: f64) -> bool {
        let Some(player) = self.players.get_mut(index) else { return false };
        let is_last = player.rank == self.plays;
        let had_effect = player.playhead.is_some();
        let started = player.control(control, now, is_last);
        let goes_over_others = match control {
            TimelineControl::Play | TimelineControl::Reverse => true,
            TimelineControl::Seek { .. } => !had_effect && player.playhead.is_some(),
            _ => false,
        };
        if goes_over_others {
            self.plays += 1;
            player.rank = self.plays;
        }
        self.untold.add(index);
        started
    }

    /// All of them stand elsewhere than layers know.
    pub(super) fn tell_all(&mut self) {
        self.untold = Steered::All;
    }

    /// Lets timelines that follow levels stand where this one is, which is that of scene time `now`. Returns whether any
    /// stands elsewhere than before.
    pub(super) fn follow(&mut self, reading: &LevelReading, now: f64) -> bool {
        let mut have_moved = false;
        for (index, player) in self.players.iter_mut().enumerate().filter(|(_, player)| player.follows) {
            let (Some(scale), Some(end)) = (&player.list.follows, player.list.end()) else { continue };
            // To the nanosecond, as all steering has it: where it stands is the same then when somebody steers it or it is
            // stored.
            let position = (scale.share(reading) * seconds(end) * 1e9).round() / 1e9;
            if player.playhead.is_none_or(|playhead| playhead.position != position) {
                player.stand(position, now);
                self.untold.add(index);
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
        self.tell_all();
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

    /// Whether any timeline moves at scene time `now`.
    pub(crate) fn are_playing(&self, now: f64) -> bool {
        let playing = |player: &Player| {
            player.playhead.is_some_and(|playhead| playhead.state(now, player.list.end()) == PlayState::Playing)
        };
        self.players.iter().any(playing)
    }
}

//! Where timelines stand, as people see it.

use components::animation::timeline::{LabelName, PlayState, TimelineId};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Player, Timelines, seconds};

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

impl Timelines {
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

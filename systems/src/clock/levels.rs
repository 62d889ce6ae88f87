//! Triggers that act when the sound becomes louder or quieter.

use std::sync::Arc;

use bevy_ecs::resource::Resource;
use components::{
    TrackId,
    animation::trigger::{Cause, Passing, TriggerDocument},
    audio::{LevelMeasure, LevelReading},
};

/// How loud the sound of the scene is, one moment after the other, up to the tick that is being made.
#[derive(Resource, Clone, Debug, Default)]
pub struct Heard(pub Vec<LevelReading>);

/// What the triggers of a scene hear.
#[derive(Clone, Debug, Default)]
pub(super) struct Ears {
    /// The triggers that these are of.
    triggers: Arc<[TriggerDocument]>,
    ears: Vec<Ear>,
}

/// One level that is waited for. It is loud or quiet; between the two thresholds it stays what it was.
#[derive(Clone, Debug)]
struct Ear {
    cause: Cause,
    track: Option<TrackId>,
    measure: LevelMeasure,
    /// Whether to become loud is what is waited for; to become quiet otherwise.
    awaits_loud: bool,
    /// In dBFS, from here up it becomes loud …
    loud: f64,
    /// … and from here down quiet.
    quiet: f64,
    /// Seconds for which it has to stay there.
    hold: f64,
    is_loud: bool,
    /// Since when it is where it is not yet taken to be, in scene seconds.
    since: Option<f64>,
}

/// Readings come every 10 ms. What differs by less than this is the same time.
const SAME: f64 = 1e-4;

impl Ears {
    /// What is waited for and has come with a reading. A trigger that is new takes what was before it for silence.
    pub(super) fn due(&mut self, triggers: &Arc<[TriggerDocument]>, reading: &LevelReading) -> Vec<Cause> {
        if !Arc::ptr_eq(&self.triggers, triggers) {
            self.follow(triggers);
        }
        self.ears.iter_mut().filter_map(|ear| ear.hear(reading).then(|| ear.cause.clone())).collect()
    }

    /// Takes over other triggers; those that were there before hear on.
    fn follow(&mut self, triggers: &Arc<[TriggerDocument]>) {
        let mut known = std::mem::take(&mut self.ears);
        for TriggerDocument { on, .. } in triggers.iter() {
            // Several triggers may wait for the same.
            if self.ears.iter().any(|ear| ear.cause == *on) {
                continue;
            }
            match known.iter().position(|ear| ear.cause == *on) {
                Some(at) => self.ears.push(known.swap_remove(at)),
                None => self.ears.extend(Ear::new(on)),
            }
        }
        self.triggers = Arc::clone(triggers);
    }
}

impl Ear {
    /// `None` if the cause is none that is heard.
    fn new(cause: &Cause) -> Option<Self> {
        let Cause::AudioLevel { track, goes, threshold, measure, hysteresis, hold } = cause else { return None };
        let (awaits_loud, loud, quiet) = match goes {
            Passing::Above => (true, *threshold, threshold - hysteresis),
            Passing::Below => (false, threshold + hysteresis, *threshold),
        };
        Some(Self {
            cause: cause.clone(),
            track: track.clone(),
            measure: *measure,
            awaits_loud,
            loud,
            quiet,
            hold: *hold,
            is_loud: false,
            since: None,
        })
    }

    /// Whether what is waited for has come.
    fn hear(&mut self, reading: &LevelReading) -> bool {
        let level = reading.of(self.track.as_ref()).decibels(self.measure);
        let is_elsewhere = if self.is_loud { level <= self.quiet } else { level >= self.loud };
        if !is_elsewhere {
            self.since = None;
            return false;
        }
        // Scene time may have jumped back.
        let since = self.since.map_or(reading.seconds, |since| since.min(reading.seconds));
        self.since = Some(since);
        if reading.seconds - since < self.hold - SAME {
            return false;
        }
        self.is_loud = !self.is_loud;
        self.since = None;
        self.is_loud == self.awaits_loud
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn triggers(causes: &[Value]) -> Arc<[TriggerDocument]> {
        let trigger = |on: &Value| json!({ "on": on, "do": [{ "type": "emit", "event": "e" }] });
        causes.iter().map(|on| serde_json::from_value(trigger(on)).unwrap()).collect()
    }

    fn reading(seconds: f64, decibels: f64) -> LevelReading {
        let mut reading = LevelReading::silent(seconds, [TrackId::new("voice").unwrap()].into());
        let amplitude = 10.0_f64.powf(decibels / 20.0) as f32;
        // Only the left channel of one track, and nothing of the mix.
        reading.tracks[0].rms[0] = amplitude;
        reading
    }

    /// When each cause has come, where the level is followed every 10 ms.
    fn times(causes: &[Value], level: impl Fn(f64) -> f64, seconds: f64) -> Vec<Vec<f64>> {
        let (mut ears, triggers) = (Ears::default(), triggers(causes));
        let mut found = vec![Vec::new(); causes.len()];
        for block in 1..=(seconds * 100.0) as u32 {
            let now = f64::from(block) / 100.0;
            for due in ears.due(&triggers, &reading(now, level(now))) {
                let index = triggers.iter().position(|trigger| trigger.on == due).unwrap();
                found[index].push(now);
            }
        }
        found
    }

    fn on(goes: &str, threshold: f64, hysteresis: f64, hold: f64) -> Value {
        json!({ "type": "audioLevel", "track": "voice", "goes": goes, "threshold": threshold, "hysteresis": hysteresis,
            "hold": hold })
    }

    #[test]
    fn a_level_is_told_of_once_for_each_time_that_it_passes() {
        // Up to -10 dBFS at 1 s, down to -50 at 3 s, up again at 5 s.
        let wave = |now: f64| -30.0 + 20.0 * (std::f64::consts::FRAC_PI_2 * now).sin();
        let found = times(&[on("above", -20.0, 3.0, 0.0), on("below", -40.0, 3.0, 0.0)], wave, 6.0);
        assert_eq!(found, [vec![0.34, 4.34], vec![2.34]]);
    }

    #[test]
    fn what_trembles_about_the_threshold_passes_once_and_so_does_what_stays_there_long_enough() {
        // For a tenth of a second each above and below by 2 dB; silence from 2 s on.
        let tremble = |now: f64| match (now * 10.0) as u32 {
            20.. => -90.0,
            tenth if tenth % 2 == 0 => -18.0,
            _ => -22.0,
        };
        let causes = [
            on("above", -20.0, 0.0, 0.0),
            on("above", -20.0, 5.0, 0.0),
            on("above", -20.0, 0.0, 0.15),
            on("above", -23.0, 0.0, 0.15),
            on("below", -17.0, 3.0, 0.0),
            on("below", -30.0, 3.0, 0.5),
        ];
        let found = times(&causes, tremble, 4.0);
        assert_eq!(found[0].len(), 10, "it chatters without either: {found:?}");
        assert_eq!(found[1..], [vec![0.01], vec![], vec![0.16], vec![], vec![2.5]]);
    }

    #[test]
    fn the_mix_is_another_than_its_tracks_and_peaks_are_others_than_means() {
        let mut causes = [on("above", -20.0, 3.0, 0.0), on("above", -20.0, 3.0, 0.0), on("above", -20.0, 3.0, 0.0)];
        causes[1]["measure"] = "peak".into();
        causes[2].as_object_mut().unwrap().remove("track");
        assert_eq!(times(&causes, |_| -10.0, 0.1), [vec![0.01], vec![], vec![]]);
    }

    #[test]
    fn triggers_that_stay_hear_on_when_others_are_edited() {
        let (first, second) = (on("above", -20.0, 3.0, 0.0), on("above", -10.0, 3.0, 0.0));
        let mut ears = Ears::default();
        assert_eq!(ears.due(&triggers(std::slice::from_ref(&first)), &reading(0.1, -5.0)).len(), 1);
        let both = triggers(&[second, first]);
        assert_eq!(ears.due(&both, &reading(0.2, -5.0)), [both[0].on.clone()], "the new one alone");
        assert!(ears.due(&both, &reading(0.3, -5.0)).is_empty());
    }

    #[test]
    fn how_long_it_has_been_loud_counts_from_where_scene_time_jumps_back_to() {
        let held = triggers(&[on("above", -20.0, 0.0, 0.5)]);
        let mut ears = Ears::default();
        let mut come = |seconds: f64| ears.due(&held, &reading(seconds, -10.0)).len();
        assert_eq!([come(10.0), come(1.0), come(1.4), come(1.5)], [0, 0, 0, 1]);
    }
}

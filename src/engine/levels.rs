//! How loud the program is, on its way from the mixer to the scene and to people.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use components::{
    TrackId,
    audio::{FLOOR, Level, LevelReading, decibels},
};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

/// Readings that may wait for the tick thread: those of 2.56 s. The oldest go first: what is that late is no news.
const WAITING: usize = 256;

/// How loud the sound of a frame is.
pub struct Mixed<'a> {
    /// The frame's tick.
    pub tick: u64,
    /// Whether scene time stands still: what is heard then counts for nothing in the scene.
    pub is_paused: bool,
    /// One after the other; there may be none, where frames are shorter than what is measured at once.
    pub readings: &'a mut dyn Iterator<Item = LevelReading>,
}

/// What the mixer writes and everybody reads.
pub(super) struct Heard {
    /// What the scene has not heard yet.
    waiting: Mutex<VecDeque<LevelReading>>,
    /// The last reading, and the tick of the frame that it is of; `None` while nothing is mixed.
    latest: watch::Sender<Option<(u64, LevelReading)>>,
}

impl Heard {
    pub(super) fn new() -> Self {
        Self { waiting: Mutex::new(VecDeque::with_capacity(WAITING)), latest: watch::Sender::new(None) }
    }

    /// Takes in how loud a frame is; `None` if nothing is mixed any more.
    pub(super) fn publish(&self, mixed: Option<Mixed<'_>>) {
        let Some(Mixed { tick, is_paused, readings }) = mixed else {
            self.latest.send_replace(None);
            return;
        };
        let mut last = None;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for reading in readings {
            if !is_paused {
                if waiting.len() == WAITING {
                    waiting.pop_front();
                }
                waiting.push_back(reading.clone());
            }
            last = Some(reading);
        }
        drop(waiting);
        if let Some(reading) = last {
            self.latest.send_replace(Some((tick, reading)));
        }
    }

    /// Hands `hear` what has come since this was asked before, at scene time `now`. Where nothing is mixed there is
    /// silence.
    pub(super) fn take(&self, now: f64, hear: impl FnOnce(&mut dyn Iterator<Item = LevelReading>)) {
        let silence = self.latest.borrow().is_none().then(|| LevelReading::silent(now, Arc::default()));
        hear(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner).drain(..).chain(silence));
    }

    /// The last reading, and each that follows, as far as whoever looks is fast enough.
    pub(super) fn latest(&self) -> watch::Receiver<Option<(u64, LevelReading)>> {
        self.latest.subscribe()
    }
}

/// How loud the program is, as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Levels {
    /// Whether sound is mixed: the stream is on air, has sound, and goes somewhere. If not, all is silent.
    pub is_mixed: bool,
    /// The tick whose frame this is heard with.
    pub tick: u64,
    /// What stands for silence, in dBFS.
    pub floor: f64,
    /// What goes out, behind the limiter.
    pub master: LevelDocument,
    /// What each track adds to it, in the order of the scene; none while nothing is mixed.
    pub tracks: Vec<TrackLevel>,
}

/// A level in dBFS, decibels below full scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Level")]
pub struct LevelDocument {
    /// The highest samples of left and right. They fall again by 20 dB in 1.7 s (IEC 60268-18).
    pub peak: [f64; 2],
    /// The root mean squares of left and right over the last 300 ms. That of a sine is 3 dB below its peak.
    pub rms: [f64; 2],
}

/// The level of a track.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrackLevel {
    /// The track.
    pub id: TrackId,
    /// Its level.
    #[serde(flatten)]
    pub level: LevelDocument,
}

impl Levels {
    /// As they are told; `tick` is that of a frame without sound.
    pub(super) fn of(latest: Option<&(u64, LevelReading)>, tick: u64) -> Self {
        let Some((tick, reading)) = latest else {
            return Self { is_mixed: false, tick, floor: FLOOR, master: Level::SILENCE.into(), tracks: Vec::new() };
        };
        let tracks = reading.each().map(|(id, level)| TrackLevel { id: id.clone(), level: level.into() });
        Self { is_mixed: true, tick: *tick, floor: FLOOR, master: reading.master.into(), tracks: tracks.collect() }
    }
}

impl From<Level> for LevelDocument {
    fn from(level: Level) -> Self {
        // Nobody hears a hundredth of a decibel.
        let told = |amplitude: f32| (decibels(amplitude) * 100.0).round() / 100.0;
        Self { peak: level.peak.map(told), rms: level.rms.map(told) }
    }
}

impl LevelDocument {
    /// The louder of left and right: peak and root mean square.
    #[must_use]
    pub fn loudest(&self) -> (f64, f64) {
        (self.peak[0].max(self.peak[1]), self.rms[0].max(self.rms[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(number: usize) -> LevelReading {
        LevelReading::silent(number as f64, Arc::default())
    }

    #[test]
    fn the_scene_hears_all_but_what_is_old_or_comes_while_it_is_paused_and_people_the_newest() {
        let heard = Heard::new();
        let mix = |tick, is_paused, numbers: std::ops::Range<usize>| {
            heard.publish(Some(Mixed { tick, is_paused, readings: &mut numbers.map(reading) }));
        };
        let taken = || {
            let mut taken = Vec::new();
            heard.take(9.5, |readings| taken.extend(readings.map(|reading| reading.seconds)));
            taken
        };
        let latest = || heard.latest().borrow().as_ref().map(|(tick, reading)| (*tick, reading.seconds));
        mix(1, false, 0..3);
        mix(2, false, 3..3);
        mix(3, true, 3..5);
        mix(4, false, 5..6);
        assert_eq!((taken(), latest()), (vec![0.0, 1.0, 2.0, 5.0], Some((4, 5.0))));
        mix(5, false, 0..WAITING + 7);
        let last = taken();
        assert_eq!((last[0], last.len()), (7.0, WAITING));
        heard.publish(None);
        assert_eq!((taken(), latest()), (vec![9.5], None), "silence");
    }
}

//! How far sound and picture are apart at those who watch, measured now and then by a beat that is in the scene.

#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    dead_code,
    unreachable_pub,
    reason = "a bench ends at what it did not expect, and not every bench needs every helper"
)]

use std::{
    fmt,
    path::Path,
    sync::mpsc::{Receiver, Sender, channel},
    time::{Duration, Instant},
};

use crate::{
    beats::{Beat, beats},
    ffprobe::make,
    service::Service,
    viewer::Watching,
};

/// How long a viewer watches each time.
const WATCH: Duration = Duration::from_secs(5);
/// Seconds at the beginning and at the end of that which are not looked for in the recording: what is cut out of it begins
/// with the key frame before.
const MARGINS: (f64, f64) = (2.0, 1.0);

/// Offsets, in milliseconds by which sound is later than its picture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offsets {
    beats: usize,
    unheard: usize,
    least: f64,
    most: f64,
    last: f64,
}

impl Offsets {
    fn add(&mut self, seen: &[Beat]) {
        for beat in seen {
            let Some(offset) = beat.offset.map(|offset| offset * 1e3) else {
                self.unheard += 1;
                continue;
            };
            let is_first = self.beats == 0;
            self.least = if is_first { offset } else { self.least.min(offset) };
            self.most = if is_first { offset } else { self.most.max(offset) };
            self.last = offset;
            self.beats += 1;
        }
    }

    /// The one that is furthest from 0.
    pub fn furthest(&self) -> f64 {
        self.least.abs().max(self.most.abs())
    }
}

impl fmt::Display for Offsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { beats, unheard, least, most, last } = self;
        write!(f, "{least:>+6.1} {most:>+6.1} {last:>+6.1}  {beats:>5}  {unheard:>7}")
    }
}

/// Viewers who come, watch for some seconds, and go; what they got is measured on a thread beside.
pub struct Together {
    watching: Option<(Watching, Instant, f64)>,
    measure: Sender<Watching>,
    measured: Receiver<Vec<Beat>>,
    offsets: Offsets,
    /// From when to when somebody watched, in seconds of the stream.
    pub watched: Vec<(f64, f64)>,
}

impl Together {
    /// Nobody watches yet.
    pub fn new() -> Self {
        let (measure, arrived) = channel::<Watching>();
        let (tell, measured) = channel();
        std::thread::spawn(move || {
            // The last of what arrived may have been cut off with the connection.
            arrived.into_iter().try_for_each(|watching| tell.send(whole(beats(&watching.file()))))
        });
        Self { watching: None, measure, measured, offsets: Offsets::default(), watched: Vec::new() }
    }

    /// Whether somebody watches.
    pub fn is_watching(&self) -> bool {
        self.watching.is_some()
    }

    /// Somebody begins to watch what is at this address.
    pub fn watch(&mut self, url: &str, service: &Service) {
        self.watching = Some((Watching::start_at(url), Instant::now(), seconds(service)));
    }

    /// Ends a watch that is long enough.
    pub fn follow(&mut self, service: &Service) {
        if let Some((mut watching, _, began)) = self.watching.take_if(|(_, began, _)| began.elapsed() > WATCH) {
            watching.end();
            self.watched.push((began + MARGINS.0, seconds(service) - MARGINS.1));
            self.measure.send(watching).expect("what measures goes on");
        }
    }

    /// What was measured so far.
    pub fn offsets(&mut self) -> Offsets {
        self.measured.try_iter().for_each(|beats| self.offsets.add(&beats));
        self.offsets
    }
}

/// Seconds of the stream by now.
fn seconds(service: &Service) -> f64 {
    service.status()["tick"].as_f64().expect("a number") / 30.0
}

/// Those beats that were not cut off by the end.
fn whole(mut beats: Vec<Beat>) -> Vec<Beat> {
    beats.pop();
    beats
}

/// The same in a recording, for those times only.
pub fn offsets_in(recording: &Path, times: &[(f64, f64)]) -> Offsets {
    let folder = tempfile::tempdir().expect("a folder");
    let part = folder.path().join("part.mkv");
    let mut offsets = Offsets::default();
    for (from, to) in times {
        let (from, lasts) = (from.to_string(), (to - from).to_string());
        let (recording, part) = (recording.to_str().expect("a path"), part.to_str().expect("a path"));
        make(&["-y", "-ss", &from, "-t", &lasts, "-i", recording, "-c", "copy", part]);
        offsets.add(&whole(beats(Path::new(part))));
    }
    offsets
}

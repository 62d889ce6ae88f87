//! How long a picture takes from being drawn to being decoded by a viewer, and how far sound and picture are apart there:
//! measured in band, with pictures that tell their number and a click, through a real output.

mod marker;
mod player;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use components::{
    TrackDocument, TrackId,
    audio::{AudioSource, Mix, Tone, Waveform},
};
use systems::Frame;
use tokio::sync::watch;

use self::player::{Click, Noted, Player, Sight, Source};
use super::{
    backoff::ReconnectPolicy,
    destination::Destination,
    elements::MissingElement,
    fan_out::{OutputsHandle, Program, StartError, run_program},
    link::lock,
    links::Output,
    settings::EncoderSettings,
};
use crate::engine::{OutputState, OutputStatus, ProgramFrame, Soundtrack, StreamFormat, Transport};

/// Beats there can be: their numbers do not repeat.
pub const MOST_BEATS: u32 = 250;
/// Sound and picture of a beat are no further apart than this; else they are not of one beat.
const FARTHEST: Duration = Duration::from_millis(450);
/// Frames that may wait for the encoder.
const WAITING: usize = 8;
/// How long outputs may take to finish.
const FINISHING: Duration = Duration::from_secs(5);

/// It cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// Nothing plays what is sent there.
    #[error("`{0}` cannot be played back from here; measure with an rtmp:// address or a file")]
    NotPlayable(String),
    /// There is no sound that could be compared with the picture.
    #[error("sound is turned off; turn it on to measure how far it is from the picture")]
    NoSound,
    /// Nothing can be sent.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A part of what plays is missing.
    #[error(transparent)]
    Missing(#[from] MissingElement),
    /// The output did not come about.
    #[error("nothing can be sent there: {0}")]
    NotSent(String),
    /// The system gives no more threads.
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// A beat that arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beat {
    /// Its number, counted from 0. There is one each second.
    pub number: u32,
    /// From the moment its picture was drawn to the moment a player had decoded it.
    pub delay: Duration,
    /// Seconds by which its sound is later than its picture, on the timeline that players go by; `None` if it was not
    /// heard.
    pub offset: Option<f64>,
}

/// What a measurement has found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Beats that arrived.
    pub beats: usize,
    /// The median of their delays.
    pub delay: Duration,
    /// The longest of them.
    pub longest_delay: Duration,
    /// The median of their offsets, in seconds.
    pub offset: f64,
    /// The one of them that is furthest from 0.
    pub furthest_offset: f64,
}

impl Measured {
    /// Sums up what arrived; `None` if no beat was both seen and heard.
    #[must_use]
    pub fn of(beats: &[Beat]) -> Option<Self> {
        let mut delays: Vec<Duration> = beats.iter().map(|beat| beat.delay).collect();
        let mut offsets: Vec<f64> = beats.iter().filter_map(|beat| beat.offset).collect();
        delays.sort();
        offsets.sort_by(f64::total_cmp);
        Some(Self {
            beats: beats.len(),
            delay: *delays.get(delays.len() / 2)?,
            longest_delay: *delays.last()?,
            offset: *offsets.get(offsets.len() / 2)?,
            furthest_offset: *offsets.iter().max_by(|a, b| a.abs().total_cmp(&b.abs()))?,
        })
    }
}

/// A measurement that runs: beats are sent, and a player looks and listens for them.
pub struct Measurement {
    outputs: Option<OutputsHandle>,
    player: Player,
    sent: Arc<Mutex<Vec<Instant>>>,
    status: watch::Receiver<OutputStatus>,
    is_paused: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    sender: Option<JoinHandle<()>>,
}

impl Measurement {
    /// Begins to send to `destination` and to play from there. Waits until it sends, but no longer than `patience`.
    ///
    /// # Errors
    /// Nothing can be sent there, or not be played from there.
    pub fn start(
        format: StreamFormat,
        settings: EncoderSettings,
        destination: Destination,
        policy: ReconnectPolicy,
        patience: Duration,
    ) -> Result<Self, MeasureError> {
        let address = match &destination {
            Destination::Rtmp { url } => Some(url.secret().to_owned()),
            Destination::File { .. } => None,
            other => return Err(MeasureError::NotPlayable(other.redacted())),
        };
        if settings.audio.is_none() {
            return Err(MeasureError::NoSound);
        }
        let (frames, program) = sync_channel(WAITING);
        let (publish, mut status) = watch::channel(OutputStatus::new("measured", destination.redacted()));
        let program = Program {
            frames: program,
            format,
            transport: watch::Sender::new(Transport::Live).subscribe(),
            publish: Arc::new(move |status| drop(publish.send_replace(status))),
            forget: Arc::new(|_| {}),
            announce: Arc::new(|_| {}),
            publish_encoder: Arc::new(|_| {}),
            publish_levels: Arc::new(|_| {}),
            renditions: Vec::new(),
            slate: None,
            faults: None,
            sound_faults: None,
        };
        let output = Output { destination, policy, is_enabled: true, min_bitrate: None, rendition: None };
        let outputs = run_program(program, settings, vec![("measured".to_owned(), output)])?;
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (is_paused, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let metronome = Metronome::new(format, frames, Arc::clone(&sent), Arc::clone(&is_paused), Arc::clone(&stop));
        let sender = std::thread::Builder::new().name("metronome".to_owned()).spawn(move || metronome.run())?;
        let ended = wait_for(&mut status, patience);
        let source = match (&ended, address) {
            (Err(_), _) => Source::File("".into()),
            (Ok(_), Some(url)) => Source::Rtmp(url),
            (Ok(status), None) => Source::File(status.url.clone().into()),
        };
        let sender = Some(sender);
        let player = Player::start(source)?;
        let this = Self { outputs: Some(outputs), player, sent, status, is_paused, stop, sender };
        ended.map(|_| this)
    }

    /// All beats that have arrived so far, in order.
    #[must_use]
    pub fn beats(&self) -> Vec<Beat> {
        matched(&lock(&self.sent), &self.player.noted())
    }

    /// Beats that were sent so far.
    #[must_use]
    pub fn sent(&self) -> usize {
        lock(&self.sent).len()
    }

    /// How the output is doing.
    #[must_use]
    pub fn status(&self) -> OutputStatus {
        self.status.borrow().clone()
    }

    /// Lets scene time stand still, as a paused stream does, or go on.
    pub fn pause(&self, is_paused: bool) {
        self.is_paused.store(is_paused, Ordering::Relaxed);
    }
}

impl Drop for Measurement {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(sender) = self.sender.take() {
            // One that panicked has nothing left to send.
            let _ = sender.join();
        }
        if let Some(outputs) = self.outputs.take() {
            outputs.shutdown(FINISHING);
        }
    }
}

/// Waits until the output sends.
fn wait_for(status: &mut watch::Receiver<OutputStatus>, patience: Duration) -> Result<OutputStatus, MeasureError> {
    let until = Instant::now() + patience;
    loop {
        let now = status.borrow().clone();
        let why = || now.last_error.clone().unwrap_or_else(|| "the output did not begin in time".to_owned());
        match now.state {
            OutputState::Started => return Ok(now),
            OutputState::Failed => return Err(MeasureError::NotSent(why())),
            _ if Instant::now() > until => return Err(MeasureError::NotSent(why())),
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// What was sent, with what was seen and heard of it.
fn matched(sent: &[Instant], noted: &Noted) -> Vec<Beat> {
    let mut beats: Vec<Beat> = Vec::new();
    for Sight { number, time, at, connection } in &noted.sights {
        let Some(drawn) = sent.get(usize::from(*number)) else { continue };
        if beats.iter().any(|beat| beat.number == u32::from(*number)) {
            continue;
        }
        let of_this = noted.clicks.iter().filter(|click| click.connection == *connection);
        let apart = |click: &Click| seconds(click.time) - seconds(*time);
        let offset = of_this.map(apart).min_by(|a, b| a.abs().total_cmp(&b.abs()));
        let offset = offset.filter(|offset| offset.abs() < FARTHEST.as_secs_f64());
        beats.push(Beat { number: u32::from(*number), delay: at.saturating_duration_since(*drawn), offset });
    }
    beats.sort_by_key(|beat| beat.number);
    beats
}

fn seconds(time: gstreamer::ClockTime) -> f64 {
    Duration::from(time).as_secs_f64()
}

/// Draws a beat each second, with its click.
struct Metronome {
    format: StreamFormat,
    frames: SyncSender<ProgramFrame>,
    sent: Arc<Mutex<Vec<Instant>>>,
    is_paused: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    silent: (Arc<Soundtrack>, Arc<Mix>),
    click: (Arc<Soundtrack>, Arc<Mix>),
}

impl Metronome {
    fn new(
        format: StreamFormat,
        frames: SyncSender<ProgramFrame>,
        sent: Arc<Mutex<Vec<Instant>>>,
        is_paused: Arc<AtomicBool>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let sound = |muted: bool| {
            let mut soundtrack = Soundtrack::default();
            if let Ok(id) = TrackId::new("click") {
                let tone = AudioSource::Tone(Tone { waveform: Waveform::Sine, frequency: 1000.0 });
                let track = TrackDocument { muted, volume: f64::from(player::LOUD), ..TrackDocument::new(id, tone) };
                soundtrack.audio.tracks.push(track);
            }
            let mix = Arc::new(Mix::from(&soundtrack.audio));
            (Arc::new(soundtrack), mix)
        };
        Self { format, frames, sent, is_paused, stop, silent: sound(true), click: sound(false) }
    }

    fn run(&self) {
        let StreamFormat { width, height, fps } = self.format;
        let between = marker::draw(width, height, None);
        let mut picture: Arc<Frame> = Arc::clone(&between);
        let begun = Instant::now();
        // Frames of scene time.
        let mut scene = 0;
        for tick in 0.. {
            let due = self.format.presentation_time(tick);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let is_paused = self.is_paused.load(Ordering::Relaxed);
            let frame_of_second = scene % u64::from(fps);
            let is_beat = scene / u64::from(fps) < u64::from(MOST_BEATS);
            // In the middle of each second; a fifth of it, and a frame at least.
            let first = u64::from(fps / 2);
            if !is_paused {
                let is_lit = is_beat && (first..first + u64::from(fps / 5).max(1)).contains(&frame_of_second);
                if is_lit && frame_of_second == first {
                    let number = lock(&self.sent).len();
                    picture = marker::draw(width, height, u8::try_from(number).ok());
                    lock(&self.sent).push(Instant::now());
                } else if !is_lit {
                    picture = Arc::clone(&between);
                }
                scene += 1;
            }
            let is_lit = !Arc::ptr_eq(&picture, &between);
            let (sound, mix) = (if is_lit { &self.click } else { &self.silent }).clone();
            let (picture, variants) = (Arc::clone(&picture), Arc::default());
            let frame = ProgramFrame { tick, seconds: 0.0, picture, variants, start: Some(0), sound, mix, is_paused };
            if self.frames.send(frame).is_err() {
                return;
            }
        }
    }
}

/// The lines that Prometheus reads of what was found, as a file for the text collector of its node exporter.
#[must_use]
pub fn metrics(measured: &Measured) -> String {
    let Measured { beats, delay, longest_delay, offset, furthest_offset } = measured;
    let (delay, longest_delay) = (delay.as_secs_f64(), longest_delay.as_secs_f64());
    let mut text = String::new();
    for (name, help, value) in [
        ("latency_beats", "Beats that arrived in the last measurement", *beats as f64),
        ("latency_delay_seconds", "Median time from drawing a picture to its being decoded by a player", delay),
        ("latency_longest_delay_seconds", "The longest such time", longest_delay),
        ("latency_av_offset_seconds", "Median time by which sound is later than its picture", *offset),
        ("latency_furthest_av_offset_seconds", "The one of these that is furthest from 0", *furthest_offset),
    ] {
        text += &format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_are_matched_with_their_clicks_and_summed_up() {
        let drawn = Instant::now();
        let time = |ms: u64| gstreamer::ClockTime::from_mseconds(ms);
        let sight = |number: u8, ms: u64, connection| Sight {
            number,
            time: time(ms),
            at: drawn + Duration::from_millis(1000 * u64::from(number) + 100 + 10 * u64::from(number)),
            connection,
        };
        let sent: Vec<Instant> = (0..4).map(|second| drawn + Duration::from_secs(second)).collect();
        let click = |ms: u64, connection| Click { time: time(ms), connection };
        let noted = Noted {
            // The second is seen by two connections, and the last was never sent.
            sights: vec![sight(0, 500, 0), sight(1, 1500, 0), sight(1, 20, 1), sight(2, 1020, 1), sight(9, 9500, 1)],
            clicks: vec![click(520, 0), click(1490, 0), click(5000, 1)],
        };
        let beats = matched(&sent, &noted);
        let offsets: Vec<Option<f64>> = beats.iter().map(|beat| beat.offset.map(|s| (s * 1e3).round())).collect();
        assert_eq!(offsets, [Some(20.0), Some(-10.0), None]);
        let delays: Vec<u128> = beats.iter().map(|beat| beat.delay.as_millis()).collect();
        assert_eq!(delays, [100, 110, 120]);
        let measured = Measured::of(&beats).unwrap();
        assert_eq!((measured.beats, measured.delay.as_millis(), measured.longest_delay.as_millis()), (3, 110, 120));
        assert!((measured.furthest_offset - 0.02).abs() < 1e-9);
        assert_eq!(Measured::of(&beats[2..]), None, "none was heard");
        let text = metrics(&measured);
        assert!(text.contains("latency_beats 3\n") && text.contains("latency_delay_seconds 0.11\n"), "{text}");
    }
}

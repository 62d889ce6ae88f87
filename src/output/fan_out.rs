//! From the engine's frames to all outputs, and the ways to change what is sent while it runs.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::Duration,
};

use gstreamer as gst;
use tokio::sync::watch;

use super::{
    elements::{MissingElement, exists, first_missing, make},
    fault::EncoderFault,
    feeder::Feeder,
    links::{Links, Output, OutputControl, OutputsError, RenditionName},
    program_sound::ProgramSound,
    rendition::Rendition,
    settings::EncoderSettings,
    stand_in::Slate,
    supervisor::{Forget, KeyFrames, Publish, Surroundings},
    threads::shortage,
    video_encoder::choose_encoder,
};
use crate::engine::{EncoderStatus, EngineHandle, Mixed, ProgramFrame, StreamEvent, StreamFormat, Transport};

/// Sending cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// GStreamer is not there.
    #[error("GStreamer could not be started: {0}")]
    GStreamer(String),
    /// A part of it is not there.
    #[error(transparent)]
    Missing(#[from] MissingElement),
    /// An output cannot be made, such as one of two that have the same name.
    #[error(transparent)]
    Output(#[from] OutputsError),
    /// The system gives no more threads.
    #[error("{}", shortage(.0))]
    Thread(#[from] std::io::Error),
}

/// What there is to send, and whom to tell.
pub struct Program {
    /// The frames.
    pub frames: Receiver<ProgramFrame>,
    /// Their rate, and the size that they begin with.
    pub format: StreamFormat,
    /// Whether the stream is on air.
    pub transport: watch::Receiver<Transport>,
    /// Gets the status of an output whenever it changes, and every second.
    pub publish: Publish,
    /// Gets the name of an output that was removed, when it is done.
    pub forget: Forget,
    /// Gets what went wrong with the encoder.
    pub announce: Arc<dyn Fn(StreamEvent) + Send + Sync>,
    /// Gets the encoder's status, some times a second.
    pub publish_encoder: Arc<dyn Fn(EncoderStatus) + Send + Sync>,
    /// Gets how loud the sound of each frame is; `None` when nothing is mixed any more.
    pub publish_levels: Arc<dyn Fn(Option<Mixed<'_>>) + Send + Sync>,
    /// The further sizes to encode, each with frames of its own.
    pub renditions: Vec<(Rendition, Receiver<ProgramFrame>)>,
    /// What is sent while nothing is drawn for long; the last picture if there is none.
    pub slate: Option<Slate>,
    /// What goes wrong with the encoder at a tick, to test what comes of it.
    pub faults: Option<Arc<dyn Fn(u64) -> Option<EncoderFault> + Send + Sync>>,
    /// The same with the encoder of the sound.
    pub sound_faults: Option<Arc<dyn Fn(u64) -> Option<EncoderFault> + Send + Sync>>,
}

impl Program {
    /// The same with other frames, and nothing else to encode.
    fn with(&self, frames: Receiver<ProgramFrame>) -> Self {
        Self {
            frames,
            format: self.format,
            transport: self.transport.clone(),
            publish: Arc::clone(&self.publish),
            forget: Arc::clone(&self.forget),
            announce: Arc::clone(&self.announce),
            publish_encoder: Arc::clone(&self.publish_encoder),
            publish_levels: Arc::clone(&self.publish_levels),
            renditions: Vec::new(),
            slate: self.slate.clone(),
            faults: None,
            sound_faults: None,
        }
    }
}

/// Frames that may wait for the encoder of a further size, which counts for less than the stream's own.
pub const RENDITION_FRAMES_WAITING: usize = 4;

/// Sends the engine's frames to all `outputs` that are enabled whenever the stream is on air. At most `frames_waiting`
/// frames wait for the encoder; when it is behind by more, the engine leaves new ones out. While nothing is
/// drawn for long `slate` is sent.
///
/// # Errors
/// GStreamer or a part of it is missing, or two outputs have one name. A destination that cannot be reached is no
/// error: its status says so.
pub fn run(
    engine: &EngineHandle,
    settings: EncoderSettings,
    renditions: Vec<Rendition>,
    outputs: Vec<(String, Output)>,
    frames_waiting: usize,
    slate: Option<Slate>,
) -> Result<OutputsHandle, StartError> {
    let publish = {
        let engine = engine.clone();
        Arc::new(move |status| engine.publish_output(status))
    };
    let forget = {
        let engine = engine.clone();
        Arc::new(move |id: &str| engine.forget_output(id))
    };
    let announce = {
        let engine = engine.clone();
        Arc::new(move |event| engine.announce(event))
    };
    let (mut sizes, mut missed) = (Vec::new(), BTreeMap::new());
    for rendition in renditions {
        let (frames, count) = engine.frames_besides(RENDITION_FRAMES_WAITING);
        missed.insert(rendition.name.clone(), count);
        sizes.push((rendition, frames));
    }
    let publish_encoder = {
        let engine = engine.clone();
        Arc::new(move |mut status: EncoderStatus| {
            let missed = status.rendition.as_ref().and_then(|name| missed.get(name));
            status.dropped_frames += missed.map_or(0, |missed| missed.load(Ordering::Relaxed));
            engine.publish_encoder(status);
        })
    };
    let publish_levels = {
        let engine = engine.clone();
        Arc::new(move |mixed: Option<Mixed<'_>>| engine.publish_levels(mixed))
    };
    let program = Program {
        frames: engine.frames(frames_waiting),
        format: engine.format(),
        transport: engine.transport(),
        publish,
        forget,
        announce,
        publish_encoder,
        publish_levels,
        renditions: sizes,
        slate,
        faults: None,
        sound_faults: None,
    };
    run_program(program, settings, outputs)
}

/// Sends frames, wherever they come from, to all `outputs`.
///
/// # Errors
/// As [`run`].
pub fn run_program(
    program: Program,
    settings: EncoderSettings,
    outputs: Vec<(String, Output)>,
) -> Result<OutputsHandle, StartError> {
    gst::init().map_err(|error| StartError::GStreamer(error.to_string()))?;
    if let Some(missing) = first_missing() {
        return Err(missing.into());
    }
    let (alive, ended) = channel();
    let key_frames = KeyFrames::default();
    let surroundings = Surroundings {
        publish: Arc::clone(&program.publish),
        forget: Arc::clone(&program.forget),
        key_frames: Arc::clone(&key_frames),
        has_audio: settings.audio.is_some(),
        alive: alive.clone(),
    };
    let links = Arc::new(Links::new(surroundings, 1 + program.renditions.len()));
    let control = OutputControl(Arc::clone(&links));
    for (id, output) in outputs {
        if let Err(error) = control.add(&id, output) {
            (0..=program.renditions.len()).for_each(|_| links.close());
            return Err(error.into());
        }
    }
    let (chosen, warning) = choose_encoder(settings.codec, &settings.hwaccel, &exists);
    // One that is missing would be asked for again and again.
    make(chosen.element)?;
    if let Some(message) = warning {
        tracing::warn!("{message}");
        (program.announce)(StreamEvent::Error { message });
    }
    let stop = Arc::new(AtomicBool::new(false));
    let bitrates = program.renditions.iter().map(|(one, _)| (Some(one.name.clone()), one.bitrate_kbps));
    let bitrates = bitrates.chain([(None, settings.bitrate_kbps)]).collect();
    let goal = Goal { bitrates, keyframe_interval: settings.keyframe_interval };
    let (goal, goals) = watch::channel(goal);
    let sound = Arc::new(ProgramSound::new(&program, settings.audio.clone(), Arc::clone(&links)));
    let mut program = program;
    let mut programs = vec![];
    for (rendition, frames) in std::mem::take(&mut program.renditions) {
        programs.push((Some(rendition), program.with(frames)));
    }
    programs.push((None, program));
    for (rendition, program) in programs {
        let (settings, links, key_frames) = (settings.clone(), Arc::clone(&links), Arc::clone(&key_frames));
        let (sound, goals) = (Arc::clone(&sound), goals.clone());
        let (stop, alive) = (Arc::clone(&stop), alive.clone());
        let mut feeder = Feeder::new(program, settings, rendition, sound, chosen, links, key_frames, goals, stop);
        std::thread::Builder::new().name("feed-encoder".to_owned()).spawn(move || {
            feeder.run();
            drop(feeder);
            drop(alive);
        })?;
    }
    // Only those who do the work keep it open.
    drop(alive);
    Ok(OutputsHandle { stop, ended, encoder: EncoderControl(goal), control })
}

/// All outputs, while they run.
pub struct OutputsHandle {
    stop: Arc<AtomicBool>,
    /// Closed when the feeder and every supervisor have ended.
    ended: Receiver<()>,
    encoder: EncoderControl,
    control: OutputControl,
}

/// What the encoders are to do, as far as that changes while they run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    /// Kilobits (1000) per second of each rendition.
    pub(super) bitrates: BTreeMap<RenditionName, u32>,
    pub(super) keyframe_interval: Duration,
}

/// A way to change what the running encoders do.
#[derive(Clone, Debug)]
pub struct EncoderControl(watch::Sender<Goal>);

impl EncoderControl {
    /// Has pictures encoded with so many kilobits (1000) per second, from the next frame on: those of this rendition, or of the
    /// stream in its own size.
    pub fn set_bitrate(&self, rendition: Option<&str>, kbps: u32) {
        self.0.send_modify(|goal| {
            goal.bitrates.insert(rendition.map(str::to_owned), kbps);
        });
    }

    /// Has key frames of all renditions follow one another at this distance, from the next one on. An encoder that cannot change it
    /// is started anew, with a key frame, and no frame is lost.
    pub fn set_keyframe_interval(&self, interval: Duration) {
        self.0.send_modify(|goal| goal.keyframe_interval = interval);
    }
}

impl OutputsHandle {
    /// The way to change what the encoder does.
    #[must_use]
    pub fn encoder(&self) -> EncoderControl {
        self.encoder.clone()
    }

    /// The way to add, change and remove outputs.
    #[must_use]
    pub fn control(&self) -> OutputControl {
        self.control.clone()
    }

    /// Ends all outputs: files are finished and connections closed. Waits for that, but no longer than `deadline`.
    /// Returns whether all were done.
    pub fn shutdown(self, deadline: Duration) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        // Nothing is ever sent: the answer is that the channel is closed.
        let all_done = matches!(self.ended.recv_timeout(deadline), Err(RecvTimeoutError::Disconnected));
        if !all_done {
            tracing::warn!("outputs did not finish within {} s; files may lack their end", deadline.as_secs());
        }
        all_done
    }
}

impl Drop for OutputsHandle {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

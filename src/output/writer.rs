//! Rendering into a file, as fast as the machine can, with nothing left out.

use std::{path::Path, sync::Arc, time::Duration};

use components::audio::Mix;
use gstreamer as gst;
use systems::Frame;

use super::{
    audio::{Haste, MixError, Report, Sound},
    destination::FileFormat,
    elements::exists,
    encoder::{Encoder, EncoderError, OnPacket},
    file,
    gate::Outlet,
    inlet::Inlet,
    leaving::Leaving,
    pipeline::{OutputError, OutputPipeline, Pace, PipelineEvent},
    settings::EncoderSettings,
    sound_encoder::SoundEncoder,
    split::Split,
    video_encoder::{VideoEncoder, choose_encoder, software},
};
use crate::engine::{Soundtrack, StreamFormat};

/// How long the disk or the encoder may do nothing at all. Long, since a slow disk is no error.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the words for a failure may take to arrive after the failure itself.
const WORDS: Duration = Duration::from_secs(1);

/// A file could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// GStreamer is not there.
    #[error("GStreamer could not be started: {0}")]
    GStreamer(String),
    /// The encoder stopped working.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The sound cannot be mixed.
    #[error("{0}")]
    Sound(String),
    /// The file cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl From<MixError> for WriteError {
    fn from(error: MixError) -> Self {
        Self::Sound(error.to_string())
    }
}

/// A file that is being written, frame by frame.
pub struct FileWriter {
    encoder: Option<Encoder>,
    sound_encoder: Option<SoundEncoder>,
    output: Option<OutputPipeline>,
    inlet: Inlet,
    sound: Option<Sound>,
    /// What is heard.
    soundtrack: Arc<Soundtrack>,
    path: std::path::PathBuf,
    next: u64,
}

impl FileWriter {
    /// Begins a file. One that is there already is written over.
    ///
    /// # Errors
    /// The file cannot be written, or a part of GStreamer is missing.
    pub fn create(
        path: &Path,
        container: FileFormat,
        format: StreamFormat,
        settings: &EncoderSettings,
    ) -> Result<Self, WriteError> {
        gst::init().map_err(|error| WriteError::GStreamer(error.to_string()))?;
        file::create(path)?;
        let parts = file::parts(path, container, Split::default(), Pace::Offline).map_err(OutputError::from)?;
        let output = OutputPipeline::start(&parts, settings.audio.is_some(), Pace::Offline)?;
        let inlet = output.inlet();
        let on_packet: OnPacket = {
            let inlet = inlet.clone();
            Arc::new(move |packet| inlet.hand_over(&packet))
        };
        let report: Report = Arc::new(|message| tracing::warn!("{message}"));
        let sound = settings.audio.as_ref().map(|_| Sound::start(format.fps, 0, Haste::Offline, report)).transpose()?;
        // Held from here on, so that the pipeline is taken down whatever happens below.
        let (encoder, sound_encoder) = (None, None);
        let mut this = Self {
            encoder,
            sound_encoder,
            output: Some(output),
            inlet,
            sound,
            soundtrack: Arc::default(),
            path: path.to_owned(),
            next: 0,
        };
        let (chosen, warning) = choose_encoder(settings.codec, &settings.hwaccel, &exists);
        if let Some(warning) = warning {
            tracing::warn!("{warning}");
        }
        let start = |encoder: &'static VideoEncoder| Encoder::start(encoder, format, None, settings, 0, &on_packet);
        let encoder = match start(chosen) {
            Err(error) if !chosen.is_software() => {
                tracing::warn!("{error}; x264 encodes in software instead");
                start(software(settings.codec))?
            }
            result => result?,
        };
        let sound_encoder = settings.audio.as_ref().map(|audio| SoundEncoder::start(audio, &on_packet)).transpose()?;
        if let Some(output) = &this.output {
            let (pictures, sound) = (encoder.abandon(), sound_encoder.as_ref().map(SoundEncoder::abandon));
            output.on_failure(move || {
                pictures();
                if let Some(sound) = &sound {
                    sound();
                }
            });
        }
        this.encoder = Some(encoder);
        this.sound_encoder = sound_encoder;
        Ok(this)
    }

    /// Has this heard from the next frame on, mixed so, beginning `from` after the beginning of its tracks. Until then
    /// there is silence.
    ///
    /// # Errors
    /// The mixer failed.
    pub fn play(&mut self, soundtrack: &Arc<Soundtrack>, mix: &Mix, from: Duration) -> Result<(), WriteError> {
        if let Some(sound) = &mut self.sound {
            sound.follow(soundtrack, mix)?;
            sound.skip(from);
            self.soundtrack = Arc::clone(soundtrack);
        }
        Ok(())
    }

    /// Has another soundtrack heard from the next frame on; tracks that are the same go on.
    pub fn switch(&mut self, soundtrack: Soundtrack) {
        self.soundtrack = Arc::new(soundtrack);
    }

    /// Has it mixed so from the next frame on.
    ///
    /// # Errors
    /// The mixer failed.
    pub fn mix(&mut self, mix: &Mix) -> Result<(), WriteError> {
        match &mut self.sound {
            Some(sound) => Ok(sound.follow(&self.soundtrack, mix)?),
            None => Ok(()),
        }
    }

    /// Adds a frame after the one before. Waits while the encoder or the disk is behind.
    ///
    /// # Errors
    /// The encoder failed or the disk is full; the file ends before this frame then.
    pub fn push(&mut self, picture: &Arc<Frame>) -> Result<(), WriteError> {
        self.check_output(Duration::ZERO)?;
        // Sound first: muxers wait for it before they let the frame out.
        if let (Some(sound), Some(encoder)) = (&mut self.sound, &self.sound_encoder) {
            let pushed = encoder.push(sound.up_to(self.next, false)?);
            pushed.map_err(|error| self.blame(error))?;
        }
        if let Some(encoder) = &mut self.encoder {
            let pushed = encoder.push(self.next, picture, PATIENCE);
            pushed.map_err(|error| self.blame(error))?;
        }
        self.next += 1;
        Ok(())
    }

    /// Frames that were pushed so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.next
    }

    /// Ends the file. It plays from here on.
    ///
    /// # Errors
    /// The encoder failed or the disk is full.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let last = self.sound.take().map(Sound::finish).transpose()?.unwrap_or_default();
        let leaving = Leaving::default();
        if let Some(encoder) = self.encoder.take() {
            encoder.finish(PATIENCE, &leaving).map_err(|error| self.blame(error))?;
        }
        if let Some(encoder) = self.sound_encoder.take() {
            encoder.push_last(last, PATIENCE, &leaving).map_err(|error| self.blame(error))?;
        }
        self.inlet.end();
        let event = self.output.as_ref().and_then(|output| output.event(PATIENCE));
        match event {
            Some(PipelineEvent::End) => Ok(()),
            Some(PipelineEvent::Error(text)) => Err(OutputError::Failed(file::explain(&self.path, &text).0).into()),
            None => Err(OutputError::Failed(format!("the disk did not take all of `{}`", self.path.display())).into()),
        }
    }

    fn check_output(&self, patience: Duration) -> Result<(), WriteError> {
        match self.output.as_ref().and_then(|output| output.event(patience)) {
            Some(PipelineEvent::Error(text)) => Err(OutputError::Failed(file::explain(&self.path, &text).0).into()),
            Some(PipelineEvent::End) | None => Ok(()),
        }
    }

    /// What is wrong: an encoder that cannot go on because its packets are not taken is not.
    fn blame(&self, error: EncoderError) -> WriteError {
        self.check_output(WORDS).err().unwrap_or(WriteError::Encoder(error))
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        // The output first: it lets go of an encoder thread that waits for it.
        if let Some(output) = self.output.take() {
            output.take_down().wait();
        }
        self.encoder = None;
        self.sound_encoder = None;
    }
}

//! From a frame to the encoder, which is started when there is none, and again when it fails.

use std::time::{Duration, Instant};

use super::{Feeder, MOST_PATIENCE, PATIENCE, Session};
use crate::{
    engine::{ProgramFrame, StreamFormat},
    output::{
        encoder::{Encoder, EncoderError},
        fan_out::Goal,
        link::lock,
        restarts::Restarts,
        settings::EncoderSettings,
        video_encoder::software,
    },
};

/// Frames that an encoder may keep in order to look ahead.
const KEPT_FRAMES: u64 = 4;
/// How long the last frames may take at least.
const LAST: Duration = Duration::from_secs(2);

impl Feeder {
    /// Gives a frame, and the sound to it, to their encoders.
    pub(super) fn encode(&mut self, session: &mut Session, frame: &ProgramFrame) {
        // One that was repeated meanwhile comes too late, and one from before the stream began too early.
        if frame.tick < session.origin || session.tick.is_some_and(|last| frame.tick <= last) {
            return;
        }
        session.tick = Some(frame.tick);
        // Sound first: muxers wait for it before they let the frame out.
        self.sound.follow(frame);
        self.follow_goal(session);
        let mut encoder = match session.encoder.take() {
            Some(encoder) => encoder,
            None if !session.restarts.may_start(Instant::now()) || self.leaving.is_full() => {
                self.status.dropped_frames += 1;
                return;
            }
            None => {
                let is_another = session.restarts.start(Instant::now());
                match self.start_encoder(session.origin, frame) {
                    Ok(encoder) => {
                        self.status.restarts += u64::from(is_another);
                        encoder
                    }
                    Err(error) => return self.fail(session, &error, false),
                }
            }
        };
        if let Some(fault) = self.program.faults.as_ref().and_then(|faults| faults(frame.tick)) {
            encoder.break_down(fault);
        }
        if session.given.elapsed() > session.patience {
            // It had nothing to do.
            self.meter.touch();
        }
        self.clock.begin(frame.tick - session.origin);
        let begun = Instant::now();
        let pushed = encoder.push(frame.tick, &frame.picture, session.patience);
        session.given = Instant::now();
        if pushed.is_ok() && session.given.duration_since(begun) > session.patience {
            // The whole service stood still meanwhile.
            self.meter.touch();
        }
        let quiet = self.meter.quiet_for();
        let most = session.patience + self.program.format.presentation_time(KEPT_FRAMES);
        match pushed {
            Ok(()) if quiet <= most => session.encoder = Some(encoder),
            outcome => {
                self.status.dropped_frames += encoder.owed() + u64::from(outcome.is_err());
                let worked = session.restarts.lasted(Instant::now()).saturating_sub(quiet);
                let is_slow = encoder.made() < self.frames_in(worked) / 2 || encoder.made() == 0;
                self.leaving.leave(encoder);
                self.fail(session, &outcome.err().unwrap_or(EncoderError::Stalled(quiet)), is_slow);
            }
        }
    }

    /// Lets the encoder do what it is meant to by now; it is ended if another must.
    fn follow_goal(&mut self, session: &mut Session) {
        if !self.goals.has_changed().unwrap_or(false) {
            return;
        }
        let Goal { bitrates, keyframe_interval } = self.goals.borrow_and_update().clone();
        let before = std::mem::replace(&mut self.settings.keyframe_interval, keyframe_interval);
        self.settings.bitrate_kbps = bitrates.get(&self.name).copied().unwrap_or(self.settings.bitrate_kbps);
        let frames = self.settings.keyframe_interval_frames(self.program.format.fps);
        let present = self.bitrate();
        let follows = |encoder: &mut Encoder| {
            encoder.set_bitrate(present) && (before == keyframe_interval || encoder.set_keyframe_interval(frames))
        };
        if let Some(encoder) = session.encoder.take_if(|encoder| !follows(encoder)) {
            self.end_encoder(encoder, session.patience);
        }
    }

    /// Ends an encoder: the next frame goes to another one. It gets a little longer than it is waited for while it works.
    pub(super) fn end_encoder(&self, encoder: Encoder, patience: Duration) {
        if let Err(error) = encoder.finish(patience.max(LAST), &self.leaving) {
            self.complain(&format!("{error}; the last frames are lost"));
        }
    }

    fn start_encoder(&self, origin: u64, first: &ProgramFrame) -> Result<Encoder, EncoderError> {
        let size = self.rendition.as_ref().map(|rendition| (rendition.width, rendition.height));
        let (width, height) = (first.picture.width(), first.picture.height());
        let format = StreamFormat { width, height, ..self.program.format };
        let settings = EncoderSettings { bitrate_kbps: self.bitrate(), ..self.settings.clone() };
        let encoder = Encoder::start(self.chosen, format, size, &settings, origin, &self.on_packet())?;
        self.meter.touch();
        lock(&self.key_frames).insert(self.name.clone(), encoder.key_frame_request());
        Ok(encoder)
    }

    /// Frames that are shown in this time.
    fn frames_in(&self, time: Duration) -> u64 {
        let frames = time.as_millis() * u128::from(self.program.format.fps) / 1000;
        u64::try_from(frames).unwrap_or(u64::MAX)
    }

    /// The picture goes on without the encoder until it is started again. One that has been slow is waited for longer then.
    fn fail(&mut self, session: &mut Session, error: &EncoderError, is_slow: bool) {
        let (is_software, is_stuck) = (self.chosen.is_software(), self.leaving.is_full());
        let next = match (is_stuck, is_software) {
            (true, _) => "too many of them hang, and another is started when one of those is down",
            (false, true) => "it is started again",
            (false, false) => "x264 encodes in software instead",
        };
        let message = format!("{error}; {next}");
        self.complain(&message);
        self.status.last_error = Some(if is_stuck { message } else { error.to_string() });
        if is_software {
            if session.restarts.fail(Instant::now()) {
                session.patience = PATIENCE;
            }
            if is_slow && matches!(error, EncoderError::Stalled(_)) {
                session.patience = (session.patience * 2).min(MOST_PATIENCE);
            }
        } else {
            self.chosen = software(self.settings.codec);
            self.status.element = self.chosen.element;
            session.restarts = Restarts::again(Instant::now());
        }
    }
}

//! What people are told: how the encoder is doing, and what goes wrong.

use std::time::Instant;

use super::{Feeder, LOOK, Session};
use crate::{
    engine::{EncoderState, EncoderStatus, StreamEvent},
    output::{encoder::Encoder, program_sound::Told},
};

impl Feeder {
    /// Tells how the encoder is doing, if that has changed or was told a while ago.
    pub(super) fn tell(&mut self, session: Option<&Session>) {
        let encoder = session.map(|session| session.encoder.as_ref());
        let state = match encoder {
            None => EncoderState::Idle,
            Some(Some(_)) => EncoderState::Running,
            Some(None) => EncoderState::Restarting,
        };
        if state == self.status.state && self.told.elapsed() < LOOK {
            return;
        }
        self.told = Instant::now();
        // None can be started, and that may stay so: the watchdog must know.
        let is_stuck = state == EncoderState::Restarting && self.leaving.is_full();
        self.count_sound();
        let (fps, bitrate) = self.rates.of(&self.meter);
        self.status = EncoderStatus {
            state,
            fps,
            bitrate,
            target_bitrate: self.bitrate(),
            full_bitrate: self.settings.bitrate_kbps,
            queued_frames: encoder.flatten().map_or(0, Encoder::held),
            frames: self.meter.frames(),
            has_slate: session.is_some_and(|session| session.drawn.has_slate()),
            times: self.clock.times(),
            beat: if is_stuck { self.status.beat } else { self.told },
            ..self.status.clone()
        };
        (self.program.publish_encoder)(self.status.clone());
    }

    /// Counts the failures of the sound's encoder with those of the stream's own size, which there always is.
    fn count_sound(&mut self) {
        if self.rendition.is_some() {
            return;
        }
        let Told { failures, status, .. } = self.sound.told();
        if failures > self.sound_failures {
            self.status.restarts += failures - self.sound_failures;
            let why = status.as_ref().and_then(|status| status.last_error.as_ref());
            self.status.last_error = why.map(|why| format!("sound: {why}"));
            self.sound_failures = failures;
        }
        self.status.sound = status;
    }

    /// Tells of something that went wrong.
    pub(super) fn complain(&self, message: &str) {
        tracing::warn!("{message}");
        (self.program.announce)(StreamEvent::Error { message: message.to_owned() });
    }
}

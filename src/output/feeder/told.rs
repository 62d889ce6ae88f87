//! What people are told: how the encoder is doing, and what goes wrong.

use std::time::Instant;

use super::{Feeder, LOOK, Session};
use crate::{
    engine::{EncoderState, EncoderStatus, StreamEvent},
    output::encoder::Encoder,
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
        if state == self.status.state && self.status.beat.elapsed() < LOOK {
            return;
        }
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
            beat: Instant::now(),
            ..self.status.clone()
        };
        (self.program.publish_encoder)(self.status.clone());
    }

    /// Counts the failures of the sound's encoder with those of the stream's own size, which there always is.
    fn count_sound(&mut self) {
        if self.rendition.is_some() {
            return;
        }
        let failures = self.sound.failures();
        self.status.is_silent = failures.is_silent;
        if failures.count > self.sound_failures {
            self.status.restarts += failures.count - self.sound_failures;
            self.status.last_error = failures.last;
            self.sound_failures = failures.count;
        }
    }

    /// Tells of something that went wrong.
    pub(super) fn complain(&self, message: &str) {
        tracing::warn!("{message}");
        (self.program.announce)(StreamEvent::Error { message: message.to_owned() });
    }
}

//! What people are told: how the encoder is doing, how loud it is, and what goes wrong.

use std::time::Instant;

use super::{Feeder, LOOK, Session};
use crate::{
    engine::{EncoderState, EncoderStatus, Mixed, ProgramFrame, StreamEvent},
    output::encoder::Encoder,
};

impl Feeder {
    /// Tells how loud what goes with this frame is.
    pub(super) fn publish_levels(&self, session: &Session, frame: &ProgramFrame) {
        // The others hear the same.
        let Some(sound) = session.sound.as_ref().filter(|_| self.links.is_first(&self.name)) else { return };
        let end = frame.seconds + self.program.format.presentation_time(1).as_secs_f64();
        let ProgramFrame { tick, is_paused, .. } = *frame;
        (self.program.publish_levels)(Some(Mixed { tick, is_paused, readings: &mut sound.levels(end) }));
    }

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

    /// Tells of something that went wrong.
    pub(super) fn complain(&self, message: &str) {
        tracing::warn!("{message}");
        (self.program.announce)(StreamEvent::Error { message: message.to_owned() });
    }
}

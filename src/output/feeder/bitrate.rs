//! The bitrate, which follows the slowest link of those that it has to follow.

use std::time::Instant;

use super::{Feeder, LOOK, Session};
use crate::engine::StreamEvent;

impl Feeder {
    /// What the encoder is to make at present, in kbit/s.
    pub(super) fn bitrate(&self) -> u32 {
        self.adapter.bitrate(self.settings.bitrate_kbps)
    }

    /// Lets the bitrate follow the slowest link of those that it has to follow.
    pub(super) fn adapt(&mut self, session: &mut Session) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let full = self.settings.bitrate_kbps;
        let sound = self.settings.audio.as_ref().map_or(0, |audio| audio.bitrate_kbps);
        let pressure = self.links.pressure(&self.name, self.program.format.presentation_time(1), self.bitrate());
        let pressure = pressure.map(|pressure| pressure.beside_sound(sound));
        let is_other = self.adapter.follow(pressure.as_ref(), full, self.looked);
        if !is_other {
            return;
        }
        let kbps = self.bitrate();
        let output = pressure.map(|pressure| pressure.id);
        tracing::warn!(output, kbps, full, "the bitrate follows the link");
        (self.program.announce)(StreamEvent::Bitrate { kbps, full, output });
        if let Some(encoder) = session.encoder.take_if(|encoder| !encoder.set_bitrate(kbps)) {
            self.end_encoder(encoder, session.patience);
        }
    }
}

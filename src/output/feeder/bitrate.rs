//! The bitrate, which follows the slowest link of those that it has to follow.

use std::time::Instant;

use super::{Feeder, LOOK, Session};
use crate::{engine::StreamEvent, output::adapt::Adapter};

impl Feeder {
    /// What the encoder is to make at present, in kbit/s.
    pub(super) fn bitrate(&self) -> u32 {
        self.adapter.bitrate(self.settings.bitrate_kbps, self.floor)
    }

    /// Lets the bitrate follow the slowest link of those that it has to follow.
    pub(super) fn adapt(&mut self, session: &mut Session) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let full = self.settings.bitrate_kbps;
        let pressure = self.links.pressure(&self.name, self.program.format.presentation_time(1), self.bitrate());
        let is_other = match &pressure {
            Some(pressure) => {
                self.floor = pressure.min_bitrate;
                if let Some(behind) = pressure.behind {
                    self.adapter.observe(behind, full, self.floor, self.looked)
                } else {
                    self.adapter.wait();
                    false
                }
            }
            None => {
                let before = self.bitrate();
                self.adapter = Adapter::new(self.settings.pace);
                self.bitrate() != before
            }
        };
        if !is_other {
            return;
        }
        let kbps = self.bitrate();
        let output = pressure.map(|pressure| pressure.id);
        tracing::warn!(output, kbps, full, "the bitrate follows the link");
        (self.program.announce)(StreamEvent::Bitrate { kbps, full, output });
        if let Some(encoder) = session.encoder.take_if(|encoder| !encoder.set_bitrate(kbps)) {
            self.end_encoder(encoder);
        }
    }
}

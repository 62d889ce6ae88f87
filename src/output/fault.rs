//! What can be made to go wrong with the encoder, to test what comes of it.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gstreamer::{self as gst, prelude::*};

use super::link::lock;

/// How much [`EncoderFault::Skips`] takes away: less than is long enough to count as doing nothing.
const SKIPPED: gst::ClockTime = gst::ClockTime::from_mseconds(400);
/// How often one that hangs looks whether it still has to.
const LOOK: Duration = Duration::from_millis(20);

/// A way in which an encoder breaks down.
#[derive(Clone, Copy, Debug)]
pub enum EncoderFault {
    /// It reports an error, as when its device is gone.
    Fails,
    /// It holds on to what it has, and takes nothing more.
    Stalls,
    /// It takes frames and gives nothing.
    Swallows,
    /// It loses 0.4 s of what it is given without a word, and counts on as if that had never been.
    Skips,
    /// It takes three times as long for what it makes as that lasts.
    Slows,
    /// It does nothing any more, and does not let itself be ended either, for as long as the process runs.
    Hangs,
    /// The same until this is set.
    HangsUntil(&'static AtomicBool),
}

impl EncoderFault {
    /// Breaks an encoder that is running.
    pub(super) fn happen_to(self, element: &gst::Element) {
        let Some(out) = element.static_pad("src") else { return };
        let probe = gst::PadProbeType::BUFFER;
        match self {
            Self::Fails => gst::element_error!(element, gst::LibraryError::Encode, ("a fault was injected")),
            // A probe that blocks holds the encoder's own thread until the pipeline is taken down.
            Self::Stalls => drop(out.add_probe(probe | gst::PadProbeType::BLOCK, |_, _| gst::PadProbeReturn::Ok)),
            Self::Hangs => drop(out.add_probe(probe, |_, _| {
                loop {
                    std::thread::park();
                }
            })),
            Self::HangsUntil(is_over) => drop(out.add_probe(probe, |_, _| {
                while !is_over.load(Ordering::Relaxed) {
                    std::thread::sleep(LOOK);
                }
                gst::PadProbeReturn::Ok
            })),
            Self::Skips => {
                let begun = Mutex::new(None);
                out.add_probe(probe, move |_, info| {
                    let Some(gst::PadProbeData::Buffer(packet)) = &mut info.data else {
                        return gst::PadProbeReturn::Ok;
                    };
                    let Some(time) = packet.pts() else { return gst::PadProbeReturn::Ok };
                    if time < *lock(&begun).get_or_insert(time) + SKIPPED {
                        return gst::PadProbeReturn::Drop;
                    }
                    packet.make_mut().set_pts(time - SKIPPED);
                    gst::PadProbeReturn::Ok
                });
            }
            Self::Slows => drop(out.add_probe(probe, |_, info| {
                let lasts = info.buffer().and_then(|packet| packet.duration()).unwrap_or(gst::ClockTime::ZERO);
                std::thread::sleep(Duration::from(lasts) * 3);
                gst::PadProbeReturn::Ok
            })),
            Self::Swallows => drop(out.add_probe(probe, |_, _| gst::PadProbeReturn::Drop)),
        }
    }
}

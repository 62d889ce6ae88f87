//! What can be made to go wrong with the encoder, to test what comes of it.

use gstreamer::{self as gst, prelude::*};

/// A way in which an encoder breaks down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncoderFault {
    /// It reports an error, as when its device is gone.
    Fails,
    /// It holds on to what it has, and takes nothing more.
    Stalls,
    /// It takes frames and gives nothing.
    Swallows,
    /// It does nothing any more, and does not let itself be ended either, for as long as the process runs.
    Hangs,
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
            Self::Swallows => drop(out.add_probe(probe, |_, _| gst::PadProbeReturn::Drop)),
        }
    }
}

//! Pipelines for something short.

use gstreamer::{self as gst, prelude::*};

/// A pipeline that is taken down when it is dropped, which waits until it is: for one in which nothing waits for a peer for long.
pub(super) struct Running(pub(super) gst::Pipeline);

impl Drop for Running {
    fn drop(&mut self) {
        // It cannot fail on the way down.
        let _ = self.0.set_state(gst::State::Null);
    }
}

//! How an encoder's pipeline is doing, and the frames that are in its hands.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use systems::Frame;

use super::encoder::EncoderError;

/// Frames that the encoder may hold. Full: [`Flight::board`] waits. Few, since a frame that is held here is one that
/// the engine cannot draw into.
const IN_FLIGHT: usize = 3;
/// How long one look for room lasts.
const LOOK: Duration = Duration::from_millis(50);
/// A look that took this long was none: the whole service stood still, as a virtual machine does that is moved.
const STOOD_STILL: Duration = Duration::from_millis(400);

/// The frames that the encoder holds, and how it is doing.
#[derive(Default)]
pub(super) struct Flight {
    state: Mutex<FlightState>,
    changed: Condvar,
}

#[derive(Default)]
struct FlightState {
    frames: usize,
    failure: Option<String>,
    ended: bool,
}

impl Flight {
    /// Notes what the pipeline tells of its end. Nobody else gets its messages.
    pub(super) fn watch(flight: &Arc<Self>, pipeline: &gst::Pipeline) {
        let Some(bus) = pipeline.bus() else { return };
        let flight = Arc::clone(flight);
        bus.set_sync_handler(move |_, message| {
            match message.view() {
                gst::MessageView::Error(error) => flight.fail(error.error().to_string()),
                gst::MessageView::Eos(_) => flight.end(),
                _ => {}
            }
            gst::BusSyncReply::Drop
        });
    }

    /// Frames that the encoder holds.
    pub(super) fn frames(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).frames as u64
    }

    /// Waits until there is room for one more frame. Time in which the whole service stood still does not count.
    pub(super) fn board(flight: &Arc<Self>, frame: Arc<Frame>, patience: Duration) -> Result<HeldFrame, EncoderError> {
        let mut state = flight.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = patience;
        while state.frames >= IN_FLIGHT && state.failure.is_none() && !left.is_zero() {
            let (begun, look) = (Instant::now(), left.min(LOOK));
            state = flight.changed.wait_timeout(state, look).unwrap_or_else(PoisonError::into_inner).0;
            left = left.saturating_sub(counted(begun.elapsed(), look));
        }
        if let Some(failure) = &state.failure {
            return Err(EncoderError::Failed(failure.clone()));
        }
        if state.frames >= IN_FLIGHT {
            return Err(EncoderError::Stalled(patience));
        }
        state.frames += 1;
        drop(state);
        Ok(HeldFrame { frame, flight: Arc::clone(flight) })
    }

    fn update(&self, change: impl FnOnce(&mut FlightState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    pub(super) fn fail(&self, message: String) {
        self.update(|state| {
            state.failure.get_or_insert(message);
        });
    }

    pub(super) fn end(&self) {
        self.update(|state| state.ended = true);
    }

    pub(super) fn failure(&self) -> Option<EncoderError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failure.clone().map(EncoderError::Failed)
    }

    pub(super) fn failure_or_ended(&self) -> EncoderError {
        self.failure().unwrap_or_else(|| EncoderError::Failed("it takes no more frames".to_owned()))
    }

    pub(super) fn wait_for_end(&self, patience: Duration) -> Result<(), EncoderError> {
        let deadline = Instant::now() + patience;
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, _) = self
            .changed
            .wait_timeout_while(state, deadline.saturating_duration_since(Instant::now()), |state| {
                !state.ended && state.failure.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        match (&state.failure, state.ended) {
            (Some(failure), _) => Err(EncoderError::Failed(failure.clone())),
            (None, true) => Ok(()),
            (None, false) => Err(EncoderError::Stalled(patience)),
        }
    }
}

/// What a look that was to last for `look` counts, when it took so long.
fn counted(took: Duration, look: Duration) -> Duration {
    if took > look + STOOD_STILL { look } else { took }
}

/// A frame in the encoder's hands. The buffer is the frame itself; it is given back when the encoder lets go of it.
pub(super) struct HeldFrame {
    frame: Arc<Frame>,
    flight: Arc<Flight>,
}

impl AsRef<[u8]> for HeldFrame {
    fn as_ref(&self) -> &[u8] {
        self.frame.data()
    }
}

impl Drop for HeldFrame {
    fn drop(&mut self) {
        self.flight.update(|state| state.frames = state.frames.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_of_the_whole_service_is_not_counted_and_a_slow_machine_is() {
        let millis = Duration::from_millis;
        assert_eq!(counted(millis(52), LOOK), millis(52));
        assert_eq!(counted(millis(3), LOOK), millis(3), "something else has changed");
        assert_eq!(counted(millis(300), LOOK), millis(300));
        assert_eq!(counted(millis(2000), LOOK), LOOK);
        assert_eq!(counted(millis(2000), millis(10)), millis(10));
    }

    #[test]
    fn who_waits_for_room_in_vain_is_told_after_as_long_as_it_may_take() {
        let flight = Arc::new(Flight::default());
        let frame = || Arc::new(Frame::new(16, 16));
        let held: Vec<_> = (0..IN_FLIGHT).map(|_| Flight::board(&flight, frame(), LOOK).unwrap()).collect();
        let patience = LOOK * 5 / 2;
        assert_eq!(Flight::board(&flight, frame(), patience).err(), Some(EncoderError::Stalled(patience)));
        drop(held);
        assert!(Flight::board(&flight, frame(), Duration::ZERO).is_ok());
    }
}

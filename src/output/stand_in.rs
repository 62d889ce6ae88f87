//! What is sent while no new picture comes: the last one again, and after a while the slate, if there is one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use systems::Frame;

use crate::engine::{ProgramFrame, StreamFormat};

/// After so long without a new frame, or after the time of [`HELD_FRAMES`], the last picture is sent again.
const HOLD: Duration = Duration::from_millis(500);
/// Frames that may be missing: under the highest load every third is drawn.
const HELD_FRAMES: u64 = 4;
/// After so long without a new frame the slate is sent.
const SLATE: Duration = Duration::from_secs(10);

/// The slate in any size, in pixels: width, height. `None` if it cannot be drawn.
pub type Slate = Arc<dyn Fn(usize, usize) -> Option<Arc<Frame>> + Send + Sync>;

/// The last frame that was drawn, and what is sent in its place.
pub(super) struct Drawn {
    frame: ProgramFrame,
    came: Instant,
    sent: Sent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sent {
    Itself,
    Again,
    Slate,
}

/// A frame that is sent for want of another.
pub(super) struct StandIn {
    pub(super) frame: ProgramFrame,
    /// What people are told of it, the first time.
    pub(super) message: Option<String>,
}

impl Drawn {
    /// A frame that has just come.
    pub(super) fn new(frame: ProgramFrame) -> Self {
        Self { frame, came: Instant::now(), sent: Sent::Itself }
    }

    /// How long a frame may be missing before the last is sent again.
    fn hold(format: &StreamFormat) -> Duration {
        HOLD.max(format.presentation_time(HELD_FRAMES))
    }

    /// Whether the slate was sent in its place.
    pub(super) fn has_slate(&self) -> bool {
        self.sent == Sent::Slate
    }

    /// Whether another should have come by now.
    pub(super) fn is_late(&self, format: &StreamFormat) -> bool {
        self.came.elapsed() >= Self::hold(format)
    }

    /// What is sent now in place of a frame after `last`, if it is time for one. What is drawn when drawing goes on comes
    /// later than that: its grid of ticks never moves.
    pub(super) fn stand_in(
        &mut self,
        format: &StreamFormat,
        last: Option<u64>,
        slate: Option<&Slate>,
    ) -> Option<StandIn> {
        let late = self.came.elapsed();
        if late < Self::hold(format) {
            return None;
        }
        let passed = late.as_nanos() * u128::from(format.fps) / 1_000_000_000;
        let tick = self.frame.tick + u64::try_from(passed).unwrap_or(0);
        if last.is_some_and(|last| tick <= last) {
            return None;
        }
        let mut frame = ProgramFrame { tick, ..self.frame.clone() };
        let slate = slate.filter(|_| late >= SLATE);
        let slate = slate.and_then(|slate| slate(frame.picture.width(), frame.picture.height()));
        let (sent, words) = match slate {
            Some(slate) => {
                frame.picture = slate;
                (Sent::Slate, "the slate is sent meanwhile")
            }
            None => (Sent::Again, "the last picture is sent meanwhile"),
        };
        let is_new = std::mem::replace(&mut self.sent, sent) < sent;
        let message = is_new.then(|| format!("no frame was drawn for {:.1} s; {words}", late.as_secs_f64()));
        Some(StandIn { frame, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Soundtrack;

    const FORMAT: StreamFormat = StreamFormat { width: 16, height: 16, fps: 10 };

    fn drawn(ago: Duration) -> Drawn {
        let frame = ProgramFrame {
            tick: 100,
            seconds: 0.0,
            picture: Arc::new(Frame::new(16, 16)),
            variants: Arc::default(),
            start: Some(0),
            sound: Arc::new(Soundtrack::default()),
            mix: Arc::default(),
            is_paused: false,
        };
        Drawn { came: Instant::now().checked_sub(ago).unwrap(), ..Drawn::new(frame) }
    }

    #[test]
    fn the_last_picture_comes_again_and_then_the_slate() {
        let board = Arc::new(Frame::new(16, 16));
        let slate: Slate = {
            let board = Arc::clone(&board);
            Arc::new(move |width, height| ((width, height) == (16, 16)).then(|| Arc::clone(&board)))
        };
        assert!(drawn(Duration::ZERO).stand_in(&FORMAT, Some(100), Some(&slate)).is_none());

        let mut late = drawn(Duration::from_secs(2));
        let picture = Arc::clone(&late.frame.picture);
        let again = late.stand_in(&FORMAT, Some(110), Some(&slate)).unwrap();
        assert!(Arc::ptr_eq(&again.frame.picture, &picture));
        assert!((120..130).contains(&again.frame.tick), "{}", again.frame.tick);
        assert!(again.message.unwrap().contains("the last picture"));
        assert!(late.stand_in(&FORMAT, Some(again.frame.tick + 1000), Some(&slate)).is_none());
        assert!(late.stand_in(&FORMAT, Some(110), Some(&slate)).unwrap().message.is_none(), "told once");

        late.came = late.came.checked_sub(SLATE).unwrap();
        let sent = late.stand_in(&FORMAT, Some(125), Some(&slate)).unwrap();
        assert!(Arc::ptr_eq(&sent.frame.picture, &board));
        assert!(sent.message.unwrap().contains("the slate"));
        assert!(late.stand_in(&FORMAT, Some(125), Some(&slate)).unwrap().message.is_none(), "told once");

        let without = drawn(SLATE * 2).stand_in(&FORMAT, None, None).unwrap();
        assert!(without.message.unwrap().contains("the last picture"));
    }
}

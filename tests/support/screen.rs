//! A player of a stream whose picture is looked at while it plays.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::{
    io::Read as _,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use crate::process::ChildGuard;

/// Levels by which a colour may be off that was encoded, sent and decoded.
const NEAR: u8 = 12;

/// ffmpeg, playing a stream as soon as it comes.
pub struct Screen {
    _player: ChildGuard,
    /// The colour in the middle of what is looked at, and when its frame was decoded.
    shown: Receiver<([u8; 3], Instant)>,
}

impl Screen {
    /// Plays what is at this address, and looks at the square of `side` pixels with its top left corner at `x`, `y`.
    pub fn start(url: &str, (x, y): (u32, u32), side: u32) -> Self {
        let mut command = Command::new("ffmpeg");
        // Nothing waits for more than the frame that has come.
        command.args(["-v", "error", "-fflags", "nobuffer", "-flags", "low_delay", "-threads", "1", "-an"]);
        command.args(["-i", &format!("{url} live=1"), "-fps_mode", "passthrough"]);
        command.args(["-vf", &format!("crop={side}:{side}:{x}:{y},scale=1:1:flags=area")]);
        command.args(["-pix_fmt", "rgb24", "-f", "rawvideo", "-flush_packets", "1", "-"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut player = ChildGuard::start(&mut command);
        let mut pictures = player.0.stdout.take().expect("it was piped");
        let (see, shown) = channel();
        std::thread::spawn(move || {
            let mut color = [0; 3];
            while pictures.read_exact(&mut color).is_ok() && see.send((color, Instant::now())).is_ok() {}
        });
        Self { _player: player, shown }
    }

    /// Waits until what is looked at has this colour, and tells when it was seen first.
    #[track_caller]
    pub fn wait_for(&self, color: [u8; 3], patience: Duration) -> Instant {
        let until = Instant::now() + patience;
        let mut last = None;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok((seen, at)) = self.shown.recv_timeout(left) else {
                panic!("waited {patience:?} in vain for {color:?} on the screen, where {last:?} was seen last");
            };
            last = Some(seen);
            if seen.iter().zip(color).all(|(seen, color)| seen.abs_diff(color) <= NEAR) {
                return at;
            }
        }
    }
}

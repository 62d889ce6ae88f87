//! A viewer who notes when each frame arrives, and when it is to be shown.

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
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::process::{ChildGuard, wait_for};

/// A frame that has arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// When.
    pub at: Instant,
    /// When it is shown, in seconds of the stream's own time: that of all viewers of all outputs.
    pub time: f64,
}

/// One who watches for as long as this is there.
pub struct Player {
    arrived: Arc<Mutex<Vec<Arrival>>>,
    _process: ChildGuard,
}

impl Player {
    /// Begins to watch the stream at this address.
    pub fn start(url: &str) -> Self {
        let mut command = Command::new("ffmpeg");
        command.args([
            "-v",
            "error",
            "-fflags",
            "nobuffer",
            "-fpsprobesize",
            "0",
            "-i",
            &format!("{url} live=1"),
            "-map",
            "0:v",
            "-copyts",
        ]);
        // A line for each packet: stream, when it is decoded, when it is shown, and more.
        command.args(["-c", "copy", "-f", "framecrc", "-flush_packets", "1", "-"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = ChildGuard::start(&mut command);
        let lines = BufReader::new(process.0.stdout.take().expect("it is piped")).lines();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&arrived);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok).filter(|line| !line.starts_with('#')) {
                let millis: f64 = line.split(',').nth(2).unwrap().trim().parse().unwrap();
                seen.lock().unwrap().push(Arrival { at: Instant::now(), time: millis / 1000.0 });
            }
        });
        Self { arrived, _process: process }
    }

    /// All that has arrived, in order.
    pub fn arrived(&self) -> Vec<Arrival> {
        self.arrived.lock().unwrap().clone()
    }

    /// The time of the last frame that has arrived; waits for the first.
    #[track_caller]
    pub fn newest(&self) -> f64 {
        let last = || Some(self.arrived.lock().unwrap().last()?.time);
        wait_for("a frame to arrive", Duration::from_secs(30), last)
    }

    /// Waits until a frame of this time has arrived.
    #[track_caller]
    pub fn wait_for(&self, time: f64) {
        let limit = Duration::from_secs_f64((time - self.newest()).max(0.0) * 2.0 + 30.0);
        wait_for(&format!("the frame at {time} s"), limit, || (self.newest() >= time).then_some(()));
    }
}

//! A viewer of a stream on an RTMP server.

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
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    ffprobe::{probe, stream},
    process::{ChildGuard, wait_for},
    rtmp_server::RtmpServer,
};

/// Waits until a viewer who comes now can play the stream of this key, and checks what it is made of.
#[track_caller]
pub fn assert_plays(server: &RtmpServer, key: &str, (width, height): (u32, u32)) {
    assert_plays_at(&server.url(key), (width, height));
}

/// The same of any address.
#[track_caller]
pub fn assert_plays_at(url: &str, (width, height): (u32, u32)) {
    let url = format!("{url} live=1 timeout=5");
    let probed = wait_for("the stream to play", Duration::from_secs(30), || {
        let probed = probe(&url, &["-rw_timeout", "3000000", "-analyzeduration", "2000000"]).ok()?;
        (probed["streams"].as_array()?.len() == 2).then_some(probed)
    });
    let (video, audio) = (stream(&probed, "video"), stream(&probed, "audio"));
    assert_eq!(video["codec_name"], "h264");
    assert_eq!((&video["width"], &video["height"]), (&width.into(), &height.into()));
    // A guess from times in whole milliseconds.
    let (frames, seconds) = video["r_frame_rate"].as_str().unwrap().split_once('/').unwrap();
    let rate = frames.parse::<f64>().unwrap() / seconds.parse::<f64>().unwrap();
    assert!((rate - 30.0).abs() < 0.3, "{rate} frames a second");
    assert_eq!((&video["color_range"], &video["color_space"]), (&"tv".into(), &"bt709".into()));
    assert_eq!((&audio["codec_name"], &audio["sample_rate"]), (&"aac".into(), &"48000".into()));
}

/// A viewer who keeps all that arrives.
pub struct Watching {
    folder: tempfile::TempDir,
    process: ChildGuard,
}

impl Watching {
    /// Begins to play the stream of this key.
    pub fn start(server: &RtmpServer, key: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("ffmpeg");
        // Each packet is in the file at once, so that others can look at what has come so far.
        command.args([
            "-v",
            "error",
            "-i",
            &format!("{} live=1", server.url(key)),
            "-c",
            "copy",
            "-flush_packets",
            "1",
        ]);
        command.args(["-f", "matroska", "-cluster_time_limit", "500"]).arg(folder.path().join("seen.mkv"));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self { process: ChildGuard::start(&mut command), folder }
    }

    /// What has arrived.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("seen.mkv")
    }

    /// Waits until so many frames have arrived.
    #[track_caller]
    pub fn wait_for_frames(&self, frames: usize) {
        wait_for("frames to arrive", Duration::from_secs(30), || (times(&self.file()).len() >= frames).then_some(()));
    }

    /// Stops watching. What has arrived stays for as long as this.
    #[track_caller]
    pub fn end(&mut self) {
        let id = self.process.0.id().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
        wait_for("the viewer to leave", Duration::from_secs(10), || self.process.0.try_wait().unwrap());
    }
}

/// When each frame of a file is shown, in seconds, in order.
pub fn times(file: &Path) -> Vec<f64> {
    let entries = ["-select_streams", "v", "-show_entries", "packet=pts_time"];
    let Ok(probed) = probe(file.to_str().unwrap(), &entries) else { return Vec::new() };
    let times = probed["packets"].as_array().into_iter().flatten();
    let mut times: Vec<f64> = times.filter_map(|packet| packet["pts_time"].as_str()?.parse().ok()).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Asserts that a file has at least so many frames, at 30 a second, and that no more are missing in between than were
/// `skipped`: those that the engine did not draw, since the machine was too slow.
#[track_caller]
pub fn assert_without_a_gap(file: &Path, at_least: usize, skipped: u64) {
    let times = times(file);
    assert!(times.len() >= at_least, "{}: {} frames", file.display(), times.len());
    let mut missing = 0;
    for pair in times.windows(2) {
        // Times are in whole milliseconds.
        let frames = (pair[1] - pair[0]) * 30.0;
        assert!(
            (frames - frames.round()).abs() < 0.1 && frames > 0.5,
            "{}: from {} to {}",
            file.display(),
            pair[0],
            pair[1]
        );
        missing += frames.round() as u64 - 1;
    }
    assert!(missing <= skipped, "{}: {missing} frames are missing, and {skipped} were skipped", file.display());
}

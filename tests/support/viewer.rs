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
        Self::start_at(&server.url(key))
    }

    /// Begins to play the stream at this address.
    pub fn start_at(url: &str) -> Self {
        Self::start_by(&[], url)
    }

    /// The same by a command that becomes the program which it is given.
    pub fn start_by(by: &[&str], url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut words = by.iter().copied().chain(["ffmpeg"]);
        let mut command = Command::new(words.next().expect("there is ffmpeg at least"));
        command.args(words);
        // Each packet is in the file at once, so that others can look at what has come so far.
        command.args(["-v", "error", "-i", &format!("{url} live=1"), "-c", "copy", "-flush_packets", "1"]);
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

/// A packet of a file.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// When it is shown or heard, in seconds.
    pub time: f64,
    /// Whether nothing before it is needed to decode it.
    pub is_key: bool,
}

/// The packets of a file's picture (`v`) or sound (`a`), in the order in which they are shown or heard.
pub fn packets(file: &Path, track: &str) -> Vec<Packet> {
    let entries = ["-select_streams", track, "-show_entries", "packet=pts_time,flags"];
    let Ok(probed) = probe(file.to_str().unwrap(), &entries) else { return Vec::new() };
    let packets = probed["packets"].as_array().into_iter().flatten();
    let packet = |packet: &serde_json::Value| {
        let is_key = packet["flags"].as_str()?.starts_with('K');
        Some(Packet { time: packet["pts_time"].as_str()?.parse().ok()?, is_key })
    };
    let mut packets: Vec<Packet> = packets.filter_map(packet).collect();
    packets.sort_by(|a, b| a.time.total_cmp(&b.time));
    packets
}

/// When each frame of a file is shown, in seconds, in order.
pub fn times(file: &Path) -> Vec<f64> {
    packets(file, "v").into_iter().map(|packet| packet.time).collect()
}

/// The longest time from one to the next.
pub fn longest_gap(times: &[f64]) -> f64 {
    times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
}

/// Asserts that a viewer got at least so many frames, at 30 a second, of which no more are missing than were `skipped`, that
/// each so many of them there is a key frame, and that the sound has no gap.
#[track_caller]
pub fn assert_whole(file: &Path, at_least: usize, skipped: u64, key_frames: usize) {
    assert_without_a_gap(file, at_least, skipped);
    assert_key_frames_each(file, key_frames);
    assert_sound_without_a_gap(file);
}

/// Asserts that from one key frame to the next there are so many frames.
#[track_caller]
pub fn assert_key_frames_each(file: &Path, frames: usize) {
    let packets = packets(file, "v");
    let keys: Vec<usize> = (0..packets.len()).filter(|at| packets[*at].is_key).collect();
    assert_eq!(keys.first(), Some(&0), "{}: a viewer can begin at once", file.display());
    let apart: Vec<usize> = keys.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let last = packets.len() - keys[keys.len() - 1];
    let are_as_meant = apart.iter().all(|apart| *apart == frames) && last <= frames;
    assert!(!apart.is_empty() && are_as_meant, "{}: {apart:?}, and {last} at the end", file.display());
}

/// Asserts that each packet of the sound, AAC at 48 kHz, begins where the one before it ends.
#[track_caller]
pub fn assert_sound_without_a_gap(file: &Path) {
    const LASTS: f64 = 1024.0 / 48_000.0;
    let mut packets = packets(file, "a");
    // The first may have begun before the file does.
    packets.drain(..packets.len().min(1));
    assert!(packets.len() > 10, "{}: {} packets of sound", file.display(), packets.len());
    for (at, packet) in packets.iter().enumerate() {
        // Times are in whole milliseconds, each rounded for itself: they do not drift.
        let off = packet.time - packets[0].time - at as f64 * LASTS;
        assert!(off.abs() < 0.003, "{}: the sound at {} is off by {off} s", file.display(), packet.time);
    }
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

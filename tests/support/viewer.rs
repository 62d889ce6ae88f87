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

use std::time::Duration;

use crate::{
    ffprobe::{probe, stream},
    process::wait_for,
    rtmp_server::RtmpServer,
};

/// Waits until a viewer who comes now can play the stream of this key, and checks what it is made of.
#[track_caller]
pub fn assert_plays(server: &RtmpServer, key: &str, (width, height): (u32, u32)) {
    let url = format!("{} live=1 timeout=5", server.url(key));
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

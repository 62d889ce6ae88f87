//! What ffprobe and ffmpeg say of a stream.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::process::Command;

use serde_json::Value;

/// Everything about the streams of a file or address, or what ffprobe complained of.
pub fn probe(input: &str, more: &[&str]) -> Result<Value, String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-show_streams", "-show_format"]).args(more).arg(input);
    let output = command.output().expect("ffprobe is installed");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).expect("ffprobe writes JSON"))
}

/// The stream of this kind (`video`, `audio`).
pub fn stream<'a>(probed: &'a Value, kind: &str) -> &'a Value {
    let streams = probed["streams"].as_array().expect("a list of streams");
    streams.iter().find(|stream| stream["codec_type"] == kind).unwrap_or_else(|| panic!("no {kind} in {probed:#}"))
}

/// Lets ffmpeg make a file.
#[track_caller]
pub fn make(arguments: &[&str]) {
    let output = Command::new("ffmpeg").args(["-v", "error"]).args(arguments).output().expect("ffmpeg is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// All frames of a file, decoded, each as the bytes of `pixel_format` without gaps.
pub fn decode(input: &str, pixel_format: &str, more: &[&str]) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i", input]).args(more);
    command.args(["-an", "-fps_mode", "passthrough", "-pix_fmt", pixel_format, "-f", "rawvideo", "-"]);
    let output = command.output().expect("ffmpeg is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Peak signal-to-noise ratio in decibels. More is more alike.
pub fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) * a.len() as f64 / squares.max(1e-9)).log10()
}

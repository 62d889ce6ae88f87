//! A beat each second, seen and heard: a patch that lights up while a tone is played. From what a viewer gets of it one can
//! measure how far sound and picture are apart, and whether what is heard is what is played.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    service::Service,
    sound::{RATE, frequency, listen_in_time, part, rms},
    viewer::{Watching, assert_whole},
};

/// Hertz of the tone.
pub const TONE: f64 = 1000.0;
/// From when to when in each second of the scene it is seen and heard.
const LIT: (f64, f64) = (0.5, 0.8);
/// Its volume.
const LOUD: f64 = 0.5;
/// Sound and picture that are further apart are not of one beat.
const FARTHEST: f64 = 0.45;

fn animation(property: &str, lit: f64) -> Value {
    let keyframes =
        [(0.0, 0.0), (LIT.0, lit), (LIT.1, 0.0), (1.0, 0.0)].map(|(at, value)| json!({ "at": at, "value": value }));
    json!({ "property": property, "keyframes": keyframes, "easing": "stepEnd", "repeat": "forever" })
}

/// The patch, an eighth as wide as the canvas and square, at its bottom right; black when it is not lit.
pub fn layers(width: u64, height: u64) -> [Value; 2] {
    let size = width / 8;
    let patch = |id: &str, color: &str, z: u32| {
        json!({
            "id": id, "zIndex": z,
            "content": { "type": "color", "color": color, "size": { "width": size, "height": size } },
            "transform": { "position": { "x": width - size, "y": height - size } },
        })
    };
    let mut lit = patch("beat", "#ffffff", 1_000_000);
    lit["animations"] = json!([animation("opacity", 1.0)]);
    [patch("between-beats", "#000000", 999_999), lit]
}

/// The tone.
pub fn track() -> Value {
    json!({
        "id": "beat", "source": { "type": "tone", "frequency": TONE },
        "volume": 0, "animations": [animation("volume", LOUD)],
    })
}

/// A scene with the beat in it, and no other sound.
pub fn with_beats(scene: &str) -> String {
    let mut scene: Value = serde_json::from_str(scene).unwrap();
    let side = |name: &str| scene["canvas"][name].as_u64().unwrap();
    let beat = layers(side("width"), side("height"));
    scene["layers"].as_array_mut().unwrap().extend(beat);
    scene["audio"] = json!({ "tracks": [track()] });
    scene.to_string()
}

/// A beat that arrived.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    /// Seconds after the beginning of the file at which the patch lights up.
    pub seen: f64,
    /// Seconds by which the tone comes later than that; `None` if it is not heard.
    pub offset: Option<f64>,
}

/// The beats in what a viewer got.
pub fn beats(file: &Path) -> Vec<Beat> {
    beats_in(&lit(file), &listen_in_time(file))
}

fn beats_in(seen: &[f64], sound: &[f32]) -> Vec<Beat> {
    let heard = heard(sound);
    let offset = |seen: f64| {
        let offsets = heard.iter().map(|heard| heard - seen);
        offsets.min_by(|a, b| a.abs().total_cmp(&b.abs())).filter(|offset| offset.abs() < FARTHEST)
    };
    seen.iter().map(|seen| Beat { seen: *seen, offset: offset(*seen) }).collect()
}

/// When the patch lights up, in seconds.
fn lit(file: &Path) -> Vec<f64> {
    // The middle of the patch, whatever the size of the picture, as one number.
    let middle = "crop=iw/16:ih/9:iw*29/32:ih*5/6,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-";
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(file).args([
        "-an",
        "-vf",
        middle,
        "-f",
        "null",
        "-fps_mode",
        "passthrough",
        "-",
    ]);
    let output = command.stdin(Stdio::null()).output().expect("ffmpeg is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (mut time, mut before, mut lit) = (0.0, None, Vec::new());
    for line in text.lines() {
        if let Some((_, seconds)) = line.split_once("pts_time:") {
            time = seconds.trim().parse::<f64>().unwrap();
        } else if let Some((_, luma)) = line.split_once("YAVG=") {
            let is_lit = luma.parse::<f64>().unwrap() > 128.0;
            if is_lit && before == Some(false) {
                lit.push(time);
            }
            before = Some(is_lit);
        }
    }
    lit
}

/// When the tone comes, in seconds: where it is half as loud as it becomes. A volume is on its way in the frame before the one
/// from which it holds, and AAC makes all that is heard 21 ms later: together that comes to nothing.
fn heard(sound: &[f32]) -> Vec<f64> {
    let (mut heard, mut loud) = (Vec::new(), None);
    for (at, _) in sound.iter().enumerate().filter(|(_, value)| f64::from(value.abs()) > LOUD / 2.0) {
        let time = at as f64 / RATE;
        if loud.is_none_or(|loud| time - loud > (1.0 - (LIT.1 - LIT.0)) / 2.0) {
            heard.push(time);
        }
        loud = Some(time);
    }
    heard
}

/// Asserts that a viewer got at least so many beats, each with its tone within 40 ms, that the tone is of its frequency, and
/// that there is silence where there should be. Returns the offset that is furthest from 0, in seconds.
#[track_caller]
pub fn assert_beats(file: &Path, at_least: usize) -> f64 {
    let sound = listen_in_time(file);
    let end = sound.len() as f64 / RATE;
    // One at the very end may have been cut off.
    let mut beats = beats_in(&lit(file), &sound);
    beats.retain(|beat| beat.seen + LIT.1 - LIT.0 < end);
    assert!(beats.len() >= at_least, "{}: {beats:?}", file.display());
    let offsets: Vec<f64> = beats.iter().map(|beat| beat.offset.unwrap_or_else(|| panic!("{beats:?}"))).collect();
    let furthest = offsets.into_iter().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or_default();
    assert!(furthest.abs() < 0.04, "{}: {beats:?}", file.display());
    for beat in &beats {
        let tone = part(&sound, beat.seen + 0.05, beat.seen + LIT.1 - LIT.0 - 0.05);
        let (hertz, level) = (frequency(tone), rms(tone));
        assert!((hertz - TONE).abs() < 2.0, "{}: {hertz} Hz at {beat:?}", file.display());
        let meant = LOUD / 2.0_f64.sqrt();
        assert!((level / meant - 1.0).abs() < 0.1, "{}: {level} instead of {meant} at {beat:?}", file.display());
        let silence = part(&sound, (beat.seen - 0.35).max(0.0), (beat.seen - 0.1).max(0.0));
        assert!(rms(silence) < 0.01, "{}: {} before {beat:?}", file.display(), rms(silence));
    }
    furthest
}

/// Watches what a service with beats sends to this address, a key frame each 30 frames, for some seconds, and asserts that
/// all of it arrives: every frame and key frame, the sound, and both together.
#[track_caller]
pub fn assert_arrives_whole(service: &Service, url: &str) {
    let mut watching = Watching::start_at(url);
    watching.wait_for_frames(105);
    watching.end();
    assert_whole(&watching.file(), 105, service.skipped_frames(), 30);
    let furthest = assert_beats(&watching.file(), 2);
    println!("sound is later than its picture by {:.1} ms at most", furthest * 1e3);
}

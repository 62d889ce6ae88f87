//! Tracks that are muted, heard again or taken away fade as long as the scene says, along a line.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;
#[path = "support/sound.rs"]
mod sound;

use std::fs;

use serde_json::{Value, json};
use service::{Service, run};
use sound::{RATE, level, listen};

const SMALL: [(&str, &str); 3] = [("STREAM_RESOLUTION", "64x36"), ("TARGET_FPS", "25"), ("FFMPEG_PRESET", "ultrafast")];
/// How long one level is measured, in seconds: whole periods of all tones.
const WINDOW: f64 = 0.05;

/// How loud a tone is, from window to window.
fn levels(heard: &[f32], frequency: f64) -> Vec<f64> {
    heard.chunks_exact((WINDOW * RATE) as usize).map(|window| level(window, frequency)).collect()
}

#[test]
fn a_track_that_is_muted_fades_along_a_line_and_comes_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let muted = json!({ "property": "muted", "keyframes": [
        { "at": 0, "value": false, "easing": "step-end" },
        { "at": 1, "value": true, "easing": "step-end" },
        { "at": 2.5, "value": false },
    ] });
    let track = |id: &str, frequency: u32, fades: [f64; 2]| {
        json!({ "id": id, "source": { "type": "tone", "frequency": frequency }, "volume": 0.4,
            "fadeIn": fades[0], "fadeOut": fades[1], "animations": [muted] })
    };
    let tracks = [track("slow", 1000, [0.5, 1.2]), track("sudden", 2000, [0.0, 0.0])];
    fs::write(folder.path().join("scene.json"), json!({ "audio": { "tracks": tracks } }).to_string()).unwrap();
    let arguments = ["render", "scene.json", "--out", "out.mp4", "--duration", "3500ms"];
    let output = run(folder.path(), &arguments, &SMALL);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let heard = listen(&folder.path().join("out.mp4"));
    let (slow, sudden) = (levels(&heard, 1000.0), levels(&heard, 2000.0));
    for (window, (slow, sudden)) in slow.iter().zip(&sudden).enumerate() {
        // AAC makes all of it late. A change is complete with the end of the frame that shows it, so that a fade begins there.
        let time = (window as f64 + 0.5) * WINDOW - 0.021;
        let share = match time {
            ..0.0 => continue,
            ..0.5 => time / 0.5,
            ..1.0 => 1.0,
            ..2.2 => 1.0 - (time - 1.0) / 1.2,
            ..2.5 => 0.0,
            ..3.0 => (time - 2.5) / 0.5,
            _ => 1.0,
        };
        assert!((slow - 0.4 * share).abs() < 0.04, "at {time:.3} s: {slow:.3}, not {:.3}", 0.4 * share);
        let is_heard = !(1.0..2.5).contains(&time);
        let is_changing = [0.0, 1.0, 2.5].iter().any(|change| (time - change).abs() < WINDOW + 0.04);
        let expected = if is_heard { 0.4 } else { 0.0 };
        assert!(is_changing || (sudden - expected).abs() < 0.02, "at {time:.3} s: {sudden:.3}, not {expected}");
    }
    // From 1.1 to 2.1 s nothing but the line is heard.
    for pair in slow[22..42].windows(2) {
        assert!((pair[0] - pair[1] - 0.4 * WINDOW / 1.2).abs() < 0.004, "{:.3?}", &slow[22..42]);
    }
}

#[test]
fn a_track_that_is_taken_away_on_air_fades_along_a_line() {
    let track = json!({ "id": "tone", "source": { "type": "tone", "frequency": 1000 }, "volume": 0.4, "fadeOut": 1.5 });
    let scene = json!({ "audio": { "tracks": [track] } }).to_string();
    let variables: Vec<_> = SMALL.into_iter().chain([("SCENE", "scene.json"), ("STREAM_URL", "out.mkv")]).collect();
    let mut service = Service::start(&variables, &[("scene.json", &scene)]);
    service.wait_for_output("stream", "started");
    service.wait_for_frames(25);
    service.send("DELETE", "/api/stream/audio/tracks/tone", &Value::Null).expect(200);
    service.wait_for_frames(50);
    service.signal("TERM");
    assert!(service.wait().success());

    let all = levels(&listen(&service.folder.path().join("out.mkv")), 1000.0);
    let begins = all.iter().rposition(|level| (level - 0.4).abs() < 0.005).expect("it was heard before");
    let ends = begins + all[begins..].iter().position(|level| *level < 0.005).expect("it is silent afterwards");
    // As many windows as it takes, but for those in which it begins and ends.
    let windows = 1.5 / WINDOW;
    assert!(((ends - begins) as f64 - windows).abs() < 3.0, "{:.3?}", &all[begins..ends]);
    for pair in all[begins + 1..ends - 1].windows(2) {
        assert!((pair[0] - pair[1] - 0.4 / windows).abs() < 0.006, "{:.3?}", &all[begins..=ends]);
    }
    assert!(all[ends..].iter().all(|level| *level < 0.005), "{:.3?}", &all[ends..]);
}

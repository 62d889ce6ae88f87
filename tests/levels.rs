//! How loud it is: measured in the very mix that goes out, told to people, and waited for by triggers.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/client.rs"]
mod client;
#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;
#[path = "support/sound.rs"]
mod sound;

use std::{fs, path::Path};

use client::Client;
use process::wait_for;
use serde_json::{Value, json};
use service::{PATIENCE, Service, run};
use sound::wav;

const SMALL: &[(&str, &str)] = &[("STREAM_RESOLUTION", "64x36"), ("FFMPEG_PRESET", "ultrafast")];

fn tone(id: &str, frequency: u32, volume: f64) -> Value {
    json!({ "id": id, "source": { "type": "tone", "frequency": frequency }, "volume": volume })
}

/// Whether both channels have this level, to a tenth of a decibel.
fn is(levels: &Value, decibels: f64) -> bool {
    (0..2).all(|channel| levels[channel].as_f64().is_some_and(|level| (level - decibels).abs() < 0.1))
}

#[test]
fn tones_have_their_levels_and_muted_they_have_the_floor() {
    // Sines of amplitudes 0.5 and 0.1. At half the volume the highest of 0.25 sin x + 0.05 sin 2x is 0.267.
    let scene = json!({
        "audio": { "volume": 0.5, "tracks": [tone("half", 1000, 0.5), tone("tenth", 2000, 0.1)] },
        "layers": [{ "id": "lamp", "content": { "type": "color", "color": "#ffffff" } }],
        "triggers": [
            { "on": { "type": "audioLevel", "track": "half", "goes": "below", "threshold": -40, "hold": 0.1 },
              "do": [{ "type": "set", "layer": "lamp", "patch": { "opacity": 0.25 } }, { "type": "emit", "event": "quiet" }] },
            { "on": { "type": "audioLevel", "goes": "above", "threshold": -30, "measure": "peak" },
              "do": [{ "type": "emit", "event": "loud" }] },
        ],
    });
    let variables = [SMALL, &[("TARGET_FPS", "25"), ("SCENE", "scene.json"), ("STREAM_URL", "out.mkv")]].concat();
    let service = Service::start(&variables, &[("scene.json", &scene.to_string())]);
    let mut client = Client::connect_with(service.port, "?topics=levels,events");
    let steady = |levels: &Value| {
        let [half, tenth] = [0, 1].map(|index| &levels["tracks"][index]);
        is(&half["peak"], -6.02)
            && is(&half["rms"], -9.03)
            && is(&tenth["peak"], -20.0)
            && is(&tenth["rms"], -23.01)
            && is(&levels["master"]["rms"], -14.88)
            && is(&levels["master"]["peak"], -11.46)
    };
    let levels = || service.json("/api/stream/audio/levels");
    let told = wait_for("the levels of the tones", PATIENCE, || Some(levels()).filter(steady));
    assert_eq!(
        (&told["isMixed"], &told["tracks"][0]["id"], &told["tracks"][1]["id"]),
        (&json!(true), &json!("half"), &json!("tenth"))
    );
    // The same over the WebSocket, and no more than twenty a second: each tells a later frame.
    let mut ticks = Vec::new();
    while ticks.len() < 10 {
        let message = client.next_of("levels");
        if steady(&message) {
            ticks.push(message["tick"].as_u64().unwrap());
        }
    }
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
    let metrics = service.get("/metrics").text();
    assert!(metrics.contains("audio_track_rms_dbfs{track=\"half\"} -9.0"), "{metrics}");

    service.send("PATCH", "/api/stream/audio/tracks/half", &json!({ "muted": true })).expect(200);
    wait_for("the track to be silent", PATIENCE, || {
        let levels = levels();
        let (half, tenth) = (&levels["tracks"][0], &levels["tracks"][1]);
        (half["rms"] == json!([-100.0, -100.0]) && is(&tenth["rms"], -23.01)).then_some(())
    });
    // The trigger that waits for this has acted: once, although it is quiet for ever.
    wait_for("the trigger to act", PATIENCE, || {
        (service.json("/api/stream/layers/lamp")["opacity"] == 0.25).then_some(())
    });
    service.send("POST", "/api/stream/stop", &Value::Null).expect(200);
    wait_for("silence off air", PATIENCE, || {
        let levels = levels();
        (levels["isMixed"] == false && levels["master"]["peak"] == json!([-100.0, -100.0])).then_some(())
    });
    let mut fired = Vec::new();
    loop {
        let event = client.next_of("streamEvent");
        if event["state"] == "stopped" {
            break;
        }
        if event["event"] == "fired" {
            fired.push(event["name"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(fired.iter().filter(|name| *name == "quiet").count(), 1, "{fired:?}");
    // A track that a trigger waits for cannot go.
    let problem = service.send("DELETE", "/api/stream/audio/tracks/half", &Value::Null).json();
    assert_eq!(
        (&problem["status"], &problem["errors"][0]["pointer"]),
        (&json!(409), &json!("/triggers/0/on/track")),
        "{problem}"
    );
}

/// Silence for a second, a tone for one, silence. The layer begins to fade in when the tone has been heard for a tenth of
/// a second, and is dark again when the tone is over.
fn story(folder: &Path) {
    fs::write(folder.join("voice.wav"), wav(48_000, &[(0.0, 1.0), (1000.0, 1.0), (0.0, 2.0)])).unwrap();
    let on = |goes: &str, hold: f64| json!({ "type": "audioLevel", "track": "voice", "goes": goes, "threshold": -30, "hold": hold });
    let set = |patch: Value| json!([{ "type": "set", "layer": "lamp", "patch": patch }]);
    let fade = json!({ "animations": [{ "property": "opacity", "from": 0, "to": 1, "duration": 2 }] });
    let scene = json!({
        "canvas": { "width": 64, "height": 36 },
        "assets": [{ "id": "voice", "type": "audio", "path": "voice.wav" }],
        "audio": { "tracks": [{ "id": "voice", "source": { "type": "files", "assets": ["voice"] } }] },
        "layers": [{ "id": "lamp", "opacity": 0, "content": { "type": "color", "color": "#ffffff" } }],
        "triggers": [
            { "on": on("above", 0.1), "do": set(fade) },
            { "on": on("below", 0.0), "do": set(json!({ "animations": null })) },
        ],
    });
    fs::write(folder.join("scene.json"), scene.to_string()).unwrap();
}

/// How light the layer of the story is at a time, from 0 to 1.
fn expected(seconds: f64) -> f64 {
    // The tone is heard with the first 10 ms of it; when the last of 300 ms of silence are over it is not any more.
    if (1.11..2.3 - 1e-9).contains(&seconds) { (seconds - 1.11) / 2.0 } else { 0.0 }
}

fn snapshot(folder: &Path, at: f64) -> f64 {
    let at = format!("{}ms", (at * 1e3).round());
    let output = run(folder, &["snapshot", "scene.json", "--out", "now.png", "--at", &at], SMALL);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let picture = image::open(folder.join("now.png")).unwrap().into_rgb8();
    f64::from(picture.get_pixel(32, 18).0[0]) / 255.0
}

#[test]
fn what_is_drawn_without_a_clock_hears_the_scene_at_exact_times() {
    let folder = tempfile::tempdir().unwrap();
    story(folder.path());
    for at in [0.9, 1.1, 1.3, 1.97, 2.29, 2.3, 12.5] {
        let found = snapshot(folder.path(), at);
        assert!((found - expected(at)).abs() < 0.01, "{found} at {at} s, not {}", expected(at));
    }
    // Whatever the frame rate is, whether the file has sound, and from where on it is rendered.
    for (fps, audio, from) in [("25", "true", 0.0), ("60", "false", 0.0), ("24", "true", 1.5)] {
        let variables = [SMALL, &[("TARGET_FPS", fps), ("AUDIO_ENABLED", audio), ("STREAM_BITRATE", "4000")]].concat();
        let start = format!("{}ms", from * 1e3);
        let times = ["--duration", "1200ms", "--from", &start];
        let arguments = [["render", "scene.json", "--out", "out.mp4", "--overwrite"].as_slice(), &times].concat();
        let rendered = run(folder.path(), &arguments, &variables);
        assert!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
        let pictures = ffprobe::decode(folder.path().join("out.mp4").to_str().unwrap(), "yuv420p", &[]);
        for (frame, picture) in pictures.chunks_exact(64 * 36 * 3 / 2).enumerate() {
            let at = from + frame as f64 / fps.parse::<f64>().unwrap();
            // From black to white in limited range.
            let found = (f64::from(picture[18 * 64 + 32]) - 16.0) / 219.0;
            assert!((found - expected(at)).abs() < 0.03, "{fps} frames/s: {found} at {at} s, not {}", expected(at));
        }
    }
}

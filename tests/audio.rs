//! What is heard is what the scene says: in files and live, and together with the picture.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;
#[path = "support/sound.rs"]
mod sound;

use std::{fs, path::Path};

use process::wait_for;
use serde_json::{Value, json};
use service::{PATIENCE, Service, run};
use sound::{RATE, level, listen, part, rms, wav};

const SMALL: &[(&str, &str)] = &[("STREAM_RESOLUTION", "64x36"), ("TARGET_FPS", "25"), ("FFMPEG_PRESET", "ultrafast")];

/// Renders a scene of this sound; returns what ffmpeg hears, and what was logged.
#[track_caller]
fn render(folder: &Path, scene: &Value, more: &[&str]) -> (Vec<f32>, String) {
    fs::write(folder.join("scene.json"), scene.to_string()).unwrap();
    let mut arguments = vec!["render", "scene.json", "--out", "out.mp4", "--overwrite"];
    arguments.extend(more);
    let output = run(folder, &arguments, SMALL);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    (listen(&folder.join("out.mp4")), log)
}

fn tone(id: &str, frequency: u32, volume: f64) -> Value {
    json!({ "id": id, "source": { "type": "tone", "frequency": frequency }, "volume": volume })
}

#[test]
fn tones_are_heard_at_their_frequency_and_level_and_as_long_as_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let mut muted = tone("muted", 3000, 1.0);
    muted["muted"] = true.into();
    let mut fading = tone("fading", 2000, 0.2);
    fading["fadeIn"] = 2.into();
    let tracks = json!([tone("low", 500, 0.2), tone("high", 1000, 0.1), muted, fading]);
    let scene = json!({ "audio": { "volume": 2, "tracks": tracks } });
    let (heard, _) = render(folder.path(), &scene, &["--duration", "3s"]);
    // To within one packet of AAC at each end.
    assert!((heard.len() as f64 / RATE - 3.0).abs() < 0.045, "{} s", heard.len() as f64 / RATE);
    let middle = part(&heard, 0.5, 2.5);
    for (frequency, expected) in [(500.0, 0.4), (1000.0, 0.2), (3000.0, 0.0), (700.0, 0.0)] {
        let found = level(middle, frequency);
        assert!((found - expected).abs() < 0.02, "{frequency} Hz at {found}, not {expected}");
    }
    let (early, late) = (level(part(&heard, 0.45, 0.55), 2000.0), level(part(&heard, 2.2, 2.8), 2000.0));
    assert!((early - 0.1).abs() < 0.02 && (late - 0.4).abs() < 0.02, "fades in: {early}, {late}");
    // The same again gives the same again.
    let (again, _) = render(folder.path(), &scene, &["--duration", "3s"]);
    assert!(heard == again, "two renderings differ");
    // From a later time it is what is heard then: no fade from the beginning.
    let (later, _) = render(folder.path(), &scene, &["--duration", "1s", "--from", "2s"]);
    let found = level(part(&later, 0.1, 0.9), 2000.0);
    assert!((found - 0.4).abs() < 0.02, "{found}");
}

#[test]
fn what_is_too_loud_is_limited_without_being_distorted() {
    let folder = tempfile::tempdir().unwrap();
    let scene = json!({ "audio": { "tracks": [tone("loud", 1000, 4.0)] } });
    let (heard, _) = render(folder.path(), &scene, &["--duration", "2s"]);
    let steady = part(&heard, 0.5, 1.5);
    let found = level(steady, 1000.0);
    assert!((0.84..0.92).contains(&found), "{found}");
    assert!(rms(steady) * 2.0_f64.sqrt() < found * 1.01, "harmonics: {} beside {found}", rms(steady) * 2.0_f64.sqrt());
}

#[test]
fn playlists_play_in_order_and_broken_files_are_told_of_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sounds")).unwrap();
    let save = |name: &str, bytes: &[u8]| fs::write(folder.path().join("sounds").join(name), bytes).unwrap();
    save("a.wav", &wav(44_100, &[(400.0, 0.5)]));
    save("b.wav", &wav(48_000, &[(800.0, 0.5)]));
    save("c.wav", &wav(22_050, &[(1600.0, 0.25)]));
    let mut broken = wav(48_000, &[]);
    broken[20] = 0x77;
    save("broken.wav", &broken);
    let names = ["a", "b", "broken", "missing", "c"];
    let asset = |name: &&str| json!({ "id": name, "type": "audio", "path": format!("sounds/{name}.wav") });
    let assets: Vec<Value> = names.iter().map(asset).collect();
    let source = json!({ "type": "files", "assets": names, "loop": true });
    let scene = json!({ "assets": assets, "audio": { "tracks": [{ "id": "music", "source": source }] } });
    let (heard, log) = render(folder.path(), &scene, &["--duration", "3s"]);
    // a, b and c follow on each other, and then again.
    for (from, to, frequency) in
        [(0.0, 0.5, 400.0), (0.5, 1.0, 800.0), (1.0, 1.25, 1600.0), (1.25, 1.75, 400.0), (1.75, 2.25, 800.0)]
    {
        let found = level(part(&heard, from + 0.03, to - 0.03), frequency);
        assert!((found - 0.5).abs() < 0.03, "{frequency} Hz from {from} s at {found}");
    }
    for words in [
        "track `music`: `sounds/broken.wav` cannot be played",
        "`sounds/missing.wav` cannot be played: there is no such file",
    ] {
        assert_eq!(log.matches(words).count(), 1, "{words} in {log}");
    }
    let check = run(folder.path(), &["check", "scene.json"], SMALL);
    let told = String::from_utf8_lossy(&check.stderr).into_owned() + &String::from_utf8_lossy(&check.stdout);
    assert!(told.contains("missing.wav"), "{told}");
}

/// A decoder for each round would take longer than the round.
#[test]
fn a_looped_file_of_a_few_samples_is_a_steady_tone() {
    let folder = tempfile::tempdir().unwrap();
    // 48 samples: one wave of 1000 Hz.
    fs::write(folder.path().join("wave.wav"), wav(48_000, &[(1000.0, 0.001)])).unwrap();
    let asset = json!({ "id": "wave", "type": "audio", "path": "wave.wav" });
    let source = json!({ "type": "files", "assets": ["wave"], "loop": true });
    let scene = json!({ "assets": [asset], "audio": { "tracks": [{ "id": "wave", "source": source }] } });
    let (heard, log) = render(folder.path(), &scene, &["--duration", "3s"]);
    let steady = part(&heard, 0.2, 2.8);
    assert!((level(steady, 1000.0) - 0.5).abs() < 0.02, "{}", level(steady, 1000.0));
    assert!(rms(steady) * 2.0_f64.sqrt() < 0.51, "nothing but the wave is heard");
    assert_eq!(log.matches("WARN").count(), 0, "{log}");
}

#[test]
fn files_that_are_no_sound_are_told_with_the_reason_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    ffprobe::make(&["-f", "lavfi", "-i", "testsrc=d=0.2:s=64x64", &path("film.mp4")]);
    ffprobe::make(&["-f", "lavfi", "-i", "sine=d=0.2", "-c:a", "pcm_s16le", "-ac", "7", &path("seven.wav")]);
    ffprobe::make(&["-f", "lavfi", "-i", "sine=d=0.2", &path("good.wav")]);
    // Seven channels without their places.
    let mut seven = fs::read(path("seven.wav")).unwrap();
    let places = seven.windows(4).position(|bytes| bytes == b"fmt ").unwrap() + 28;
    seven[places..places + 4].fill(0);
    fs::write(path("seven.wav"), seven).unwrap();
    fs::write(path("text.wav"), "words, not sound\n".repeat(100)).unwrap();
    let names = ["film.mp4", "seven.wav", "text.wav", "good.wav"];
    let asset = |name: &&str| json!({ "id": name.replace('.', "-"), "type": "audio", "path": name });
    let assets: Vec<Value> = names.iter().map(asset).collect();
    let ids: Vec<String> = names.iter().map(|name| name.replace('.', "-")).collect();
    let source = json!({ "type": "files", "assets": ids });
    let scene = json!({ "assets": assets, "audio": { "tracks": [{ "id": "all", "source": source }] } });
    let (_, log) = render(folder.path(), &scene, &["--frames", "5"]);
    for words in [
        "`film.mp4` cannot be played: there is no sound in it; replace it",
        "`seven.wav` cannot be played: its 7 channels cannot be told apart into left and right; mix them down",
        "`text.wav` cannot be played: it is no sound of a known kind; replace it",
    ] {
        assert_eq!(log.matches(words).count(), 1, "{words} in {log}");
    }
    // The scene tells of `text.wav` besides.
    assert_eq!(log.lines().count(), 4, "these and no more: {log}");
    let check = run(folder.path(), &["check", "scene.json"], SMALL);
    let told = String::from_utf8_lossy(&check.stderr).into_owned() + &String::from_utf8_lossy(&check.stdout);
    assert!(
        told.contains("/assets/0/path: asset `film-mp4`: `film.mp4` cannot be played: there is no sound"),
        "{told}"
    );
    assert!(!told.contains("good.wav") && told.contains("seven.wav") && told.contains("text.wav"), "{told}");
}

#[test]
fn every_kind_of_sound_file_that_is_promised_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = ["wav", "flac", "ogg", "mp3", "m4a", "aiff", "au", "mka"];
    for kind in kinds {
        let path = folder.path().join(format!("tone.{kind}"));
        ffprobe::make(&["-f", "lavfi", "-i", "sine=d=0.5:r=48000", path.to_str().unwrap()]);
    }
    let asset = |kind: &&str| json!({ "id": kind, "type": "audio", "path": format!("tone.{kind}") });
    let assets: Vec<Value> = kinds.iter().map(asset).collect();
    let source = json!({ "type": "files", "assets": kinds });
    let scene = json!({ "assets": assets, "audio": { "tracks": [{ "id": "all", "source": source }] } });
    fs::write(folder.path().join("scene.json"), scene.to_string()).unwrap();
    let check = run(folder.path(), &["check", "scene.json"], SMALL);
    let told = String::from_utf8_lossy(&check.stderr).into_owned() + &String::from_utf8_lossy(&check.stdout);
    assert!(check.status.success() && !told.contains("tone."), "{told}");
}

/// How loud a tone is around a time of a recording, which is as much later as AAC makes it.
fn around(heard: &[f32], seconds: f64, frequency: f64) -> f64 {
    level(part(heard, seconds - 0.03, seconds + 0.07), frequency)
}

#[test]
fn a_volume_that_is_animated_rises_and_falls_without_a_click() {
    let folder = tempfile::tempdir().unwrap();
    let mut rising = tone("rising", 500, 0.0);
    rising["animations"] = json!([{ "property": "volume", "to": 0.6, "duration": 2 }]);
    let mut pulsing = tone("pulsing", 2000, 0.1);
    pulsing["animations"] =
        json!([{ "property": "volume", "to": 0.2, "duration": 0.5, "repeat": "forever", "pingPong": true }]);
    let fade = json!({ "property": "volume", "to": 0, "duration": 1 });
    let steps = json!([
        { "type": "wait", "seconds": 1 },
        { "type": "animateTrack", "track": "falling", "animation": fade },
        { "type": "wait", "seconds": 0.5 },
        { "type": "animateTrack", "animation": { "property": "volume", "to": 0, "duration": 0.5 } },
    ]);
    let scene = json!({
        "audio": { "tracks": [rising, tone("falling", 1000, 0.3), pulsing] },
        "timelines": [{ "id": "end", "steps": steps }],
    });
    let (heard, _) = render(folder.path(), &scene, &["--duration", "3500ms"]);
    let expected = [
        (500.0, vec![(0.5, 0.15), (1.0, 0.3), (1.5, 0.45), (2.25, 0.6), (2.75, 0.3), (3.2, 0.0)]),
        (1000.0, vec![(0.5, 0.3), (0.9, 0.3), (1.5, 0.15), (2.25, 0.0)]),
        (2000.0, vec![(0.25, 0.15), (0.5, 0.195), (0.75, 0.15), (1.0, 0.105), (1.25, 0.15)]),
    ];
    for (frequency, at) in &expected {
        for (seconds, expected) in at {
            let found = around(&heard, *seconds, *frequency);
            assert!((found - expected).abs() < 0.03, "{frequency} Hz at {seconds} s: {found}, not {expected}");
        }
    }
    // A click would be heard in all frequencies at once.
    let between: Vec<f64> = heard.chunks_exact(4800).map(|tenth| level(tenth, 9000.0)).collect();
    assert!(between.iter().all(|level| *level < 0.003), "{between:.4?}");
    // From a later time on it is as loud as it is then.
    let (later, _) = render(folder.path(), &scene, &["--duration", "1s", "--from", "1s"]);
    for (seconds, expected) in [(0.1, 0.33), (0.5, 0.45)] {
        let found = around(&later, seconds, 500.0);
        assert!((found - expected).abs() < 0.03, "at {seconds} s: {found}, not {expected}");
    }
}

#[test]
fn what_a_trigger_does_to_the_sound_is_heard_in_the_frame_in_which_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let on = json!({ "type": "animateTrack", "track": "beep",
        "animation": { "property": "volume", "from": 0.8, "to": 0.8, "duration": 9 } });
    let scene = json!({
        "audio": { "tracks": [tone("beep", 1000, 0.0)] },
        // Halfway through a frame of 0.1 s.
        "timelines": [{ "id": "clock", "steps": [{ "type": "wait", "seconds": 1.05 }] },
            { "id": "on", "autoplay": false, "steps": [on] }],
        "triggers": [{ "on": { "type": "timelineEnd", "timeline": "clock" }, "do": [{ "type": "play", "timeline": "on" }] }],
    });
    let (heard, _) = render(folder.path(), &scene, &["--duration", "2s", "--target-fps", "10"]);
    let is_loud = |at: &f64| level(part(&heard, *at, at + 0.02), 1000.0) > 0.4;
    let begins = (0..190).map(|place| f64::from(place) / 100.0).find(is_loud);
    // It comes up within that frame; AAC makes it a little later.
    assert!(begins.is_some_and(|begins| (1.0..1.12).contains(&begins)), "{begins:?}");
}

#[test]
fn a_trigger_hears_the_volume_that_is_animated() {
    let folder = tempfile::tempdir().unwrap();
    let mut rising = tone("rising", 1000, 0.0);
    rising["animations"] = json!([{ "property": "volume", "to": 1, "duration": 2 }]);
    // A sine of half the amplitude has -9.03 dBFS, and 300 ms are measured.
    let loud = json!({ "type": "audioLevel", "track": "rising", "goes": "above", "threshold": -9.03 });
    let scene = json!({
        "canvas": { "width": 64, "height": 36 },
        "audio": { "tracks": [rising] },
        "layers": [{ "id": "lamp", "opacity": 0, "content": { "type": "color", "color": "#ffffff" } }],
        "triggers": [{ "on": loud, "do": [{ "type": "set", "layer": "lamp", "patch": { "opacity": 1 } }] }],
    });
    fs::write(folder.path().join("scene.json"), scene.to_string()).unwrap();
    for (at, expected) in [("1000ms", 0), ("1400ms", 255)] {
        let output = run(folder.path(), &["snapshot", "scene.json", "--out", "now.png", "--at", at], SMALL);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let picture = image::open(folder.path().join("now.png")).unwrap().into_rgb8();
        assert_eq!(picture.get_pixel(32, 18).0[0], expected, "at {at}");
    }
}

#[test]
fn a_live_volume_follows_its_timeline_and_goes_on_after_a_kill() {
    let mut falling = tone("falling", 500, 0.4);
    falling["animations"] = json!([{ "property": "volume", "to": 0, "duration": 1 }]);
    let fade = json!({ "type": "animateTrack", "track": "music", "animation": { "property": "volume", "to": 0.05, "duration": 0.5 } });
    let scene = json!({
        "audio": { "tracks": [falling, tone("music", 2000, 0.4)] },
        "timelines": [{ "id": "fade", "autoplay": false, "steps": [fade] }],
    });
    let variables: Vec<_> = SMALL.iter().copied().chain([("SCENE", "scene.json"), ("STREAM_URL", "out.mkv")]).collect();
    let mut service = Service::start(&variables, &[("scene.json", &scene.to_string())]);
    let wait_for_level = |service: &Service, track: usize, decibels: f64| {
        wait_for("the level", PATIENCE, || {
            let levels = service.json("/api/stream/audio/levels");
            let found = levels["tracks"][track]["rms"][0].as_f64()?;
            ((found - decibels).abs() < 0.2).then_some(())
        });
    };
    // A sine of amplitude 0.4, and then of 0.05; the other one has ended by itself.
    wait_for_level(&service, 1, -10.97);
    wait_for_level(&service, 0, -100.0);
    service.send("POST", "/api/stream/timelines/fade/play", &Value::Null).expect(200);
    wait_for_level(&service, 1, -29.03);
    assert_eq!(service.json("/api/stream/audio/tracks/music")["volume"], 0.4, "what is written stays");
    let unknown = json!({ "animations": [{ "property": "pan", "to": 1, "duration": 1 }] });
    let problem = service.send("PATCH", "/api/stream/audio/tracks/music", &unknown).expect(422).json();
    assert_eq!(problem["errors"][0]["pointer"], "/animations/0/property", "{problem}");

    service.kill_and_restart(&variables, &[]);
    service.wait_for_output("stream", "started");
    wait_for_level(&service, 1, -29.03);
    service.wait_for_frames(25);
    let recording = service.output("stream")["url"].as_str().unwrap().to_owned();
    service.signal("TERM");
    assert!(service.wait().success());
    let heard = listen(&service.folder.path().join(recording));
    // Nothing has begun anew: the one is silent from the first moment on, and the other goes on.
    let levels: Vec<f64> = heard.chunks_exact(4800).map(|tenth| level(tenth, 500.0)).collect();
    assert!(!levels.is_empty() && levels.iter().all(|level| *level < 0.01), "{levels:.3?}");
}

/// The picture turns from black to white, and the tone begins, at the same time.
#[test]
fn sound_and_picture_of_a_rendered_file_are_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut click = tone("click", 1000, 0.5);
    click["delay"] = 1.into();
    let scene = json!({
        "canvas": { "width": 64, "height": 36 },
        "audio": { "tracks": [click] },
        "layers": [{ "id": "flash", "content": { "type": "color", "color": "#ffffff" }, "animations": [
            { "property": "opacity", "keyframes": [{ "at": 0, "value": 0, "easing": "step-end" }, { "at": 1, "value": 1 }] },
        ] }],
    });
    let (heard, _) = render(folder.path(), &scene, &["--duration", "2s"]);
    let pictures = ffprobe::decode(folder.path().join("out.mp4").to_str().unwrap(), "gray", &[]);
    let flash = pictures.chunks_exact(64 * 36).position(|picture| picture[1000] > 128).unwrap() as f64 / 25.0;
    let click = heard.iter().position(|sample| sample.abs() > 0.1).unwrap() as f64 / RATE;
    assert!((flash - 1.0).abs() < 0.001, "the flash is at {flash} s");
    // The AAC encoder adds 21 ms.
    assert!((click - flash).abs() < 0.040, "the click is at {click} s, the flash at {flash} s");
}

#[test]
fn a_live_recording_follows_the_api_and_a_broken_file_disturbs_nothing() {
    let scene = json!({
        "assets": [{ "id": "gone", "type": "audio", "path": "gone.wav" }],
        "audio": { "tracks": [tone("low", 500, 0.4), tone("high", 2000, 0.2)] },
    });
    let variables: Vec<_> = SMALL.iter().copied().chain([("SCENE", "scene.json"), ("STREAM_URL", "out.mkv")]).collect();
    let mut service = Service::start(&variables, &[("scene.json", &scene.to_string())]);
    service.wait_for_output("stream", "started");
    service.wait_for_frames(25);
    // Not heard at all from here, then half as loud again.
    let answer = service.send("PATCH", "/api/stream/audio/tracks/low", &json!({ "muted": true })).expect(200);
    assert_eq!(answer.json()["audio"]["tracks"][0]["muted"], true);
    service.wait_for_frames(25);
    service.send("PATCH", "/api/stream/audio/tracks/low", &json!({ "muted": false, "volume": 0.6 })).expect(200);
    service.wait_for_frames(25);
    let broken = json!({ "id": "broken", "source": { "type": "files", "assets": ["gone"], "loop": true } });
    service.send("PUT", "/api/stream/audio/tracks/broken", &broken).expect(201);
    service.wait_for_log("track `broken`: `gone.wav` cannot be played");
    service.wait_for_frames(10);
    assert_eq!(service.json("/api/stream/audio")["tracks"][2]["id"], "broken");
    service.send("DELETE", "/api/stream/audio/tracks/broken", &Value::Null).expect(200);
    // While the picture stands still, there is silence.
    service.send("POST", "/api/stream/pause", &Value::Null).expect(200);
    service.wait_for_frames(25);
    service.send("POST", "/api/stream/resume", &Value::Null).expect(200);
    service.wait_for_frames(25);
    let problem = service.send("PATCH", "/api/stream/audio/tracks/lo", &json!({ "muted": true })).expect(404).json();
    assert!(problem["detail"].as_str().unwrap().contains("did you mean `low`?"), "{problem}");
    let own = json!({ "duck": { "by": ["low", "hig"] } });
    let problem = service.send("PATCH", "/api/stream/audio/tracks/high", &own).expect(422).json();
    assert_eq!(problem["errors"][0]["pointer"], "/duck/by/1", "as in the document that was sent: {problem}");
    assert!(problem["detail"].as_str().unwrap().starts_with("/duck/by/1"), "{problem}");
    let other = json!({ "id": "other" });
    let problem = service.send("PATCH", "/api/stream/audio/tracks/high", &other).expect(422).json();
    assert_eq!(problem["errors"][0]["pointer"], "/id", "{problem}");
    let unknown = json!({ "tracks": [{ "id": "a", "source": { "type": "files", "assets": ["gon"] } }] });
    let problem = service.send("PUT", "/api/stream/audio", &unknown).expect(422).json();
    assert_eq!(problem["errors"][0]["pointer"], "/tracks/0/source/assets/0", "{problem}");
    let recording = service.output("stream")["url"].as_str().unwrap().to_owned();
    service.signal("TERM");
    assert!(service.wait().success());

    let heard = listen(&service.folder.path().join(recording));
    let levels =
        |frequency: f64| -> Vec<f64> { heard.chunks_exact(4800).map(|tenth| level(tenth, frequency)).collect() };
    let low = levels(500.0);
    let mut stages: Vec<f64> = Vec::new();
    let stage = |level: f64| [0.0, 0.4, 0.6].into_iter().find(|stage| (level - stage).abs() < 0.03);
    for pair in low.windows(2) {
        // Tenths in which it changes are neither one nor the other: two in a row make a stage.
        let found = stage(pair[0]).filter(|found| stage(pair[1]) == Some(*found));
        if let Some(found) = found.filter(|found| stages.last() != Some(found)) {
            stages.push(found);
        }
    }
    assert_eq!(stages, [0.4, 0.0, 0.6, 0.0, 0.6], "{low:.2?}");
    // The other tone is there whenever the stream is not paused, at its level, through all changes.
    let high = levels(2000.0);
    let steady = high.iter().filter(|level| (*level - 0.2).abs() < 0.02).count();
    assert!(steady + 15 >= high.len(), "{high:.2?}");
    // A click would be heard in all frequencies at once.
    let between = levels(9000.0);
    assert!(between.iter().all(|level| *level < 0.01), "{between:.3?}");
}

#[test]
fn a_track_makes_way_for_another() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("voice.wav"), wav(48_000, &[(0.0, 1.0), (3000.0, 1.0), (0.0, 2.0)])).unwrap();
    let mut music = tone("music", 500, 0.5);
    music["duck"] = json!({ "by": ["voice"], "amount": 20, "attack": 0.1, "release": 0.3 });
    let voice = json!({ "id": "voice", "source": { "type": "files", "assets": ["voice"] } });
    let assets = json!([{ "id": "voice", "type": "audio", "path": "voice.wav" }]);
    let (heard, _) = render(
        folder.path(),
        &json!({ "assets": assets, "audio": { "tracks": [music, voice] } }),
        &["--duration", "4s"],
    );
    for (from, to, expected) in [(0.2, 0.9, 0.5), (1.3, 1.9, 0.05), (2.7, 3.9, 0.5)] {
        let found = level(part(&heard, from, to), 500.0);
        assert!((found - expected).abs() < 0.02, "from {from} s: {found}, not {expected}");
    }
}

#[test]
fn without_audio_there_is_no_sound() {
    let folder = tempfile::tempdir().unwrap();
    let scene = json!({ "audio": { "tracks": [tone("tone", 1000, 1.0)] } });
    fs::write(folder.path().join("scene.json"), scene.to_string()).unwrap();
    let variables: Vec<_> = SMALL.iter().copied().chain([("AUDIO_ENABLED", "false")]).collect();
    let output = run(folder.path(), &["render", "scene.json", "--out", "out.mp4", "--frames", "5"], &variables);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let probed = ffprobe::probe(folder.path().join("out.mp4").to_str().unwrap(), &[]).unwrap();
    assert_eq!(probed["streams"].as_array().unwrap().len(), 1, "{probed:#}");
}

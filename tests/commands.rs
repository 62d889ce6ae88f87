//! What people type, and what they get: `check`, `snapshot`, `render`, `schema`, and all that can be wrong with it.

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

use std::{
    fs,
    io::{BufReader, Cursor, Read},
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use ffprobe::{decode, probe, stream};
use image::{AnimationDecoder, Frame, RgbImage, codecs::webp::WebPDecoder, metadata::LoopCount};
use serde_json::{Value, json};
use service::{project_file, run};

const SCENE: &str = r##"{
    // A red box on blue that moves to the right.
    "canvas": { "width": 320, "height": 180, "background": "#0000ff" },
    "layers": [{
        "id": "box",
        "content": { "type": "color", "color": "#ff0000", "size": { "width": 80, "height": 80 } },
        "animations": [{ "property": "transform.position.x", "from": 0, "to": 240, "duration": 2 }],
    }],
}"##;

/// How long a rendering that takes seconds may take.
const LONG: Duration = Duration::from_secs(120);

fn folder_with(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    folder
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_snapshot_is_the_picture_of_its_moment() {
    let folder = folder_with("scene.jsonc", SCENE);
    let arguments = ["snapshot", "scene.jsonc", "--out", "shot.png", "--at", "1s", "--stream-resolution", "320x180"];
    let output = run(folder.path(), &arguments, &[]);
    assert!(output.status.success(), "{}", told(&output));
    let picture = image::open(folder.path().join("shot.png")).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (320, 180));
    // After one of two seconds the box has gone half of its way: from 120 to 200.
    assert_eq!(picture.get_pixel(119, 40).0, [0, 0, 255]);
    assert_eq!(picture.get_pixel(121, 40).0, [255, 0, 0]);
    assert_eq!(picture.get_pixel(198, 79).0, [255, 0, 0]);
    assert_eq!(picture.get_pixel(201, 79).0, [0, 0, 255]);
    assert_eq!(picture.get_pixel(150, 81).0, [0, 0, 255]);
}

/// However often triggers act on the way, and however far it is.
#[test]
fn a_snapshot_hours_from_the_beginning_shows_what_triggers_have_done_until_then() {
    let scene = r##"{
        "canvas": { "width": 64, "height": 64, "background": "#000" },
        "layers": [{ "id": "lamp", "opacity": 0, "content": { "type": "color", "color": "#fff" },
            "transitions": [{ "property": "opacity", "duration": 0.2, "easing": "linear" }] }],
        "timelines": [{ "id": "beat", "repeat": "forever", "steps": [
            { "type": "wait", "seconds": 0.1 }, { "type": "label", "name": "on" },
            { "type": "wait", "seconds": 0.3 }, { "type": "label", "name": "off" }, { "type": "wait", "seconds": 0.3 }] }],
        "triggers": [
            { "on": { "type": "label", "timeline": "beat", "label": "on" },
              "do": [{ "type": "set", "layer": "lamp", "patch": { "opacity": 1 } }] },
            { "on": { "type": "label", "timeline": "beat", "label": "off" },
              "do": [{ "type": "set", "layer": "lamp", "patch": { "opacity": 0 } }] }],
    }"##;
    let folder = folder_with("scene.jsonc", scene);
    // A beat of 0.7 s: 0.2 s, 0.35 s and 0.6 s into one of them.
    for (at, light) in [("7.2s", 128), ("7200.4s", 128), ("7200.55s", 255), ("7200.8s", 0)] {
        let arguments = ["snapshot", "scene.jsonc", "--out", "shot.png", "--at", at, "--stream-resolution", "64x64"];
        let output = run(folder.path(), &arguments, &[]);
        assert!(output.status.success(), "{}", told(&output));
        let picture = image::open(folder.path().join("shot.png")).unwrap().to_rgb8();
        let seen = picture.get_pixel(32, 32).0[0];
        assert!(seen.abs_diff(light) <= 1, "{seen} at {at} instead of {light}");
    }
}

#[test]
fn triggers_act_by_the_clock_on_the_wall_that_is_told() {
    // At eight in Berlin, which is a second and a half from the beginning, it begins to grow light, for a second.
    let scene = r##"{
        "canvas": { "width": 64, "height": 64, "background": "#000" },
        "layers": [{ "id": "lamp", "opacity": 0, "content": { "type": "color", "color": "#fff" },
            "transitions": [{ "property": "opacity", "duration": 1, "easing": "linear" }] }],
        "triggers": [{ "on": { "type": "schedule", "cron": "0 20 * * FRI", "timeZone": "Europe/Berlin" },
            "do": [{ "type": "set", "layer": "lamp", "patch": { "opacity": 1 } }] }],
    }"##;
    let folder = folder_with("scene.jsonc", scene);
    let shot = ["snapshot", "scene.jsonc", "--out", "shot.png", "--stream-resolution", "64x64", "--at"];
    let told_time = ["--clock", "2026-11-27T18:59:58.5Z"].as_slice();
    for (at, clock, light) in [("1.4s", told_time, 0), ("2s", told_time, 128), ("9s", told_time, 255), ("9s", &[], 0)] {
        let output = run(folder.path(), &[shot.as_slice(), &[at], clock].concat(), &[]);
        assert!(output.status.success(), "{}", told(&output));
        let picture = image::open(folder.path().join("shot.png")).unwrap().to_rgb8();
        let seen = picture.get_pixel(32, 32).0[0];
        assert!(seen.abs_diff(light) <= 1, "{seen} at {at} instead of {light}");
    }
    let output = run(folder.path(), &[shot.as_slice(), &["1s", "--clock", "20:00"]].concat(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("expected a time with its offset from UTC, such as"), "{}", told(&output));
}

#[test]
fn a_rendered_file_has_exactly_the_frames_asked_for() {
    let folder = folder_with("scene.jsonc", SCENE);
    for (name, frames) in [("a.mp4", "45"), ("b.mkv", "31"), ("c.flv", "30")] {
        let arguments = [
            "render",
            "scene.jsonc",
            "--out",
            name,
            "--frames",
            frames,
            "--stream-resolution",
            "320x180",
            "--target-fps",
            "30",
            "--ffmpeg-preset",
            "ultrafast",
        ];
        let output = run(folder.path(), &arguments, &[]);
        assert!(output.status.success(), "{name}: {}", told(&output));
        let file = folder.path().join(name);
        let found = probe(file.to_str().unwrap(), &["-count_frames"]).unwrap();
        let video = stream(&found, "video");
        assert_eq!(video["nb_read_frames"], frames, "{name}: {video:#}");
        assert_eq!(video["codec_name"], "h264");
        assert_eq!((video["width"].as_u64(), video["height"].as_u64()), (Some(320), Some(180)));
        assert_eq!(stream(&found, "audio")["codec_name"], "aac");
        let expected = frames.parse::<f64>().unwrap() / 30.0;
        let duration: f64 = found["format"]["duration"].as_str().unwrap().parse().unwrap();
        assert!((duration - expected).abs() < 0.1, "{name}: {duration} s instead of {expected} s");
    }
}

/// The frames of a moving picture, which plays without end, with the milliseconds for which each is seen.
fn moving_picture(file: &Path) -> Vec<(RgbImage, u32)> {
    let decoder = WebPDecoder::new(BufReader::new(Cursor::new(fs::read(file).unwrap()))).unwrap();
    assert!(decoder.has_animation());
    assert!(matches!(decoder.loop_count(), LoopCount::Infinite));
    let milliseconds = |frame: &Frame| {
        let (milliseconds, of) = frame.delay().numer_denom_ms();
        milliseconds / of
    };
    let shown = |frame: Frame| (milliseconds(&frame), image::DynamicImage::ImageRgba8(frame.into_buffer()).into_rgb8());
    let frames = decoder.into_frames().map(|frame| shown(frame.unwrap()));
    frames.map(|(milliseconds, picture)| (picture, milliseconds)).collect()
}

#[test]
fn a_moving_picture_shows_what_snapshots_show() {
    // Text and a blurred edge over a gradient; nothing moves from 0.5 s on.
    let scene = r##"{
        "canvas": { "width": 320, "height": 180, "background": "#12172a" },
        "audio": { "tracks": [{ "id": "hum", "source": { "type": "tone", "frequency": 440 } }] },
        "layers": [
            { "id": "back", "content": { "type": "gradient", "size": { "width": 300, "height": 100 },
              "gradient": { "type": "linear", "stops": [{ "offset": 0, "color": "#ffd23f" }, { "offset": 1, "color": "#205080" }] } },
              "transform": { "position": { "x": 11, "y": 31 } } },
            { "id": "box", "content": { "type": "color", "color": "#c04040", "size": { "width": 81, "height": 41 } },
              "transform": { "position": { "x": 3, "y": 57 }, "rotation": 10 }, "effects": [{ "type": "blur", "radius": 2 }],
              "animations": [{ "property": "transform.position.x", "to": 200, "duration": 0.5 }] },
            { "id": "word", "content": { "type": "text", "text": "moving", "font": { "size": 40 }, "fill": "#fff" },
              "animations": [{ "property": "opacity", "from": 0, "to": 1, "duration": 0.5 }] },
        ],
    }"##;
    let folder = folder_with("scene.jsonc", scene);
    let picture_of = [("STREAM_RESOLUTION", "320x180"), ("TARGET_FPS", "16")];
    for (name, more) in [("clean.webp", ["--lossless"].as_slice()), ("small.WEBP", &[])] {
        let arguments = [["render", "scene.jsonc", "--out", name, "--duration", "1s"].as_slice(), more].concat();
        let output = run(folder.path(), &arguments, &picture_of);
        assert!(output.status.success(), "{name}: {}", told(&output));
        assert!(told(&output).contains("has no sound"), "{}", told(&output));
        let frames = moving_picture(&folder.path().join(name));
        // Those of half a second, in which no time is lost, and the last of them holds to the end.
        let times: Vec<u32> = frames.iter().map(|(_, milliseconds)| *milliseconds).collect();
        assert_eq!(times, [63, 62, 63, 62, 63, 62, 63, 62, 500], "{name}");
        for (index, at) in [(0, "0s"), (1, "62.5ms"), (5, "312.5ms"), (8, "1s")] {
            let output = run(folder.path(), &["snapshot", "scene.jsonc", "--out", "shot.png", "--at", at], &picture_of);
            assert!(output.status.success(), "{}", told(&output));
            let expected = image::open(folder.path().join("shot.png")).unwrap().into_rgb8();
            let shown = &frames[index].0;
            assert_eq!(shown.dimensions(), (320, 180));
            let differences = || shown.as_raw().iter().zip(expected.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b)));
            let worst = differences().fold(0.0, f64::max);
            let error =
                (differences().map(|difference| difference.powi(2)).sum::<f64>() / (320.0 * 180.0 * 3.0)).sqrt();
            assert!(more.is_empty() || worst == 0.0, "{name}: {at} differs by up to {worst}");
            // Colours have half the size with losses: their edges are off.
            assert!(error < 8.0, "{name}: {at} differs by {error} on average and up to {worst}");
        }
    }
    let size = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len();
    assert!(size("small.WEBP") < size("clean.webp"), "{} and {}", size("small.WEBP"), size("clean.webp"));
}

#[test]
fn a_moving_picture_that_stands_still_for_hours_is_small() {
    let still = r##"{ "canvas": { "background": "#ff8000" } }"##;
    let folder = folder_with("still.json", still);
    let variables = [("STREAM_RESOLUTION", "64x36"), ("TARGET_FPS", "1")];
    let output = run(folder.path(), &["render", "still.json", "--out", "still.webp", "--duration", "300m"], &variables);
    assert!(output.status.success(), "{}", told(&output));
    // A frame says at most 16 777 215 milliseconds.
    let frames = moving_picture(&folder.path().join("still.webp"));
    let times: Vec<u32> = frames.iter().map(|(_, milliseconds)| *milliseconds).collect();
    assert_eq!(times, [16_777_000, 1_223_000]);
}

#[test]
fn what_a_moving_picture_does_not_have_is_told() {
    let folder = folder_with("scene.jsonc", SCENE);
    let refused = |arguments: &[&str]| {
        let arguments = [["render", "scene.jsonc", "--frames", "2", "--out"].as_slice(), arguments].concat();
        let output = run(folder.path(), &arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{}", told(&output));
        told(&output)
    };
    let text = refused(&["x.webp", "--audio-codec", "opus", "--stream-renditions", "720p:2500", "--target-fps", "15"]);
    assert!(
        text.contains("leave out `--stream-renditions` and `--audio-codec`, or render into a video file"),
        "{text}"
    );
    assert!(refused(&["x.mp4", "--lossless"]).contains("`--lossless` is for .webp"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was written");
    // That there is no sound is just what is asked for; and the service's settings are none of its business.
    let arguments = ["render", "scene.jsonc", "--frames", "2", "--out", "x.webp", "--audio-enabled=false"];
    let variables = [("STREAM_CODEC", "vp9"), ("AUDIO_CODEC", "opus"), ("STREAM_RENDITIONS", "160x90:500")];
    let output = run(folder.path(), &arguments, &[variables.as_slice(), &[("STREAM_RESOLUTION", "320x180")]].concat());
    assert!(output.status.success(), "{}", told(&output));
}

#[test]
fn a_rendered_file_begins_with_the_first_moment_and_holds_still_pictures() {
    let still = r##"{ "canvas": { "width": 320, "height": 180, "background": "#ffffff" } }"##;
    let folder = folder_with("moving.jsonc", SCENE);
    fs::write(folder.path().join("still.jsonc"), still).unwrap();
    let luma_of = |scene: &str, from: &str| {
        let arguments = ["render", scene, "--out", "show.mkv", "--overwrite", "--frames", "12", "--from", from];
        let output = run(folder.path(), &arguments, &[("STREAM_RESOLUTION", "320x180")]);
        assert!(output.status.success(), "{}", told(&output));
        let pictures = decode(folder.path().join("show.mkv").to_str().unwrap(), "gray", &[]);
        pictures.chunks_exact(320 * 180).map(|picture| picture[40 * 320..41 * 320].to_vec()).collect::<Vec<_>>()
    };
    let frames = luma_of("still.jsonc", "0s");
    assert_eq!(frames.len(), 12);
    assert!(frames.iter().flatten().all(|luma| *luma > 230));
    // Red is lighter than blue. The box moves by 4 pixels a frame.
    for (from, first) in [("0s", 0), ("1s", 120)] {
        let frames = luma_of("moving.jsonc", from);
        let edges: Vec<_> = frames.iter().map(|row| row.iter().position(|luma| *luma > 47).unwrap()).collect();
        assert_eq!(edges.len(), 12);
        for (frame, edge) in edges.iter().enumerate() {
            assert!(edge.abs_diff(first + frame * 4) <= 1, "from {from}: {edges:?}");
        }
    }
}

#[test]
fn every_fault_of_a_scene_is_told_with_its_place() {
    let broken = r##"{
    "canvas": { "width": 320, "heigth": 180 },
    "layers": [
        { "id": "a", "opacity": 1.5, "content": { "type": "color", "color": "red" } },
        { "id": "a", "content": { "type": "text", "text": "hi" } }
    ]
}"##;
    let folder = folder_with("broken.json", broken);
    for arguments in [
        vec!["check", "broken.json"],
        vec!["serve", "--scene", "broken.json", "--port", "0"],
        vec!["render", "broken.json", "--out", "x.mp4"],
        vec!["snapshot", "broken.json", "--out", "x.png"],
    ] {
        let output = run(folder.path(), &arguments, &[]);
        let text = told(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        for place in ["broken.json:2:31: ", "broken.json:4:33: ", "broken.json:4:77: ", "broken.json:5:17: "] {
            assert!(text.contains(place), "{arguments:?} does not tell of {place}:\n{text}");
        }
        assert!(text.contains("did you mean `height`?"), "{text}");
        assert_eq!(text.contains("error: the scene has 4 faults"), arguments[0] != "check", "{text}");
    }
    assert!(!folder.path().join("x.mp4").exists() && !folder.path().join("x.png").exists());
}

#[test]
fn a_good_scene_passes_and_a_missing_asset_does_not() {
    let folder = folder_with("good.jsonc", SCENE);
    let output = run(folder.path(), &["check", "good.jsonc"], &[]);
    assert!(output.status.success(), "{}", told(&output));

    let missing = r#"{ "assets": [{ "id": "logo", "type": "image", "path": "logo.png" }],
        "layers": [{ "id": "logo", "content": { "type": "image", "asset": "logo" } }] }"#;
    fs::write(folder.path().join("missing.json"), missing).unwrap();
    let output = run(folder.path(), &["check", "missing.json"], &[]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("/assets/0/path") && text.contains("there is no file `logo.png`"), "{text}");

    // 20 MB once it is decoded, and 16 MiB for all.
    image::GrayImage::new(2500, 2000).save(folder.path().join("logo.png")).unwrap();
    assert!(run(folder.path(), &["check", "missing.json"], &[]).status.success());
    let output = run(folder.path(), &["check", "missing.json"], &[("ASSETS_MEMORY", "16")]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("needs at least 20 MiB") && text.contains("ASSETS_MEMORY"), "{text}");

    let output = run(folder.path(), &["check", "nowhere.json", "good.jsonc"], &[]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("nowhere.json: there is no such file") && text.contains("good.jsonc: good"), "{text}");
}

#[test]
fn what_triggers_could_not_do_is_told_and_the_rest_is_rendered() {
    let emit = |on: &str, event: &str| json!({ "on": { "type": "event", "name": on }, "do": [{ "type": "emit", "event": event }] });
    let start = json!({ "on": { "type": "start" }, "do": [{ "type": "emit", "event": "ping" }] });
    let scene = json!({ "triggers": [start, emit("ping", "pong"), emit("pong", "ping")] });
    let folder = folder_with("loop.json", &scene.to_string());
    for arguments in [
        ["render", "loop.json", "--out", "out.mkv", "--frames", "60"].as_slice(),
        &["snapshot", "loop.json", "--out", "out.png", "--at", "1s"],
    ] {
        let output = run(folder.path(), arguments, &[("STREAM_RESOLUTION", "64x36")]);
        assert!(output.status.success(), "{}", told(&output));
        assert_eq!(told(&output).matches("triggers set one another off without end").count(), 1, "{}", told(&output));
    }
    let output = run(folder.path(), &["check", "loop.json"], &[]);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(told(&output).matches("warning: /triggers/1: sets itself off").count(), 1, "{}", told(&output));

    // Of timelines alone.
    let steer = |kind: &str| json!({ "type": kind, "timeline": "show" });
    let scene = json!({
        "timelines": [{ "id": "show", "steps": [{ "type": "wait", "seconds": 2 }] }],
        "triggers": [{ "on": { "type": "timelineStart", "timeline": "show" }, "do": [steer("cancel"), steer("play")] }],
    });
    fs::write(folder.path().join("round.json"), scene.to_string()).unwrap();
    let output = run(folder.path(), &["check", "round.json"], &[]);
    assert!(output.status.success(), "{}", told(&output));
    let way = "warning: /triggers/0: sets itself off again without end: /triggers/0 acts on the start of `show`.";
    assert_eq!(told(&output).matches(way).count(), 1, "{}", told(&output));
}

/// A scene of one colour and one tone.
fn coloured(color: &str, frequency: f64) -> Value {
    json!({
        "canvas": { "width": 64, "height": 36, "background": color },
        "audio": { "tracks": [{ "id": "tone", "source": { "type": "tone", "frequency": frequency } }] },
    })
}

#[test]
fn a_rendered_file_shows_and_plays_the_scenes_that_triggers_bring_on_air() {
    let mut first = coloured("#ff0000", 440.0);
    first["timelines"] = json!([{ "id": "stay", "steps": [{ "type": "wait", "seconds": 1 }] }]);
    first["triggers"] = json!([{ "on": { "type": "timelineEnd", "timeline": "stay" },
        "do": [{ "type": "activate", "scene": "second" }] }]);
    let folder = folder_with("first.json", &first.to_string());
    fs::write(folder.path().join("second.json"), coloured("#0000ff", 1000.0).to_string()).unwrap();
    let settings = [("STREAM_RESOLUTION", "64x36"), ("AUDIO_CODEC", "aac")];
    let render = ["render", "first.json", "--also", "second.json", "--out", "show.mkv", "--frames", "60"];
    let output = run(folder.path(), &render, &settings);
    assert!(output.status.success(), "{}", told(&output));
    let file = folder.path().join("show.mkv");
    let pictures = decode(file.to_str().unwrap(), "rgb24", &[]);
    let frames: Vec<&[u8]> = pictures.chunks_exact(64 * 36 * 3).collect();
    let is_red = |frame: usize| frames[frame][0] > 200 && frames[frame][2] < 50;
    let is_blue = |frame: usize| frames[frame][2] > 200 && frames[frame][0] < 50;
    assert!(is_red(0) && is_red(29) && is_blue(30) && is_blue(59));
    let heard = sound::listen(&file);
    let levels = |from: f64, to: f64| [440.0, 1000.0].map(|hertz| sound::level(sound::part(&heard, from, to), hertz));
    let (before, after) = (levels(0.2, 0.8), levels(1.2, 1.8));
    assert!(before[0] > 20.0 * before[1] && after[1] > 20.0 * after[0], "{before:?}, {after:?}");

    let shot = ["snapshot", "first.json", "--also", "second.json", "--out", "shot.png", "--at", "1.5s"];
    let output = run(folder.path(), &shot, &settings);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(image::open(folder.path().join("shot.png")).unwrap().to_rgb8().get_pixel(5, 5).0, [0, 0, 255]);

    let twice = ["render", "first.json", "--also", "second.json", "--also", "./second.json", "--out", "x.mkv"];
    let output = run(folder.path(), &twice, &settings);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("a second scene `second`"), "{}", told(&output));
}

#[test]
fn nothing_is_rendered_in_no_time() {
    let folder = folder_with("scene.jsonc", SCENE);
    let output = run(folder.path(), &["render", "scene.jsonc", "--out", "x.mkv", "--duration", "0s"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("expected a time above 0"), "{}", told(&output));
    assert!(!folder.path().join("x.mkv").exists());
}

#[test]
fn the_demo_and_its_schema_agree() {
    let demo = project_file("scenes/demo/scene.jsonc");
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["check", demo.to_str().unwrap()], &[]);
    assert!(output.status.success(), "{}", told(&output));
    let output = run(folder.path(), &["schema", "scene"], &[]);
    let schema: Value = serde_json::from_slice(&output.stdout).expect("the schema is JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"]["layers"].is_object());
}

#[test]
fn all_wrong_settings_are_told_at_once_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("TARGET_FPS", "61"), ("STREAM_RESOLUTION", "1921x1080"), ("PORT", "http")];
    let output = run(folder.path(), &["serve", "--stream-bitrate", "lots"], &variables);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for told in ["TARGET_FPS", "61", "STREAM_RESOLUTION", "1921x1080", "PORT", "http", "--stream-bitrate", "lots"] {
        assert!(text.contains(told), "`{told}` is missing:\n{text}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was started");
}

#[test]
fn a_file_that_is_there_is_written_over_only_where_that_is_asked_for() {
    let folder = folder_with("scene.jsonc", SCENE);
    let file = folder.path().join("show.mkv");
    fs::write(&file, "an hour's work").unwrap();
    let small = [("STREAM_RESOLUTION", "64x36")];
    let render = ["render", "scene.jsonc", "--out", "show.mkv", "--frames", "2"];
    let output = run(folder.path(), &render, &small);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("`show.mkv` is there already") && text.contains("--overwrite"), "{text}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "an hour's work");
    let output = run(folder.path(), &[render.as_slice(), &["--overwrite"]].concat(), &small);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(stream(&probe(file.to_str().unwrap(), &[]).unwrap(), "video")["width"], 64);
}

#[test]
fn a_rendering_touches_no_file_but_its_own() {
    let folder = folder_with("scene.jsonc", SCENE);
    let inside = |name: &str| folder.path().join(name);
    let names = || {
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    fs::write(inside("show.part.mkv"), "an hour's work").unwrap();
    let small = [("STREAM_RESOLUTION", "64x36")];
    let output = run(folder.path(), &["render", "scene.jsonc", "--out", "show.mkv", "--frames", "2"], &small);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(fs::read_to_string(inside("show.part.mkv")).unwrap(), "an hour's work");
    assert_eq!(names(), ["scene.jsonc", "show.mkv", "show.part.mkv"]);

    // Two to one name: one of them has it.
    let begin = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stream-manager"));
        command.args(["render", "scene.jsonc", "--out", "long.mkv", "--duration", "2m"]).envs(small);
        command.current_dir(folder.path()).stderr(Stdio::piped()).stdout(Stdio::null());
        process::ChildGuard::start(&mut command)
    };
    let parts = || names().into_iter().filter(|name| name.starts_with("long.")).collect::<Vec<_>>();
    let (mut first, mut second) = (begin(), begin());
    process::wait_for("both to be written", LONG, || (parts().len() == 2).then_some(()));
    // A signal leaves nothing of one.
    let killed = Command::new("kill").args(["-TERM", &first.0.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(first.0.wait().unwrap().code(), Some(128 + 15));
    assert_eq!(parts().len(), 1, "{:?}", names());
    // A file that appears meanwhile is left alone, and so is what was rendered.
    fs::write(inside("long.mkv"), "another hour's work").unwrap();
    assert_eq!(second.0.wait().unwrap().code(), Some(1));
    let mut text = String::new();
    second.0.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains("`long.mkv` has appeared meanwhile"), "{text}");
    assert_eq!(fs::read_to_string(inside("long.mkv")).unwrap(), "another hour's work");
    let part = parts().into_iter().find(|name| name != "long.mkv").unwrap();
    assert!(text.contains(&part), "{text} of {part}");
}

#[test]
fn a_variant_that_the_scene_does_not_have_is_refused() {
    let scene = SCENE.replace(r#""id": "box","#, r#""id": "box", "variants": { "except": ["clean"] },"#);
    let folder = folder_with("scene.jsonc", &scene);
    let small = [("STREAM_RESOLUTION", "64x36")];
    for command in [["render", "x.mkv", "--frames=2"], ["snapshot", "x.png", "--at=0s"]] {
        let shown = |variant| {
            let arguments = [command[0], "scene.jsonc", "--out", command[1], command[2], "--variant", variant];
            run(folder.path(), &arguments, &small)
        };
        let output = shown("zzz");
        let text = told(&output);
        assert!(!output.status.success() && text.contains("no variant `zzz`; it has `clean`, `main`"), "{text}");
        assert!(!folder.path().join(command[1]).exists());
        let output = shown("clean");
        assert!(output.status.success(), "{}", told(&output));
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = folder_with("scene.jsonc", SCENE);
    let output = run(folder.path(), &["render", "scene.jsonc", "--out", "no/such/folder/x.mp4", "--frames", "2"], &[]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("no/such/folder/x.") && text.contains("make the folder first"), "{text}");
    let output = run(folder.path(), &["snapshot", "scene.jsonc", "--out", "no/such/folder/x.png"], &[]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("no/such/folder/x.png") && text.contains("make the folder first"), "{text}");
    let output = run(folder.path(), &["render", "scene.jsonc", "--out", "x.avi", "--frames", "2"], &[]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("`x.avi`") && text.contains(".mp4, .mkv, .flv and .webm"), "{text}");
}

//! What people type, and what they get: `check`, `snapshot`, `render`, `schema`, and all that can be wrong with it.

#[path = "support/service.rs"]
mod service;

use std::{fs, path::Path, process::Output};

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

fn folder_with(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    folder
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn probe(file: &Path) -> serde_json::Value {
    let output = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json"])
        .arg(file)
        .output()
        .expect("ffprobe runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("ffprobe tells JSON")
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
        let found = probe(&folder.path().join(name));
        let streams = found["streams"].as_array().unwrap();
        let video = streams.iter().find(|stream| stream["codec_type"] == "video").expect("a video stream");
        assert_eq!(video["nb_read_frames"], frames, "{name}: {video:#}");
        assert_eq!(video["codec_name"], "h264");
        assert_eq!((video["width"].as_u64(), video["height"].as_u64()), (Some(320), Some(180)));
        assert!(streams.iter().any(|stream| stream["codec_name"] == "aac"), "{name} has no sound");
        let expected = frames.parse::<f64>().unwrap() / 30.0;
        let duration: f64 = found["format"]["duration"].as_str().unwrap().parse().unwrap();
        assert!((duration - expected).abs() < 0.1, "{name}: {duration} s instead of {expected} s");
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
        for place in ["broken.json:2:33", "broken.json:4:32", "broken.json:4:76", "broken.json:5:17"] {
            assert!(text.contains(place), "{arguments:?} does not tell of {place}:\n{text}");
        }
        assert!(text.contains("did you mean `height`?"), "{text}");
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
    assert!(text.contains("/assets/0/path") && text.contains("logo.png"), "{text}");
}

#[test]
fn the_demo_and_its_schema_agree() {
    let demo = project_file("scenes/demo/scene.jsonc");
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["check", demo.to_str().unwrap()], &[]);
    assert!(output.status.success(), "{}", told(&output));
    let output = run(folder.path(), &["schema", "scene"], &[]);
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the schema is JSON");
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
fn a_file_that_cannot_be_written_is_named() {
    let folder = folder_with("scene.jsonc", SCENE);
    let output = run(folder.path(), &["render", "scene.jsonc", "--out", "no/such/folder/x.mp4", "--frames", "2"], &[]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("no/such/folder"), "{text}");
    let output = run(folder.path(), &["render", "scene.jsonc", "--out", "x.avi", "--frames", "2"], &[]);
    let text = told(&output);
    assert!(!output.status.success() && text.contains(".mkv"), "{text}");
}

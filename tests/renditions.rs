//! One composition in several sizes, each scaled and encoded once, each with outputs of its own.

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
#[path = "support/rtmp_server.rs"]
mod rtmp_server;
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/service.rs"]
mod service;
#[path = "support/sound.rs"]
mod sound;
#[path = "support/viewer.rs"]
mod viewer;

use std::{fs, path::Path, sync::Arc};

use client::Client;
use ffprobe::{decode, probe, psnr, stream};
use image::{GrayImage, Luma, RgbImage};
use process::wait_for;
use rtmp_server::RtmpServer;
use scenes::card;
use serde_json::{Value, json};
use service::{PATIENCE, Service, run};
use viewer::{assert_plays, assert_sound_without_a_gap, packets, times};

const PATH: &str = "/api/stream/outputs";

/// A picture from the middle of a file.
fn picture(file: &Path, width: u32, height: u32) -> RgbImage {
    let size = (width * height * 3) as usize;
    let seen = decode(file.to_str().unwrap(), "rgb24", &[]);
    let middle = seen.len() / size / 2 * size;
    RgbImage::from_raw(width, height, seen[middle..middle + size].to_vec()).unwrap()
}

#[test]
fn every_rendition_has_its_size_and_its_outputs() {
    let server = RtmpServer::start();
    let url = server.url("small");
    let variables = [
        ("SCENE", "card.jsonc"),
        ("STREAM_RESOLUTION", "640x360"),
        ("STREAM_RENDITIONS", "320x180:400,240x240:300"),
        ("MUXER_OUTPUTS", "full.mkv"),
    ];
    let mut service = Service::start(&variables, &[("card.jsonc", &card())]);
    for (id, to, rendition) in [
        ("half", "half.mkv", json!("320x180")),
        ("square", "square.mp4", json!("240x240")),
        ("platform", url.as_str(), json!("320x180")),
        ("other", "other.mkv", Value::Null),
    ] {
        let mut document = json!({ "id": id, "url": to });
        if rendition.is_string() {
            document["rendition"] = rendition.clone();
        }
        let added = service.send("POST", PATH, &document).expect(201).json();
        assert_eq!(added["output"].get("rendition").unwrap_or(&Value::Null), &rendition, "{added}");
        service.wait_for_output(id, "started");
    }
    assert_plays(&server, "small", (320, 180));
    // One goes over to another rendition, and so into another file.
    service.send("PATCH", &format!("{PATH}/other"), &json!({ "rendition": "240x240" })).expect(200);
    let again = wait_for("the next file", PATIENCE, || {
        let output = service.output("other");
        (output["url"] == "other-2.mkv" && output["state"] == "started").then_some(output)
    });
    assert_eq!(again["droppedFrames"], 0, "{again}");
    service.wait_for_frames(60);
    let status = service.status();
    assert_eq!(status["encoder"]["restarts"], 0, "{status}");
    let others = status["renditions"].as_array().unwrap();
    let told: Vec<(&Value, &Value)> = others.iter().map(|one| (&one["rendition"], &one["state"])).collect();
    assert_eq!(told, [(&json!("240x240"), &json!("running")), (&json!("320x180"), &json!("running"))]);
    let metrics = service.get("/metrics").text();
    assert!(metrics.contains("rendition_fps{rendition=\"320x180\"}"), "{metrics}");
    let refused = service.send("POST", PATH, &json!({ "id": "x", "url": "x.mkv", "rendition": "320x181" }));
    let problem = refused.expect(422).json();
    assert_eq!(problem["errors"][0]["pointer"], "/rendition", "{problem}");
    assert_eq!(problem["errors"][0]["nearest"], "320x180", "{problem}");
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));

    let file = |name: &str| service.folder.path().join(name);
    for (name, width, height) in [
        ("full.mkv", 640, 360),
        ("half.mkv", 320, 180),
        ("square.mp4", 240, 240),
        ("other.mkv", 640, 360),
        ("other-2.mkv", 240, 240),
    ] {
        let probed = probe(file(name).to_str().unwrap(), &[]).unwrap();
        let video = stream(&probed, "video");
        assert_eq!((&video["width"], &video["height"]), (&json!(width), &json!(height)), "{name}");
        assert_eq!(stream(&probed, "audio")["codec_name"], "aac", "{name}");
        assert!(times(&file(name)).len() > 20, "{name}");
    }
    // The patches are where they should be, in their colours; what is square is framed in black.
    let full = picture(&file("full.mkv"), 640, 360);
    for (small, scale, top) in
        [(picture(&file("half.mkv"), 320, 180), 2, 0), (picture(&file("square.mp4"), 240, 240), 0, 52)]
    {
        for patch in 0..8 {
            let (x, y) = (patch * 80 + 40, 40);
            let at = if scale == 2 { (x / 2, y / 2) } else { (x * 3 / 8, top + y * 3 / 8) };
            let (seen, meant) = (small.get_pixel(at.0, at.1).0, full.get_pixel(x, y).0);
            let off = (0..3).map(|channel| seen[channel].abs_diff(meant[channel])).max().unwrap();
            assert!(off <= 10, "patch {patch} of {:?}: {seen:?} instead of {meant:?}", small.dimensions());
        }
    }
    let framed = picture(&file("square.mp4"), 240, 240);
    assert!(framed.get_pixel(120, 10).0.iter().all(|value| *value < 12), "{:?}", framed.get_pixel(120, 10));
}

/// Rings that are the finer the further out they are: at the edges one pixel is black and the next white. Made smaller
/// without a filter it is full of rings that are not in it.
fn zone_plate(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        let (x, y) = (f64::from(x) - f64::from(width) / 2.0, f64::from(y) - f64::from(height) / 2.0);
        let phase = std::f64::consts::PI * (x * x + y * y) / f64::from(width);
        Luma([(127.5 + 127.5 * phase.cos()).round() as u8])
    })
}

#[test]
fn a_rendition_of_a_third_of_the_size_has_nothing_in_it_that_the_picture_has_not() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let plate = folder.path().join("plate.png");
    zone_plate(960, 540).save(&plate).unwrap();
    let scene = json!({
        "canvas": { "width": 960, "height": 540 },
        "assets": [{ "id": "plate", "type": "image", "path": "plate.png" }],
        "layers": [{ "id": "plate", "content": { "type": "image", "asset": "plate" } }],
    });
    fs::write(folder.path().join("scene.json"), scene.to_string()).unwrap();
    let variables = [("SCENE", "scene.json"), ("STREAM_RESOLUTION", "960x540"), ("STREAM_RENDITIONS", "320x180:4000")];
    let mut service = Service::launch_in(Arc::clone(&folder), &variables, &[]);
    service.wait_until_ready();
    let document = json!({ "id": "small", "url": "small.mkv", "rendition": "320x180" });
    service.send("POST", PATH, &document).expect(201);
    service.wait_for_output("small", "started");
    service.wait_for_frames(30);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));

    let pixels = 320 * 180;
    let seen = decode(folder.path().join("small.mkv").to_str().unwrap(), "yuv420p", &[]);
    let seen = &seen[seen.len() - pixels * 3 / 2..][..pixels];
    let by = |filter: &str| -> f64 {
        let filter = format!("scale=320:180:flags={filter}");
        psnr(seen, &decode(plate.to_str().unwrap(), "yuv420p", &["-vf", &filter])[..pixels])
    };
    let (good, coarse, none) = (by("lanczos"), by("area"), by("neighbor"));
    println!("as by Lanczos {good:.1} dB, by area {coarse:.1} dB, without a filter {none:.1} dB");
    assert!(good > 30.0 && good > coarse && none < 15.0, "{good:.1} dB, {coarse:.1} dB, {none:.1} dB");
}

/// Hertz of the tone that a playlist plays in this second of it.
fn tone(second: u32) -> f64 {
    f64::from(300 + 100 * second)
}

/// Seconds that it lasts.
const STEPS: u32 = 60;

/// Which second of the playlist is heard most of in a file from one second to another.
fn heard(file: &Path, seconds: impl Fn(f64) -> (f64, f64)) -> u32 {
    let sound = sound::listen(file);
    let (from, to) = seconds(sound.len() as f64 / sound::RATE);
    let part = sound::part(&sound, from, to);
    (0..STEPS).max_by(|one, other| sound::level(part, tone(*one)).total_cmp(&sound::level(part, tone(*other)))).unwrap()
}

/// Waits until one thread of a service encodes sound, and no other: where a busy machine has had an encoder replaced the one
/// before may take a moment to be gone.
fn wait_for_one_sound_encoder(service: &Service) {
    wait_for("one encoder of the sound", PATIENCE, || {
        let tasks = fs::read_dir(format!("/proc/{}/task", service.id())).unwrap();
        let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
        (names.filter(|name| name.starts_with("encode-sound")).count() == 1).then_some(())
    });
}

/// What each packet of a file's sound is made of.
fn runs(file: &Path) -> Vec<String> {
    let probed = probe(file.to_str().unwrap(), &["-select_streams", "a", "-show_packets", "-show_data_hash", "md5"]);
    let packets = probed.unwrap()["packets"].as_array().unwrap().clone();
    packets.iter().map(|packet| packet["data_hash"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn all_renditions_have_one_sound_which_outputs_that_come_later_do_not_begin_anew() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let steps: Vec<_> = (0..STEPS).map(|second| (tone(second), 1.0)).collect();
    fs::write(folder.path().join("steps.wav"), sound::wav(48_000, &steps)).unwrap();
    let scene = json!({
        "assets": [{ "id": "steps", "type": "audio", "path": "steps.wav" }],
        "audio": { "tracks": [{ "id": "steps", "source": { "type": "files", "assets": ["steps"] } }] },
        "layers": [],
    });
    fs::write(folder.path().join("scene.json"), scene.to_string()).unwrap();
    let variables = [
        ("SCENE", "scene.json"),
        ("STREAM_RESOLUTION", "320x180"),
        ("STREAM_RENDITIONS", "160x90:300,80x46:200"),
        ("MUXER_OUTPUTS", "full.mkv"),
    ];
    let mut service = Service::launch_in(Arc::clone(&folder), &variables, &[]);
    service.wait_until_ready();
    service.wait_for_output("output-1", "started");
    service.wait_for_frames(60);
    // Another rendition comes, leaves and comes again, and one more beside it.
    let later = |id: &str, rendition: &str| {
        let document = json!({ "id": id, "url": format!("{id}.mkv"), "rendition": rendition });
        service.send("POST", PATH, &document).expect(201);
        service.wait_for_output(id, "started");
        service.wait_for_frames(45);
        wait_for_one_sound_encoder(&service);
    };
    later("half", "160x90");
    service.send("POST", &format!("{PATH}/half/stop"), &Value::Null).expect(200);
    service.wait_for_output("half", "stopped");
    later("small", "80x46");
    service.send("POST", &format!("{PATH}/half/start"), &Value::Null).expect(200);
    service.wait_for_output("half", "started");
    service.wait_for_frames(45);
    wait_for_one_sound_encoder(&service);
    for id in ["live", "small", "half", "output-1"] {
        service.send("POST", &format!("{PATH}/{id}/stop"), &Value::Null).expect(200);
        service.wait_for_output(id, "stopped");
    }
    // Nothing is sent any more, and the playlist plays on.
    service.wait_for_frames(60);
    service.send("POST", &format!("{PATH}/output-1/start"), &Value::Null).expect(200);
    service.wait_for_output("output-1", "started");
    service.wait_for_frames(45);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));

    let file = |name: &str| folder.path().join(name);
    // Each has it once, from its first frame to its last.
    for name in ["full.mkv", "half.mkv", "small.mkv", "half-2.mkv", "full-2.mkv"] {
        assert_sound_without_a_gap(&file(name));
        let begins = packets(&file(name), "a")[0].time;
        assert!(begins < 0.05, "{name}: the sound begins {begins} s after the pictures");
    }
    // And it is the same, byte for byte: what one has of it is all that another has from there on.
    let whole = runs(&file("full.mkv"));
    for name in ["half.mkv", "small.mkv", "half-2.mkv"] {
        let part = runs(&file(name));
        let is_in = whole.windows(part.len()).any(|runs| *runs == *part);
        assert!(is_in, "{name} has other sound than full.mkv, or with gaps");
    }
    let at_the_end = |end: f64| (end - 0.5, end - 0.1);
    let (full, half) = (heard(&file("full.mkv"), at_the_end), heard(&file("half-2.mkv"), at_the_end));
    assert!(full >= 5, "second {full}");
    assert!(full.abs_diff(half) <= 1, "second {full} and second {half} at the same time");
    let later = heard(&file("full-2.mkv"), |_| (0.1, 0.5));
    assert!(later > full, "second {later} after second {full}");
}

/// The settings of renditions in force.
fn renditions(service: &Service) -> Value {
    service.json("/api/config")["values"]["stream_renditions"].clone()
}

#[test]
fn the_bitrate_and_the_key_frames_of_a_rendition_change_while_it_is_sent() {
    let variables = [
        ("SCENE", "card.jsonc"),
        ("STREAM_RESOLUTION", "320x180"),
        ("STREAM_RENDITIONS", "160x90:400,128x72:300"),
        ("MUXER_OUTPUTS", "full.mkv"),
    ];
    let mut service = Service::start(&variables, &[("card.jsonc", &card())]);
    let document = json!({ "id": "half", "url": "half.mkv", "rendition": "160x90" });
    service.send("POST", PATH, &document).expect(201);
    service.wait_for_output("half", "started");
    let change = json!({ "stream_renditions": ["160x90:900", "128x72:300"], "stream_keyframe_interval": 0.5 });
    service.send("PATCH", "/api/config", &change).expect(200);
    let status = wait_for("another bitrate", PATIENCE, || {
        let status = service.status();
        let half = status["renditions"].as_array()?.iter().find(|one| one["rendition"] == "160x90")?.clone();
        (half["fullBitrate"] == 900 && half["targetBitrate"] == 900).then_some(half)
    });
    assert_eq!((&status["restarts"], &status["element"]), (&json!(0), &json!("x264enc")), "{status}");
    assert_ne!(service.status()["encoder"]["fullBitrate"], 900);
    service.wait_for_frames(60);
    // Others are made from the start on, or not at all.
    for others in [json!(["160x90:900", "64x36:300"]), json!(["160x90:900"]), json!("128x72:300,160x90:900")] {
        let refused = service.send("PATCH", "/api/config", &json!({ "stream_renditions": others })).expect(422).json();
        let fault = &refused["errors"][0];
        assert_eq!(fault["pointer"], "/stream_renditions", "{refused}");
        assert!(fault["expected"].as_str().unwrap().contains("with other bitrates"), "{refused}");
    }
    let told = service.output("half");
    assert_eq!(told["droppedFrames"], 0, "{told}");
    let file = service.folder.path().join(told["url"].as_str().unwrap());
    service.kill_and_restart(&variables, &[]);
    assert_eq!(renditions(&service), json!(["160x90:900", "128x72:300"]), "it is kept");
    let others = variables.map(|(name, value)| (name, if name == "STREAM_RENDITIONS" { "160x90:500" } else { value }));
    service.kill_and_restart(&others, &[]);
    assert_eq!(renditions(&service), json!(["160x90:500"]), "that was for others");
    let probed = probe(file.to_str().unwrap(), &["-show_packets", "-select_streams", "v"]);
    let packets = probed.unwrap()["packets"].as_array().unwrap().clone();
    let keys = packets.iter().filter(|packet| packet["flags"].as_str().unwrap().starts_with('K'));
    let times: Vec<f64> = keys.map(|packet| packet["pts_time"].as_str().unwrap().parse().unwrap()).collect();
    assert!(times.len() > 3 && times[times.len() - 1] - times[times.len() - 2] < 0.6, "{times:?}");
}

#[test]
fn a_rendition_shows_its_variant_of_the_scene() {
    let patch = |id: &str, x: u32, variants: Value| {
        json!({
            "id": id, "transform": { "position": { "x": x, "y": 0 } }, "variants": variants,
            "content": { "type": "color", "color": "#ffffff", "size": { "width": 100, "height": 180 } },
        })
    };
    let scene = json!({
        "canvas": { "width": 320, "height": 180, "background": "#000000" },
        "layers": [
            patch("everywhere", 0, json!({})),
            patch("logo", 110, json!({ "except": ["clean"] })),
            patch("notice", 220, json!({ "only": ["clean"] })),
        ],
    });
    let variables = [
        ("SCENE", "scene.json"),
        ("STREAM_RESOLUTION", "320x180"),
        ("STREAM_RENDITIONS", "320x180@clean:400,160x90@clean:200"),
        ("MUXER_OUTPUTS", "full.mkv"),
    ];
    let mut service = Service::start(&variables, &[("scene.json", &scene.to_string())]);
    for (id, rendition) in [("clean", "320x180@clean"), ("small", "160x90@clean")] {
        let document = json!({ "id": id, "url": format!("{id}.mkv"), "rendition": rendition });
        service.send("POST", PATH, &document).expect(201);
        service.wait_for_output(id, "started");
    }
    service.wait_for_frames(60);
    // Who looks in sees the same.
    let preview = |path: &str| {
        let picture = image::load_from_memory(&service.get(path).expect(200).body).unwrap().to_rgb8();
        [50, 160, 270].map(|x| picture.get_pixel(x, 90).0[0])
    };
    assert_eq!(preview("/api/stream/frame?variant=clean"), [255, 0, 255]);
    assert_eq!(preview("/api/stream/frame?variant=main"), [255, 255, 0]);
    assert_eq!(preview("/api/stream/frame"), [255, 255, 0]);
    let refused = service.get("/api/stream/frame?variant=clear").expect(404).json();
    assert!(refused["detail"].as_str().unwrap().contains("no rendition shows a variant `clear`"), "{refused}");
    let mut client = Client::connect_with(service.port, "?topics=");
    let refused = client.ask(json!({ "type": "preview", "width": 320, "variant": "clear" }));
    assert_eq!((&refused["type"], &refused["status"]), (&json!("error"), &json!(404)), "{refused}");
    for (variant, expected) in [("clean", [true, false, true]), ("main", [true, true, false])] {
        let answer = client.ask(json!({ "type": "preview", "width": 320, "quality": 95, "variant": variant }));
        assert_eq!((&answer["type"], &answer["variant"]), (&json!("previewing"), &json!(variant)), "{answer}");
        wait_for(&format!("a preview of `{variant}`"), PATIENCE, || {
            let picture = image::load_from_memory(&client.picture()).unwrap().to_rgb8();
            ([50, 160, 270].map(|x| picture.get_pixel(x, 90).0[0] > 128) == expected).then_some(())
        });
    }
    drop(client);
    // What is edited later too.
    let until_then = service.status()["tick"].as_u64().unwrap();
    service.send("PATCH", "/api/stream/layers/notice", &json!({ "variants": null })).expect(200);
    let (tick, shown) = service.picture();
    assert!(tick > until_then);
    assert_eq!([50, 160, 270].map(|x| shown.get_pixel(x, 90).0[0]), [255, 255, 255]);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    let seen = |name: &str, width: u32, height: u32| {
        let path = service.folder.path().join(name);
        let pictures = decode(path.to_str().unwrap(), "gray", &[]);
        let first = &pictures[..(width * height) as usize];
        [50, 160, 270].map(|x| first[(height / 2 * width + x * width / 320) as usize] > 128)
    };
    assert_eq!(seen("full.mkv", 320, 180), [true, true, false]);
    assert_eq!(seen("clean.mkv", 320, 180), [true, false, true]);
    assert_eq!(seen("small.mkv", 160, 90), [true, false, true]);
    // Offline it is the same.
    let folder = service.folder.path();
    let drawn = run(folder, &["snapshot", "scene.json", "--variant", "clean", "--out", "clean.png"], &variables[1..2]);
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let drawn = image::open(folder.join("clean.png")).unwrap().to_rgb8();
    assert_eq!([50, 160, 270].map(|x| drawn.get_pixel(x, 90).0[0]), [255, 0, 255]);
}

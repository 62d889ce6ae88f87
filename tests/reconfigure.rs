//! The settings change while the stream runs, and with them the size of its picture: what viewers, players and files get.

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
#[path = "support/page.rs"]
mod page;
#[path = "support/process.rs"]
mod process;
#[path = "support/program.rs"]
mod program;
#[path = "support/rtmp_server.rs"]
mod rtmp_server;
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/service.rs"]
mod service;
#[path = "support/test_card.rs"]
mod test_card;
#[path = "support/viewer.rs"]
mod viewer;

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use client::Client;
use ffprobe::{decode, probe, psnr, stream};
use image::RgbImage;
use page::Page;
use process::{ChildGuard, wait_for};
use program::Show;
use rtmp_server::RtmpServer;
use scenes::card;
use serde_json::{Value, json};
use service::{PATIENCE, Service};
use stream_manager::{
    engine::{OutputState, StreamFormat},
    output::{Codec, EncoderSettings, Hwaccel},
};
use test_card::{noise, yuv};
use viewer::assert_plays;

const KEY: &str = "live_4711_sEcReTkEy";
const CONFIG: &str = "/api/config";

/// The sizes, one after the other.
const SIZES: [(u32, u32); 3] = [(1280, 720), (640, 360), (854, 480)];

/// A viewer who notes the size of every picture from now on.
fn watch(url: &str, notes: &std::path::Path) -> ChildGuard {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-select_streams", "v", "-show_entries", "frame=width,height", "-of", "csv=p=0"]);
    command.arg(url).stdin(Stdio::null()).stdout(fs::File::create(notes).unwrap()).stderr(Stdio::null());
    ChildGuard::start(&mut command)
}

/// The sizes that a viewer noted, each once for as long as it stayed.
fn noted(notes: &std::path::Path) -> Vec<(u32, u32)> {
    let text = fs::read_to_string(notes).unwrap();
    let size = |line: &str| {
        let (width, height) = line.split_once(',')?;
        Some((width.parse().ok()?, height.trim_end_matches(',').parse().ok()?))
    };
    let mut sizes: Vec<_> = text.lines().filter_map(size).collect();
    sizes.dedup();
    sizes
}

/// A picture as `ffmpeg -pix_fmt yuv420p` writes it. Compared like this, what is lost at edges of colours that lie between
/// the stream's chroma samples does not count.
fn planes(picture: &RgbImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let mut all: Vec<u8> = picture.pixels().map(|pixel| yuv(pixel.0)[0]).collect();
    for channel in [1, 2] {
        for (y, x) in (0..height / 2).flat_map(|y| (0..width / 2).map(move |x| (y * 2, x * 2))) {
            let four = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)];
            let sum: u16 = four.iter().map(|(x, y)| u16::from(yuv(picture.get_pixel(*x, *y).0)[channel])).sum();
            all.push(((sum + 2) / 4) as u8);
        }
    }
    all
}

fn number_of(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no number in {value}"))
}

#[test]
fn viewers_players_and_files_follow_a_change_of_the_frame_size() {
    let server = RtmpServer::start();
    let outputs = format!("{},show.mp4,show.mkv", server.url(KEY));
    let variables = [("SCENE", "card.jsonc"), ("STREAM_RESOLUTION", "720p"), ("MUXER_OUTPUTS", &outputs)];
    let mut service = Service::start(&variables, &[("card.jsonc", &card())]);
    let ids = ["live", "output-1", "output-2", "output-3"];
    for id in ids {
        service.wait_for_output(id, "started");
    }
    assert_plays(&server, KEY, SIZES[0]);
    let viewer_notes = service.folder.path().join("viewer.csv");
    let _viewer = watch(&format!("{} live=1 timeout=5", server.url(KEY)), &viewer_notes);
    wait_for("a viewer who sees something", PATIENCE, || (noted(&viewer_notes) == SIZES[..1]).then_some(()));
    let page = Page::open(&service.url("/live/"));
    let video = |what: &str| page.run(&format!("return document.querySelector('video').{what};"));
    wait_for("the page to play", PATIENCE, || (video("videoWidth") == SIZES[0].0).then_some(()));
    let mut client = Client::connect(service.port);

    for (index, size) in SIZES.into_iter().enumerate() {
        if index > 0 {
            let text = format!("{}x{}", size.0, size.1);
            let answer = service.send("PATCH", CONFIG, &json!({ "stream_resolution": text })).expect(200);
            let told = loop {
                let event = client.next_of("streamEvent");
                if event["event"] == "configuration" {
                    break event;
                }
            };
            assert_eq!(told["values"], json!({ "stream_resolution": text }));
            assert_eq!(told["tick"], answer.tick.unwrap());
            assert!(service.picture().0 >= answer.tick.unwrap());
            // Whoever watches goes on watching, by the same connection.
            wait_for("the viewer to see the new size", PATIENCE, || {
                (noted(&viewer_notes) == SIZES[..=index]).then_some(())
            });
            wait_for("the page to show the new size", PATIENCE, || {
                (video("videoWidth") == size.0 && video("videoHeight") == size.1).then_some(())
            });
        }
        let (_, drawn) = service.picture();
        assert_eq!(drawn.dimensions(), size);
        assert_eq!(service.status()["resolution"], json!({ "width": size.0, "height": size.1 }));
        // Who comes now gets it as well, and sees what the service draws.
        assert_plays(&server, KEY, size);
        let bytes = (size.0 * size.1 * 3 / 2) as usize;
        let seen = decode(&format!("{} live=1", server.url(KEY)), "yuv420p", &["-frames:v", "30"]);
        assert_eq!(seen.len(), 30 * bytes);
        let alike = psnr(&seen[29 * bytes..], &planes(&drawn));
        println!("{alike:.1} dB at {size:?}");
        assert!(alike > 38.0, "{alike:.1} dB at {size:?}");
        for id in ids {
            let output = service.wait_for_output(id, "started");
            assert_eq!((&output["droppedFrames"], &output["reconnects"]), (&json!(0), &json!(0)), "{output}");
            assert_eq!(output.get("lastError"), None, "{output}");
        }
    }
    let playlist = service.get("/live/index.m3u8").expect(200).text();
    let maps = playlist.matches("#EXT-X-MAP").count();
    assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY\n").count(), maps - 1, "{playlist}");
    let probed = probe(&service.url("/live/index.m3u8"), &["-live_start_index", "-1"]).unwrap();
    assert_eq!(stream(&probed, "video")["width"], SIZES[2].0);

    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    // A container holds one size: each has a file of its own, with sound and picture of the same length.
    for ending in ["mp4", "mkv"] {
        for (name, (width, height)) in ["show", "show-2", "show-3"].into_iter().zip(SIZES) {
            let path = service.folder.path().join(format!("{name}.{ending}"));
            let path = path.to_str().unwrap();
            let packets = probe(path, &["-show_packets"]).unwrap();
            let (video, audio) = (stream(&packets, "video"), stream(&packets, "audio"));
            assert_eq!((&video["width"], &video["height"]), (&width.into(), &height.into()), "{path}");
            let span = |index: &Value| {
                let of: Vec<&Value> =
                    packets["packets"].as_array().unwrap().iter().filter(|p| p["stream_index"] == *index).collect();
                let end = of[of.len() - 1];
                (number_of(&of[0]["pts_time"]), number_of(&end["pts_time"]) + number_of(&end["duration_time"]))
            };
            let (seen, heard) = (span(&video["index"]), span(&audio["index"]));
            assert!(seen.0 < 0.05 && heard.0 < 0.05, "{path} begins at {seen:?} and {heard:?}");
            // Sound may be ahead by the frames that the encoder holds. The next file has it too.
            assert!((seen.1 - heard.1).abs() < 0.3, "{path} ends at {seen:?} and {heard:?}");
            assert!(seen.1 > 1.0, "{path} ends at {seen:?}");
            let frames = decode(path, "rgb24", &[]);
            assert!(frames.len().is_multiple_of((width * height * 3) as usize) && !frames.is_empty(), "{path}");
        }
        assert!(!service.folder.path().join(format!("show-4.{ending}")).exists());
    }
}

#[test]
fn settings_that_cannot_change_now_are_refused_with_the_remedy() {
    let service = Service::start(&[("SCENE", "card.jsonc"), ("STREAM_RESOLUTION", "360p")], &[("card.jsonc", &card())]);
    let layers = service.status()["layerCount"].as_u64().unwrap();
    let wrong = json!({ "stream_resolution": "641x360", "target_fps": 60, "muxer": { "outputs": ["a.mp4"] } });
    let problem = service.send("PATCH", CONFIG, &wrong).expect(422).json();
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/target_fps", "/muxer/outputs", "/stream_resolution"]);
    assert!(problem["errors"][0]["expected"].as_str().unwrap().contains("set TARGET_FPS"), "{problem}");
    // A scene may not have more layers than it may have.
    let problem = service.send("PATCH", CONFIG, &json!({ "max_layers": layers - 1 })).expect(422).json();
    assert_eq!(problem["errors"][0]["pointer"], "/max_layers");
    service.send("PATCH", CONFIG, &json!({ "max_layers": layers })).expect(200);
    let layer = json!({ "id": "one-more", "content": { "type": "color", "color": "#ffffff" } });
    let refused = service.send("POST", "/api/stream/layers", &layer).expect(422).text();
    assert!(refused.contains("MAX_LAYERS"), "{refused}");
    service.send("PATCH", CONFIG, &json!({ "max_layers": layers + 1 })).expect(200);
    service.send("POST", "/api/stream/layers", &layer).expect(201);
    // What is logged changes too.
    assert!(!service.log().contains("DEBUG"));
    service.send("PATCH", CONFIG, &json!({ "log_level": "debug" })).expect(200);
    service.status();
    service.wait_for_log("DEBUG");
    assert_eq!(service.status()["resolution"], json!({ "width": 640, "height": 360 }));
}

#[test]
fn many_changes_lose_no_file_and_leave_memory_where_it_was() {
    let server = RtmpServer::start();
    let outputs = format!("{},show.mkv", server.url(KEY));
    let mut service = Service::start(
        &[("SCENE", "card.jsonc"), ("STREAM_RESOLUTION", "360p"), ("MUXER_OUTPUTS", &outputs)],
        &[("card.jsonc", &card())],
    );
    for id in ["live", "output-1", "output-2"] {
        service.wait_for_output(id, "started");
    }
    let mut settled = 0;
    let changes = 60;
    for change in 1..=changes {
        let size = if change % 2 == 0 { "640x360" } else { "1280x720" };
        service.send("PATCH", CONFIG, &json!({ "stream_resolution": size })).expect(200);
        service.wait_for_frames(4);
        if change == changes / 3 {
            settled = service.memory();
        }
    }
    let memory = service.memory();
    assert!(memory < settled + (40 << 20), "{} MiB after 20 changes, {} MiB after 60", settled >> 20, memory >> 20);
    for id in ["live", "output-1", "output-2"] {
        let output = service.wait_for_output(id, "started");
        assert_eq!((&output["droppedFrames"], &output["reconnects"]), (&json!(0), &json!(0)), "{output}");
    }
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    for number in 1..=changes + 1 {
        let name = if number == 1 { "show.mkv".to_owned() } else { format!("show-{number}.mkv") };
        let probed = probe(service.folder.path().join(&name).to_str().unwrap(), &["-count_frames"]).unwrap();
        let video = stream(&probed, "video");
        assert_eq!(video["width"], if number % 2 == 1 { 640 } else { 1280 }, "{name}");
        assert!(number_of(&video["nb_read_frames"]) >= 1.0, "{name}: {video}");
    }
}

#[test]
fn files_of_every_codec_follow_a_change_of_the_frame_size() {
    for codec in ["vp8", "vp9"] {
        let variables = [
            ("STREAM_RESOLUTION", "360p"),
            ("STREAM_CODEC", codec),
            ("AUDIO_CODEC", "opus"),
            ("MUXER_OUTPUTS", "show.webm,show.mkv"),
        ];
        let mut service = Service::start(&variables, &[]);
        let ids = ["output-1", "output-2"];
        for (index, size) in ["640x360", "320x180", "854x480"].into_iter().enumerate() {
            if index > 0 {
                service.send("PATCH", CONFIG, &json!({ "stream_resolution": size })).expect(200);
            }
            for id in ids {
                let before = service.wait_for_output(id, "started")["bytes"].as_u64().unwrap();
                wait_for("bytes", PATIENCE, || {
                    (service.output(id)["bytes"].as_u64().unwrap() > before + 2000).then_some(())
                });
            }
        }
        service.signal("TERM");
        assert_eq!(service.wait().code(), Some(0));
        for ending in ["webm", "mkv"] {
            for (name, width) in [("show", 640), ("show-2", 320), ("show-3", 854)] {
                let file = service.folder.path().join(format!("{name}.{ending}"));
                let probed = probe(file.to_str().unwrap(), &["-count_frames"]).unwrap();
                let video = stream(&probed, "video");
                assert_eq!((&video["codec_name"], &video["width"]), (&json!(codec), &json!(width)), "{name}.{ending}");
                assert!(number_of(&video["nb_read_frames"]) >= 1.0, "{name}.{ending}: {video}");
            }
        }
    }
}

#[test]
fn a_new_bitrate_takes_effect_within_the_same_encode() {
    for codec in [Codec::H264, Codec::Vp8, Codec::Vp9] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("show.mkv");
        let format = StreamFormat { width: 320, height: 180, fps: 30 };
        let settings = EncoderSettings { codec, hwaccel: Hwaccel::None, bitrate_kbps: 4000, ..Default::default() };
        // A picture that takes as many bits as it may.
        let cards = (0..20).map(|seed| noise(format.width, format.height, seed)).collect();
        let file = ("file", path.to_str().unwrap().parse().unwrap());
        let mut show = Show::start_with(format, settings, &[file], Default::default(), cards);
        show.wait_for_state("file", OutputState::Started);
        let wait_for_bytes = |more: u64| {
            let before = show.status("file").bytes;
            wait_for("bytes", Duration::from_secs(30), || (show.status("file").bytes > before + more).then_some(()));
        };
        wait_for_bytes(1_000_000);
        show.set_bitrate(1500);
        wait_for_bytes(500_000);
        assert!(show.shutdown());
        assert_eq!(show.status("file").last_error, None);
        let probed = probe(path.to_str().unwrap(), &["-show_packets", "-select_streams", "v"]).unwrap();
        let sizes: Vec<f64> =
            probed["packets"].as_array().unwrap().iter().map(|packet| number_of(&packet["size"])).collect();
        let mean = |sizes: &[f64]| sizes.iter().sum::<f64>() / sizes.len() as f64;
        let (before, after) = (mean(&sizes[10..50]), mean(&sizes[sizes.len() - 30..]));
        // What they were asked for is 0.375; noise cannot be had for much less.
        assert!(after < before * 0.6, "{codec:?}: {before:.0} bytes a frame before, {after:.0} after");
    }
}

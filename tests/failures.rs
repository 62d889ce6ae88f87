//! What goes wrong is told with its remedy, and costs nothing but itself.

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
#[path = "support/rtmp_server.rs"]
mod rtmp_server;
#[path = "support/service.rs"]
mod service;

use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
};

use ffprobe::{decode, probe, stream};
use process::wait_for;
use rtmp_server::RtmpServer;
use serde_json::json;
use service::{PATIENCE, Service, run};

const SMALL: (&str, &str) = ("STREAM_RESOLUTION", "320x180");

#[test]
fn a_taken_port_is_named_and_nothing_starts() {
    let taken = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    let [port, health] = taken.each_ref().map(|listener| listener.local_addr().unwrap().port().to_string());
    let variables = [("PORT", port.as_str()), ("HEALTH_PORT", health.as_str()), ("MUXER_OUTPUTS", "show.mkv")];
    let mut service = Service::launch(&variables, &[]);
    assert_eq!(service.wait().code(), Some(1));
    let log = service.log();
    for words in [format!("127.0.0.1:{port}"), format!("127.0.0.1:{health}"), "`PORT`".into(), "`HEALTH_PORT`".into()] {
        assert!(log.contains(&words), "no {words}:\n{log}");
    }
    assert!(log.contains("in use"), "{log}");
    assert_eq!(fs::read_dir(service.folder.path()).unwrap().count(), 0, "something was started");
}

#[test]
fn wrong_settings_and_a_broken_scene_start_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("broken.json"), r#"{ "layers": [{ "id": "a" }] }"#).unwrap();
    let ports = ["PORT", "WS_PORT", "METRICS_PORT", "HEALTH_PORT"].map(|port| (port, "0"));
    for (variable, code, words) in [
        (("TARGET_FPS", "0"), 2, "TARGET_FPS"),
        (("STREAM_URL", "rtmp://live.example.com/app"), 2, "STREAM_URL"),
        (("LISTEN", "0.0.0.0"), 2, "API_TOKEN"),
        (("SCENE", "nowhere.json"), 1, "nowhere.json"),
        (("SCENE", "broken.json"), 1, "broken.json:1:14"),
    ] {
        let variables: Vec<_> = ports.into_iter().chain([variable, ("MUXER_OUTPUTS", "show.mkv")]).collect();
        let output = run(folder.path(), &["serve"], &variables);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{variable:?}: {text}");
        assert!(text.contains(words), "{variable:?}: {text}");
        assert!(!folder.path().join("show.mkv").exists(), "{variable:?}: a recording was started");
    }
}

/// A picture of one colour as an SVG file, twice as wide as it is high.
fn board(color: &str) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='100'>\
         <rect width='200' height='100' fill='{color}'/></svg>"
    )
}

#[test]
fn the_slate_is_shown_until_a_faulty_scene_file_is_mended() {
    let variables = [("STREAM_RESOLUTION", "320x180"), ("SCENE", "scene.json"), ("SLATE", "slate.svg")];
    let files = [("scene.json", r#"{ "layers": [{ "id": "a" }] }"#), ("slate.svg", &board("#ff8000"))];
    let mut service = Service::start(&variables, &files);
    let shown = |service: &Service, at: (u32, u32)| service.picture().1.get_pixel(at.0, at.1).0;
    let log = service.log();
    assert!(log.contains("the slate is shown") && log.contains("scene.json:1:14"), "{log}");
    let ready = |service: &Service| service.json("/health/ready");
    let told = wait_for("that to be told", PATIENCE, || {
        Some(ready(&service)).filter(|ready| ready["reasons"][0]["part"] == "scene")
    });
    let reason = told["reasons"][0]["reason"].as_str().unwrap();
    assert!(told["status"] == "degraded" && reason.contains("slate") && reason.contains("`scene.json`"), "{told}");
    // As large as possible, with black above and below.
    assert_eq!([shown(&service, (160, 90)), shown(&service, (160, 4))], [[255, 128, 0], [0, 0, 0]]);
    // Not kept as what the file said.
    service.kill_and_restart(&variables, &[]);
    assert_eq!(shown(&service, (160, 90)), [255, 128, 0]);
    let mended = r##"{ "canvas": { "width": 320, "height": 180, "background": "#00ff00" }, "layers": [] }"##;
    fs::write(service.folder.path().join("scene.json"), mended).unwrap();
    wait_for("the mended scene", PATIENCE, || (shown(&service, (160, 90)) == [0, 255, 0]).then_some(()));
    wait_for("that to be told", PATIENCE, || (ready(&service)["status"] == "ready").then_some(()));
    service.kill_and_restart(&variables, &[]);
    assert_eq!(shown(&service, (160, 90)), [0, 255, 0]);
}

#[test]
fn a_slate_that_cannot_be_shown_is_told_at_start() {
    let ports = ["PORT", "WS_PORT", "METRICS_PORT", "HEALTH_PORT"].map(|port| (port, "0"));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("slate.png"), "no picture").unwrap();
    for (slate, words) in [("nowhere.png", "nowhere.png"), ("slate.png", "slate.png"), ("..", "no file")] {
        let variables: Vec<_> = ports.into_iter().chain([("SLATE", slate)]).collect();
        let output = run(folder.path(), &["serve"], &variables);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("SLATE") && text.contains(words), "{text}");
    }
}

#[test]
fn a_missing_picture_is_shown_as_a_card_and_the_rest_plays_on() {
    let scene = r##"{
        "canvas": { "width": 320, "height": 180, "background": "#0000ff" },
        "assets": [{ "id": "logo", "type": "image", "path": "logo.png" }],
        "layers": [
            { "id": "logo", "content": { "type": "image", "asset": "logo" } },
            {
                "id": "box", "content": { "type": "color", "color": "#00ff00", "size": { "width": 20, "height": 20 } },
                "transform": { "position": { "x": 300, "y": 160 } },
            },
        ],
    }"##;
    let service = Service::start(&[SMALL, ("SCENE", "scene.jsonc")], &[("scene.jsonc", scene)]);
    service.wait_for_log("there is no file `logo.png`");
    assert!(service.log().contains("WARN"), "{}", service.log());
    let differences = || {
        let (_, picture) = service.picture();
        assert_eq!(picture.get_pixel(310, 170).0, [0, 255, 0], "the rest is drawn");
        picture.pixels().filter(|pixel| pixel.0 != [0, 0, 255] && pixel.0 != [0, 255, 0]).count()
    };
    wait_for("the card", PATIENCE, || (differences() > 1000).then_some(()));
    service.wait_for_frames(5);
    service.send("POST", "/api/stream/layers/logo/visibility", &json!({ "visible": false })).expect(200);
    assert_eq!(differences(), 0, "the card belongs to the layer");
    service.wait_for_output("live", "started");
}

#[test]
fn sigterm_finishes_the_files() {
    let moving = r##"{
        "canvas": { "width": 320, "height": 180, "background": "#000000" },
        "layers": [{
            "id": "bar", "content": { "type": "color", "color": "#ffffff", "size": { "width": 20, "height": 180 } },
            "animations": [{ "property": "transform.position.x", "from": 0, "to": 300, "duration": 3, "repeat": "forever" }],
        }],
    }"##;
    for signal in ["TERM", "INT", "HUP"] {
        let variables = [SMALL, ("MUXER_OUTPUTS", "show.mp4,show.mkv"), ("SCENE", "scene.jsonc")];
        let mut service = Service::start(&variables, &[("scene.jsonc", moving)]);
        let outputs = ["output-1", "output-2"];
        for output in outputs {
            service.wait_for_output(output, "started");
        }
        let started = service.frame_count();
        service.wait_for_frames(50);
        let recorded = service.frame_count() - started;
        service.signal(signal);
        assert_eq!(service.wait().code(), Some(0), "SIG{signal}");
        assert!(!service.log().contains("ERROR"), "{}", service.log());
        let counts = ["show.mp4", "show.mkv"].map(|name| {
            let file = service.folder.path().join(name);
            let file = file.to_str().unwrap();
            let found = probe(file, &["-count_frames"]).unwrap();
            let frames: u64 = stream(&found, "video")["nb_read_frames"].as_str().unwrap().parse().unwrap();
            assert!(frames + 3 >= recorded, "{name}: {frames} frames of at least {recorded}");
            let duration: f64 = found["format"]["duration"].as_str().unwrap().parse().unwrap();
            #[expect(clippy::cast_precision_loss, reason = "a few hundred frames")]
            let expected = frames as f64 / 30.0;
            assert!((duration - expected).abs() < 0.15, "{name}: {frames} frames in {duration} s");
            assert_eq!(stream(&found, "audio")["codec_name"], "aac");
            // Every frame can be decoded, and the bar moves from each to the next.
            let pictures = decode(file, "gray", &[]);
            let bars: Vec<_> = pictures
                .chunks_exact(320 * 180)
                .map(|picture| picture[90 * 320..91 * 320].iter().position(|luma| *luma > 127).expect("a bar"))
                .collect();
            assert_eq!(bars.len() as u64, frames);
            assert!(bars.windows(2).all(|pair| pair[0] != pair[1]), "{name}: {bars:?}");
            frames
        });
        assert!(counts[0].abs_diff(counts[1]) <= 2, "{counts:?}");
    }
}

#[test]
fn a_hang_up_is_nothing_to_who_was_told_to_ignore_it() {
    let mut service = Service::start_ignoring_hang_ups(&[SMALL]);
    service.signal("HUP");
    service.wait_for_frames(30);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0), "{}", service.log());
}

#[test]
fn a_second_signal_ends_what_does_not_finish() {
    // A picture that no encoder makes small, anew in each frame, fills all buffers on the way to a server soon.
    let mut state = 1_u32;
    let noise = image::GrayImage::from_fn(640, 360, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Luma([state.to_be_bytes()[0]])
    });
    let pictures = tempfile::tempdir().unwrap();
    noise.save(pictures.path().join("noise.png")).unwrap();
    let scene = r##"{
        "canvas": { "width": 320, "height": 180 },
        "assets": [{ "id": "noise", "type": "image", "path": "noise.png" }],
        "layers": [{
            "id": "noise", "content": { "type": "image", "asset": "noise" },
            "animations": [{ "property": "transform.position.x", "from": 0, "to": -320, "duration": 3, "repeat": "forever" }],
        }],
    }"##;
    let file = pictures.path().join("scene.jsonc");
    fs::write(&file, scene).unwrap();
    let server = RtmpServer::start();
    let url = server.url("key");
    let variables = [
        SMALL,
        ("STREAM_URL", url.as_str()),
        ("SCENE", file.to_str().unwrap()),
        ("STREAM_BITRATE", "60000"),
        ("FFMPEG_PRESET", "ultrafast"),
        ("MUXER_MAX_QUEUE_SIZE", "10"),
    ];
    let mut service = Service::start(&variables, &[]);
    service.wait_for_output("stream", "started");
    server.freeze();
    wait_for("frames that find no way out", PATIENCE, || {
        (service.output("stream")["droppedFrames"].as_u64()? > 0).then_some(())
    });
    service.signal("TERM");
    service.wait_for_log("a second signal ends at once");
    service.signal("TERM");
    let status = service.wait();
    assert_eq!(status.code(), Some(1), "{}", service.log());
    assert!(service.log().contains("ended at once by a second signal"), "{}", service.log());
}

/// Has a process that runs have no more descriptors than these.
#[expect(unsafe_code, reason = "limits are set by a function of the C library")]
fn limit_descriptors(process: u32, most: u64) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: it reads the limit, and writes nothing.
    let outcome =
        unsafe { libc::prlimit(process.cast_signed(), libc::RLIMIT_NOFILE, &raw const limit, std::ptr::null_mut()) };
    assert_eq!(outcome, 0, "the limit is set");
}

/// Clients that take all connections they can get leave outputs those that they need.
#[test]
fn clients_do_not_take_the_descriptors_that_outputs_need() {
    let server = RtmpServer::start();
    let absent = format!("rtmp://127.0.0.1:{}/live/key", process::free_port());
    let outputs = format!("{},show.mkv", server.url("good"));
    let variables =
        [SMALL, ("MUXER_OUTPUTS", outputs.as_str()), ("STREAM_URL", absent.as_str()), ("MUXER_RETRY_DELAY", "100ms")];
    let service = Service::start(&variables, &[]);
    for output in ["output-1", "output-2"] {
        service.wait_for_output(output, "started");
    }
    let open = || fs::read_dir(format!("/proc/{}/fd", service.id())).unwrap().count();
    let (usual, most) = (open(), 3 * (open() + 30));
    limit_descriptors(service.id(), most as u64);
    let address = service.url("").trim_start_matches("http://").trim_end_matches('/').to_owned();
    let half_a_request = || {
        let mut client = TcpStream::connect(&address).ok()?;
        client.write_all(b"GET /api/stream/status HTTP/1.1\r\nHost: x\r\n").ok()?;
        Some(client)
    };
    let clients: Vec<TcpStream> = (0..2 * most).filter_map(|_| half_a_request()).collect();
    service.wait_for_log("only the descriptors are left that outputs need");
    assert!(open() < most - 20, "{} of {most}", open());
    // The recording, which would end with the process, goes on, and so do attempts to send.
    let size = || fs::metadata(service.folder.path().join("show.mkv")).unwrap().len();
    let before = size();
    wait_for("the recording to go on", PATIENCE, || (size() > before + 50_000).then_some(()));
    drop(clients);
    wait_for("the clients to be forgotten", PATIENCE, || (open() < usual + 20).then_some(()));
    assert_eq!(service.output("stream")["state"], "reconnecting");
    assert_eq!(service.output("output-1")["state"], "started");
}

//! How long a picture takes and how far sound and picture are apart is measured through real outputs; they stay together
//! after a reconnect and a pause, and after hours.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/beats.rs"]
mod beats;
#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/process.rs"]
mod process;
#[path = "support/rtmp_server.rs"]
mod rtmp_server;
#[path = "support/service.rs"]
mod service;
#[path = "support/sound.rs"]
mod sound;
#[path = "support/viewer.rs"]
mod viewer;

use std::{fs, path::Path, time::Duration};

use beats::{beats, with_beats};
use ffprobe::make;
use process::wait_for;
use rtmp_server::RtmpServer;
use service::{Service, run};
use stream_manager::{
    engine::{OutputState, StreamFormat},
    output::{
        Destination, EncoderSettings, Hwaccel, ReconnectPolicy,
        latency::{Beat, Measurement},
    },
};

const LONG: Duration = Duration::from_secs(40);
/// Seconds by which sound and picture may be apart.
const APART: f64 = 0.04;

/// Waits for so many beats that were drawn from `first` on and were seen and heard.
#[track_caller]
fn beats_from(measurement: &Measurement, first: u32, count: usize) -> Vec<Beat> {
    wait_for("beats to arrive", LONG, || {
        let beats = measurement.beats().into_iter();
        let whole: Vec<Beat> = beats.filter(|beat| beat.number >= first && beat.offset.is_some()).collect();
        (whole.len() >= count).then_some(whole)
    })
}

#[track_caller]
fn assert_together(beats: &[Beat]) {
    for beat in beats {
        assert!(beat.offset.is_some_and(|offset| offset.abs() < APART), "{beats:?}");
    }
}

#[test]
fn sound_and_picture_stay_together_over_a_reconnect_and_a_pause() {
    let mut server = RtmpServer::start();
    let format = StreamFormat { width: 320, height: 180, fps: 30 };
    let settings =
        EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() };
    let destination = Destination::Rtmp { url: server.url("beats").parse().unwrap() };
    let policy = ReconnectPolicy { first: Duration::from_millis(200), ..Default::default() };
    let measurement = Measurement::start(format, settings, destination, policy, LONG).unwrap();
    let before = beats_from(&measurement, 0, 3);
    assert_together(&before);
    // A second and a half would be too long for a stream that is seen within one.
    let mut delays: Vec<Duration> = before.iter().map(|beat| beat.delay).collect();
    delays.sort();
    assert!(delays[delays.len() / 2] < Duration::from_millis(1500), "{delays:?}");

    server.kill();
    wait_for("the loss to be noticed", LONG, || {
        (measurement.status().state == OutputState::Reconnecting).then_some(())
    });
    server.restart();
    wait_for("the stream to be back", LONG, || (measurement.status().state == OutputState::Started).then_some(()));
    assert_eq!(measurement.status().reconnects, 1);
    let next = u32::try_from(measurement.sent()).unwrap();
    assert_together(&beats_from(&measurement, next, 3));

    measurement.pause(true);
    let sent = measurement.sent();
    let shown = measurement.status().bytes;
    wait_for("the still picture to go on", LONG, || (measurement.status().bytes > shown + 20_000).then_some(()));
    assert!(measurement.sent() <= sent + 1, "scene time stands still");
    measurement.pause(false);
    let next = u32::try_from(measurement.sent()).unwrap();
    assert_together(&beats_from(&measurement, next, 3));
    assert_eq!(measurement.status().reconnects, 1);
}

/// Minutes of the stream that is looked at as fast as it can be made: `DRIFT_MINUTES`, or few, so that the test takes no longer
/// than it must.
fn minutes() -> u64 {
    std::env::var("DRIFT_MINUTES").ok().and_then(|minutes| minutes.parse().ok()).unwrap_or(3)
}

/// Whatever is made counts its samples by the frames, on air and here.
#[test]
fn sound_and_picture_are_as_far_apart_at_the_end_as_at_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let scene = with_beats(r#"{ "canvas": { "width": 64, "height": 36 }, "layers": [] }"#);
    fs::write(folder.path().join("beats.json"), scene).unwrap();
    let duration = format!("{}s", minutes() * 60);
    let arguments = ["render", "beats.json", "--out", "beats.mkv", "--duration", &duration];
    let variables = [("STREAM_RESOLUTION", "64x36"), ("FFMPEG_PRESET", "ultrafast"), ("FFMPEG_HWACCEL", "none")];
    let output = run(folder.path(), &arguments, &variables);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = folder.path().join("beats.mkv");
    let (at_first, at_last) = (offset(&file, 0), offset(&file, minutes() * 60 - 12));
    println!("sound behind picture: {at_first:.4} s at first, and {at_last:.4} s after {} minutes", minutes());
    assert!(at_first.abs() < APART && at_last.abs() < APART, "{at_first} s, and {at_last} s");
    assert!((at_first - at_last).abs() < 0.002, "{at_first} s, and {at_last} s");
}

/// The median of the seconds by which sound comes later than its picture, from so many seconds of a file on.
#[track_caller]
fn offset(file: &Path, from: u64) -> f64 {
    let part = file.with_file_name("part.mkv");
    let (from, file, to) = (from.to_string(), file.to_str().unwrap(), part.to_str().unwrap());
    make(&["-y", "-ss", &from, "-t", "10", "-i", file, "-c", "copy", to]);
    let mut offsets: Vec<f64> = beats(&part).into_iter().filter_map(|beat| beat.offset).collect();
    assert!(offsets.len() > 5, "{offsets:?} from {from} s on");
    offsets.sort_by(f64::total_cmp);
    offsets[offsets.len() / 2]
}

#[test]
fn the_command_measures_files_and_streams() {
    let server = RtmpServer::start();
    let folder = tempfile::tempdir().unwrap();
    let url = server.url("sEcReT");
    for (to, shown) in [
        (url.as_str(), format!("rtmp://127.0.0.1:{}/live/***", server.port)),
        ("beats.mp4", "beats.mp4".to_owned()),
        ("beats.flv", "beats.flv".to_owned()),
    ] {
        let arguments = ["latency", "--to", to, "--duration", "4s", "--metrics", "beats.prom", "--stream-resolution"];
        let output = run(folder.path(), &[&arguments[..], &["320x180"]].concat(), &[]);
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{to}: {text}");
        assert!(text.contains(&shown) && text.contains("drawn to decoded") && !text.contains("sEcReT"), "{text}");
        let metrics = fs::read_to_string(folder.path().join("beats.prom")).unwrap();
        let value = |name: &str| -> f64 {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
        };
        assert!(value("latency_beats") >= 2.0, "{to}: {text}");
        assert!(value("latency_av_offset_seconds").abs() < APART, "{to}: {text}");
        assert!(value("latency_delay_seconds") > 0.0, "{to}: {text}");
    }
}

#[test]
fn what_is_measured_is_announced_and_exported_among_the_metrics() {
    let token = ("API_TOKEN", "a-token-of-some-length");
    let variables = [("STREAM_RESOLUTION", "64x36"), ("FFMPEG_PRESET", "ultrafast"), ("STREAM_URL", "out.mkv")];
    let service = Service::start(&variables, &[]);
    let folder = tempfile::tempdir().unwrap();
    let address = service.url("");
    let announce = ["latency", "--duration", "4s", "--announce", &address, "--name", "tape"];
    let output = run(folder.path(), &[&announce[..], &["--stream-resolution", "320x180"]].concat(), &[token]);
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
    let metrics = service.get("/metrics").expect(200).text();
    let value = |name: &str| -> f64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
    };
    assert!(value("latency_beats{output=\"tape\"}") >= 2.0);
    assert!(value("latency_delay_seconds{output=\"tape\"}") > 0.0);
    assert!(value("latency_av_offset_seconds{output=\"tape\"}").abs() < APART);
    assert!((0.0..60.0).contains(&value("latency_age_seconds{output=\"tape\"}")));
    // So is how long the service itself takes to encode a frame.
    let (frames, seconds) = (value("encoder_seconds_count"), value("encoder_seconds_sum"));
    assert!(frames > 0.0 && seconds > 0.0 && seconds / frames < 5.0, "{frames} frames took {seconds} s");
    let told = service.json("/api/stream/latency/tape");
    assert_eq!(told["delay"].as_f64(), Some(value("latency_delay_seconds{output=\"tape\"}")));
    service.send("DELETE", "/api/stream/latency/tape", &serde_json::Value::Null).expect(200);
    assert!(!service.get("/metrics").text().contains("latency_"));
    let wrong = serde_json::json!({ "beats": 0, "delay": 1, "longestDelay": 1, "avOffset": 0, "furthestAvOffset": 0 });
    let problem = service.send("PUT", "/api/stream/latency/tape", &wrong).expect(422).json();
    assert_eq!(problem["errors"][0]["pointer"], "/beats", "{problem}");
    let wrong =
        serde_json::json!({ "beats": 1, "delay": 2, "longestDelay": 1, "avOffset": -0.2, "furthestAvOffset": 0.1 });
    let problem = service.send("PUT", "/api/stream/latency/tape", &wrong).expect(422).json();
    let pointers = [0, 1].map(|at| problem["errors"][at]["pointer"].clone());
    assert_eq!(pointers, ["/longestDelay", "/furthestAvOffset"], "{problem}");
}

#[test]
fn what_cannot_be_measured_is_told_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code, words) in [
        (&["--to", "show.webm"][..], 2, ".webm takes vp8 or vp9 with opus"),
        (&["--to", "/dev/null/show.mkv"], 1, "a part of the path is a file"),
        (&["--to", "live/index.m3u8"], 1, "measure with an rtmp:// address or a file"),
        (&["--duration", "1h"], 2, "from `2s` to `4m`"),
        (&["--announce", "https://there"], 2, "the address of a service such as `http://127.0.0.1:4200`"),
        (&["--name", "a name"], 2, "1 to 64 letters"),
        (&["--duration", "2s", "--announce", "http://127.0.0.1:1"], 1, "is it running?"),
        (&["--duration", "2s"], 1, "sound is turned off; turn it on"),
    ] {
        let is_silent = words.contains("sound");
        let variables = [("AUDIO_ENABLED", if is_silent { "false" } else { "true" })];
        let output = run(folder.path(), &[&["latency"], arguments].concat(), &variables);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(words), "{arguments:?}: {text}");
    }
}

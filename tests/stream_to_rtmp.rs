//! The service streams to an RTMP server: what viewers see, and what happens when the server is not there.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
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
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/screen.rs"]
mod screen;
#[path = "support/service.rs"]
mod service;
#[path = "support/sound.rs"]
mod sound;
#[path = "support/viewer.rs"]
mod viewer;

use beats::{assert_arrives_whole, with_beats};
use ffprobe::{decode, psnr};
use process::wait_for;
use rtmp_server::RtmpServer;
use scenes::{PATCHES, assert_patches, card};
use screen::Screen;
use serde_json::json;
use service::{PATIENCE, Service};
use viewer::assert_plays;

const KEY: &str = "live_4711_sEcReTkEy";
const SIZE: (u32, u32) = (640, 360);

fn start(server: &RtmpServer) -> Service {
    start_with(server, &card())
}

fn start_with(server: &RtmpServer, scene: &str) -> Service {
    let url = server.url(KEY);
    let variables = [
        ("SCENE", "card.jsonc"),
        ("STREAM_URL", url.as_str()),
        ("STREAM_RESOLUTION", "640x360"),
        ("STREAM_KEYFRAME_INTERVAL", "1s"),
        ("MUXER_RETRY_DELAY", "200ms"),
        ("LOG_LEVEL", "debug"),
    ];
    Service::start(&variables, &[("card.jsonc", scene)])
}

/// Nobody can read the stream key from anything that the service tells.
#[track_caller]
fn assert_key_is_kept(service: &Service) {
    for path in ["/api/stream/status", "/metrics", "/health/ready", "/api/stream/layers", "/"] {
        let text = service.get(path).text();
        assert!(!text.contains(KEY), "{path}: {text}");
    }
    assert!(!service.log().contains(KEY), "the stream key is in the log");
}

#[test]
fn viewers_see_the_picture_that_the_service_draws() {
    let server = RtmpServer::start();
    let mut service = start(&server);
    let output = service.wait_for_output("stream", "started");
    assert_eq!(output["url"], format!("rtmp://127.0.0.1:{}/live/***", server.port));
    assert_plays(&server, KEY, SIZE);

    let seen = decode(&format!("{} live=1", server.url(KEY)), "rgb24", &["-frames:v", "30"]);
    let size = 640 * 360 * 3;
    assert_eq!(seen.len(), 30 * size);
    let seen = image::RgbImage::from_raw(640, 360, seen[29 * size..].to_vec()).unwrap();
    let (_, drawn) = service.picture();
    // Text and a ramp are in it; it is not just that there is nothing to see.
    let colors: std::collections::HashSet<_> = drawn.pixels().collect();
    assert!(colors.len() > 200, "{} colours", colors.len());
    // 44 dB were measured. The coefficients of BT.601 give 34, a wrong range 28.
    let alike = psnr(&seen, &drawn);
    assert!(alike > 38.0, "{alike:.1} dB");
    assert_patches(&drawn, &PATCHES, 0);
    assert_patches(&seen, &PATCHES, 4);

    assert_eq!(service.output("stream")["droppedFrames"], 0);
    assert_key_is_kept(&service);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    assert!(!service.log().contains(KEY), "the stream key is in the log");
}

#[test]
fn a_player_sees_edits_while_it_plays() {
    let server = RtmpServer::start();
    let service = start(&server);
    service.wait_for_output("stream", "started");
    // The middle of the second patch.
    let screen = Screen::start(&server.url(KEY), (100, 20), 40);
    screen.wait_for(PATCHES[1], PATIENCE);
    for (color, shown) in [("#c01060", [192, 16, 96]), ("#20c0a0", [32, 192, 160]), ("#c01060", [192, 16, 96])] {
        let patch = json!({ "content": { "color": color } });
        service.send("PATCH", "/api/stream/layers/patch-1", &patch).expect(200);
        screen.wait_for(shown, PATIENCE);
    }
}

#[test]
fn a_server_that_goes_away_gets_the_stream_again() {
    let mut server = RtmpServer::start();
    let service = start_with(&server, &with_beats(&card()));
    service.wait_for_output("stream", "started");
    assert_plays(&server, KEY, SIZE);
    assert_arrives_whole(&service, &server.url(KEY));

    server.kill();
    service.wait_for_output("stream", "reconnecting");
    let error = wait_for("an attempt that is refused", PATIENCE, || {
        let error = service.output("stream")["lastError"].as_str()?.to_owned();
        error.contains("refused the connection").then_some(error)
    });
    assert!(error.contains(&format!("127.0.0.1:{}", server.port)), "{error}");
    // The picture goes on, and can be seen and changed.
    service.wait_for_frames(10);
    assert_eq!(service.status()["isLive"], true);
    service.send("DELETE", "/api/stream/layers/words", &serde_json::Value::Null).expect(200);
    assert_patches(&service.picture().1, &PATCHES, 0);
    assert_key_is_kept(&service);

    server.restart();
    let output = service.wait_for_output("stream", "started");
    assert_eq!(output["reconnects"], 1, "{output}");
    assert!(output["droppedFrames"].as_u64().unwrap() > 0, "{output}");
    assert_plays(&server, KEY, SIZE);
    assert_arrives_whole(&service, &server.url(KEY));
    assert_eq!(service.output("stream")["reconnects"], 1);
    assert_key_is_kept(&service);
}

#[test]
fn a_server_that_is_not_there_yet_gets_the_stream_when_it_comes() {
    let mut server = RtmpServer::start();
    server.kill();
    let service = start(&server);
    let output = service.wait_for_output("stream", "reconnecting");
    let error = output["lastError"].as_str().unwrap_or_default();
    assert!(error.contains("refused the connection") && error.contains("is the server running"), "{output}");
    service.wait_for_frames(10);
    assert_patches(&service.picture().1, &PATCHES, 0);
    assert_key_is_kept(&service);

    server.restart();
    service.wait_for_output("stream", "started");
    assert_plays(&server, KEY, SIZE);
}

#[test]
fn a_key_that_the_server_refuses_is_told_without_being_shown() {
    let server = RtmpServer::start();
    let url = format!("rtmp://127.0.0.1:{}/closed/{KEY}", server.port);
    let variables = [("STREAM_URL", url.as_str()), ("STREAM_RESOLUTION", "320x180"), ("MUXER_RETRY_DELAY", "50ms")];
    let service = Service::start(&variables, &[]);
    // It only closes the connection: it is left alone soon, and tried now and then for a while.
    let output = wait_for("it to be tried seldom", PATIENCE, || {
        let output = service.output("stream");
        output["lastError"].as_str()?.contains("after 8 times it is tried every 5 minutes only").then_some(output)
    });
    assert_eq!(
        (&output["state"], &output["lastErrorKind"]),
        (&"reconnecting".into(), &"turnedAway".into()),
        "{output}"
    );
    let error = output["lastError"].as_str().unwrap_or_default();
    assert!(error.contains("check the application and the stream key"), "{output}");
    // Whoever watches the service sees it too.
    let metrics = service.get("/metrics").text();
    assert!(metrics.contains("output_turned_away{output=\"stream\"} 1.0"), "{metrics}");
    assert!(metrics.contains("output_refused{output=\"stream\"} 0.0"), "{metrics}");
    assert_key_is_kept(&service);
}

//! Destinations of another make than that of the other stories, with keys that are signed, and over TLS.

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
#[path = "support/node_media_server.rs"]
mod node_media_server;
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

use beats::{assert_arrives_whole, with_beats};
use node_media_server::NodeMediaServer;
use process::wait_for;
use service::{PATIENCE, Service};
use viewer::assert_plays_at;

const KEY: &str = "show";
const SIZE: (u32, u32) = (320, 180);

fn variables(url: &str) -> [(&str, &str); 3] {
    [("STREAM_URL", url), ("STREAM_RESOLUTION", "320x180"), ("MUXER_RETRY_DELAY", "100ms")]
}

#[test]
fn a_signed_key_is_taken_also_after_the_server_was_away() {
    let mut server = NodeMediaServer::start();
    let signature = server.signature(KEY);
    let url = format!("{}?{signature}", server.url(KEY));
    let scene = with_beats(r#"{ "canvas": { "width": 320, "height": 180 }, "layers": [] }"#);
    let beats = [("SCENE", "beats.json"), ("STREAM_KEYFRAME_INTERVAL", "1s")];
    let service = Service::start(&[&variables(&url)[..], &beats].concat(), &[("beats.json", &scene)]);
    let output = service.wait_for_output("stream", "started");
    assert_eq!(output["url"], format!("rtmp://127.0.0.1:{}/live/***", server.port));
    assert_plays_at(&server.url(KEY), SIZE);
    assert_arrives_whole(&service, &server.url(KEY));
    server.kill();
    service.wait_for_output("stream", "reconnecting");
    server.restart();
    let output = service.wait_for_output("stream", "started");
    assert_eq!(output["reconnects"], 1, "{output}");
    assert_plays_at(&server.url(KEY), SIZE);
    assert_arrives_whole(&service, &server.url(KEY));
    assert!(!service.log().contains(&signature), "the signature is in the log");
}

#[test]
fn a_key_without_its_signature_is_told_from_a_lost_network() {
    let server = NodeMediaServer::start();
    let service = Service::start(&variables(&server.url(KEY)), &[]);
    // It closes the connection without a word: it is left alone soon, and tried now and then for a while.
    let output = wait_for("it to be tried seldom", PATIENCE, || {
        let output = service.output("stream");
        output["lastError"].as_str()?.contains("after 8 times it is tried every 5 minutes only").then_some(output)
    });
    assert_eq!(
        (&output["state"], &output["lastErrorKind"]),
        (&"reconnecting".into(), &"turnedAway".into()),
        "{output}"
    );
    assert!(output["lastError"].as_str().unwrap().contains("check the application and the stream key"), "{output}");
}

#[test]
fn a_stream_over_tls_goes_to_servers_whose_certificate_is_trusted() {
    let server = NodeMediaServer::start();
    let url = format!("rtmps://localhost:{}/live/{KEY}?{}", server.tls_port, server.signature(KEY));
    let service = Service::start_trusting(&server.trusted(), &variables(&url));
    let output = service.wait_for_output("stream", "started");
    assert_eq!(output["url"], format!("rtmps://localhost:{}/live/***", server.tls_port));
    assert_plays_at(&server.url(KEY), SIZE);
    drop(service);

    let service = Service::start(&variables(&url), &[]);
    let output = service.wait_for_output("stream", "reconnecting");
    assert!(output["lastError"].as_str().unwrap().contains("certificate"), "{output}");
}

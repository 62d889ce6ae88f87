//! Outputs that do not get what they need, a thread or the address of a host, or break down by a fault of their own: they say so, cost
//! nothing but themselves, and go on as soon as they can.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/program.rs"]
mod program;
#[path = "support/rtmp_server.rs"]
mod rtmp_server;
#[path = "support/service.rs"]
mod service;
#[path = "support/test_card.rs"]
mod test_card;

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    process::Command,
    time::Duration,
};

use process::{free_port, wait_for};
use program::Show;
use rtmp_server::RtmpServer;
use serde_json::json;
use service::{PATIENCE, Service};
use stream_manager::{
    engine::{OutputErrorKind, OutputState, StreamFormat},
    output::{Destination, EncoderSettings, Hwaccel, ReconnectPolicy},
};
use test_card::test_card;

const OUTPUTS: &str = "/api/stream/outputs";
const FORMAT: StreamFormat = StreamFormat { width: 160, height: 90, fps: 30 };
const SMALL: (&str, &str) = ("STREAM_RESOLUTION", "320x180");

#[test]
fn outputs_for_which_there_are_no_threads_say_so_and_go_on_when_there_are() {
    let mut server = RtmpServer::start();
    let url = server.url("key");
    let variables = [
        SMALL,
        ("STREAM_URL", url.as_str()),
        ("MUXER_OUTPUTS", "show.mkv,hls/index.m3u8"),
        ("MUXER_RETRY_DELAY", "200ms"),
        ("STREAM_KEYFRAME_INTERVAL", "500ms"),
    ];
    let refused = Service::started_with_threads(16, &variables);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("error: ") && told.contains("--pids-limit") && !told.contains("panicked"), "{told}");
    let mut service = Service::start_limitable(&variables);
    let outputs = ["stream", "output-1", "output-2"];
    for output in outputs {
        service.wait_for_output(output, "started");
    }
    service.allow_threads(Some(1));
    server.kill();
    for output in ["output-1", "output-2"] {
        service.send("POST", &format!("{OUTPUTS}/{output}/stop"), &json!(null)).expect(200);
        service.send("POST", &format!("{OUTPUTS}/{output}/start"), &json!(null)).expect(200);
    }
    for output in outputs {
        wait_for(&format!("`{output}` to say what it lacks"), PATIENCE, || {
            let status = service.output(output);
            let error = status["lastError"].as_str().unwrap_or_default();
            let is_told = error.contains("no more threads") && error.contains("--pids-limit");
            (is_told && status["lastErrorKind"] == "internal" && status["state"] == "reconnecting").then_some(())
        });
        let health = service.json("/health/ready").to_string();
        assert!(health.contains(&format!("the output `{output}` has been off air")), "{health}");
    }
    server.restart();
    let added = service.send("POST", OUTPUTS, &json!({ "id": "another", "url": "another.mkv" })).expect(503).text();
    assert!(added.contains("no more threads"), "{added}");
    assert!(!service.status().to_string().contains("another"), "what could not be added is not there");
    service.allow_threads(None);
    for output in outputs {
        service.wait_for_output(output, "started");
    }
    service.send("POST", OUTPUTS, &json!({ "id": "another", "url": "another.mkv" })).expect(201);
    let size = || fs::metadata(service.folder.path().join("show-2.mkv")).map_or(0, |about| about.len());
    let before = size();
    wait_for("the recording to go on", PATIENCE, || (size() > before + 20_000).then_some(()));
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
    assert!(!service.log().contains("panicked"), "{}", service.log());
}

#[test]
fn an_output_that_breaks_down_is_told_and_goes_on_and_costs_the_others_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = RtmpServer::start();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().parse::<Destination>().unwrap();
    let hls = Destination::Hls { folder: folder.path().join("hls") };
    let outputs = [
        ("file", file("show.mkv")),
        ("rtmp", server.url("key").parse().unwrap()),
        ("hls", hls),
        ("good", file("good.mkv")),
    ];
    let settings =
        EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_millis(500), ..Default::default() };
    let soon = Duration::from_millis(50);
    let policy = ReconnectPolicy { first: soon, longest: soon, ..Default::default() };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let mut show = Show::start_with(FORMAT, settings, &outputs, policy, cards);
    for (id, _) in &outputs {
        show.wait_for_state(id, OutputState::Started);
    }
    for id in ["file", "rtmp", "hls"] {
        for times in 1..=2 {
            let before = show.told(id).len();
            show.break_output(id);
            let failed = wait_for("the fault to be told", PATIENCE, || {
                show.told(id)[before..].iter().find(|status| status.state == OutputState::Failed).cloned()
            });
            assert_eq!(failed.last_error_kind, Some(OutputErrorKind::Internal), "{failed:?}");
            let error = failed.last_error.unwrap();
            assert!(error.contains("broke down") && error.contains("a fault was injected"), "{error}");
            let status = show.wait_for_state(id, OutputState::Started);
            assert!(status.reconnects >= times && status.errors >= times, "{status:?}");
        }
    }
    assert!(folder.path().join("show-3.mkv").exists(), "it goes on in another file each time");
    // One that is told to stop stays stopped, and begins when it is told to.
    let before = show.told("file").len();
    show.break_output("file");
    wait_for("the fault", PATIENCE, || {
        show.told("file")[before..].iter().any(|status| status.state == OutputState::Failed).then_some(())
    });
    show.control().stop("file").unwrap();
    show.wait_for_state("file", OutputState::Stopped);
    show.control().start("file").unwrap();
    show.wait_for_state("file", OutputState::Started);
    show.control().remove("rtmp").unwrap();
    wait_for("it to be gone", PATIENCE, || show.removed.lock().unwrap().contains(&"rtmp".to_owned()).then_some(()));
    assert!(show.shutdown());
    let good = show.told("good");
    assert!(good.iter().all(|status| status.last_error.is_none() && status.dropped_frames == 0), "{good:?}");
}

#[test]
fn a_name_server_that_does_not_answer_holds_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    // What looks for names there waits until somebody has written it.
    let hosts = folder.path().join("hosts");
    assert!(Command::new("mkfifo").arg(&hosts).status().unwrap().success());
    let variables = [SMALL, ("MUXER_OUTPUTS", "show.mkv"), ("MUXER_RETRY_DELAY", "100ms")];
    let mut service = Service::start_with_file_over("/etc/hosts", &hosts, &variables);
    service.wait_for_output("output-1", "started");
    let port = free_port();
    for id in ["stopped", "removed", "answered"] {
        service.send("POST", OUTPUTS, &json!({ "id": id, "url": format!("srt://{id}.example:{port}") })).expect(201);
        service.wait_for_output(id, "starting");
    }
    service.send("POST", &format!("{OUTPUTS}/stopped/stop"), &json!(null)).expect(200);
    service.wait_for_output("stopped", "stopped");
    service.send("DELETE", &format!("{OUTPUTS}/removed"), &json!(null)).expect(200);
    wait_for("its name to be free", PATIENCE, || {
        let again = json!({ "id": "removed", "url": "again.mkv" });
        (service.send("POST", OUTPUTS, &again).status == 201).then_some(())
    });
    service.wait_for_output("removed", "started");
    let status = wait_for("the answer to be taken", PATIENCE, || {
        // There is nobody to write to while nobody asks.
        let asked = File::options().write(true).custom_flags(libc::O_NONBLOCK).open(&hosts);
        let _ = asked
            .and_then(|mut asked| asked.write_all(b"127.0.0.1 stopped.example removed.example answered.example\n"));
        Some(service.output("answered")).filter(|status| status["state"] == "reconnecting")
    });
    let error = status["lastError"].as_str().unwrap();
    // Of several who ask at once one gets the answer, and to the others there is none of that name.
    let answers = ["does a program listen there", "no host of this name is known"];
    assert!(error.contains("answered.example") && answers.iter().any(|answer| error.contains(answer)), "{error}");
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
}

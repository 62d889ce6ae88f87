//! The stream reaches a real program that listens for SRT, encrypted, and comes back when that was gone.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/ffprobe.rs"]
mod ffprobe;
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
    net::UdpSocket,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use ffprobe::{probe, stream};
use process::{ChildGuard, wait_for};
use program::Show;
use scenes::card;
use service::Service;
use stream_manager::{
    engine::{OutputErrorKind, OutputState, StreamFormat},
    output::{EncoderSettings, Hwaccel, ReconnectPolicy},
};
use test_card::test_card;
use viewer::{assert_without_a_gap, times};

const PASSPHRASE: &str = "a-secret-of-some-length";
const FORMAT: StreamFormat = StreamFormat { width: 320, height: 180, fps: 30 };
const LONG: Duration = Duration::from_secs(30);

/// ffmpeg, which listens, expects this passphrase, and keeps what comes.
fn listen(port: u16, file: &Path, passphrase: Option<&str>) -> ChildGuard {
    let mut command = Command::new("ffmpeg");
    let passphrase = passphrase.map_or_else(String::new, |passphrase| format!("&passphrase={passphrase}"));
    let url = format!("srt://127.0.0.1:{port}?mode=listener{passphrase}");
    command.args(["-v", "error", "-y", "-i", &url, "-c", "copy", "-flush_packets", "1", "-f", "matroska"]);
    command.args(["-cluster_time_limit", "500"]).arg(file).stdin(Stdio::null()).stdout(Stdio::null());
    ChildGuard::start(&mut command)
}

fn end(mut listener: ChildGuard) {
    let id = listener.0.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
    wait_for("ffmpeg to finish its file", LONG, || listener.0.try_wait().unwrap());
}

#[test]
fn a_listener_that_is_back_gets_the_stream_before_the_next_attempt_is_due() {
    let folder = tempfile::tempdir().unwrap();
    let port = UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let url = format!("srt://127.0.0.1:{port}?passphrase={PASSPHRASE}");
    // Longer than anything is waited for here.
    let policy = ReconnectPolicy { first: LONG * 4, longest: LONG * 4, ..ReconnectPolicy::default() };
    let settings = EncoderSettings { hwaccel: Hwaccel::None, ..Default::default() };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let mut show = Show::start_with(FORMAT, settings, &[("srt", url.parse().unwrap())], policy, cards);
    for name in ["first.mkv", "second.mkv"] {
        show.wait_for_state("srt", OutputState::Reconnecting);
        // It is looked for, and is not there.
        let deaf = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        deaf.set_read_timeout(Some(LONG)).unwrap();
        let mut packet = [0; 1500];
        // What a caller sends has another number of its socket.
        while packet[40..44] != [0, 0, 0, 1] {
            deaf.recv(&mut packet).unwrap();
        }
        drop(deaf);
        let file = folder.path().join(name);
        let listener = listen(port, &file, Some(PASSPHRASE));
        show.wait_for_state("srt", OutputState::Started);
        wait_for("frames to arrive", LONG, || (times(&file).len() > 30).then_some(()));
        end(listener);
    }
    assert!(show.shutdown());
}

#[test]
fn a_listener_gets_every_frame_with_its_sound_and_again_after_it_was_gone() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first.mkv", "second.mkv"].map(|name| folder.path().join(name));
    let port = UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let url = format!("srt://127.0.0.1:{port}?passphrase={PASSPHRASE}&streamid=publish");
    let wrong = format!("srt://127.0.0.1:{port}?passphrase=another-secret-than-that");
    let without = format!("srt://127.0.0.1:{port}");
    let policy = ReconnectPolicy { first: Duration::from_millis(100), ..ReconnectPolicy::default() };
    let policy = ReconnectPolicy { longest: Duration::from_millis(200), ..policy };
    let settings =
        EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() };
    let outputs =
        [("srt", url.parse().unwrap()), ("file", folder.path().join("show.mkv").to_str().unwrap().parse().unwrap())];
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let mut show = Show::start_with(FORMAT, settings, &outputs, policy, cards);
    // Nobody listens yet.
    let status = show.wait_for_state("srt", OutputState::Reconnecting);
    assert_eq!(status.last_error_kind, Some(OutputErrorKind::Network), "{status:?}");
    assert!(
        status.last_error.as_deref().is_some_and(|error| error.contains("does a program listen there")),
        "{status:?}"
    );

    for file in [&first, &second] {
        let listener = listen(port, file, Some(PASSPHRASE));
        show.wait_for_state("srt", OutputState::Started);
        wait_for("frames to arrive", LONG, || (times(file).len() > 60).then_some(()));
        end(listener);
        show.wait_for_state("srt", OutputState::Reconnecting);
        let probed = probe(file.to_str().unwrap(), &[]).unwrap();
        let (video, audio) = (stream(&probed, "video"), stream(&probed, "audio"));
        assert_eq!((&video["codec_name"], &video["width"]), (&"h264".into(), &320.into()));
        assert_eq!((&audio["codec_name"], &audio["sample_rate"]), (&"aac".into(), &"48000".into()));
        assert_without_a_gap(file, 60, 0);
    }
    assert_eq!(show.status("srt").reconnects, 2);

    // With another passphrase there is no way in, and no use in asking for ever. A listener that wants none asks for none.
    for (url, expected, words) in [
        (&wrong, Some(PASSPHRASE), "the passphrase is not the one"),
        (&without, Some(PASSPHRASE), "one side wants encryption"),
        (&url, None, "one side wants encryption"),
    ] {
        show.control().stop("srt").unwrap();
        show.wait_for_state("srt", OutputState::Stopped);
        let _listener = listen(port, &first, expected);
        show.control().aim("srt", url.parse().unwrap(), None).unwrap();
        let told = show.told("srt").len();
        show.control().start("srt").unwrap();
        let status = show.wait_for_state("srt", OutputState::Failed);
        assert_eq!(status.last_error_kind, Some(OutputErrorKind::Refused), "{status:?}");
        let error = status.last_error.unwrap();
        assert!(error.contains(words) && error.contains("given up after 3 such answers"), "{error}");
        assert!(show.told("srt")[told..].iter().all(|status| status.state != OutputState::Started));
    }
    assert!(show.shutdown());
    let told = show.told("file");
    assert!(told.iter().all(|status| status.last_error.is_none() && status.dropped_frames == 0), "{told:?}");
    assert_without_a_gap(&folder.path().join("show.mkv"), 120, 0);
    let told = format!("{:?}", show.told("srt"));
    assert!(!told.contains(PASSPHRASE) && !told.contains("another-secret"), "{told}");
}

#[test]
fn a_listener_that_vanishes_without_a_word_is_missed_before_the_library_misses_it() {
    let folder = tempfile::tempdir().unwrap();
    let port = UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let url = format!("srt://127.0.0.1:{port}?passphrase={PASSPHRASE}");
    let settings = EncoderSettings { hwaccel: Hwaccel::None, ..Default::default() };
    let mut show = Show::start(FORMAT, settings, &[("srt", url.parse().unwrap())]);
    let file = folder.path().join("show.mkv");
    let listener = listen(port, &file, Some(PASSPHRASE));
    show.wait_for_state("srt", OutputState::Started);
    wait_for("frames to arrive", LONG, || (times(&file).len() > 30).then_some(()));
    let told = show.told("srt").len();
    // Killed, with no chance to take its leave.
    drop(listener);
    let status = wait_for("it to be missed", LONG, || {
        show.told("srt").into_iter().skip(told).find(|status| status.state == OutputState::Reconnecting)
    });
    let error = status.last_error.unwrap();
    assert!(error.contains("it answers no more"), "{error}");
    assert!(show.shutdown());
}

/// Pipelines are on their way down then, and take longer than the service does.
#[test]
fn a_service_whose_listeners_are_away_ends_in_good_order_at_any_moment() {
    // Nobody listens where a socket is that takes nothing.
    let closed = [(); 3].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let [first, others @ ..] =
        closed.each_ref().map(|socket| format!("srt://127.0.0.1:{}", socket.local_addr().unwrap().port()));
    let variables = [
        ("SCENE", "card.jsonc"),
        ("STREAM_RESOLUTION", "320x180"),
        ("STREAM_URL", &first),
        ("MUXER_OUTPUTS", &others.join(",")),
    ];
    for round in 0..8 {
        let mut service = Service::start(&variables, &[("card.jsonc", &card())]);
        service.wait_for_frames(3 + 7 * round);
        service.signal("TERM");
        assert_eq!(service.wait().code(), Some(0), "round {round}");
    }
}

//! The stream reaches a real RTMP server, and comes back after that server was gone.

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
#[path = "support/test_card.rs"]
mod test_card;
#[path = "support/viewer.rs"]
mod viewer;

use std::{net::TcpListener, sync::Arc, time::Duration};

use ffprobe::{decode, probe, psnr, stream};
use process::{free_port, wait_for};
use program::Show;
use rtmp_server::RtmpServer;
use stream_manager::{
    engine::{OutputState, StreamFormat, Transport},
    output::{Destination, EncoderSettings, Hwaccel, Output, ReconnectPolicy, live::LiveStore},
};
use test_card::{noise, packed, test_card};
use viewer::{Watching, assert_plays, packets};

const FORMAT: StreamFormat = StreamFormat { width: 640, height: 360, fps: 30 };
const SIZE: (u32, u32) = (640, 360);
const LONG: Duration = Duration::from_secs(15);

fn settings() -> EncoderSettings {
    EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() }
}

#[test]
fn a_server_that_goes_away_gets_the_stream_again() {
    let mut server = RtmpServer::start();
    let url = server.url("a-secret-key");
    let show = Show::start(FORMAT, settings(), &[("rtmp", url.parse().unwrap())]);
    show.wait_for_state("rtmp", OutputState::Started);
    assert_plays(&server, "a-secret-key", SIZE);

    server.kill();
    let status = show.wait_for_state("rtmp", OutputState::Reconnecting);
    assert!(status.last_error.as_deref().is_some_and(|error| error.contains("127.0.0.1")), "{status:?}");
    wait_for("an attempt that is refused", LONG, || {
        show.status("rtmp").last_error?.contains("refused the connection").then_some(())
    });

    server.restart();
    let status = show.wait_for_state("rtmp", OutputState::Started);
    assert_eq!(status.reconnects, 1);
    assert!(status.dropped_frames > 0);
    assert_plays(&server, "a-secret-key", SIZE);
    assert!(!format!("{:?}", show.told("rtmp")).contains("a-secret-key"));
}

#[test]
fn what_viewers_see_is_what_was_sent() {
    let server = RtmpServer::start();
    let show = Show::start(FORMAT, settings(), &[("rtmp", server.url("key").parse().unwrap())]);
    show.wait_for_state("rtmp", OutputState::Started);
    let seen = decode(&format!("{} live=1", server.url("key")), "yuv420p", &["-frames:v", "40"]);
    let size = FORMAT.width * FORMAT.height * 3 / 2;
    let frames: Vec<_> = seen.chunks_exact(size).collect();
    assert_eq!(frames.len(), 40);
    let cards: Vec<_> = (0..30).map(|number| packed(&test_card(FORMAT.width, FORMAT.height, number))).collect();
    // The first second of an encode at a steady rate is still finding its quality.
    let best: Vec<_> = frames
        .iter()
        .map(|frame| {
            let scores = cards.iter().map(|card| psnr(frame, card)).enumerate();
            scores.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
        })
        .collect();
    for pair in best.windows(2) {
        assert_eq!(pair[1].0, (pair[0].0 + 1) % 30, "frames come one after another: {best:?}");
    }
    assert!(best.iter().all(|(_, psnr)| *psnr > 35.0), "{best:?}");
}

#[test]
fn outputs_that_fail_or_hang_disturb_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = RtmpServer::start();
    // Accepts connections into its backlog, and never says a word.
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let silent_url = format!("rtmp://{}/live/key", silent.local_addr().unwrap());
    let file = folder.path().join("show.mp4");
    let mut show = Show::start(
        FORMAT,
        settings(),
        &[
            ("good", server.url("key").parse().unwrap()),
            ("refused", format!("rtmp://127.0.0.1:{}/live/key", free_port()).parse().unwrap()),
            ("closed", format!("rtmp://127.0.0.1:{}/closed/key", server.port).parse().unwrap()),
            ("unknown", "rtmp://no-such-host.invalid/live/key".parse().unwrap()),
            ("silent", silent_url.parse().unwrap()),
            ("nowhere", "/dev/null/folder/show.mkv".parse().unwrap()),
            ("file", file.to_str().unwrap().parse().unwrap()),
        ],
    );
    show.wait_for_state("good", OutputState::Started);
    show.wait_for_state("file", OutputState::Started);
    assert_plays(&server, "key", SIZE);
    for (id, words) in [
        ("refused", "refused the connection"),
        ("unknown", "no host of this name"),
        ("closed", "check the application and the stream key"),
    ] {
        let error = show.wait_for_state(id, OutputState::Reconnecting).last_error.unwrap();
        assert!(error.contains(words), "{id}: {error}");
    }
    let failed = show.wait_for_state("nowhere", OutputState::Failed).last_error.unwrap();
    assert!(failed.contains("choose another place") && failed.contains("/dev/null/folder"), "{failed}");
    show.wait_for_state("silent", OutputState::Reconnecting);
    assert!(show.shutdown(), "all outputs end");
    for id in ["good", "file"] {
        let status = show.status(id);
        assert_eq!((status.state, status.dropped_frames), (OutputState::Stopped, 0), "{status:?}");
        assert!(show.told(id).iter().all(|status| status.last_error.is_none()), "{:?}", show.told(id));
    }
    let probed = probe(file.to_str().unwrap(), &["-count_frames"]).unwrap();
    let frames: u64 = stream(&probed, "video")["nb_read_frames"].as_str().unwrap().parse().unwrap();
    assert!(frames > 30, "{frames}");
}

#[test]
fn a_server_that_takes_nothing_more_costs_only_its_own_frames() {
    let folder = tempfile::tempdir().unwrap();
    let server = RtmpServer::start();
    let file = folder.path().join("show.mkv");
    // Noise, at a rate that fills the buffers of the network soon.
    let settings = EncoderSettings { bitrate_kbps: 40_000, ..settings() };
    let policy = ReconnectPolicy { stall: Duration::from_secs(2), ..ReconnectPolicy::default() };
    let mut show = Show::start_with(
        FORMAT,
        settings,
        &[("rtmp", server.url("key").parse().unwrap()), ("file", file.to_str().unwrap().parse().unwrap())],
        policy,
        (0..20).map(|seed| noise(FORMAT.width, FORMAT.height, seed)).collect(),
    );
    show.wait_for_state("rtmp", OutputState::Started);
    server.freeze();
    let status = show.wait_for_state("rtmp", OutputState::Reconnecting);
    assert!(status.last_error.as_deref().is_some_and(|error| error.contains("stopped taking data")), "{status:?}");
    server.thaw();
    let status = show.wait_for_state("rtmp", OutputState::Started);
    assert!(status.dropped_frames > 0, "{status:?}");
    assert_plays(&server, "key", SIZE);
    assert!(show.shutdown());
    assert_eq!(show.status("file").dropped_frames, 0);
    assert_eq!(show.status("file").last_error, None);
}

#[test]
fn an_output_goes_on_with_a_key_frame_of_its_own_when_it_has_room_again() {
    let server = RtmpServer::start();
    let settings = EncoderSettings { bitrate_kbps: 6000, ..settings() };
    let policy = ReconnectPolicy { queue_frames: 30, ..ReconnectPolicy::default() };
    let cards = (0..20).map(|seed| noise(FORMAT.width, FORMAT.height, seed)).collect();
    let mut show = Show::start_with(FORMAT, settings, &[("rtmp", server.url("key").parse().unwrap())], policy, cards);
    show.wait_for_state("rtmp", OutputState::Started);
    let mut watching = Watching::start(&server, "key");
    watching.wait_for_frames(30);
    // The next key frame is far away.
    show.set_keyframe_interval(Duration::from_secs(60));
    server.freeze();
    let full = wait_for("a full queue", LONG, || Some(show.status("rtmp")).filter(|status| status.dropped_frames > 5));
    server.thaw();
    wait_for("the stream again", LONG, || (show.status("rtmp").bytes > full.bytes).then_some(()));
    let after = packets(&watching.file(), "v").len();
    watching.wait_for_frames(after + 90);
    watching.end();
    assert!(show.shutdown());
    let status = show.status("rtmp");
    assert_eq!(status.reconnects, 0);
    // Who watches misses the frames that were left out and no other, and sees the next as it should be.
    let frames = packets(&watching.file(), "v");
    let mut missing = 0;
    for pair in frames.windows(2) {
        let apart = ((pair[1].time - pair[0].time) * 30.0).round() as u64;
        assert!(apart == 1 || pair[1].is_key, "{apart} frames from {:?} to {:?}", pair[0], pair[1]);
        missing += apart - 1;
    }
    assert_eq!(missing, status.dropped_frames);
    // No more of the sound is missing than that.
    let sound = packets(&watching.file(), "a");
    let lasts = sound[sound.len() - 1].time - sound[0].time;
    let silent = lasts - (sound.len() - 1) as f64 * 1024.0 / 48_000.0;
    assert!((silent - missing as f64 / 30.0).abs() < 0.1, "{silent} s of sound are missing, and {missing} frames");
}

#[test]
fn a_server_that_stops_reading_is_noticed_soon_however_little_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let server = RtmpServer::start();
    let file = folder.path().join("show.mkv");
    // The buffers of the network take minutes of this.
    let settings = EncoderSettings { bitrate_kbps: 200, ..settings() };
    let policy = ReconnectPolicy { stall: Duration::from_secs(3), ..ReconnectPolicy::default() };
    let [rtmp, file] = [server.url("key"), file.display().to_string()].map(|url| url.parse().unwrap());
    let mut show = Show::start_with(
        FORMAT,
        settings,
        &[("rtmp", rtmp), ("file", file)],
        policy,
        (0..20).map(|seed| noise(FORMAT.width, FORMAT.height, seed)).collect(),
    );
    show.wait_for_state("rtmp", OutputState::Started);
    server.freeze();
    let status = show.wait_for_state("rtmp", OutputState::Reconnecting);
    assert!(status.last_error.as_deref().is_some_and(|error| error.contains("stopped taking data")), "{status:?}");
    assert!(show.told("rtmp").iter().any(|status| status.is_stalled), "{:?}", show.told("rtmp"));
    server.thaw();
    show.wait_for_state("rtmp", OutputState::Started);
    assert_plays(&server, "key", SIZE);
    assert!(show.shutdown());
    assert_eq!((show.status("file").dropped_frames, show.status("file").last_error), (0, None));
}

#[test]
fn an_encoder_that_fails_is_started_again_and_the_outputs_go_on() {
    let store = Arc::new(LiveStore::new());
    // Now and then a frame that is wider than x264 can make them.
    let mut cards: Vec<_> = (0..45).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    cards.push(test_card(16_400, 2, 0));
    let live = ("live", Destination::Live { store: Arc::clone(&store) });
    let policy = ReconnectPolicy { first: Duration::from_millis(100), ..ReconnectPolicy::default() };
    let mut show = Show::start_with(FORMAT, settings(), &[live], policy, cards);
    let failures = || show.events.lock().unwrap().len();
    wait_for("the encoder to fail twice", LONG, || (failures() >= 2).then_some(()));
    let published = store.published();
    wait_for("segments after that", LONG, || (store.published() > published).then_some(()));
    let events = format!("{:?}", show.events.lock().unwrap());
    assert!(events.contains("started again"), "{events}");
    assert_eq!(show.status("live").state, OutputState::Started);
    assert!(show.shutdown());
}

#[test]
fn stopping_finishes_files_and_starting_makes_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut show = Show::start(
        FORMAT,
        settings(),
        &[("mp4", path("show.mp4").parse().unwrap()), ("flv", path("show.flv").parse().unwrap())],
    );
    for name in ["show", "show-2"] {
        if name == "show-2" {
            show.transport.send_replace(Transport::Live);
        }
        for id in ["mp4", "flv"] {
            show.wait_for_state(id, OutputState::Started);
            let before = show.status(id).bytes;
            wait_for("a second to be encoded", LONG, || (show.status(id).bytes > before + 10_000).then_some(()));
        }
        // What a crash would leave behind at some moment plays as well.
        for id in ["mp4", "flv"] {
            let (written, left) = (path(&format!("{name}.{id}")), path(&format!("crash.{id}")));
            wait_for(&format!("an {id} that plays while it is written"), LONG, || {
                std::fs::copy(&written, &left).ok()?;
                let probed = probe(&left, &["-count_frames"]).ok()?;
                let frames = stream(&probed, "video")["nb_read_frames"].as_str()?.parse::<u64>().ok()?;
                (frames >= 30).then_some(())
            });
        }
        show.transport.send_replace(Transport::Stopped);
        for id in ["mp4", "flv"] {
            show.wait_for_state(id, OutputState::Stopped);
            let probed = probe(&path(&format!("{name}.{id}")), &[]).unwrap();
            let start: f64 = probed["format"]["start_time"].as_str().unwrap().parse().unwrap();
            assert!(start < 1.0, "each file begins at its own beginning, not at {start}");
            assert!(probed["format"]["duration"].as_str().unwrap().parse::<f64>().unwrap() > 0.5);
        }
    }
    assert!(show.shutdown());
}

#[test]
fn what_is_stopped_before_a_server_has_taken_it_has_nothing_to_wait_for() {
    let server = RtmpServer::start();
    // Accepts connections into its backlog, and never says a word.
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let urls = [("good", server.url("key")), ("silent", format!("rtmp://{}/live/key", silent.local_addr().unwrap()))];
    let mut show = Show::start(FORMAT, settings(), &[]);
    let add = |show: &Show, id: &str, url: &str| {
        let (destination, policy) = (url.parse().unwrap(), ReconnectPolicy::default());
        let output = Output { destination, policy, is_enabled: true, min_bitrate: None, rendition: None };
        show.control().add(id, output).unwrap();
    };
    for (id, url) in &urls {
        add(&show, id, url);
        show.control().remove(id).unwrap();
        wait_for("it to be gone", LONG, || show.removed.lock().unwrap().iter().any(|gone| gone == id).then_some(()));
    }
    add(&show, "connecting", &urls[1].1);
    show.wait_for_state("connecting", OutputState::Starting);
    let _held = silent.accept().unwrap();
    show.control().stop("connecting").unwrap();
    show.wait_for_state("connecting", OutputState::Stopped);
    assert!(show.shutdown());
    for id in ["good", "silent", "connecting"] {
        assert!(show.told(id).iter().all(|status| status.last_error.is_none()), "{:?}", show.told(id));
    }
}

#[test]
fn a_server_that_is_back_gets_the_stream_before_the_wait_is_over() {
    let mut server = RtmpServer::start();
    server.kill();
    let wait = Duration::from_secs(60);
    let policy = ReconnectPolicy { first: wait, longest: wait, ..ReconnectPolicy::default() };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let outputs = [("rtmp", server.url("key").parse().unwrap())];
    let show = Show::start_with(FORMAT, settings(), &outputs, policy, cards);
    let away = show.wait_for_state("rtmp", OutputState::Reconnecting);
    assert!(away.last_error.is_some_and(|error| error.contains("refused the connection")));
    server.restart();
    show.wait_for_state("rtmp", OutputState::Started);
    assert_eq!(show.status("rtmp").dropped_frames, 0, "nobody has missed what came before");
    assert_plays(&server, "key", SIZE);
}

#[test]
fn key_frames_are_made_for_servers_that_are_there() {
    let server = RtmpServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("show.mkv");
    let soon = Duration::from_millis(20);
    let policy = ReconnectPolicy { first: soon, longest: soon, ..ReconnectPolicy::default() };
    let settings = EncoderSettings { keyframe_interval: Duration::from_secs(60), ..settings() };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let outputs = [("file", file.to_str().unwrap().parse().unwrap())];
    let mut show = Show::start_with(FORMAT, settings, &outputs, policy, cards);
    show.wait_for_state("file", OutputState::Started);
    let absent = format!("rtmp://127.0.0.1:{}/live/key", free_port());
    for (id, url) in [("absent", &absent), ("good", &server.url("key"))] {
        let destination = url.parse().unwrap();
        let output = Output { destination, policy, is_enabled: true, min_bitrate: None, rendition: None };
        show.control().add(id, output).unwrap();
    }
    show.wait_for_state("good", OutputState::Started);
    wait_for("many attempts", LONG, || (show.status("absent").errors >= 10).then_some(()));
    assert_eq!(show.status("absent").dropped_frames, 0);
    assert!(show.shutdown());
    let probed = probe(file.to_str().unwrap(), &["-select_streams", "v", "-show_packets"]).unwrap();
    let packets = probed["packets"].as_array().unwrap();
    let keys = packets.iter().filter(|packet| packet["flags"].as_str().unwrap().starts_with('K')).count();
    assert!(keys <= 3, "{keys} key frames");
}

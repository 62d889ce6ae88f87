//! The bitrate follows a link that is too slow, and comes back when it is not.

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
#[path = "support/slow_link.rs"]
mod slow_link;
#[path = "support/test_card.rs"]
mod test_card;

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use process::{ChildGuard, wait_for};
use program::Show;
use rtmp_server::RtmpServer;
use slow_link::{SlowLink, SlowPackets};
use stream_manager::{
    engine::{OutputState, OutputStatus, StreamEvent, StreamFormat},
    output::{AdaptivePace, Destination, EncoderSettings, Hwaccel, Output, ReconnectPolicy},
};
use test_card::noise;

const FORMAT: StreamFormat = StreamFormat { width: 320, height: 180, fps: 30 };
const LONG: Duration = Duration::from_secs(90);
const FULL: u32 = 6000;
const LEAST: u32 = 500;

/// The bitrates that were told, in order.
fn told(show: &Show) -> Vec<u32> {
    let events = show.events.lock().unwrap();
    let bitrate = |event: &StreamEvent| match event {
        StreamEvent::Bitrate { kbps, full, output } => {
            assert_eq!((*full, output.as_deref()), (FULL, Some("stream")));
            Some(*kbps)
        }
        _ => None,
    };
    events.iter().filter_map(bitrate).collect()
}

/// A stream of noise, which takes all bits that it is given, to this address, with a bitrate that follows the link.
fn follow(url: &str) -> Show {
    let settings = EncoderSettings {
        hwaccel: Hwaccel::None,
        keyframe_interval: Duration::from_secs(1),
        bitrate_kbps: FULL,
        pace: AdaptivePace { settle: Duration::from_millis(700), calm: Duration::from_secs(1) },
        ..Default::default()
    };
    let cards = (0..20).map(|seed| noise(FORMAT.width, FORMAT.height, seed)).collect();
    let policy = ReconnectPolicy::default();
    let show = Show::start_with(FORMAT, settings, &[], policy, cards);
    let destination: Destination = url.parse().unwrap();
    let output = Output { destination, policy, is_enabled: true, min_bitrate: Some(LEAST), rendition: None };
    show.control().add("stream", output).unwrap();
    show.wait_for_state("stream", OutputState::Started);
    wait_for("the full bitrate", LONG, || (show.encoder()?.bitrate > 4500.0).then_some(()));
    assert_eq!(told(&show), [0; 0]);
    show
}

/// Waits until what is sent fits through so many kbit/s.
fn wait_until_it_fits(show: &Show, kbps: u32) {
    let lowered = wait_for("a bitrate that the link takes", LONG, || {
        let status = show.encoder()?;
        let fits = status.target_bitrate < kbps && status.bitrate < f64::from(kbps);
        (fits && show.status("stream").queued_frames <= 3).then_some(status)
    });
    assert!(lowered.target_bitrate >= LEAST && lowered.full_bitrate == FULL, "{lowered:?}");
    assert_eq!(show.status("stream").reconnects, 0);
}

fn wait_for_full(show: &mut Show) {
    wait_for("the full bitrate again", LONG, || (show.encoder()?.target_bitrate == FULL).then_some(()));
    let bitrates = told(show);
    assert_eq!(bitrates.last(), Some(&FULL), "{bitrates:?}");
    assert!(show.shutdown());
    assert_eq!(show.status("stream").reconnects, 0);
}

#[test]
fn the_bitrate_follows_a_slow_link_before_the_queue_grows_and_comes_back() {
    let server = RtmpServer::start();
    let link = SlowLink::to(server.port);
    let mut show = follow(&format!("rtmp://127.0.0.1:{}/live/key", link.port));
    // Less than half of it.
    link.set_kbps(2500);
    wait_for("a step", LONG, || (!told(&show).is_empty()).then_some(()));
    // What waits does so in the system yet, and there it is seen.
    let longest = show.told("stream").into_iter().map(|status| status.queued_frames).max();
    assert!(longest <= Some(10), "{longest:?} frames waited before anything was done");
    wait_for("that to be told", LONG, || {
        let waits = |status: &OutputStatus| status.link_delay > 0.3 && status.queued_frames <= 3;
        show.told("stream").iter().any(waits).then_some(())
    });
    wait_until_it_fits(&show, 2500);
    link.set_kbps(1_000_000);
    // Who is to get more than that gets it at once.
    show.control().set_min_bitrate("stream", Some(4000)).unwrap();
    wait_for("the least bitrate", LONG, || told(&show).contains(&4000).then_some(()));
    wait_for_full(&mut show);
}

#[test]
fn the_bitrate_follows_a_slow_link_that_loses_what_it_does_not_take() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut listener = Command::new("ffmpeg");
    listener.args(["-v", "fatal", "-y", "-i", &format!("srt://127.0.0.1:{port}?mode=listener"), "-c", "copy", "-f"]);
    listener.arg("matroska").arg(folder.path().join("show.mkv")).stdin(Stdio::null()).stdout(Stdio::null());
    let _listener = ChildGuard::start(&mut listener);
    let link = SlowPackets::to(port);
    let mut show = follow(&format!("srt://127.0.0.1:{}", link.port));
    link.set_kbps(3500);
    wait_until_it_fits(&show, 3500);
    assert_eq!(told(&show).first(), Some(&4500), "one step at a time, since nobody knows what it takes");
    link.set_kbps(1_000_000);
    wait_for_full(&mut show);
}

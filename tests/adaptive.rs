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

use std::time::Duration;

use process::wait_for;
use program::Show;
use rtmp_server::RtmpServer;
use slow_link::SlowLink;
use stream_manager::{
    engine::{OutputState, StreamEvent, StreamFormat},
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

#[test]
fn the_bitrate_follows_a_slow_link_and_comes_back() {
    let server = RtmpServer::start();
    let link = SlowLink::to(server.port);
    let settings = EncoderSettings {
        hwaccel: Hwaccel::None,
        keyframe_interval: Duration::from_secs(1),
        bitrate_kbps: FULL,
        pace: AdaptivePace { settle: Duration::from_millis(700), calm: Duration::from_secs(1) },
        ..Default::default()
    };
    // Noise takes all bits that it is given.
    let cards = (0..20).map(|seed| noise(FORMAT.width, FORMAT.height, seed)).collect();
    let policy = ReconnectPolicy::default();
    let mut show = Show::start_with(FORMAT, settings, &[], policy, cards);
    let url = format!("rtmp://127.0.0.1:{}/live/key", link.port);
    let destination = Destination::Rtmp { url: url.parse().unwrap() };
    let output = Output { destination, policy, is_enabled: true, min_bitrate: Some(LEAST), rendition: None };
    show.control().add("stream", output).unwrap();
    show.wait_for_state("stream", OutputState::Started);
    wait_for("the full bitrate", LONG, || (show.encoder()?.bitrate > 4500.0).then_some(()));
    assert_eq!(told(&show), [0; 0]);

    // Less than half of it.
    link.set_kbps(2500);
    let lowered = wait_for("a bitrate that the link takes", LONG, || {
        let status = show.encoder()?;
        let fits = status.target_bitrate < 2400 && status.bitrate < 2500.0 && show.status("stream").queued_frames <= 3;
        fits.then_some(status)
    });
    assert!(lowered.target_bitrate >= LEAST && lowered.full_bitrate == FULL, "{lowered:?}");
    assert_eq!(told(&show).first(), Some(&4500), "one step at a time");
    assert_eq!(show.status("stream").reconnects, 0);

    link.set_kbps(1_000_000);
    wait_for("the full bitrate again", LONG, || (show.encoder()?.target_bitrate == FULL).then_some(()));
    let bitrates = told(&show);
    assert_eq!(bitrates.last(), Some(&FULL), "{bitrates:?}");
    assert!(show.shutdown());
    assert_eq!(show.status("stream").reconnects, 0);
}

//! A destination behind a slow and lossy link gets the stream, and the others do not notice.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/far_link.rs"]
mod far_link;
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

use std::time::Duration;

use far_link::{Distance, FarLink};
use program::Show;
use rtmp_server::RtmpServer;
use stream_manager::{
    engine::{OutputState, StreamFormat},
    output::{Destination, EncoderSettings, Hwaccel, ReconnectPolicy},
};
use test_card::test_card;
use viewer::{Watching, assert_without_a_gap};

const FORMAT: StreamFormat = StreamFormat { width: 320, height: 180, fps: 30 };

#[test]
fn two_hundred_milliseconds_and_five_lost_packets_in_a_hundred_cost_nobody_a_frame() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("show.mkv");
    let (near, far) = (RtmpServer::start(), RtmpServer::start());
    let link = FarLink::start(far.port, Distance { delay: Duration::from_millis(100), lost: 5, ..Default::default() });
    let outputs: Vec<(&str, Destination)> = [
        ("near", near.url("near")),
        ("file", file.to_str().unwrap().to_owned()),
        ("far", format!("rtmp://127.0.0.1:{}/live/far", link.port)),
    ]
    .map(|(id, url)| (id, url.parse().unwrap()))
    .into();
    let settings = EncoderSettings {
        hwaccel: Hwaccel::None,
        bitrate_kbps: 500,
        keyframe_interval: Duration::from_secs(1),
        ..Default::default()
    };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let policy = ReconnectPolicy { stall: Duration::from_secs(2), ..ReconnectPolicy::default() };
    let mut show = Show::start_with(FORMAT, settings, &outputs, policy, cards);
    for id in ["near", "file", "far"] {
        show.wait_for_state(id, OutputState::Started);
    }
    let mut watching = [Watching::start(&near, "near"), Watching::start(&far, "far")];
    for viewer in &watching {
        viewer.wait_for_frames(240);
    }
    let lost = link.lost();
    watching.iter_mut().for_each(Watching::end);
    assert!(show.shutdown());
    assert!(lost > 5, "{lost} packets were lost");
    for id in ["near", "file", "far"] {
        let told = show.told(id);
        assert!(told.iter().all(|status| status.last_error.is_none() && status.dropped_frames == 0), "{told:?}");
        assert!(told.iter().all(|status| !status.is_stalled), "what is slow moves: {told:?}");
    }
    for viewer in &watching {
        assert_without_a_gap(&viewer.file(), 240, 0);
    }
    assert_without_a_gap(&file, 240, 0);
}

//! A destination behind a slow and lossy link gets the stream, and the others do not notice.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/far_link.rs"]
mod far_link;
#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/netem.rs"]
mod netem;
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

use std::{path::Path, time::Duration};

use far_link::{Distance, FarLink};
use netem::Netem;
use program::Show;
use rtmp_server::RtmpServer;
use stream_manager::{
    engine::{OutputState, StreamFormat},
    output::{Destination, EncoderSettings, Hwaccel, ReconnectPolicy},
};
use test_card::test_card;
use viewer::{Watching, assert_whole, assert_without_a_gap};

const FORMAT: StreamFormat = StreamFormat { width: 320, height: 180, fps: 30 };

/// Outputs to a server nearby, into a file, and to one far away, all on air.
fn start(near: &RtmpServer, file: &Path, far: &str, bitrate_kbps: u32) -> Show {
    let outputs: Vec<(&str, Destination)> =
        [("near", near.url("near").as_str()), ("file", file.to_str().unwrap()), ("far", far)]
            .map(|(id, url)| (id, url.parse().unwrap()))
            .into();
    let settings = EncoderSettings {
        hwaccel: Hwaccel::None,
        bitrate_kbps,
        keyframe_interval: Duration::from_secs(1),
        ..Default::default()
    };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let policy = ReconnectPolicy { stall: Duration::from_secs(2), ..ReconnectPolicy::default() };
    let show = Show::start_with(FORMAT, settings, &outputs, policy, cards);
    for id in ["near", "file", "far"] {
        show.wait_for_state(id, OutputState::Started);
    }
    show
}

/// These outputs have left out no frame, and nothing was wrong with them.
#[track_caller]
fn assert_undisturbed(show: &Show, ids: &[&str]) {
    for id in ids {
        let told = show.told(id);
        assert!(told.iter().all(|status| status.last_error.is_none() && status.dropped_frames == 0), "{told:?}");
        assert!(told.iter().all(|status| !status.is_stalled), "what is slow moves: {told:?}");
    }
}

#[test]
fn two_hundred_milliseconds_and_five_lost_packets_in_a_hundred_cost_nobody_a_frame() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("show.mkv");
    let (near, far) = (RtmpServer::start(), RtmpServer::start());
    let link = FarLink::start(far.port, Distance { delay: Duration::from_millis(100), lost: 5, ..Default::default() });
    let mut show = start(&near, &file, &format!("rtmp://127.0.0.1:{}/live/far", link.port), 500);
    let mut watching = [Watching::start(&near, "near"), Watching::start(&far, "far")];
    for viewer in &watching {
        viewer.wait_for_frames(240);
    }
    let lost = link.lost();
    watching.iter_mut().for_each(Watching::end);
    assert!(show.shutdown());
    assert!(lost > 5, "{lost} packets were lost");
    assert_undisturbed(&show, &["near", "file", "far"]);
    for viewer in &watching {
        assert_whole(&viewer.file(), 240, 0, 30);
    }
    assert_without_a_gap(&file, 240, 0);
}

/// The same where the system loses the packets, and its own TCP sends them again. It is not known how much gets through then:
/// what counts is that nobody else loses a frame.
#[test]
fn a_link_that_the_system_makes_slow_and_lossy_costs_nobody_else_a_frame() {
    let link = match Netem::start(Duration::from_millis(200), 5) {
        Ok(link) => link,
        Err(why) => return println!("left out, and told with a link of the test's own only: {why}"),
    };
    println!("by `tc netem` in a network namespace");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("show.mkv");
    let (near, far) = (RtmpServer::start(), RtmpServer::start_at(link.address, &link.inside()));
    let mut show = start(&near, &file, &far.url("far"), 100);
    let mut watching = [Watching::start(&near, "near"), Watching::start_by(&link.inside(), &far.url("far"))];
    for (viewer, frames) in watching.iter().zip([240, 60]) {
        viewer.wait_for_frames(frames);
    }
    let lost = link.lost();
    watching.iter_mut().for_each(Watching::end);
    assert!(show.shutdown());
    assert!(lost > 5, "{lost} packets were lost");
    assert_undisturbed(&show, &["near", "file"]);
    assert_whole(&watching[0].file(), 240, 0, 30);
    assert_without_a_gap(&file, 240, 0);
}

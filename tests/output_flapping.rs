//! A destination that takes the stream and is lost again, over and over, costs neither memory nor the others anything, and one
//! whose host has not answered gets the stream when it does.

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
#[path = "support/vanishing.rs"]
mod vanishing;
#[path = "support/viewer.rs"]
mod viewer;

use std::{fs, time::Duration};

use far_link::{Distance, FarLink};
use process::wait_for;
use program::Show;
use rtmp_server::RtmpServer;
use stream_manager::{
    engine::{OutputState, StreamFormat},
    output::{Destination, EncoderSettings, Hwaccel, ReconnectPolicy},
};
use test_card::{noise, test_card};
use vanishing::{Vanished, asks_in_vain, connected_to};
use viewer::assert_without_a_gap;

const FORMAT: StreamFormat = StreamFormat { width: 160, height: 90, fps: 30 };

/// How often the destination is lost: `RECONNECTS`, or few times, so that the tests take no longer than they must.
fn reconnects() -> u64 {
    std::env::var("RECONNECTS").ok().and_then(|reconnects| reconnects.parse().ok()).unwrap_or(60)
}

/// Resident memory of this process in bytes, and descriptors that it has open.
fn held() -> (u64, usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    (kilobytes << 10, fs::read_dir("/proc/self/fd").unwrap().count())
}

#[test]
fn a_flapping_destination_costs_no_memory_and_no_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("show.mkv");
    let server = RtmpServer::start();
    let link = FarLink::start(server.port, Distance { breaks_after: Some(20_000), ..Default::default() });
    let outputs: Vec<(&str, Destination)> =
        [("flapping", format!("rtmp://127.0.0.1:{}/live/flapping", link.port)), ("file", file.display().to_string())]
            .map(|(id, url)| (id, url.parse().unwrap()))
            .into();
    let soon = Duration::from_millis(1);
    let policy = ReconnectPolicy { first: soon, longest: soon, ..ReconnectPolicy::default() };
    let settings =
        EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_millis(200), ..Default::default() };
    let cards = (0..30).map(|number| noise(FORMAT.width, FORMAT.height, number)).collect();
    let mut show = Show::start_with(FORMAT, settings, &outputs, policy, cards);
    let all = reconnects();
    let mut settled = (0, 0);
    for part in [all / 3, all] {
        let mut came = 0;
        while came < part {
            came = wait_for("the destination to be lost again", Duration::from_secs(20), || {
                show.forget();
                Some(link.came()).filter(|now| *now > came)
            });
        }
        if part < all {
            settled = held();
        }
    }
    let lost = link.came();
    let (memory, descriptors) = held();
    println!(
        "{lost} losses: {} MiB, {} MiB after a third; {descriptors} descriptors, {} after a third",
        memory >> 20,
        settled.0 >> 20,
        settled.1
    );
    // A connection that comes or goes in this moment has a few, here on both of its ends.
    assert!(descriptors < settled.1 + 20, "{descriptors} descriptors, {} after a third", settled.1);
    assert!(memory < settled.0 + (16 << 20), "{} MiB, {} MiB after a third", memory >> 20, settled.0 >> 20);
    assert!(show.shutdown());
    let other = show.told("file");
    assert!(other.iter().all(|status| status.last_error.is_none() && status.dropped_frames == 0), "{other:?}");
    assert_without_a_gap(&file, 60, 0);
}

#[test]
fn a_host_that_is_back_gets_the_stream_although_an_attempt_still_waits_for_it() {
    let server = RtmpServer::start();
    let host = Vanished::new();
    let port = host.port;
    let outputs = [("rtmp", format!("rtmp://127.0.0.1:{port}/live/key").parse().unwrap())];
    let settings =
        EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let show = Show::start_with(FORMAT, settings, &outputs, ReconnectPolicy::default(), cards);
    let hanging = wait_for("an attempt to hang", Duration::from_secs(30), || asks_in_vain(port));
    assert_eq!(show.status("rtmp").state, OutputState::Starting);
    host.come_back(server.port);
    show.wait_for_state("rtmp", OutputState::Started);
    let connected = connected_to(port);
    assert!(!connected.is_empty() && !connected.contains(&hanging), "{connected:?}, and {hanging} was waiting");
    let told = show.told("rtmp");
    assert!(told.iter().all(|status| status.last_error.is_none() && status.dropped_frames == 0), "{told:?}");
}

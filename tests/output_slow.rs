//! Viewers behind a link that is too slow see what it carries: fewer pictures, of which none is old.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/player.rs"]
mod player;
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

use player::{Arrival, Player};
use process::wait_for;
use program::Show;
use rtmp_server::RtmpServer;
use slow_link::SlowLink;
use stream_manager::{
    engine::{OutputState, StreamEvent, StreamFormat},
    output::{Destination, EncoderSettings, Hwaccel, Output, ReconnectPolicy},
};
use test_card::noise;

const FORMAT: StreamFormat = StreamFormat { width: 320, height: 180, fps: 30 };
const FULL: u32 = 3000;
const LEAST: u32 = 200;
/// Kilobits a second of a link that is fast.
const FAST: u64 = 1_000_000;
/// What a link takes for which the stream is six times too much.
const SIXTH: u64 = FULL as u64 / 6;
/// Seconds of the stream that a link stays too slow.
const SLOW: f64 = 24.0;

/// A stream of noise, which takes all bits that it is given, with a viewer nearby and one behind a link.
struct Story {
    show: Show,
    link: SlowLink,
    near: Player,
    far: Player,
    _servers: [RtmpServer; 2],
}

/// What the viewer behind the link has seen of a part of the stream.
#[derive(Debug)]
struct Seen {
    /// The part of its frames.
    share: f64,
    /// The longest time of the stream from one frame to the next, in seconds.
    gap: f64,
    /// By how much a frame that arrived was behind the one that arrived at the viewer nearby, at most; in seconds.
    behind: f64,
}

impl Story {
    /// Goes on air with a fast link, which the bitrate follows down to this one.
    fn start(min_bitrate: Option<u32>) -> Self {
        let servers = [RtmpServer::start(), RtmpServer::start()];
        let link = SlowLink::to(servers[1].port);
        let settings = EncoderSettings { hwaccel: Hwaccel::None, bitrate_kbps: FULL, ..Default::default() };
        let cards = (0..20).map(|seed| noise(FORMAT.width, FORMAT.height, seed)).collect();
        let policy = ReconnectPolicy::default();
        let near: Destination = servers[0].url("near").parse().unwrap();
        let show = Show::start_with(FORMAT, settings, &[("near", near)], policy, cards);
        let destination = format!("rtmp://127.0.0.1:{}/live/far", link.port).parse().unwrap();
        let far = Output { destination, policy, is_enabled: true, min_bitrate, rendition: None };
        show.control().add("far", far).unwrap();
        for id in ["near", "far"] {
            show.wait_for_state(id, OutputState::Started);
        }
        let [near, far] = [("near", 0), ("far", 1)].map(|(key, server)| Player::start(&servers[server].url(key)));
        let story = Self { show, link, near, far, _servers: servers };
        story.far.newest();
        story.pass(3.0);
        story
    }

    /// Lets so many seconds of the stream pass with a link that takes so much. Returns the time at which that began, and the one
    /// at which it was over.
    fn pass_at(&self, kbps: u64, seconds: f64) -> (f64, f64) {
        self.link.set_kbps(kbps);
        self.pass(seconds)
    }

    fn pass(&self, seconds: f64) -> (f64, f64) {
        let now = self.near.newest();
        self.near.wait_for(now + seconds);
        (now, now + seconds)
    }

    /// What the viewer behind the link has seen of this part of the stream.
    fn seen(&self, (from, to): (f64, f64)) -> Seen {
        let (near, far) = (self.near.arrived(), self.far.arrived());
        let part = |frames: &[Arrival]| -> Vec<Arrival> {
            frames.iter().filter(|frame| frame.time >= from && frame.time < to).copied().collect()
        };
        let frames = part(&far);
        // Nobody would know of a picture that stands still to the end otherwise.
        let times: Vec<f64> = [from].into_iter().chain(frames.iter().map(|frame| frame.time)).chain([to]).collect();
        let newest = |at| near.iter().take_while(|near| near.at <= at).last().map_or(0.0, |near| near.time);
        Seen {
            share: frames.len() as f64 / part(&near).len() as f64,
            gap: times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max),
            behind: frames.iter().map(|frame| newest(frame.at) - frame.time).fold(0.0, f64::max),
        }
    }

    /// The bitrates that were told, in order.
    fn bitrates(&self) -> Vec<u32> {
        let events = self.show.events.lock().unwrap();
        let bitrate = |event: &StreamEvent| match event {
            StreamEvent::Bitrate { kbps, .. } => Some(*kbps),
            _ => None,
        };
        events.iter().filter_map(bitrate).collect()
    }

    /// The viewer nearby has missed nothing, and the link was never lost.
    fn end(mut self) {
        let near = self.near.arrived();
        let gap = near.windows(2).map(|pair| pair[1].time - pair[0].time).fold(0.0, f64::max);
        assert!(gap < 0.05, "{gap} s from one frame to the next nearby");
        assert_eq!(self.show.status("near").dropped_frames, 0);
        assert_eq!((self.show.status("far").reconnects, self.show.status("far").errors), (0, 0));
        assert!(self.show.shutdown());
    }
}

#[test]
fn without_another_bitrate_a_slow_link_shows_what_it_carries_and_nothing_old() {
    let story = Story::start(None);
    let slow = story.pass_at(SIXTH, SLOW);
    let again = story.pass_at(FAST, 10.0);
    let seen = story.seen(slow);
    // What waits may last for three seconds, and until it is known how long it does there is more.
    assert!(seen.gap < 8.0 && seen.behind < 8.0 && seen.share > 0.1, "{seen:?}");
    let seen = story.seen((again.0 + 5.0, again.1 - 1.0));
    assert!(seen.share > 0.99 && seen.behind < 1.0, "{seen:?}");
    story.end();
}

#[test]
fn the_bitrate_goes_at_once_to_what_a_slow_link_carries() {
    let story = Story::start(Some(LEAST));
    let slow = story.pass_at(SIXTH, SLOW);
    let bitrates = story.bitrates();
    // Step by step it would take seven. The first may be taken before it is known what the link takes, and the next while
    // what is measured still counts a moment before.
    assert!(bitrates.iter().take(3).any(|kbps| u64::from(*kbps) < SIXTH), "{bitrates:?}");
    story.link.set_kbps(FAST);
    let lowest = bitrates.into_iter().min();
    wait_for("it to rise", Duration::from_secs(60), || (story.bitrates().pop() > lowest).then_some(()));
    let seen = story.seen(slow);
    assert!(seen.gap < 8.0 && seen.behind < 8.0, "{seen:?}");
    let seen = story.seen((slow.0 + 9.0, slow.1));
    assert!(seen.share > 0.99, "the picture moves: {seen:?}");
    story.end();
}

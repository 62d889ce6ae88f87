//! Whatever fails, those who watch stay connected and see a picture: an encoder that fails, stalls or gives nothing is
//! started again within a second, and while nothing is drawn the last picture is sent.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
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

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ffprobe::{decode, probe};
use process::wait_for;
use program::Show;
use rtmp_server::RtmpServer;
use stream_manager::{
    engine::{EncoderState, OutputState, StreamEvent, StreamFormat, Transport},
    output::{Codec, Destination, EncoderFault, EncoderSettings, FileFormat, Hwaccel, Split},
};
use viewer::{Watching, longest_gap, times};

const FORMAT: StreamFormat = StreamFormat { width: 320, height: 180, fps: 30 };
const LONG: Duration = Duration::from_secs(30);
const KEY: &str = "key";

fn settings() -> EncoderSettings {
    EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() }
}

#[test]
fn a_broken_encoder_is_started_again_within_a_second_and_connections_stay() {
    for fault in [EncoderFault::Fails, EncoderFault::Stalls, EncoderFault::Swallows] {
        let server = RtmpServer::start();
        let destination = Destination::Rtmp { url: server.url(KEY).parse().unwrap() };
        let mut show = Show::start(FORMAT, settings(), &[("stream", destination)]);
        show.wait_for_state("stream", OutputState::Started);
        let mut watching = Watching::start(&server, KEY);
        watching.wait_for_frames(30);
        show.break_encoder(fault);
        wait_for("another encoder", LONG, || {
            let encoder = show.encoder()?;
            (encoder.restarts > 0 && encoder.state == EncoderState::Running).then_some(())
        });
        show.wait_for_frames(45);
        let seen = times(&watching.file()).len();
        watching.wait_for_frames(seen + 30);
        watching.end();
        assert!(show.shutdown());
        let encoder = show.encoder().unwrap();
        assert!(encoder.last_error.is_some() && encoder.dropped_frames > 0, "{fault:?}: {encoder:?}");
        let told = show.told("stream");
        assert!(told.iter().all(|status| status.last_error.is_none() && status.reconnects == 0), "{fault:?}: {told:?}");
        // The same viewer saw it all: 0.7 s are missing, where the machine has nothing else to do.
        let gap = longest_gap(&times(&watching.file()));
        assert!(gap < 2.0, "{fault:?}: {gap} s without a frame");
        let errors = show.events.lock().unwrap();
        assert!(errors.iter().any(|event| matches!(event, StreamEvent::Error { .. })), "{fault:?}: {errors:?}");
    }
}

/// Each time, not only the first: how long an encoder is waited for has nothing to do with how long a server is.
#[test]
fn an_encoder_that_breaks_again_and_again_is_missed_for_less_than_a_second_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mkv");
    let format = FileFormat::from_path(&path).unwrap();
    let destination = Destination::File { path: path.clone(), format, split: Split::default() };
    let mut show = Show::start(FORMAT, settings(), &[("file", destination)]);
    show.wait_for_state("file", OutputState::Started);
    for (times, fault) in [EncoderFault::Stalls, EncoderFault::Swallows, EncoderFault::Stalls].into_iter().enumerate() {
        show.wait_for_frames(60);
        show.break_encoder(fault);
        wait_for("another encoder", LONG, || {
            let encoder = show.encoder()?;
            (encoder.restarts > times as u64 && encoder.state == EncoderState::Running).then_some(())
        });
    }
    show.wait_for_frames(30);
    assert!(show.shutdown());
    let times = times(&path);
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 0.3).collect();
    // Frames that could not be given to one that stalls wait here, so that only what is swallowed is surely missed.
    assert!(!gaps.is_empty() && gaps.iter().all(|gap| *gap < 1.0), "{gaps:?} s without a frame");
}

/// Each has threads and pictures that it does not give back.
#[test]
fn encoders_that_hang_one_after_the_other_are_few_until_some_of_them_are_down() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mkv");
    let mut show = Show::start(FORMAT, settings(), &[("file", path.to_str().unwrap().parse().unwrap())]);
    show.wait_for_state("file", OutputState::Started);
    show.wait_for_frames(30);
    let is_over: &AtomicBool = Box::leak(Box::default());
    show.keep_breaking_encoders(Some(EncoderFault::HangsUntil(is_over)));
    let told = wait_for("no other to be started", LONG, || {
        show.encoder().filter(|encoder| encoder.last_error.as_ref().is_some_and(|error| error.contains("too many")))
    });
    assert!(told.restarts >= 3, "{told:?}");
    // Longer than to the next start, however often they failed.
    let lost = wait_for("frames to be lost", LONG, || {
        show.encoder().filter(|encoder| encoder.dropped_frames > told.dropped_frames + 90)
    });
    // None was started, and the watchdog sees that.
    assert_eq!((lost.state, lost.beat), (EncoderState::Restarting, told.beat), "{lost:?}");
    show.keep_breaking_encoders(None);
    is_over.store(true, Ordering::Relaxed);
    wait_for("another encoder", LONG, || (show.encoder()?.state == EncoderState::Running).then_some(()));
    show.wait_for_frames(45);
    assert_ne!(show.encoder().unwrap().beat, told.beat);
    assert!(show.shutdown());
    assert!(times(&path).len() > 75, "{} frames", times(&path).len());
}

/// Whatever its end waits for, all others end with it.
#[test]
fn an_encoder_that_hangs_holds_up_neither_a_stop_nor_the_end() {
    for is_sound in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("show.mkv");
        let mut show = Show::start(FORMAT, settings(), &[("file", path.to_str().unwrap().parse().unwrap())]);
        let hang = |show: &Show| {
            show.wait_for_frames(45);
            if is_sound {
                show.break_sound_encoder(EncoderFault::Hangs);
            } else {
                show.break_encoder(EncoderFault::Hangs);
            }
            show.wait_until_broken();
        };
        show.wait_for_state("file", OutputState::Started);
        hang(&show);
        show.transport.send_replace(Transport::Stopped);
        show.wait_for_state("file", OutputState::Stopped);
        show.transport.send_replace(Transport::Live);
        show.wait_for_state("file", OutputState::Started);
        hang(&show);
        assert!(show.shutdown(), "sound: {is_sound}");
        for name in ["show.mkv", "show-2.mkv"] {
            let probed = probe(folder.path().join(name).to_str().unwrap(), &["-show_format"]).unwrap();
            let duration: Option<f64> = probed["format"]["duration"].as_str().and_then(|it| it.parse().ok());
            assert!(duration.is_some_and(|seconds| seconds > 1.0), "sound: {is_sound}: {name} has no end: {probed}");
        }
    }
}

#[test]
fn while_nothing_is_drawn_the_last_picture_is_sent_with_sound() {
    for (codec, name) in [(Codec::H264, "show.mp4"), (Codec::Vp8, "show.mkv")] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let format = FileFormat::from_path(&path).unwrap();
        let destination = Destination::File { path: path.clone(), format, split: Split::default() };
        let mut show = Show::start(FORMAT, EncoderSettings { codec, ..settings() }, &[("file", destination)]);
        show.wait_for_state("file", OutputState::Started);
        show.wait_for_frames(20);
        show.draw(false);
        wait_for("repeated frames", LONG, || (show.encoder()?.repeated_frames >= 60).then_some(()));
        show.draw(true);
        show.wait_for_frames(30);
        assert!(show.shutdown());
        assert_eq!(show.encoder().unwrap().restarts, 0);
        let told = show.events.lock().unwrap();
        let held = told.iter().any(
            |event| matches!(event, StreamEvent::Error { message } if message.contains("the last picture is sent")),
        );
        assert!(held, "{told:?}");
        let times = times(&path);
        let gap = longest_gap(&times);
        // Half a second, where the machine has nothing else to do.
        assert!(gap < 1.5, "{gap} s without a frame");
        assert!(times.len() >= 100, "{} frames", times.len());
        // As long as the pictures.
        let probed = probe(path.to_str().unwrap(), &["-show_packets", "-select_streams", "a"]).unwrap();
        let packets = probed["packets"].as_array().unwrap();
        let heard: f64 = packets.last().unwrap()["pts_time"].as_str().unwrap().parse().unwrap();
        assert!((heard - times.last().unwrap()).abs() < 0.1, "{heard} s of sound, {:?} of pictures", times.last());
        // What is repeated is what was seen last.
        let pictures = decode(path.to_str().unwrap(), "gray", &[]);
        let pictures: Vec<&[u8]> = pictures.chunks_exact(FORMAT.width * FORMAT.height).collect();
        let bar = |picture: &[u8]| picture[140 * 320..141 * 320].iter().position(|luma| *luma > 230);
        let still = pictures.windows(2).filter(|pair| bar(pair[0]) == bar(pair[1])).count();
        assert!(still >= 55, "{still} of {} pictures are repeated", pictures.len());
    }
}

#[test]
fn after_a_while_without_a_picture_the_slate_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mp4");
    let format = FileFormat::from_path(&path).unwrap();
    let destination = Destination::File { path: path.clone(), format, split: Split::default() };
    let slate = {
        let mut slate = systems::Frame::new(FORMAT.width, FORMAT.height);
        slate.planes_mut().0.fill(100);
        let slate = Arc::new(slate);
        Arc::new(move |width, height| {
            assert_eq!((width, height), (FORMAT.width, FORMAT.height));
            Some(Arc::clone(&slate))
        })
    };
    let mut show = Show::start_with_slate(FORMAT, settings(), &[("file", destination)], slate);
    show.wait_for_state("file", OutputState::Started);
    show.wait_for_frames(20);
    show.draw(false);
    wait_for("the slate", LONG, || {
        let told = show.events.lock().unwrap();
        let is_slate =
            |event: &StreamEvent| matches!(event, StreamEvent::Error { message } if message.contains("slate"));
        told.iter().any(is_slate).then_some(())
    });
    let has_slate = |show: &Show| show.encoder().is_some_and(|encoder| encoder.has_slate);
    wait_for("that to be told", LONG, || has_slate(&show).then_some(()));
    show.wait_for_frames(40);
    show.draw(true);
    show.wait_for_frames(40);
    assert!(!has_slate(&show));
    assert!(show.shutdown());
    let pictures = decode(path.to_str().unwrap(), "gray", &[]);
    let pictures: Vec<&[u8]> = pictures.chunks_exact(FORMAT.width * FORMAT.height).collect();
    // Away from the edges, and whichever range the luma is decoded to.
    let is_even = |picture: &&[u8]| {
        let middle = &picture[60 * 320..120 * 320];
        middle.iter().all(|luma| luma.abs_diff(middle[0]) < 6)
    };
    let first = pictures.iter().position(is_even).expect("the slate is seen");
    let shown = pictures[first..].iter().take_while(|picture| is_even(picture)).count();
    assert!(first > 200 && shown >= 30, "{shown} of {} pictures are the slate, from {first} on", pictures.len());
    assert!(pictures[first + shown..].len() >= 30, "what is drawn is seen again");
}

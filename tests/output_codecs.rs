//! Every codec in every file that takes it, and key frames at the distance that is asked for.

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

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use ffprobe::{decode, probe, psnr, stream};
use process::wait_for;
use program::Show;
use stream_manager::{
    engine::{OutputState, StreamEvent, StreamFormat},
    output::{AudioCodec, AudioSettings, Codec, Destination, EncoderFault, EncoderSettings, Hwaccel, ReconnectPolicy},
};
use test_card::{packed, test_card};
use viewer::{assert_without_a_gap, times};

const FORMAT: StreamFormat = StreamFormat { width: 320, height: 180, fps: 30 };
/// What is said of an encoder that was broken, and when the machine has no time for us.
const EXPECTED: [&str; 3] = ["a fault was injected", "no frame was drawn for", "the encoder did nothing for"];
const LONG: Duration = Duration::from_secs(30);

fn settings(codec: Codec, audio: AudioCodec) -> EncoderSettings {
    EncoderSettings {
        codec,
        hwaccel: Hwaccel::None,
        keyframe_interval: Duration::from_secs(1),
        audio: Some(AudioSettings { codec: audio, bitrate_kbps: 96 }),
        ..Default::default()
    }
}

/// When each key frame of a file is shown, in whole frames.
fn key_frames(file: &Path) -> Vec<i64> {
    let entries = ["-select_streams", "v", "-show_entries", "packet=pts_time,flags"];
    let probed = probe(file.to_str().unwrap(), &entries).unwrap();
    let packets = probed["packets"].as_array().unwrap().iter();
    let keys = packets.filter(|packet| packet["flags"].as_str().unwrap().starts_with('K'));
    keys.map(|packet| (packet["pts_time"].as_str().unwrap().parse::<f64>().unwrap() * 30.0).round() as i64).collect()
}

/// A file with each of these endings, and an output into each, named by it.
fn recordings<'a>(folder: &Path, endings: &[&'a str]) -> (Vec<PathBuf>, Vec<(&'a str, Destination)>) {
    let files: Vec<PathBuf> = endings.iter().map(|ending| folder.join(format!("show.{ending}"))).collect();
    let into = |file: &PathBuf| file.to_str().unwrap().parse().unwrap();
    let outputs = endings.iter().zip(&files).map(|(ending, file)| (*ending, into(file))).collect();
    (files, outputs)
}

#[test]
fn every_codec_goes_into_the_files_that_take_it() {
    for (codec, name, audio, sound, endings) in [
        (Codec::Vp8, "vp8", AudioCodec::Opus, "opus", &["webm", "mkv"][..]),
        (Codec::Vp9, "vp9", AudioCodec::Opus, "opus", &["webm", "mkv"][..]),
        (Codec::H264, "h264", AudioCodec::Opus, "opus", &["mkv"][..]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (files, outputs) = recordings(folder.path(), endings);
        let mut show = Show::start(FORMAT, settings(codec, audio), &outputs);
        for ending in endings {
            show.wait_for_state(ending, OutputState::Started);
        }
        wait_for("three seconds", LONG, || (times(files.last().unwrap()).len() > 90).then_some(()));
        show.set_bitrate(500);
        wait_for("another second", LONG, || (times(files.last().unwrap()).len() > 120).then_some(()));
        assert!(show.shutdown());
        assert!(show.events.lock().unwrap().is_empty(), "{:?}", show.events.lock().unwrap());
        for file in &files {
            assert_without_a_gap(file, 120, 0);
            let probed = probe(file.to_str().unwrap(), &[]).unwrap();
            assert_eq!(stream(&probed, "video")["codec_name"], name, "{}", file.display());
            assert_eq!(stream(&probed, "audio")["codec_name"], sound, "{}", file.display());
            let keys = key_frames(file);
            assert!(keys.windows(2).all(|pair| pair[1] - pair[0] <= 30), "{}: {keys:?}", file.display());
            let decoded = decode(file.to_str().unwrap(), "yuv420p", &["-frames:v", "40"]);
            let size = FORMAT.width * FORMAT.height * 3 / 2;
            let last = decoded.chunks_exact(size).nth(39).unwrap();
            let best = (0..30).map(|number| psnr(last, &packed(&test_card(FORMAT.width, FORMAT.height, number))));
            let best = best.fold(0.0, f64::max);
            assert!(best > 30.0, "{}: {best:.1} dB", file.display());
        }
    }
}

/// Whether the file tells of an encoder that began after its first `seen` bytes: x264 writes its settings once.
fn has_begun_after(file: &Path, seen: usize) -> bool {
    let bytes = std::fs::read(file).unwrap();
    bytes[seen..].windows(11).any(|words| words == b"x264 - core")
}

#[test]
fn a_recording_goes_on_when_the_distance_of_key_frames_changes_and_has_them_where_they_should_be() {
    for (codec, audio, endings) in [
        (Codec::H264, AudioCodec::Aac, &["mkv", "mp4"][..]),
        (Codec::Vp8, AudioCodec::Opus, &["mkv", "webm"]),
        (Codec::Vp9, AudioCodec::Opus, &["webm"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (files, outputs) = recordings(folder.path(), endings);
        let mut show = Show::start(FORMAT, settings(codec, audio), &outputs);
        let wait = |frames: usize| {
            wait_for("so many frames", LONG, || files.iter().all(|file| times(file).len() > frames).then_some(()));
        };
        wait(100);
        let seen: Vec<usize> = files.iter().map(|file| std::fs::read(file).unwrap().len()).collect();
        show.set_keyframe_interval(Duration::from_millis(300));
        wait(220);
        assert!(show.shutdown());
        assert!(show.events.lock().unwrap().is_empty(), "{:?}", show.events.lock().unwrap());
        let there = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(there, files.len(), "nothing goes on in another file");
        for (file, seen) in files.iter().zip(seen) {
            assert_without_a_gap(file, 220, 0);
            assert!(!has_begun_after(file, seen), "{}: the encoder was made anew", file.display());
            let keys = key_frames(file);
            let apart: Vec<i64> = keys.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let change = apart.iter().rposition(|frames| *frames == 30).unwrap();
            // Outputs that begin ask for key frames of their own; one at most is in between then.
            assert!(apart[..=change].iter().filter(|frames| **frames == 30).count() >= 2, "{codec:?}: {apart:?}");
            let new = &apart[(change + 2).min(apart.len())..];
            assert!(new.len() >= 6 && new.iter().all(|frames| *frames == 9), "{codec:?}: {apart:?}");
        }
    }
}

/// When each packet of sound of a file is heard, in seconds, in the order of the file.
fn sound_times(file: &Path) -> Vec<f64> {
    let entries = ["-select_streams", "a", "-show_entries", "packet=pts_time"];
    let probed = probe(file.to_str().unwrap(), &entries).unwrap();
    let packets = probed["packets"].as_array().unwrap().iter();
    packets.map(|packet| packet["pts_time"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn the_sound_goes_on_as_if_nothing_had_happened_when_the_pictures_get_another_encoder() {
    const CHANGES: u64 = 12;
    let folder = tempfile::tempdir().unwrap();
    let endings = ["mkv", "mp4", "flv"];
    let (files, outputs) = recordings(folder.path(), &endings);
    // No disk is so slow that anything would be left out, and each encoder is there at once.
    let soon = Duration::from_millis(20);
    let policy = ReconnectPolicy { queue_frames: 10_000, first: soon, longest: soon, ..ReconnectPolicy::default() };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let mut show = Show::start_with(FORMAT, settings(Codec::H264, AudioCodec::Aac), &outputs, policy, cards);
    for ending in endings {
        show.wait_for_state(ending, OutputState::Started);
    }
    for change in 1..=CHANGES {
        show.break_encoder(EncoderFault::Fails);
        let before = wait_for("another encoder", LONG, || {
            show.encoder().filter(|encoder| encoder.restarts >= change).map(|encoder| encoder.frames)
        });
        wait_for("some frames", LONG, || (show.encoder()?.frames > before + 10).then_some(()));
    }
    assert!(show.shutdown());
    // The frames that the encoder held are lost. The sound goes on all the same.
    let events = show.events.lock().unwrap();
    let is_expected = |event: &StreamEvent| matches!(event, StreamEvent::Error { message } if EXPECTED.iter().any(|words| message.contains(words)));
    assert!(events.iter().all(is_expected), "{events:?}");
    // Samples of a packet of AAC; what begins the first and fills up the last are less than two of them.
    let block = 1024.0 / 48_000.0;
    for file in &files {
        assert_without_a_gap(file, 10 * CHANGES as usize, u64::MAX);
        // An encoder of its own each time, with a key frame at its beginning.
        assert!(key_frames(file).len() as u64 > CHANGES, "{}", file.display());
        let sound = sound_times(file);
        // Times of Matroska and FLV are whole milliseconds. Only the first block may have begun before the file.
        let uneven = sound[1..].windows(2).find(|pair| (pair[1] - pair[0] - block).abs() > 0.002);
        assert_eq!(uneven, None, "{}", file.display());
        let shown = times(file);
        let pictures = shown[shown.len() - 1] - shown[0] + 1.0 / 30.0;
        let longer = sound.len() as f64 * block - pictures;
        assert!((-block..4.0 * block).contains(&longer), "{}: sound is {longer} s longer", file.display());
    }
}

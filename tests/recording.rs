//! Recordings: split by time and by size, whole but for the last second when the service is killed, and thumbnails.

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
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/service.rs"]
mod service;
#[path = "support/test_card.rs"]
mod test_card;
#[path = "support/viewer.rs"]
mod viewer;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use ffprobe::{decode, probe, stream};
use process::wait_for;
use program::Show;
use scenes::card;
use serde_json::json;
use service::Service;
use stream_manager::{
    engine::{OutputErrorKind, OutputState, StreamFormat},
    output::{Codec, Destination, EncoderSettings, FileFormat, Hwaccel, ReconnectPolicy, Split, Thumbnails},
};
use test_card::{PATCHES, noise};
use viewer::{assert_without_a_gap, times};

const FORMAT: StreamFormat = StreamFormat { width: 320, height: 180, fps: 30 };
const LONG: Duration = Duration::from_secs(30);
/// Bytes after which the files that are split by size end.
const MOST: u64 = 400_000;
const PATH: &str = "/api/stream/outputs";

fn settings() -> EncoderSettings {
    EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() }
}

/// The files of a recording that there are, in order.
fn files(folder: &Path, name: &str, ending: &str) -> Vec<PathBuf> {
    let name_of = |number| if number == 1 { format!("{name}.{ending}") } else { format!("{name}-{number}.{ending}") };
    (1..).map(|number| folder.join(name_of(number))).take_while(|file| file.exists()).collect()
}

#[test]
fn what_is_removed_while_it_is_written_goes_on_as_soon_as_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let (files, hls, pictures) = (place("files"), place("hls"), place("pictures"));
    // No folder can be made where a file is.
    std::fs::write(place("taken"), "a file").unwrap();
    let wrong = place("taken").join("show.mkv");
    let thumbnails = Thumbnails { every: Duration::from_millis(200), width: 64, keep: None };
    let outputs = [
        ("file", files.join("show.mkv").to_str().unwrap().parse().unwrap()),
        ("hls", hls.join("index.m3u8").to_str().unwrap().parse().unwrap()),
        ("pictures", Destination::Thumbnails { path: pictures.join("shot.jpg"), settings: thumbnails }),
        ("wrong", wrong.to_str().unwrap().parse().unwrap()),
    ];
    let soon = Duration::from_millis(20);
    let policy = ReconnectPolicy { first: soon, longest: soon, ..ReconnectPolicy::default() };
    let cards = (0..20).map(|seed| noise(FORMAT.width, FORMAT.height, seed)).collect();
    let mut show = Show::start_with(FORMAT, settings(), &outputs, policy, cards);
    let ids = ["file", "hls", "pictures"];
    for id in ids {
        show.wait_for_state(id, OutputState::Started);
    }
    // What could never be written to is a wrong place, and not tried for ever.
    let status = show.wait_for_state("wrong", OutputState::Failed);
    assert_eq!((status.last_error_kind, status.bitrate), (Some(OutputErrorKind::Storage), 0.0));
    assert!(
        status.last_error.as_ref().is_some_and(|error| error.contains("a part of the path is a file")),
        "{status:?}"
    );

    for folder in [&files, &hls, &pictures] {
        wait_for("it to be removed", LONG, || std::fs::remove_dir_all(folder).ok());
    }
    for id in ids {
        let lost = wait_for(&format!("`{id}` to notice"), LONG, || {
            show.told(id).into_iter().find(|status| status.state == OutputState::Reconnecting)
        });
        assert_eq!(lost.last_error_kind, Some(OutputErrorKind::Storage), "{lost:?}");
        assert!(lost.last_error.unwrap().contains("goes on as soon as that is possible"));
    }
    // Their folders are made anew.
    for id in ids {
        wait_for(&format!("`{id}` to go on"), LONG, || {
            let status = show.status(id);
            (status.state == OutputState::Started && status.reconnects > 0).then_some(())
        });
    }
    for file in [hls.join("index.m3u8"), pictures.join("shot-000001.jpg")] {
        wait_for(&format!("{}", file.display()), LONG, || file.exists().then_some(()));
    }
    // The file alone is removed, and not its folder.
    std::fs::remove_file(files.join("show.mkv")).unwrap();
    wait_for("another file", LONG, || (show.status("file").reconnects > 1).then_some(()));
    assert!(show.shutdown());
    assert_without_a_gap(&files.join("show.mkv"), 1, 0);
}

#[test]
fn a_recording_has_each_frame_from_the_first_to_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["show.mkv", "show.mp4", "show.flv"].map(|name| folder.path().join(name));
    let outputs: Vec<(&str, Destination)> = ["mkv", "mp4", "flv"]
        .into_iter()
        .zip(&files)
        .map(|(id, file)| (id, file.to_str().unwrap().parse().unwrap()))
        .collect();
    // An engine that is late leaves some out.
    let (first, last) = (7, 97);
    let ticks: Vec<u64> = (first..=last).filter(|tick| ![8, 40, 41, 96].contains(tick)).collect();
    let show = Show::of_ticks(FORMAT, settings(), &outputs, ticks.clone());
    for (id, file) in ["mkv", "mp4", "flv"].into_iter().zip(&files) {
        // The end of the frames is that of the recording.
        wait_for("it to begin", LONG, || {
            show.told(id).iter().any(|told| told.state == OutputState::Started).then_some(())
        });
        let told = show.wait_for_state(id, OutputState::Stopped);
        assert_eq!((told.dropped_frames, told.last_error), (0, None), "{id}");
        let shown: Vec<u64> = times(file).iter().map(|time| first + (time * 30.0).round() as u64).collect();
        assert_eq!(shown, ticks, "{id}");
    }
}

#[test]
fn a_recording_is_split_by_time_and_by_size_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let to = |name: &str, format, split| Destination::File { path: folder.join(name), format, split };
    let every = Split { every: Some(Duration::from_millis(1500)), bytes: None };
    let most = Split { every: None, bytes: Some(MOST) };
    let outputs = [
        ("time", to("time.mkv", FileFormat::Mkv, every)),
        ("size", to("size.mp4", FileFormat::Mp4, most)),
        ("whole", to("whole.mkv", FileFormat::Mkv, Split::default())),
    ];
    // Noise, so that each second takes as many bytes as the next.
    let settings = EncoderSettings { bitrate_kbps: 1600, ..settings() };
    let cards = (0..20).map(|seed| noise(FORMAT.width, FORMAT.height, seed)).collect();
    let mut show = Show::start_with(FORMAT, settings, &outputs, ReconnectPolicy::default(), cards);
    let kinds = [("time", "mkv"), ("size", "mp4")];
    wait_for("some files", LONG, || {
        kinds.iter().all(|(name, ending)| files(folder, name, ending).len() >= 5).then_some(())
    });
    assert!(show.shutdown());
    for id in ["time", "size", "whole"] {
        let told = show.told(id);
        assert!(told.iter().all(|status| status.last_error.is_none() && status.dropped_frames == 0), "{told:?}");
        assert_eq!(show.status(id).state, OutputState::Stopped);
    }
    let whole = times(&folder.join("whole.mkv")).len();
    for (name, ending) in kinds {
        let files = files(folder, name, ending);
        let mut frames = 0;
        for (index, file) in files.iter().enumerate() {
            assert_without_a_gap(file, 1, 0);
            let (count, is_last) = (times(file).len(), index + 1 == files.len());
            frames += count;
            let probed = probe(file.to_str().unwrap(), &[]).unwrap();
            assert_eq!(stream(&probed, "audio")["codec_name"], "aac");
            let start: f64 = probed["format"]["start_time"].as_str().unwrap().parse().unwrap();
            assert!(start < 0.1, "{}: begins at {start}", file.display());
            // The first may have been opened between two key frames; then one was made for it.
            if name == "time" && !is_last && index > 0 {
                assert!((45..=75).contains(&count), "{}: {count} frames", file.display());
            }
            let size = std::fs::metadata(file).unwrap().len();
            if name == "size" && !is_last {
                assert!(size >= MOST, "{}: {size} bytes", file.display());
            }
        }
        // Each begins at a key frame of its own, the first of which may not be that of the others.
        assert!(frames.abs_diff(whole) <= 30, "{name}: {frames} of {whole} frames");
    }
}

#[test]
fn a_recording_plays_but_for_the_last_second_when_the_service_is_killed() {
    let variables = [("SCENE", "card.jsonc"), ("STREAM_RESOLUTION", "320x180"), ("MUXER_OUTPUTS", "show.mkv,show.mp4")];
    let mut service = Service::start(&variables, &[("card.jsonc", &card())]);
    for output in ["output-1", "output-2"] {
        service.wait_for_output(output, "started");
    }
    let begun = service.frame_count();
    service.wait_for_frames(150);
    let before = service.frame_count() - begun;
    service.kill();
    for name in ["show.mkv", "show.mp4"] {
        let file = service.folder.path().join(name);
        let seen = times(&file).len() as u64;
        assert!(seen + 30 >= before, "{name}: {seen} frames of at least {before}");
        // Whatever is in there can be decoded, sound and all.
        let pictures = decode(file.to_str().unwrap(), "gray", &[]).len() as u64 / (320 * 180);
        assert!(pictures + 1 >= seen, "{name}: {pictures} pictures of {seen} frames");
        let probed = probe(file.to_str().unwrap(), &["-show_packets", "-select_streams", "a"]).unwrap();
        let sound = probed["packets"].as_array().unwrap().len() as f64 * 1024.0 / 48_000.0;
        assert!(sound + 1.0 >= before as f64 / 30.0, "{name}: {sound} s of sound");
    }
}

#[test]
fn thumbnails_show_the_stream_and_the_newest_stay() {
    for codec in [Codec::H264, Codec::Vp8, Codec::Vp9] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("show.jpg");
        let thumbnails = Thumbnails { every: Duration::from_secs(1), width: 160, keep: Some(2) };
        let to = Destination::Thumbnails { path: path.clone(), settings: thumbnails };
        let mut show = Show::start(FORMAT, EncoderSettings { codec, ..settings() }, &[("thumbs", to)]);
        let file = |number: u32| folder.path().join(format!("show-{number:06}.jpg"));
        wait_for("some thumbnails", LONG, || file(3).exists().then_some(()));
        wait_for("its name to be told", LONG, || {
            let name = file(3).display().to_string();
            show.told("thumbs").iter().any(|status| status.url == name).then_some(())
        });
        assert_eq!(show.status("thumbs").state, OutputState::Started);
        assert!(show.shutdown());
        let left: Vec<u32> = (1..20).filter(|number| file(*number).exists()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        let picture = image::open(file(left[0])).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (160, 90));
        for (index, expected) in (0..).zip(PATCHES) {
            let shown = picture.get_pixel(index * 20 + 10, 20).0;
            let off = (0..3).map(|channel| shown[channel].abs_diff(expected[channel])).max().unwrap();
            assert!(off <= 12, "{codec:?}: patch {index} is {shown:?}, should be {expected:?}");
        }
    }
}

#[test]
fn pictures_of_others_stay_and_those_of_an_earlier_run_make_way() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let file = |number: u32| place(&format!("show-{number:06}.jpg"));
    let run = || {
        let thumbnails = Thumbnails { every: Duration::from_secs(1), width: 160, keep: Some(2) };
        let to = Destination::Thumbnails { path: place("show.jpg"), settings: thumbnails };
        Show::start(FORMAT, settings(), &[("thumbs", to)])
    };
    let foreign = ["show-000003.jpg", "show-000041.jpg", "show-000043.jpg", ".show-000044.jpg.part", "show-1.jpg"];
    let later = "show-000048.jpg";
    let put = |name: &str| std::fs::write(place(name), format!("{name} of somebody else")).unwrap();
    foreign.into_iter().for_each(put);
    let mut show = run();
    // What somebody writes is not written over.
    wait_for("the first behind those that are there", LONG, || file(45).exists().then_some(()));
    put(later);
    wait_for("one behind that", LONG, || file(49).exists().then_some(()));
    assert!(show.shutdown());
    drop(show);
    let of_others = || {
        for name in foreign.into_iter().chain([later]) {
            let text = std::fs::read_to_string(place(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(text, format!("{name} of somebody else"));
        }
    };
    of_others();
    let own = || -> Vec<u32> { (44..100).filter(|number| *number != 48 && file(*number).exists()).collect() };
    let before = own();
    assert_eq!(before.len(), 2, "{before:?}");
    // One that somebody has changed is theirs.
    let changed = file(before[0]);
    std::fs::write(&changed, [std::fs::read(&changed).unwrap(), b"+".to_vec()].concat()).unwrap();
    let mut show = run();
    wait_for("three more", LONG, || file(before[1] + 3).exists().then_some(()));
    assert!(show.shutdown());
    of_others();
    let after = own();
    assert_eq!((after.len(), after[0]), (3, before[0]), "{before:?}, then {after:?}");
}

#[test]
fn splits_and_thumbnails_are_set_over_the_api() {
    let variables = [("SCENE", "card.jsonc"), ("STREAM_RESOLUTION", "320x180"), ("STREAM_KEYFRAME_INTERVAL", "500ms")];
    let mut service = Service::start(&variables, &[("card.jsonc", &card())]);
    let folder = service.folder.path().to_owned();
    let recording = json!({ "id": "recording", "url": "show.mkv", "split": { "seconds": 1 } });
    service.send("POST", PATH, &recording).expect(201);
    let thumbnails = json!({ "id": "thumbs", "url": "show.jpg", "thumbnails": { "seconds": 1, "width": 64 } });
    service.send("POST", PATH, &thumbnails).expect(201);
    wait_for("three files", LONG, || (files(&folder, "show", "mkv").len() >= 3).then_some(()));
    let second = folder.join("show-000002.jpg");
    wait_for("two thumbnails", LONG, || second.exists().then_some(()));
    assert_eq!(image::image_dimensions(&second).unwrap(), (64, 36));
    // The rest goes into one file.
    service.send("PATCH", &format!("{PATH}/recording"), &json!({ "split": null })).expect(200);
    let shown = service.json(&format!("{PATH}/recording"));
    assert_eq!(shown.get("split"), None, "{shown}");
    service.wait_for_output("recording", "started");
    let count = files(&folder, "show", "mkv").len();
    service.wait_for_frames(90);
    assert_eq!(files(&folder, "show", "mkv").len(), count);
    // Both are there in the next run.
    service.kill_and_restart(&variables, &[]);
    let shown = service.json(&format!("{PATH}/thumbs"));
    assert_eq!(shown["thumbnails"], json!({ "seconds": 1.0, "width": 64, "keep": null }), "{shown}");
    let before = service.output("thumbs")["url"].clone();
    wait_for("another thumbnail", LONG, || (service.output("thumbs")["url"] != before).then_some(()));
}

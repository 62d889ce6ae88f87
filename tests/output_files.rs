//! What is rendered into a file is what was pushed: every frame, in its colours, for its time.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/test_card.rs"]
mod test_card;

use std::{fs, path::Path, sync::Arc, time::Duration};

use ffprobe::{decode, probe, psnr, stream};
use stream_manager::{
    engine::StreamFormat,
    output::{EncoderSettings, FileFormat, FileWriter, Hwaccel, X264Preset},
};
use systems::Frame;
use test_card::{PATCHES, packed, test_card};

const FRAMES: u64 = 75;
// Neither side is a multiple of 16, and the rows of chroma are padded: wrong strides show.
const FORMAT: StreamFormat = StreamFormat { width: 426, height: 240, fps: 25 };

fn render(path: &Path, format: StreamFormat, frames: u64) {
    let settings =
        EncoderSettings { hwaccel: Hwaccel::None, keyframe_interval: Duration::from_secs(1), ..Default::default() };
    let mut writer = FileWriter::create(path, FileFormat::from_path(path).unwrap(), format, &settings).unwrap();
    for number in 0..frames {
        writer.push(&test_card(format.width, format.height, number)).unwrap();
    }
    assert_eq!(writer.frames(), frames);
    writer.finish().unwrap();
}

fn seconds(value: &serde_json::Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no duration in {value}"))
}

#[test]
fn every_kind_of_file_holds_every_frame_and_sound_of_the_same_length() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["mp4", "mkv", "flv"] {
        let path = folder.path().join(format!("show.{ending}"));
        render(&path, FORMAT, FRAMES);
        let path = path.to_str().unwrap();
        let probed = probe(path, &["-count_frames"]).unwrap();
        let (video, audio) = (stream(&probed, "video"), stream(&probed, "audio"));
        assert_eq!(video["nb_read_frames"], FRAMES.to_string(), "{ending}");
        assert_eq!(video["codec_name"], "h264", "{ending}");
        assert_eq!((&video["width"], &video["height"]), (&426.into(), &240.into()), "{ending}");
        assert_eq!(video["r_frame_rate"], "25/1", "{ending}");
        for (key, value) in [("color_range", "tv"), ("color_space", "bt709"), ("color_primaries", "bt709")] {
            assert_eq!(video[key], value, "{ending} {key}");
        }
        assert_eq!(audio["codec_name"], "aac", "{ending}");
        assert_eq!((&audio["sample_rate"], &audio["channels"]), (&"48000".into(), &2.into()), "{ending}");
        // The length is known to the file itself, to within one packet of sound (21 ms).
        let length = seconds(&probed["format"]["duration"]);
        assert!((length - 3.0).abs() < 0.045, "{ending} lasts {length}");
        if ending == "mp4" {
            assert_eq!(seconds(&video["duration"]), 3.0);
        }
        let packets = probe(path, &["-show_packets", "-select_streams", "a"]).unwrap();
        let packets = packets["packets"].as_array().unwrap();
        let sound = packets.len() as f64 * 1024.0 / 48_000.0;
        assert!((sound - 3.0).abs() < 0.045, "{ending} has {sound} s of sound");
    }
}

#[test]
fn decoded_pictures_are_those_that_were_pushed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mp4");
    render(&path, FORMAT, 30);
    let decoded = decode(path.to_str().unwrap(), "yuv420p", &[]);
    let size = FORMAT.width * FORMAT.height * 3 / 2;
    assert_eq!(decoded.len(), 30 * size);
    for (number, picture) in decoded.chunks_exact(size).enumerate() {
        let psnr = psnr(picture, &packed(&test_card(FORMAT.width, FORMAT.height, number as u64)));
        assert!(psnr > 35.0, "frame {number}: {psnr:.1} dB");
    }
}

/// Waves that pass one another: too much for the bitrate, so that it shows what an encoder makes of it.
fn waves(number: u64) -> Arc<Frame> {
    let mut frame = Frame::new(FORMAT.width, FORMAT.height);
    let (stride, moved) = (frame.y_stride(), number as f64 * 3.0);
    let (luma, u, v) = frame.planes_mut();
    for (y, row) in luma.chunks_exact_mut(stride).enumerate() {
        let y = y as f64;
        for (x, pixel) in row.iter_mut().enumerate() {
            let across = (((x as f64 + moved) * 3.0 + y * y / 40.0) / 9.0).sin();
            *pixel = (128.0 + 70.0 * across * ((y * 2.0 - moved) / 7.0).cos()) as u8;
        }
    }
    u.fill(128);
    v.fill(128);
    Arc::new(frame)
}

#[test]
fn a_slower_preset_makes_better_pictures_of_no_more_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let pictures: Vec<_> = (0..50).map(waves).collect();
    let pushed: Vec<u8> = pictures.iter().flat_map(|picture| packed(picture)).collect();
    let made = [X264Preset::Ultrafast, X264Preset::Veryfast, X264Preset::Medium].map(|preset| {
        let path = folder.path().join(format!("{}.mkv", preset.name()));
        let settings =
            EncoderSettings { hwaccel: Hwaccel::None, preset, bitrate_kbps: 400, audio: None, ..Default::default() };
        let mut writer = FileWriter::create(&path, FileFormat::Mkv, FORMAT, &settings).unwrap();
        for picture in &pictures {
            writer.push(picture).unwrap();
        }
        writer.finish().unwrap();
        let decibels = psnr(&pushed, &decode(path.to_str().unwrap(), "yuv420p", &[]));
        (decibels, fs::metadata(&path).unwrap().len())
    });
    // 28, 36 and 38 dB were measured.
    for pair in made.windows(2) {
        assert!(pair[1].0 > pair[0].0 + 1.0 && pair[1].1 < pair[0].1 + pair[0].1 / 10, "dB and bytes: {made:.1?}");
    }
}

#[test]
fn a_player_shows_the_colours_that_were_meant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mkv");
    render(&path, FORMAT, 10);
    // The player converts by what the stream says of its colours.
    let decoded = decode(path.to_str().unwrap(), "rgb24", &[]);
    let picture = decoded.chunks_exact(FORMAT.width * FORMAT.height * 3).next_back().unwrap();
    for (index, expected) in PATCHES.into_iter().enumerate() {
        let x = (index * 2 + 1) * FORMAT.width / (PATCHES.len() * 2);
        let at = (FORMAT.height / 4 * FORMAT.width + x) * 3;
        let shown = &picture[at..at + 3];
        for channel in 0..3 {
            let off = shown[channel].abs_diff(expected[channel]);
            assert!(off <= 4, "patch {index} is {shown:?}, should be {expected:?}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_written_is_said_to_be_so_with_a_remedy() {
    let settings = EncoderSettings::default();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("folder.mp4")).unwrap();
    for (path, words) in [
        (folder.path().join("nowhere/show.mp4"), "make the folder first"),
        (folder.path().join("folder.mp4"), "this is a folder"),
    ] {
        let error = FileWriter::create(&path, FileFormat::Mp4, FORMAT, &settings).err().unwrap().to_string();
        assert!(error.contains(words) && error.contains(path.to_str().unwrap()), "{error}");
    }
    // A device that is always full.
    let full = Path::new("/dev/full");
    let mut writer = FileWriter::create(full, FileFormat::Mp4, FORMAT, &settings).unwrap();
    let failed = (0..500).find_map(|number| writer.push(&test_card(FORMAT.width, FORMAT.height, number)).err());
    let error = match failed {
        Some(error) => error,
        None => writer.finish().unwrap_err(),
    };
    assert!(error.to_string().contains("the disk is full while writing `/dev/full`"), "{error}");
}

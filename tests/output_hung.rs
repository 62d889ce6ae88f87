//! A folder that stands still, as one over a network does whose server is away, costs what goes there only.

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
#[path = "support/test_card.rs"]
mod test_card;

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use process::wait_for;
use program::Show;
use stream_manager::{
    engine::{OutputErrorKind, OutputState, StreamFormat},
    output::{Destination, EncoderSettings, Hwaccel, Output, ReconnectPolicy},
};
use test_card::test_card;

const FORMAT: StreamFormat = StreamFormat { width: 160, height: 90, fps: 30 };
const LONG: Duration = Duration::from_secs(30);

/// A file that takes nothing of what is written to it until this is dropped.
struct Stuck(PathBuf);

impl Stuck {
    fn at(path: PathBuf) -> Self {
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Self(path)
    }
}

impl Drop for Stuck {
    fn drop(&mut self) {
        // Taken away first, so that what was written to it is not taken for the file that was to be.
        let away = self.0.with_extension("away");
        fs::rename(&self.0, &away).unwrap();
        let mut pipe = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&away).unwrap();
        wait_for("all of it to be read", LONG, || match pipe.read(&mut [0; 65536]) {
            // Nobody writes to it: not yet, or not any more.
            Ok(0) => Some(()),
            Err(error) if error.kind() != ErrorKind::WouldBlock => panic!("{error}"),
            _ => None,
        });
    }
}

/// The number behind the highest in names like this in a folder.
fn next(folder: &Path, head: &str, tail: &str) -> u64 {
    let names = fs::read_dir(folder).unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let numbers = names.filter_map(|name| name.strip_prefix(head)?.strip_suffix(tail)?.parse::<u64>().ok());
    numbers.max().unwrap() + 1
}

#[test]
fn a_folder_that_stands_still_is_noticed_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let hls = folder.path().join("hls");
    let hls_output = Destination::Hls { folder: hls.clone() };
    let file: Destination = folder.path().join("show.mkv").to_str().unwrap().parse().unwrap();
    let outputs = [("hls", hls_output.clone()), ("file", file)];
    let soon = Duration::from_millis(100);
    let policy = ReconnectPolicy { stall: Duration::from_secs(3), first: soon, longest: soon, ..Default::default() };
    let settings = EncoderSettings {
        hwaccel: Hwaccel::None,
        keyframe_interval: Duration::from_secs(1),
        ..EncoderSettings::default()
    };
    let cards = (0..30).map(|number| test_card(FORMAT.width, FORMAT.height, number)).collect();
    let mut show = Show::start_with(FORMAT, settings, &outputs, policy, cards);
    for (id, _) in &outputs {
        show.wait_for_state(id, OutputState::Started);
    }
    let segment = hls.join(format!(".segment-{}.m4s.part", next(&hls, "segment-", ".m4s") + 2));
    let stuck = Stuck::at(segment);
    let lost = show.wait_for_state("hls", OutputState::Reconnecting);
    assert!(lost.last_error.as_ref().is_some_and(|error| error.contains("the disk takes nothing")), "{lost:?}");
    assert_eq!(lost.last_error_kind, Some(OutputErrorKind::Storage), "{lost:?}");
    assert!(show.told("hls").iter().any(|status| status.is_stalled), "{:?}", show.told("hls"));
    // People have their way with it all the same.
    let control = show.control();
    control.stop("hls").unwrap();
    show.wait_for_state("hls", OutputState::Stopped);
    control.start("hls").unwrap();
    show.wait_for_state("hls", OutputState::Reconnecting);
    // What is written goes on when it can.
    drop(stuck);
    show.wait_for_state("hls", OutputState::Started);

    // Taken away while it hangs, its name is free, and the end of all waits for nobody.
    let stuck = Stuck::at(hls.join(format!(".segment-{}.m4s.part", next(&hls, "segment-", ".m4s") + 2)));
    wait_for("the stall", LONG, || show.status("hls").is_stalled.then_some(()));
    control.remove("hls").unwrap();
    wait_for("it to be gone", LONG, || show.removed.lock().unwrap().iter().any(|gone| gone == "hls").then_some(()));
    let destination = Destination::Hls { folder: folder.path().join("other") };
    let other = Output { destination, policy, is_enabled: true, min_bitrate: None, rendition: None };
    control.add("hls", other).unwrap();
    show.wait_for_state("hls", OutputState::Started);
    assert!(show.shutdown());
    let file = show.status("file");
    assert_eq!((file.state, file.dropped_frames, file.errors), (OutputState::Stopped, 0, 0), "{file:?}");
    drop(stuck);
}

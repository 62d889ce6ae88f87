//! A disk that takes nothing any more, and does not say so, costs its own recording only.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/ffprobe.rs"]
mod ffprobe;
#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use ffprobe::probe;
use process::wait_for;
use serde_json::Value;
use service::{PATIENCE, Service};

const FPS: f64 = 30.0;

/// When the frames of a file are shown.
fn times(path: &Path) -> Vec<f64> {
    let probed = probe(path.to_str().unwrap(), &["-show_packets", "-select_streams", "v"]).unwrap();
    let mut times: Vec<f64> = probed["packets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|packet| packet["pts_time"].as_str().unwrap().parse().unwrap())
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// A file system that stands still until this is dropped.
struct Frozen(PathBuf);

impl Frozen {
    fn new(path: PathBuf) -> Self {
        assert!(Command::new("fsfreeze").arg("--freeze").arg(&path).status().unwrap().success());
        Self(path)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = Command::new("fsfreeze").arg("--unfreeze").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_stands_still_stalls_its_own_recording_only() {
    if !Command::new("losetup").arg("--find").output().is_ok_and(|found| found.status.success()) {
        eprintln!("left out: a disk of one's own needs root and loop devices");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    File::create(&image).unwrap().set_len(64 << 20).unwrap();
    assert!(Command::new("mkfs.ext4").arg("-q").arg(&image).status().unwrap().success());
    let variables = [("STREAM_RESOLUTION", "320x180"), ("MUXER_OUTPUTS", "disk/show.mkv,beside.mkv")];
    let service = Service::start_with_disk(folder, "image", &variables);
    for id in ["output-1", "output-2"] {
        service.wait_for_output(id, "started");
    }
    service.wait_for_frames(60);

    let frozen = Frozen::new(service.inside("disk"));
    wait_for("the stall to be noticed", PATIENCE, || (service.output("output-1")["stalled"] == true).then_some(()));
    wait_for("it to be given up", PATIENCE, || (service.output("output-1")["state"] == "reconnecting").then_some(()));
    let told = service.output("output-1");
    assert!(told["lastError"].as_str().unwrap().contains("the disk takes nothing"), "{told}");
    service.wait_for_frames(60);
    drop(frozen);
    service.wait_for_output("output-1", "started");
    let told = service.output("output-1");
    assert!(told["url"].as_str().unwrap().ends_with("disk/show-2.mkv"), "{told}");
    service.wait_for_frames(60);
    for id in ["output-1", "output-2"] {
        service.send("POST", &format!("/api/stream/outputs/{id}/stop"), &Value::Null).expect(200);
        service.wait_for_output(id, "stopped");
    }
    assert_eq!(service.output("output-2")["droppedFrames"], 0);

    let beside = times(&service.folder.path().join("beside.mkv"));
    let longest = beside.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(longest < 1.6 / FPS, "{longest} s between two frames of the other recording");
    for name in ["disk/show.mkv", "disk/show-2.mkv"] {
        let shown = times(&service.inside(name));
        assert!(shown.len() > 50, "{name} has {} frames", shown.len());
    }
}

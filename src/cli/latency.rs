//! `stream-manager latency`

use std::{
    fs, io,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use super::{EXIT_USAGE, LatencyArgs, announce, fail, print, settings, start_logging, stream};
use crate::{
    config,
    output::{
        Destination, ReconnectPolicy,
        latency::{Measured, Measurement, metrics},
        not_writable,
    },
    telemetry::LatencyReport,
};

/// How long the output may take to begin.
const BEGIN: Duration = Duration::from_secs(20);
/// How long the last beat may take to arrive.
const LAST: Duration = Duration::from_secs(5);

/// Sends a picture and a click a second through a real output, plays them back, and tells how long they take and how far
/// they are apart.
#[must_use]
pub fn latency(args: &LatencyArgs) -> ExitCode {
    let settings = match settings(&args.settings) {
        Ok(loaded) => loaded.settings,
        Err(faults) => return fail(faults, EXIT_USAGE),
    };
    let _ = start_logging(&settings, None);
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => return fail(format!("no folder could be made: {error}"), 1),
    };
    let file = folder.path().join("latency.mkv").display().to_string();
    let to = args.to.as_deref().unwrap_or(&file);
    if let Some(Err(why)) = config::Destination::parse(to).map(|known| settings.codecs().fit(&known)) {
        return fail(format!("--to: {why} (STREAM_CODEC and AUDIO_CODEC)"), EXIT_USAGE);
    }
    let destination: Destination = match to.parse() {
        Ok(destination) => destination,
        Err(error) => return fail(format!("--to: {error}"), EXIT_USAGE),
    };
    let service = match args.announce.as_deref().map(|address| announce::service(address, settings.port)).transpose() {
        Ok(service) => service,
        Err(error) => return fail(format!("--announce: {error}"), EXIT_USAGE),
    };
    let format = stream::format(&settings);
    let (encoder, policy) = (stream::encoder(&settings), ReconnectPolicy::default());
    let shown = destination.redacted();
    let measurement = match Measurement::start(format, encoder, destination, policy, BEGIN) {
        Ok(measurement) => measurement,
        Err(error) => return fail(error, 1),
    };
    std::thread::sleep(args.duration);
    let beats = measurement.sent();
    let until = Instant::now() + LAST;
    while Instant::now() < until && measurement.beats().last().is_none_or(|last| (last.number as usize) + 1 < beats) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let arrived = measurement.beats();
    drop(measurement);
    let Some(measured) = Measured::of(&arrived) else {
        return fail(format!("{beats} beats were sent to {shown}, and none came back with its click"), 1);
    };
    if let Some(path) = &args.metrics
        && let Err(error) = write_metrics(path, &measured)
    {
        return fail(not_writable(path, &error), 1);
    }
    if let Some(service) = service {
        let path = format!("/api/stream/latency/{}", args.name);
        let report = serde_json::to_value(report_of(&measured)).unwrap_or_default();
        if let Err(error) = announce::put(&service, &path, &report, settings.api_token.as_ref()) {
            return fail(error, 1);
        }
    }
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let Measured { delay, longest_delay, offset, furthest_offset, beats: seen } = measured;
    print(format!(
        "{shown}: {seen} of {beats} beats arrived\n  drawn to decoded      median {:>7.1} ms, longest {:>7.1} ms\n  sound after \
         picture   median {:>+7.1} ms, furthest {:>+6.1} ms",
        milliseconds(delay),
        milliseconds(longest_delay),
        offset * 1e3,
        furthest_offset * 1e3
    ))
}

/// What a service is told.
fn report_of(measured: &Measured) -> LatencyReport {
    let Measured { beats, delay, longest_delay, offset, furthest_offset } = *measured;
    LatencyReport {
        beats: u32::try_from(beats).unwrap_or(u32::MAX),
        delay: delay.as_secs_f64(),
        longest_delay: longest_delay.as_secs_f64(),
        av_offset: offset,
        furthest_av_offset: furthest_offset,
    }
}

/// Writes the file so that nobody ever reads a part of it.
fn write_metrics(path: &PathBuf, measured: &Measured) -> io::Result<()> {
    let part = path.with_extension("part");
    fs::write(&part, metrics(measured))?;
    fs::rename(&part, path)
}

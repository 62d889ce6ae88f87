//! Sound as ffmpeg decodes it, and what can be measured of it.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::{path::Path, process::Command};

/// Samples a second of what [`listen`] gives.
pub const RATE: f64 = 48_000.0;

/// The left channel of a file or address.
pub fn listen(input: &Path) -> Vec<f32> {
    listen_with(input, &[])
}

/// The same with silence where there is no sound, so that each sample is heard as long after the beginning of the file as its
/// number says.
pub fn listen_in_time(input: &Path) -> Vec<f32> {
    listen_with(input, &["-af", "aresample=async=1:first_pts=0"])
}

fn listen_with(input: &Path, filter: &[&str]) -> Vec<f32> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(input).arg("-vn").args(filter);
    command.args(["-f", "f32le", "-ar", "48000", "-ac", "2", "-"]);
    let output = command.output().expect("ffmpeg is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.chunks_exact(8).map(|both| f32::from_le_bytes(both[..4].try_into().unwrap())).collect()
}

/// The part from one second to another.
pub fn part(sound: &[f32], from: f64, to: f64) -> &[f32] {
    let at = |seconds: f64| ((seconds * RATE) as usize).min(sound.len());
    &sound[at(from)..at(to)]
}

/// The amplitude of a sine of this frequency in the sound, by Goertzel's method: 1 is full scale.
pub fn level(sound: &[f32], frequency: f64) -> f64 {
    let turn = std::f64::consts::TAU * frequency / RATE;
    let (mut re, mut im) = (0.0, 0.0);
    for (at, sample) in sound.iter().enumerate() {
        let (sin, cos) = (turn * at as f64).sin_cos();
        re += f64::from(*sample) * cos;
        im += f64::from(*sample) * sin;
    }
    2.0 * re.hypot(im) / sound.len().max(1) as f64
}

/// The frequency of a tone in hertz, from the times at which it rises through 0; NaN if there is none.
pub fn frequency(sound: &[f32]) -> f64 {
    let rises = |(at, pair): (usize, &[f32])| {
        let (before, after) = (f64::from(pair[0]), f64::from(pair[1]));
        (before < 0.0 && after >= 0.0).then(|| at as f64 + before / (before - after))
    };
    let rises: Vec<f64> = sound.windows(2).enumerate().filter_map(rises).collect();
    match (rises.first(), rises.last()) {
        (Some(first), Some(last)) if last > first => (rises.len() - 1) as f64 * RATE / (last - first),
        _ => f64::NAN,
    }
}

/// Root mean square.
pub fn rms(sound: &[f32]) -> f64 {
    (sound.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / sound.len().max(1) as f64).sqrt()
}

/// A mono WAV file of sines, one after the other: each a frequency and seconds, at half of full scale.
pub fn wav(rate: u32, tones: &[(f64, f64)]) -> Vec<u8> {
    let mut samples = Vec::new();
    for (frequency, seconds) in tones {
        for at in 0..(seconds * f64::from(rate)).round() as u64 {
            let phase = std::f64::consts::TAU * frequency * at as f64 / f64::from(rate);
            samples.extend(((phase.sin() * 0.5 * f64::from(i16::MAX)).round() as i16).to_le_bytes());
        }
    }
    let mut file = Vec::from(*b"RIFF");
    file.extend((36 + samples.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    for number in [1_u16, 1] {
        file.extend(number.to_le_bytes());
    }
    file.extend(rate.to_le_bytes());
    file.extend((rate * 2).to_le_bytes());
    for number in [2_u16, 16] {
        file.extend(number.to_le_bytes());
    }
    file.extend(b"data");
    file.extend((samples.len() as u32).to_le_bytes());
    file.extend(samples);
    file
}

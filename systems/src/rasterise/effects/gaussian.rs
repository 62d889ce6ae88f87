//! Gaussian blur of rows and columns, for all effects and for feathered masks.
//!
//! From a standard deviation of 2 pixels on it is three box blurs in a row, as W3C's Filter Effects (`feGaussianBlur`)
//! describes: the cost does not grow with the radius. Below, boxes of whole pixels are too coarse, and the true kernel
//! is short. Between the passes along a line nothing is rounded, or values keep eight more bits, so that rounding neither
//! bands nor darkens.

use fearless_simd::{Level, dispatch};

/// Below this standard deviation in pixels nothing is blurred: the neighbours' share would be less than half a level.
const NEGLIGIBLE: f64 = 0.15;
/// From this standard deviation in pixels on, three boxes stand for the Gaussian.
const BOXES_FROM: f64 = 2.0;
/// Bits that values have more than a byte between passes.
const FRACTION: u32 = 8;
/// Bytes that are blurred side by side: compilers make vectors of them, and a line of cache is used when it is loaded.
const LANES: usize = 16;

/// A blur along one direction.
enum Blur {
    Nothing,
    /// Weights from the middle outwards.
    Kernel(Vec<f32>),
    /// Widths of the boxes and how far each one's first pixel lies before the pixel that it is for.
    Boxes([(usize, usize); 3]),
}

impl Blur {
    fn new(deviation: f64) -> Self {
        if deviation < NEGLIGIBLE {
            return Self::Nothing;
        }
        if deviation < BOXES_FROM {
            let weights: Vec<f64> = (0..=kernel_reach(deviation))
                .map(|at| libm::exp(-f64::from(at).powi(2) / (2.0 * deviation.powi(2))))
                .collect();
            let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
            return Self::Kernel(weights.iter().map(|weight| (weight / sum) as f32).collect());
        }
        let width = box_width(deviation);
        let half = width / 2;
        // Boxes of even width lie half a pixel off: one to each side, and the third is a pixel wider.
        Self::Boxes(if width % 2 == 1 {
            [(width, half); 3]
        } else {
            [(width, half), (width, half - 1), (width + 1, half)]
        })
    }
}

fn box_width(deviation: f64) -> usize {
    (deviation * 3.0 * std::f64::consts::TAU.sqrt() / 4.0 + 0.5).floor() as usize
}

fn kernel_reach(deviation: f64) -> u32 {
    (deviation * 3.0).ceil() as u32
}

/// How many pixels a blur of this standard deviation (pixels) carries colour outwards.
pub(crate) fn reach(deviation: f64) -> u32 {
    match Blur::new(deviation) {
        Blur::Nothing => 0,
        Blur::Kernel(weights) => weights.len() as u32 - 1,
        Blur::Boxes(boxes) => boxes.iter().map(|(width, _)| (width / 2) as u32).sum(),
    }
}

/// Blurs a picture of `N` bytes a pixel by a standard deviation (pixels) of its own for each direction. What would
/// come from outside is transparent. What comes out is the same with any `level` of vectors.
pub(crate) fn blur<const N: usize>(level: Level, pixels: &mut [u8], width: usize, deviation: (f64, f64)) {
    // The same arithmetic with whatever vectors the machine has.
    dispatch!(level, _ => blur_with::<N>(pixels, width, deviation));
}

#[inline(always)]
fn blur_with<const N: usize>(pixels: &mut [u8], width: usize, deviation: (f64, f64)) {
    if width == 0 || pixels.is_empty() {
        return;
    }
    let stride = width * N;
    let mut lines = Lines::default();

    let horizontal = Blur::new(deviation.0);
    if !matches!(horizontal, Blur::Nothing) {
        // As many rows as fill the lanes.
        for rows in pixels.chunks_mut(stride * (LANES / N)) {
            lines.bytes.clear();
            lines.bytes.resize(width, [0; LANES]);
            for (row, pixels) in rows.chunks_exact(stride).enumerate() {
                for (lanes, pixel) in lines.bytes.iter_mut().zip(pixels.as_chunks::<N>().0) {
                    lanes[row * N..][..N].copy_from_slice(pixel);
                }
            }
            lines.blur(&horizontal);
            for (row, pixels) in rows.chunks_exact_mut(stride).enumerate() {
                for (lanes, pixel) in lines.bytes.iter().zip(pixels.as_chunks_mut::<N>().0) {
                    pixel.copy_from_slice(&lanes[row * N..][..N]);
                }
            }
        }
    }

    let vertical = Blur::new(deviation.1);
    if !matches!(vertical, Blur::Nothing) {
        // Channels are blurred by themselves: a column of bytes is as good as one of pixels.
        for left in (0..stride).step_by(LANES) {
            let strip = LANES.min(stride - left);
            lines.bytes.clear();
            for row in pixels.chunks_exact(stride) {
                let mut lanes = [0; LANES];
                lanes[..strip].copy_from_slice(&row[left..left + strip]);
                lines.bytes.push(lanes);
            }
            lines.blur(&vertical);
            for (row, lanes) in pixels.chunks_exact_mut(stride).zip(&lines.bytes) {
                row[left..left + strip].copy_from_slice(&lanes[..strip]);
            }
        }
    }
}

#[inline(always)]
fn widen(byte: u8) -> i32 {
    i32::from(byte) << FRACTION
}

#[inline(always)]
fn narrow(value: i32) -> u8 {
    ((value + (1 << (FRACTION - 1))) >> FRACTION).clamp(0, 255) as u8
}

/// The lines that are being blurred, side by side, and room for passes over them.
#[derive(Default)]
struct Lines {
    bytes: Vec<[u8; LANES]>,
    padded: Vec<[u8; LANES]>,
    now: Vec<[i32; LANES]>,
    next: Vec<[i32; LANES]>,
}

impl Lines {
    #[inline(always)]
    fn blur(&mut self, blur: &Blur) {
        if let Blur::Boxes(boxes) = blur
            && boxes.iter().map(|(width, _)| *width as u64).product::<u64>() * 255 < 1 << 31
        {
            return self.average_at_once(boxes);
        }
        self.now.clear();
        self.now.extend(self.bytes.iter().map(|lanes| lanes.map(widen)));
        match blur {
            Blur::Nothing => {}
            Blur::Kernel(weights) => self.convolve(weights),
            // A loop: what is called by another function would be compiled without the machine's vectors.
            Blur::Boxes(boxes) => {
                for (width, before) in boxes {
                    self.average(*width, *before);
                }
            }
        }
        self.bytes.clear();
        self.bytes.extend(self.now.iter().map(|lanes| lanes.map(narrow)));
    }

    /// All three boxes in one pass, in whole numbers: a box is the running sum of what comes less what went `width` pixels
    /// before, so three of them are three running sums of what comes and goes. Those may overflow: what is read of the
    /// last one is less than 2^31, and right modulo 2^32. The second box is as wide as the first, and the third too, or
    /// one pixel wider.
    #[inline(always)]
    fn average_at_once(&mut self, boxes: &[(usize, usize); 3]) {
        let [(width, _), _, (third, _)] = *boxes;
        let length = self.bytes.len();
        let all = 2 * width + third;
        // The windows of all three reach so far beyond the pixel that they are for.
        let after = all - 3 - boxes.iter().map(|(_, before)| before).sum::<usize>();
        let share = 1.0 / boxes.iter().map(|(width, _)| *width as f32).product::<f32>();
        // Nothing before and behind.
        self.padded.clear();
        self.padded.resize(all, [0; LANES]);
        self.padded.extend_from_slice(&self.bytes);
        self.padded.resize(all + length + after, [0; LANES]);
        let (mut first, mut second, mut sum) = ([0_i32; LANES], [0_i32; LANES], [0_i32; LANES]);
        for at in 0..length + after {
            // From the newest pixel to the one that leaves the last window.
            let pixel = |back: usize| &self.padded[all + at - back];
            let taps = [pixel(0), pixel(width), pixel(third), pixel(2 * width), pixel(width + third), pixel(all)];
            let mut mean = [0_u8; LANES];
            for lane in 0..LANES {
                let tap = taps.map(|tap| i16::from(tap[lane]));
                let change = tap[0] - 2 * tap[1] - tap[2] + tap[3] + 2 * tap[4] - tap[5];
                first[lane] = first[lane].wrapping_add(i32::from(change));
                second[lane] = second[lane].wrapping_add(first[lane]);
                sum[lane] = sum[lane].wrapping_add(second[lane]);
                mean[lane] = (sum[lane] as f32 * share + 0.5) as i32 as u8;
            }
            if let Some(at) = at.checked_sub(after) {
                self.bytes[at] = mean;
            }
        }
    }

    /// Each pixel becomes the mean of `width` pixels from `before` pixels before it.
    #[inline(always)]
    fn average(&mut self, width: usize, before: usize) {
        const NONE: [i32; LANES] = [0; LANES];
        let length = self.now.len();
        let share = 1.0 / width as f32;
        let after = width - before;
        let mut sum = NONE;
        // The window of the first pixel, but for its last pixel, which comes with the loop.
        for value in self.now.iter().take(after - 1) {
            for (sum, value) in sum.iter_mut().zip(value) {
                *sum += value;
            }
        }
        self.next.clear();
        for at in 0..length {
            let coming = self.now.get(at + after - 1).unwrap_or(&NONE);
            let going = at.checked_sub(before).and_then(|gone| self.now.get(gone)).unwrap_or(&NONE);
            let mut mean = NONE;
            // Sums stay below 2^31 for boxes of less than 32,768 pixels.
            for lane in 0..LANES {
                sum[lane] += coming[lane];
                mean[lane] = (sum[lane] as f32 * share + 0.5) as i32;
                sum[lane] -= going[lane];
            }
            self.next.push(mean);
        }
        std::mem::swap(&mut self.now, &mut self.next);
    }

    #[inline(always)]
    fn convolve(&mut self, weights: &[f32]) {
        let reach = weights.len() - 1;
        let length = self.now.len();
        self.next.clear();
        for at in 0..length {
            let mut sum = [0.5_f32; LANES];
            for other in at.saturating_sub(reach)..(at + reach + 1).min(length) {
                let weight = weights[at.abs_diff(other)];
                for (sum, value) in sum.iter_mut().zip(&self.now[other]) {
                    *sum += *value as f32 * weight;
                }
            }
            self.next.push(sum.map(|sum| sum as i32));
        }
        std::mem::swap(&mut self.now, &mut self.next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Gaussian that the fast blur stands for, along one line, in floats.
    fn exact(line: &[u8], deviation: f64) -> Vec<f64> {
        let weight = |d: f64| (-d * d / (2.0 * deviation * deviation)).exp();
        let sum: f64 = (-2000..=2000).map(|d| weight(f64::from(d))).sum();
        (0..line.len())
            .map(|at| {
                line.iter().enumerate().map(|(other, v)| f64::from(*v) * weight(at as f64 - other as f64)).sum::<f64>()
                    / sum
            })
            .collect()
    }

    #[test]
    fn stays_close_to_the_true_gaussian() {
        let line: Vec<u8> = (0..400).map(|x| if (150..250).contains(&x) { 255 } else { 0 }).collect();
        for deviation in [0.2, 0.5, 1.0, 1.9, 2.0, 2.5, 4.0, 7.0, 20.0] {
            let mut blurred = line.clone();
            blur::<1>(Level::new(), &mut blurred, line.len(), (deviation, 0.0));
            for (x, (got, want)) in blurred.iter().zip(exact(&line, deviation)).enumerate() {
                // Three boxes are within 3 % of the Gaussian, says the specification.
                assert!((f64::from(*got) - want).abs() < 8.0, "deviation {deviation} at {x}: {got} for {want:.1}");
            }
        }
    }

    #[test]
    fn rows_and_columns_are_blurred_alike_and_nothing_is_lost() {
        let size = 81;
        for deviation in [0.7, 3.0, 8.0] {
            let mut picture = vec![0; size * size * 4];
            let middle = (size / 2 * size + size / 2) * 4;
            // A block in the middle; of it, what is lost to rounding at the faint rim is a small share.
            for y in 0..11 {
                for x in 0..11 {
                    let at = middle + y * size * 4 + x * 4 - 5 * size * 4 - 5 * 4;
                    picture[at..at + 4].copy_from_slice(&[200, 100, 50, 255]);
                }
            }
            let before: u32 = picture.iter().skip(3).step_by(4).map(|v| u32::from(*v)).sum();
            blur::<4>(Level::new(), &mut picture, size, (deviation, deviation));
            let after: u32 = picture.iter().skip(3).step_by(4).map(|v| u32::from(*v)).sum();
            assert!(before.abs_diff(after) * 100 < before * 3, "deviation {deviation}: {before} became {after}");
            for y in 0..size {
                for x in 0..size {
                    let (at, mirrored) = ((y * size + x) * 4, (x * size + y) * 4);
                    for channel in 0..4 {
                        let (a, b) = (picture[at + channel], picture[mirrored + channel]);
                        assert!(a.abs_diff(b) <= 1, "deviation {deviation} at {x}, {y}: {a} and {b}");
                        assert!(picture[at + channel] <= picture[at + 3], "premultiplied at {x}, {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_is_carried_farther_than_the_reach() {
        for deviation in [0.1, 0.5, 1.9, 2.0, 3.3, 10.0] {
            let mut line = vec![0; 301];
            line[150] = 255;
            blur::<1>(Level::new(), &mut line, 301, (deviation, 0.0));
            let reach = reach(deviation) as usize;
            assert!(line[..150 - reach].iter().chain(&line[151 + reach..]).all(|v| *v == 0), "deviation {deviation}");
        }
    }
}

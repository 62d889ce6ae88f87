//! Dilation of a plane of bytes by an ellipse with a soft edge: mathematical morphology on grey values, as W3C's Filter
//! Effects has it for rectangles (`feMorphology`). Along rows and columns the two are the same.
//!
//! A pixel becomes the greatest of its neighbours, each times the ellipse's coverage of the way to it. The ellipse is
//! taken apart into rows, and a row of `n` pixels into two that overlap, of a power of two of pixels each; maxima of
//! those are made from one another by doubling. So a row costs the same whatever its length, and all of it is maxima
//! of bytes behind one another, which compilers turn into vectors.

/// Steps of the ellipse's soft edge. Four: its coverage is right to an eighth of a pixel.
const STEPS: u32 = 4;

/// Dilates by an ellipse of these radii (pixels).
pub(super) fn dilate(plane: &[u8], width: usize, radius: (f64, f64)) -> Vec<u8> {
    let height = plane.len() / width.max(1);
    let mut result = plane.to_vec();
    if width == 0 || height == 0 {
        return result;
    }
    let mut runs = Runs::new(plane, width, radius.0.ceil() as usize + 1);
    let rows = radius.1.ceil() as usize;
    for away in 0..=rows {
        let mut last = None;
        // From the full part of the ellipse outwards: a wider run that counts less.
        for step in (1..=STEPS).rev() {
            let Some(half) = half_width(away as f64, radius, f64::from(step) / f64::from(STEPS)) else { continue };
            if last == Some(half) {
                continue;
            }
            last = Some(half);
            let weight = (255 * step + STEPS / 2) / STEPS;
            let run = runs.of(half);
            for y in 0..height {
                let target = &mut result[y * width..][..width];
                for source in [y.checked_sub(away), Some(y + away).filter(|y| away > 0 && *y < height)] {
                    let Some(source) = source else { continue };
                    raise(target, &run[source * width..][..width], weight);
                }
            }
        }
    }
    result
}

/// How many pixels to each side of the middle an ellipse covers by `coverage` at least, so many rows away from the
/// middle. `None` if it does not cover the middle itself by so much.
fn half_width(away: f64, radius: (f64, f64), coverage: f64) -> Option<usize> {
    // A pixel whose near edge is as far away as the radius is not covered, one whose far edge is, wholly is.
    let (x, y) = (radius.0 + 1.0 - coverage, radius.1 + 1.0 - coverage);
    let rest = 1.0 - (away / y).powi(2);
    (y > 0.0 && rest >= 0.0).then(|| (x * rest.sqrt() + 1e-9) as usize)
}

fn raise(target: &mut [u8], source: &[u8], weight: u32) {
    if weight == 255 {
        for (target, source) in target.iter_mut().zip(source) {
            *target = (*target).max(*source);
        }
    } else {
        for (target, source) in target.iter_mut().zip(source) {
            *target = (*target).max((u32::from(*source) * weight / 255) as u8);
        }
    }
}

/// Maxima along rows.
struct Runs {
    width: usize,
    /// Pixels of nothing before and after each row of `doubled`, so that no run leaves it.
    pad: usize,
    /// `doubled[n]` has for each pixel the greatest of the 2^n pixels from it on.
    doubled: Vec<Vec<u8>>,
    /// The run that was asked for last.
    made: Option<usize>,
    run: Vec<u8>,
}

impl Runs {
    /// For runs of at most `pad` pixels to each side.
    fn new(plane: &[u8], width: usize, pad: usize) -> Self {
        let mut padded = vec![0; plane.len() / width * (width + 2 * pad)];
        for (padded, row) in padded.chunks_exact_mut(width + 2 * pad).zip(plane.chunks_exact(width)) {
            padded[pad..pad + width].copy_from_slice(row);
        }
        Self { width, pad, doubled: vec![padded], made: None, run: vec![0; plane.len()] }
    }

    /// For each pixel the greatest of itself and `half` pixels to each side.
    fn of(&mut self, half: usize) -> &[u8] {
        if self.made == Some(half) {
            return &self.run;
        }
        self.made = Some(half);
        let (width, padded) = (self.width, self.width + 2 * self.pad);
        let power = (2 * half + 1).ilog2() as usize;
        while self.doubled.len() <= power {
            let step = 1 << (self.doubled.len() - 1);
            let before = &self.doubled[self.doubled.len() - 1];
            let mut next = before.clone();
            for (next, before) in next.chunks_exact_mut(padded).zip(before.chunks_exact(padded)) {
                for (next, ahead) in next.iter_mut().zip(before.iter().skip(step)) {
                    *next = (*next).max(*ahead);
                }
            }
            self.doubled.push(next);
        }
        let first = self.pad - half;
        let last = self.pad + half + 1 - (1 << power);
        let rows = self.doubled[power].chunks_exact(padded);
        for (run, row) in self.run.chunks_exact_mut(width).zip(rows) {
            for (run, (a, b)) in run.iter_mut().zip(row[first..].iter().zip(&row[last..])) {
                *run = (*a).max(*b);
            }
        }
        &self.run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by looking at every pixel around every pixel.
    fn slow(plane: &[u8], width: usize, radius: f64) -> Vec<f64> {
        let height = plane.len() / width;
        let pixel = |at: usize| {
            let (x, y) = ((at % width) as f64, (at / width) as f64);
            let others = (0..width * height).map(|other| {
                let distance = (x - (other % width) as f64).hypot(y - (other / width) as f64);
                f64::from(plane[other]) * (radius + 1.0 - distance).clamp(0.0, 1.0)
            });
            others.fold(f64::from(plane[at]), f64::max)
        };
        (0..plane.len()).map(pixel).collect()
    }

    #[test]
    fn is_the_greatest_value_of_a_disc_with_a_soft_edge() {
        let (width, height) = (37, 29);
        let mut plane = vec![0; width * height];
        for (at, value) in [(0, 255), (width * 14 + 20, 255), (width * 14 + 30, 90), (width * height - 1, 128)] {
            plane[at] = value;
        }
        for radius in [0.3, 1.0, 1.5, 2.25, 4.0, 9.6, 40.0] {
            let fast = dilate(&plane, width, (radius, radius));
            for (at, (fast, slow)) in fast.iter().zip(slow(&plane, width, radius)).enumerate() {
                // The soft edge has four steps.
                let off = slow - f64::from(*fast);
                assert!((-1.0..=65.0).contains(&off), "radius {radius} at {at}: {fast} for {slow:.1}");
            }
        }
    }
}

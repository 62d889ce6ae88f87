//! The same picture by the definition: pixel by pixel, every step, in `f64`.

use super::*;

pub(super) fn pixel(steps: &[Step], viewport: &Viewport, x: i32, y: i32) -> [f64; 4] {
    let background = viewport.background.map(|c| f64::from(c) / 255.0);
    if !inside(viewport.clip, x, y) {
        return [0.0, 0.0, 0.0, 1.0];
    }
    let mut stack = vec![(background, None)];
    for step in steps {
        match step {
            Step::Layer(step) => {
                if inside(step.bounds, x, y) {
                    let source =
                        sample(&step.raster, step.affine, step.filter, x, y).map(|c| c * f64::from(step.opacity));
                    let top = stack.last_mut().unwrap();
                    top.0 = over(top.0, source);
                }
            }
            Step::BeginGroup(step) => stack.push(([0.0; 4], Some(step))),
            Step::EndGroup => {
                let (picture, group) = stack.pop().unwrap();
                let group = group.unwrap();
                if inside(group.bounds, x, y) {
                    let mask = group.mask.as_ref().map_or(1.0, |mask| {
                        let alpha = sample(&mask.raster, mask.affine, Filter::Bilinear, x, y)[3];
                        if mask.inverted { 1.0 - alpha } else { alpha }
                    });
                    let factor = mask * f64::from(group.opacity);
                    let top = stack.last_mut().unwrap();
                    top.0 = over(top.0, picture.map(|c| c * factor));
                }
            }
        }
    }
    stack[0].0
}

fn inside(rect: PixelRect, x: i32, y: i32) -> bool {
    rect.contains(PixelRect::new(x, y, x + 1, y + 1))
}

fn over(below: [f64; 4], source: [f64; 4]) -> [f64; 4] {
    [0, 1, 2, 3].map(|c| source[c] + below[c] * (1.0 - source[3]))
}

/// The filter, clamped to the edge, times the share of the pixel that is covered.
fn sample(raster: &Raster, affine: Affine, filter: Filter, x: i32, y: i32) -> [f64; 4] {
    let inverse = affine.inverse();
    let [a, b, c, d, ..] = inverse.as_coeffs();
    let at = inverse * kurbo::Point::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
    let along = |position: f64, size: usize, pitch: f64| {
        ((position / pitch).clamp(-0.5, 0.5) + ((size as f64 - position) / pitch).clamp(-0.5, 0.5)).max(0.0)
    };
    let coverage = along(at.x, raster.width, a.hypot(c)) * along(at.y, raster.height, b.hypot(d));
    let texel = |column: f64, row: f64, channel: usize| {
        let column = column.clamp(0.0, raster.width as f64 - 1.0) as usize;
        let row = row.clamp(0.0, raster.height as f64 - 1.0) as usize;
        f64::from(raster.pixels[(row * raster.width + column) * 4 + channel]) / 255.0
    };
    let (u, v) = (at.x - 0.5, at.y - 0.5);
    // Our positions are rounded to 1/256 pixel, in noise half a code: here they are exact.
    let (left, top) = (u.floor(), v.floor());
    let weights = |t: f64, pitch: f64| match filter {
        Filter::Bilinear => [0.0, 1.0 - t, t, 0.0],
        Filter::Bicubic => {
            let (t2, t3) = (t * t, t * t * t);
            let spline = [-t + 2.0 * t2 - t3, 2.0 - 5.0 * t2 + 3.0 * t3, t + 4.0 * t2 - 3.0 * t3, t3 - t2];
            // Mixed with the mean of all pixels that a sample stands for, by steps of the size.
            let size = 1.0 - ((1.0 - 1.0 / pitch).clamp(0.0, 0.5) * 64.0).round() / 64.0;
            let of_spline = (2.0 * size - 1.0).powi(2);
            let mean = [1.0 + t, t, 1.0 - t, 2.0 - t]
                .map(|distance: f64| ((distance + 0.5).min(0.5 / size) - (distance - 0.5)).max(0.0) * size);
            [0, 1, 2, 3].map(|index| of_spline * spline[index] / 2.0 + (1.0 - of_spline) * mean[index])
        }
    };
    let (across, down) = (weights(u - left, a.hypot(c)), weights(v - top, b.hypot(d)));
    let mut mixed = [0, 1, 2, 3].map(|channel| {
        let mut sum = 0.0;
        for (row, down) in down.iter().enumerate() {
            for (column, across) in across.iter().enumerate() {
                sum += texel(left + column as f64 - 1.0, top + row as f64 - 1.0, channel) * across * down;
            }
        }
        sum.clamp(0.0, 1.0)
    });
    for channel in 0..3 {
        mixed[channel] = mixed[channel].min(mixed[3]);
    }
    mixed.map(|channel| channel * coverage)
}

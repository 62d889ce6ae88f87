//! Lines along outlines.

use std::borrow::Cow;

use components::content::{Cap, Join, Stroke, Trim};
use kurbo::{BezPath, ParamCurve, ParamCurveArclen, PathSeg, Shape as _};
use tiny_skia::{LineCap, LineJoin, Path, StrokeDash};

use super::outline;

/// How exactly lengths along an outline are known, in layer pixels.
const ACCURACY: f64 = 0.01;

/// Raster pixels that a pattern of dashes is long at least. Of a shorter one no dash can be seen, but only [how much](share)
/// of the line there is.
const SHORTEST_PATTERN: f64 = 0.25;
/// Dashes that a line may have; with more it has no gaps. The edge of a 4K frame in dots of a pixel has 6000.
const MAX_DASHES: f64 = 20_000.0;

/// The outline of a stroke along `path` (layer pixels), for a picture of `scale` raster pixels per layer pixel. `None`
/// if there is nothing of it. Dashes that are too short or too many are a line without gaps; of those that are too short a
/// [share] is to be seen.
pub(super) fn stroked(path: &BezPath, stroke: &Stroke, scale: (f64, f64)) -> Option<Path> {
    let part = seen(path, stroke);
    // How finely curves are cut into pieces.
    let resolution = scale.0.max(scale.1);
    let path = outline::to_skia(&part)?;
    if are_dashes_drawn(&part, stroke, resolution) {
        let lengths = stroke.dash.iter().map(|length| *length as f32).collect();
        if let Some(dash) = StrokeDash::new(lengths, stroke.dash_offset as f32) {
            return path.dash(&dash, resolution as f32)?.stroke(&style(stroke), resolution as f32);
        }
    }
    path.stroke(&style(stroke), resolution as f32)
}

/// How much of a line is seen whose dashes are too short to be drawn one by one, for a picture of `scale` raster pixels per
/// layer pixel: the part that they cover. 1 for all other lines.
pub(super) fn share(stroke: &Stroke, scale: (f64, f64)) -> f64 {
    let pattern: f64 = stroke.dash.iter().sum();
    if pattern <= 0.0 || pattern * scale.0.max(scale.1) >= SHORTEST_PATTERN {
        return 1.0;
    }
    let end = if stroke.cap == Cap::Butt { 0.0 } else { stroke.width };
    let drawn: f64 = stroke.dash.iter().step_by(2).map(|dash| dash + end).sum();
    (drawn / pattern).min(1.0)
}

/// The part of an outline that is stroked.
fn seen<'a>(path: &'a BezPath, stroke: &Stroke) -> Cow<'a, BezPath> {
    if stroke.trim.is_whole() { Cow::Borrowed(path) } else { Cow::Owned(trimmed(path, stroke.trim)) }
}

fn are_dashes_drawn(path: &BezPath, stroke: &Stroke, resolution: f64) -> bool {
    let pattern: f64 = stroke.dash.iter().sum();
    // Dashes, and the gaps between them.
    let count = path.perimeter(ACCURACY) / pattern * stroke.dash.len() as f64 / 2.0;
    pattern * resolution >= SHORTEST_PATTERN && count <= MAX_DASHES
}

fn style(stroke: &Stroke) -> tiny_skia::Stroke {
    tiny_skia::Stroke {
        width: stroke.width as f32,
        miter_limit: stroke.miter_limit as f32,
        line_cap: match stroke.cap {
            Cap::Butt => LineCap::Butt,
            Cap::Round => LineCap::Round,
            Cap::Square => LineCap::Square,
        },
        line_join: match stroke.join {
            Join::Miter => LineJoin::Miter,
            Join::Round => LineJoin::Round,
            Join::Bevel => LineJoin::Bevel,
        },
        dash: None,
    }
}

/// How far a stroke reaches from the outline at most, in layer pixels.
pub(super) fn reach(stroke: &Stroke) -> f64 {
    let corner = match stroke.join {
        Join::Miter => stroke.miter_limit.max(1.0),
        Join::Round | Join::Bevel => 1.0,
    };
    // Square ends reach as far as the corner of a square.
    let end = if stroke.cap == Cap::Square { std::f64::consts::SQRT_2 } else { 1.0 };
    stroke.width / 2.0 * corner.max(end)
}

/// The part of an outline between two shares of its length.
fn trimmed(path: &BezPath, trim: Trim) -> BezPath {
    let segments: Vec<(PathSeg, f64)> = path.segments().map(|segment| (segment, segment.arclen(ACCURACY))).collect();
    let total: f64 = segments.iter().map(|(_, length)| length).sum();
    let (from, to) = (trim.start * total, trim.end * total);
    let mut part = BezPath::new();
    let mut at = 0.0;
    let mut pen = None;
    for (segment, length) in segments {
        let (start, end) = ((from - at).max(0.0), (to - at).min(length));
        at += length;
        if start >= end {
            continue;
        }
        let place = |along: f64| if along >= length { 1.0 } else { segment.inv_arclen(along, ACCURACY) };
        let piece = segment.subsegment((if start > 0.0 { place(start) } else { 0.0 })..place(end));
        if pen != Some(piece.start()) {
            part.move_to(piece.start());
        }
        part.push(piece.as_path_el());
        pen = Some(piece.end());
    }
    part
}

#[cfg(test)]
mod tests {
    use components::content::Stroke;
    use kurbo::Shape as _;

    use super::*;

    /// How many parts a line around a square has.
    fn parts(side: f64, dash: &[f64], scale: f64) -> usize {
        let stroke: Stroke =
            serde_json::from_value(serde_json::json!({ "paint": "#fff", "width": 2, "dash": dash })).unwrap();
        let square = kurbo::Rect::new(0.0, 0.0, side, side).to_path(0.1);
        let path = stroked(&square, &stroke, (scale, scale)).unwrap();
        path.segments().filter(|segment| matches!(segment, tiny_skia::PathSegment::MoveTo(_))).count()
    }

    #[test]
    fn dashes_that_are_too_short_or_too_many_are_a_line() {
        let line = parts(100.0, &[], 1.0);
        assert!((40..=41).contains(&parts(100.0, &[6.0, 4.0], 1.0)));
        assert_eq!(parts(100.0, &[0.1, 0.1], 1.0), line, "a fifth of a pixel");
        assert!(parts(100.0, &[0.1, 0.1], 2.0) > 1900, "nearly half a pixel");
        assert_eq!(parts(100_000.0, &[0.5, 0.5], 8.0), line, "400,000 of them");
        assert_eq!(parts(100.0, &[1e-9, 1e-9], 64.0), line);
    }
}

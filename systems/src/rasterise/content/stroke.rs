//! Lines along outlines.

use components::content::{Cap, Join, Stroke, Trim};
use kurbo::{BezPath, ParamCurve, ParamCurveArclen, PathSeg};
use tiny_skia::{LineCap, LineJoin, Path, StrokeDash};

use super::outline;

/// How exactly lengths along an outline are known, in layer pixels.
const ACCURACY: f64 = 0.01;

/// The outline of a stroke along `path` (layer pixels), for a picture of `scale` raster pixels per layer pixel. `None`
/// if there is nothing of it.
pub(super) fn stroked(path: &BezPath, stroke: &Stroke, scale: (f64, f64)) -> Option<Path> {
    let path =
        if stroke.trim.is_whole() { outline::to_skia(path) } else { outline::to_skia(&trimmed(path, stroke.trim)) }?;
    let style = tiny_skia::Stroke {
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
    };
    // How finely curves are cut into pieces.
    let resolution = scale.0.max(scale.1) as f32;
    let dash: Vec<f32> = stroke.dash.iter().map(|length| *length as f32).collect();
    match StrokeDash::new(dash, stroke.dash_offset as f32) {
        Some(dash) => path.dash(&dash, resolution)?.stroke(&style, resolution),
        None => path.stroke(&style, resolution),
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

//! Every blend mode, on the canvas and in isolated groups, beside vello_cpu's: an implementation that shares nothing
//! with ours. Prints how far they are apart.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells the differences"
)]

use components::{BlendMode, Edit, SceneDocument, document::Limits};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings};
use vello_cpu::{
    Pixmap, RenderContext, RenderSettings, Resources,
    color::{AlphaColor, Srgb},
    kurbo::Rect,
    peniko::{BlendMode as Blend, Compose, Mix},
};

/// Greatest difference of a channel: vello_cpu blends in bytes, and rounds or cuts off after each step; ours rounds once.
const TOLERANCE: u8 = 3;
/// The same for modes that divide by a difference of the two colours, and so magnify what is below: of the colours here
/// up to 255/45 times. One level that vello_cpu rounds up below is six above.
const MAGNIFIED: u8 = 7;
/// Edge of a patch in pixels.
const PATCH: usize = 8;
/// Columns lie below, rows above: every pair of them meets in one patch. Greys, pure and muted colours, light and dark,
/// opaque and not.
const COLORS: [[u8; 4]; 12] = [
    [0, 0, 0, 255],
    [255, 255, 255, 255],
    [128, 128, 128, 255],
    [255, 0, 0, 255],
    [0, 255, 0, 200],
    [0, 0, 255, 128],
    [255, 200, 0, 255],
    [20, 60, 90, 255],
    [200, 120, 160, 160],
    [90, 200, 210, 255],
    [240, 230, 200, 64],
    [100, 40, 30, 230],
];
const EDGE: usize = PATCH * COLORS.len();
const BACKGROUND: [u8; 4] = [60, 90, 70, 255];
/// Opacity of the groups.
const OPACITY: f64 = 0.6;

fn hex([r, g, b, a]: [u8; 4]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}{a:02x}")
}

/// The stripe of a colour as x, y, width, height.
fn stripe(index: usize, is_row: bool) -> [usize; 4] {
    if is_row { [0, index * PATCH, EDGE, PATCH] } else { [index * PATCH, 0, PATCH, EDGE] }
}

fn layer(index: usize, is_row: bool, mode: BlendMode) -> Value {
    let [x, y, width, height] = stripe(index, is_row);
    json!({
        "id": format!("{}-{index}", if is_row { "row" } else { "column" }),
        "transform": { "position": { "x": x, "y": y } },
        "blend": if is_row { mode } else { BlendMode::Normal },
        "content": { "type": "color", "color": hex(COLORS[index]), "size": { "width": width, "height": height } },
    })
}

/// RGBA of our picture; `isolated` puts all stripes into one group.
fn ours(mode: BlendMode, isolated: bool) -> Vec<u8> {
    let count = COLORS.len();
    let stripes: Vec<Value> = (0..2 * count).map(|index| layer(index % count, index >= count, mode)).collect();
    let layers = if isolated {
        vec![json!({ "id": "group", "opacity": OPACITY, "content": { "type": "group" }, "children": stripes })]
    } else {
        stripes
    };
    let scene =
        json!({ "canvas": { "width": EDGE, "height": EDGE, "background": hex(BACKGROUND)[..7] }, "layers": layers });
    let scene = SceneDocument::from_value(scene, &Limits { max_layers: 100 }).expect("a valid scene");
    let settings = CompositorSettings { width: EDGE, height: EDGE, max_layers: 100, pool_size: 2, threads: Some(1) };
    let mut compositor = Compositor::new(settings);
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    let report = compositor.tick(0, 0.0);
    assert!(report.outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "{:?}", report.outcomes);
    compositor.picture().data
}

fn theirs(mode: BlendMode, isolated: bool) -> Vec<u8> {
    let settings = RenderSettings { num_threads: 0, ..Default::default() };
    let mut context = RenderContext::new_with(EDGE as u16, EDGE as u16, settings);
    let fill = |context: &mut RenderContext, [r, g, b, a]: [u8; 4], [x, y, width, height]: [usize; 4]| {
        context.set_paint(AlphaColor::<Srgb>::from_rgba8(r, g, b, a));
        let (x, y) = (x as f64, y as f64);
        context.fill_rect(&Rect::new(x, y, x + width as f64, y + height as f64));
    };
    fill(&mut context, BACKGROUND, [0, 0, EDGE, EDGE]);
    if isolated {
        context.push_opacity_layer(OPACITY as f32);
    }
    for (index, color) in COLORS.into_iter().enumerate() {
        fill(&mut context, color, stripe(index, false));
    }
    for (index, color) in COLORS.into_iter().enumerate() {
        context.push_blend_layer(blend(mode));
        fill(&mut context, color, stripe(index, true));
        context.pop_layer();
    }
    if isolated {
        context.pop_layer();
    }
    context.flush();
    let mut target = Pixmap::new(EDGE as u16, EDGE as u16);
    context.render(&mut target, &mut Resources::new());
    target.data_as_u8_slice().to_vec()
}

fn blend(mode: BlendMode) -> Blend {
    let mix = match mode {
        BlendMode::Normal => Mix::Normal,
        BlendMode::Multiply => Mix::Multiply,
        BlendMode::Screen => Mix::Screen,
        BlendMode::Overlay => Mix::Overlay,
        BlendMode::Darken => Mix::Darken,
        BlendMode::Lighten => Mix::Lighten,
        BlendMode::ColorDodge => Mix::ColorDodge,
        BlendMode::ColorBurn => Mix::ColorBurn,
        BlendMode::HardLight => Mix::HardLight,
        BlendMode::SoftLight => Mix::SoftLight,
        BlendMode::Difference => Mix::Difference,
        BlendMode::Exclusion => Mix::Exclusion,
        BlendMode::Hue => Mix::Hue,
        BlendMode::Saturation => Mix::Saturation,
        BlendMode::Color => Mix::Color,
        BlendMode::Luminosity => Mix::Luminosity,
        BlendMode::PlusLighter => return Blend::new(Mix::Normal, Compose::PlusLighter),
    };
    Blend::new(mix, Compose::SrcOver)
}

#[test]
fn every_blend_mode_is_as_an_independent_renderer_has_it() {
    let mut wrong = Vec::new();
    for mode in BlendMode::ALL {
        for isolated in [false, true] {
            let (ours, theirs) = (ours(mode, isolated), theirs(mode, isolated));
            let worst = (0..ours.len()).max_by_key(|byte| ours[*byte].abs_diff(theirs[*byte])).expect("bytes");
            let difference = ours[worst].abs_diff(theirs[worst]);
            let place = if isolated { "in a group" } else { "on the canvas" };
            println!("{mode:?} {place}: differs by up to {difference}");
            let divides = matches!(mode, BlendMode::ColorDodge | BlendMode::ColorBurn | BlendMode::Saturation);
            if difference > if divides { MAGNIFIED } else { TOLERANCE } {
                let (pixel, row) = (worst / 4, worst / 4 / EDGE / PATCH);
                let column = pixel % EDGE / PATCH;
                let at = pixel * 4..pixel * 4 + 4;
                wrong.push(format!(
                    "{mode:?} {place}: {:?} on {:?} is {:?}, theirs {:?}",
                    COLORS[row],
                    COLORS[column],
                    &ours[at.clone()],
                    &theirs[at]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "too far apart:\n{}", wrong.join("\n"));
}

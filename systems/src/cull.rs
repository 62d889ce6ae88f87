//! Stage `cull`: what must be drawn, back to front.

use bevy_ecs::{
    entity::Entity,
    hierarchy::Children,
    query::With,
    resource::Resource,
    schedule::SystemSet,
    system::{Query, Res, ResMut, SystemParam},
};
use components::{
    AnimatedContent, BlendMode, Content, Effects, Fit, LayerId, LayerMask, Mask, PixelRect, Placement, Stacking,
};
use kurbo::{Affine, Rect};

use crate::{
    assets::{AssetState, Assets},
    place::{Ink, Revision},
    rasterise::{content::surface::bounded_scale, raster_scale},
    scene::SceneRoot,
    viewport::Viewport,
};

/// The systems that find out what is seen.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CullSystems;

/// What must be drawn this tick, back to front.
#[derive(Resource, Clone, Debug, Default)]
pub struct DrawList {
    /// The steps. Every [`DrawStep::BeginGroup`] has its [`DrawStep::EndGroup`].
    pub steps: Vec<DrawStep>,
}

/// One step of a [`DrawList`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DrawStep {
    /// A layer with pixels of its own.
    Layer(Drawn),
    /// What follows is drawn into a transparent picture of its own …
    BeginGroup(Drawn),
    /// … which is then laid down as one.
    EndGroup,
}

/// A layer or group as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    /// The layer.
    pub entity: Entity,
    /// From pixels of the layer's box to pixels of the frame.
    pub affine: Affine,
    /// Pixels of the frame that it may touch; never empty, never outside of the canvas's part of the frame.
    pub bounds: PixelRect,
    /// 0..1, above zero.
    pub opacity: f64,
    /// How it mixes with what is below.
    pub blend: BlendMode,
    /// Which version of the layer's own picture is drawn.
    pub revision: u64,
    /// Whether its shape is changing just now; see `Pose::reshaping`.
    pub reshaping: bool,
    /// Whether its place is changing just now; see `Pose::moving`.
    pub moving: bool,
    /// Whether opaque layers in front of it hide all of it: it is not drawn then.
    pub covered: bool,
}

/// Opaque rectangles that are remembered at once while looking for what they hide. More would find little more.
const COVERS: usize = 8;

/// What culling asks of each layer.
#[derive(SystemParam)]
pub struct Layers<'w, 's> {
    parents: Query<'w, 's, &'static Children>,
    placed: Query<
        'w,
        's,
        (&'static Placement, &'static Ink, &'static Revision, &'static BlendMode, &'static LayerMask, &'static Content),
        With<LayerId>,
    >,
    order: Query<'w, 's, &'static Stacking>,
    painted: Query<'w, 's, (&'static AnimatedContent, &'static Effects)>,
}

/// Writes the draw list: leaves out what is invisible, empty or off the canvas, and marks what is hidden behind
/// opaque layers.
pub fn list_visible(
    viewport: Res<Viewport>,
    root: Res<SceneRoot>,
    assets: Res<Assets>,
    layers: Layers<'_, '_>,
    mut list: ResMut<DrawList>,
) {
    let mut steps = std::mem::take(&mut list.steps);
    steps.clear();
    layers.list(root.0, viewport.clip, &mut steps);
    mark_covered(&mut steps, &layers, &assets);
    list.steps = steps;
}

impl Layers<'_, '_> {
    /// Appends what is seen of the children of `parent`; returns whether any of them blends other than normally.
    fn list(&self, parent: Entity, clip: PixelRect, steps: &mut Vec<DrawStep>) -> bool {
        let Ok(children) = self.parents.get(parent) else { return false };
        let mut sorted: Vec<(i32, Entity)> =
            children.iter().filter_map(|&child| Some((self.order.get(child).ok()?.0, child))).collect();
        // Stable: equal ones stay in document order.
        sorted.sort_by_key(|(z_index, _)| *z_index);
        let mut blends = false;
        for (_, entity) in sorted {
            let Ok((placement, ink, revision, blend, mask, content)) = self.placed.get(entity) else { continue };
            if !placement.visible || placement.affine.determinant() == 0.0 {
                continue;
            }
            let drawn = Drawn {
                entity,
                affine: placement.affine,
                bounds: clip,
                opacity: placement.opacity,
                blend: *blend,
                revision: revision.0,
                reshaping: placement.reshaping,
                moving: placement.moving,
                covered: false,
            };
            let listed = if matches!(content, Content::Group(_)) {
                self.list_group(drawn, mask.0.as_ref(), clip, steps)
            } else {
                list_layer(drawn, ink.0, clip, steps)
            };
            blends |= listed && *blend != BlendMode::Normal;
        }
        blends
    }

    fn list_group(&self, mut group: Drawn, mask: Option<&Mask>, clip: PixelRect, steps: &mut Vec<DrawStep>) -> bool {
        if let Some(mask) = mask
            && !mask.inverted
        {
            group.bounds = touched(&group.affine, mask.reach()).intersect(clip);
            if group.bounds.is_empty() {
                return false;
            }
        }
        let begin = steps.len();
        steps.push(DrawStep::BeginGroup(group));
        let blends = self.list(group.entity, group.bounds, steps);
        if steps.len() == begin + 1 {
            steps.pop();
            return false;
        }
        let alone = blends || mask.is_some() || group.opacity < 1.0 || group.blend != BlendMode::Normal;
        if !alone {
            // Laid down as it is, a group needs no picture of its own.
            steps.remove(begin);
            return true;
        }
        let inside = steps[begin + 1..].iter().filter_map(DrawStep::drawn).map(|drawn| drawn.bounds);
        group.bounds = inside.fold(PixelRect::EMPTY, PixelRect::union);
        steps[begin] = DrawStep::BeginGroup(group);
        steps.push(DrawStep::EndGroup);
        true
    }
}

impl DrawStep {
    /// The layer or group of this step.
    #[must_use]
    pub fn drawn(&self) -> Option<&Drawn> {
        match self {
            Self::Layer(drawn) | Self::BeginGroup(drawn) => Some(drawn),
            Self::EndGroup => None,
        }
    }
}

fn list_layer(mut layer: Drawn, ink: Rect, clip: PixelRect, steps: &mut Vec<DrawStep>) -> bool {
    if ink.is_zero_area() {
        return false;
    }
    layer.bounds = touched(&layer.affine, ink).intersect(clip);
    if layer.bounds.is_empty() {
        return false;
    }
    steps.push(DrawStep::Layer(layer));
    true
}

/// The pixels that a rectangle of layer pixels may touch once it is drawn. Two more on each side than it covers: a
/// raster's edges lie on whole raster pixels, and sampling reaches one pixel further.
fn touched(affine: &Affine, rect: Rect) -> PixelRect {
    PixelRect::around(affine.transform_rect_bbox(rect).inflate(2.0, 2.0))
}

/// Marks layers that opaque layers in front of them hide. A group is left out by the compositor when all within it is.
fn mark_covered(steps: &mut [DrawStep], layers: &Layers<'_, '_>, assets: &Assets) {
    let mut covers: Vec<PixelRect> = Vec::with_capacity(COVERS);
    let mut depth = 0_usize;
    for step in steps.iter_mut().rev() {
        match step {
            DrawStep::EndGroup => depth += 1,
            DrawStep::BeginGroup(_) => depth -= 1,
            DrawStep::Layer(layer) => {
                // Sampling reaches past the bounds of what is drawn only inwards: containing the bounds is enough.
                if covers.iter().any(|cover| cover.contains(layer.bounds)) {
                    layer.covered = true;
                } else if depth == 0 && covers.len() < COVERS {
                    covers.extend(layers.cover(layer, assets));
                }
            }
        }
    }
}

impl Layers<'_, '_> {
    /// The rectangle that this layer fills with opaque pixels, if it is sure to fill one.
    fn cover(&self, layer: &Drawn, assets: &Assets) -> Option<PixelRect> {
        let [xx, yx, xy, yy, ..] = layer.affine.as_coeffs();
        let upright = yx == 0.0 && xy == 0.0 && xx > 0.0 && yy > 0.0;
        if !upright || layer.opacity < 1.0 || layer.blend != BlendMode::Normal {
            return None;
        }
        let (_, ink, _, _, mask, content) = self.placed.get(layer.entity).ok()?;
        let (animated, effects) = self.painted.get(layer.entity).ok()?;
        let content = animated.0.as_ref().unwrap_or(content);
        if mask.0.is_some() || !effects.0.is_empty() || !is_opaque(content, assets) {
            return None;
        }
        let filled = layer.affine.transform_rect_bbox(ink.0);
        let scale = bounded_scale(ink.0, raster_scale(layer));
        // Pixels of the frame that one of the raster's pixels takes.
        let pixel = (xx / scale.0).max(yy / scale.1);
        let edges = [filled.x0, filled.y0, filled.x1, filled.y1];
        let whole = edges.iter().all(|edge| (edge - edge.round()).abs() < 1e-6);
        let within = if whole && !layer.reshaping && pixel < 1.0 + 1e-9 {
            let [x0, y0, x1, y1] = edges.map(f64::round);
            PixelRect::around(Rect::new(x0, y0, x1, y1))
        } else {
            // Edges may be drawn between pixels, or moved by half a one: only what lies farther within is sure.
            PixelRect::around(filled.inset(-2.0 * pixel.max(1.0)))
        };
        Some(within.intersect(layer.bounds)).filter(|rect| !rect.is_empty())
    }
}

/// Whether a content is sure to fill all of its box with opaque pixels.
fn is_opaque(content: &Content, assets: &Assets) -> bool {
    match content {
        Content::Color(content) => content.color.a == 255,
        Content::Gradient(content) => content.gradient.stops().iter().all(|stop| stop.color.a == 255),
        Content::Image(content) => {
            let fills = matches!(content.fit, Fit::Cover | Fit::Fill) || content.size.is_none();
            fills && matches!(assets.state(&content.asset), Some(AssetState::Image(image)) if image.opaque)
        }
        Content::AnimatedImage(content) => {
            let fills = matches!(content.fit, Fit::Cover | Fit::Fill) || content.size.is_none();
            fills && matches!(assets.state(&content.asset), Some(AssetState::Animation(image)) if image.opaque)
        }
        Content::Svg(_) | Content::Shape(_) | Content::Text(_) | Content::Group(_) => false,
    }
}

//! Stage `cull`: what must be drawn, back to front.

mod isolated;

use bevy_ecs::{
    entity::Entity,
    hierarchy::Children,
    query::With,
    resource::Resource,
    schedule::SystemSet,
    system::{Query, Res, ResMut, SystemParam},
};
use components::{
    AnimatedContent, BlendMode, Content, Effects, Fit, LayerId, LayerMask, Mask, MaskShape, PixelRect, Placement,
    Stacking, Visibility,
};
use kurbo::{Affine, Rect};

use crate::{
    assets::{AssetState, Assets},
    clock::SceneTime,
    isolate::Isolation,
    place::{Ink, Revision, Scrolling},
    quality::RenderQuality,
    rasterise::{
        Patience, PictureId, Pictures, RasterCache,
        content::surface::{Grid, bounded_scale},
        raster_scale,
    },
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
    /// A group that is drawn as a picture of its own; its members are no steps of this list.
    Picture(Drawn),
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
    /// Raster pixels per layer pixel at which its own picture is drawn. The same wherever it is laid down.
    pub scale: (f64, f64),
    /// For a group, the layer that is its mask.
    pub mask: Option<LaidMask>,
    /// Which version of the layer's own picture is drawn.
    pub revision: u64,
    /// Whether its shape is changing just now; see `Pose::reshaping`.
    pub reshaping: bool,
    /// Whether its place is changing just now; see `Pose::moving`.
    pub moving: bool,
    /// Whether opaque layers in front of it hide all of it: it is not drawn then.
    pub covered: bool,
    /// What of its picture is shown, if that moves within the layer by itself.
    pub scrolled: Option<Scrolled>,
}

/// A part of a layer's picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scrolled {
    /// Where it is seen, in layer pixels.
    pub window: Rect,
    /// How far to the left the picture is moved, in layer pixels.
    pub by: f64,
}

/// A layer's picture as the mask of another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaidMask {
    /// From pixels of the mask layer's box to where the other one is drawn.
    pub affine: Affine,
    /// Which version of the mask is laid down.
    pub revision: u64,
    /// Whether its shape is changing just now.
    pub reshaping: bool,
    /// Whether its place is changing just now.
    pub moving: bool,
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
    seen: Query<
        'w,
        's,
        (&'static Stacking, &'static Visibility, &'static Placement, &'static Ink, &'static Content),
        With<LayerId>,
    >,
    painted: Query<'w, 's, (&'static AnimatedContent, &'static Effects)>,
    isolation: Isolation<'w, 's>,
    scrolling: Query<'w, 's, &'static Scrolling>,
    time: Res<'w, SceneTime>,
    quality: Res<'w, RenderQuality>,
    patience: Res<'w, Patience>,
    caches: Query<'w, 's, &'static RasterCache>,
}

/// What layers are listed into.
struct Listing<'a> {
    viewport: &'a Viewport,
    pictures: &'a mut Pictures,
    /// Pictures that are being listed. A scene whose pictures need themselves is refused; none is listed twice.
    open: Vec<PictureId>,
}

/// How a layer is laid down.
#[derive(Clone, Copy)]
struct Way {
    affine: Affine,
    scale: (f64, f64),
    reshaping: bool,
    moving: bool,
    blend: BlendMode,
}

/// Where layers are drawn.
#[derive(Clone, Copy)]
struct Space {
    /// From pixels of the picture that layers are placed in (`Placement::within`) to pixels of what is drawn.
    base: Affine,
    /// Pixels that may be touched.
    clip: PixelRect,
}

impl Space {
    /// A picture of these raster pixels, of which `scale` go onto a layer pixel.
    fn of(grid: Grid, scale: (f64, f64)) -> Self {
        let origin = (-f64::from(grid.left), -f64::from(grid.top));
        let base = Affine::translate(origin) * Affine::scale_non_uniform(scale.0, scale.1);
        Self { base, clip: PixelRect::new(0, 0, grid.width as i32, grid.height as i32) }
    }
}

/// Writes the draw list: leaves out what is invisible, empty or off the canvas, and marks what is hidden behind
/// opaque layers.
pub fn list_visible(
    viewport: Res<Viewport>,
    root: Res<SceneRoot>,
    assets: Res<Assets>,
    layers: Layers<'_, '_>,
    mut pictures: ResMut<Pictures>,
    mut list: ResMut<DrawList>,
) {
    let mut steps = std::mem::take(&mut list.steps);
    steps.clear();
    pictures.begin_round();
    let mut listing = Listing { viewport: &viewport, pictures: &mut pictures, open: Vec::new() };
    let space = Space { base: Affine::IDENTITY, clip: viewport.clip };
    layers.list(root.0, space, &mut listing, &mut steps);
    mark_covered(&mut steps, &layers, &assets);
    list.steps = steps;
}

impl Layers<'_, '_> {
    /// Appends what is seen of the children of `parent`; returns whether any of them blends other than normally.
    fn list(&self, parent: Entity, space: Space, listing: &mut Listing<'_>, steps: &mut Vec<DrawStep>) -> bool {
        let mut blends = false;
        for entity in self.seen_children(parent, Some(space)) {
            let Ok((placement, _, _, blend, ..)) = self.placed.get(entity) else { continue };
            let affine = space.base * placement.within;
            let way = Way {
                affine,
                scale: raster_scale(affine, placement.reshaping),
                reshaping: placement.reshaping,
                moving: placement.moving,
                blend: *blend,
            };
            let listed = self.list_layer(entity, way, space, listing, steps);
            blends |= listed && *blend != BlendMode::Normal;
        }
        blends
    }

    /// `ink` is what the layer may draw: above and below, effects may reach out of the window.
    fn scrolled(&self, layer: Entity, ink: Rect) -> Option<Scrolled> {
        let scrolling = self.scrolling.get(layer).ok()?.0?;
        let window = Rect { y0: ink.y0, y1: ink.y1, ..scrolling.window };
        Some(Scrolled { window, by: scrolling.at(self.time.seconds) })
    }

    /// The children of a group that are not hidden and may be seen in this space, if one is given; back to front.
    fn seen_children(&self, parent: Entity, space: Option<Space>) -> impl Iterator<Item = Entity> + '_ {
        let mut sorted: Vec<(i32, Entity)> = self
            .parents
            .get(parent)
            .into_iter()
            .flatten()
            .filter_map(|&child| {
                let (stacking, visibility, placement, ink, content) = self.seen.get(child).ok()?;
                // Most layers of a large scene are elsewhere: nothing more is asked of them.
                let is_away = |space: Space| {
                    let is_group = matches!(content, Content::Group(_));
                    !is_group && touched(&(space.base * placement.within), ink.0).intersect(space.clip).is_empty()
                };
                let is_near = || !space.is_some_and(is_away);
                (visibility.0 && placement.opacity > 0.0 && is_near()).then_some((stacking.0, child))
            })
            .collect();
        // Stable: equal ones stay in document order.
        sorted.sort_by_key(|(z_index, _)| *z_index);
        sorted.into_iter().map(|(_, child)| child)
    }

    /// Appends a layer that is drawn in this way; returns whether there is anything to be drawn.
    fn list_layer(
        &self,
        entity: Entity,
        way: Way,
        space: Space,
        listing: &mut Listing<'_>,
        steps: &mut Vec<DrawStep>,
    ) -> bool {
        let Way { affine, scale, reshaping, moving, blend } = way;
        let Ok((placement, ink, revision, _, LayerMask(mask), content)) = self.placed.get(entity) else { return false };
        if affine.determinant() == 0.0 {
            return false;
        }
        let mut drawn = Drawn {
            entity,
            affine,
            bounds: space.clip,
            opacity: placement.opacity,
            blend,
            scale,
            mask: None,
            revision: revision.0,
            reshaping,
            moving,
            covered: false,
            scrolled: self.scrolled(entity, ink.0),
        };
        let mut clip = space.clip;
        if let Some(mask) = mask
            && let MaskShape::Layer { .. } = mask.shape
        {
            match self.lay_mask(entity, mask, space, listing) {
                Some((laid, area)) => {
                    if !mask.inverted {
                        clip = touched(&laid.affine, area).intersect(clip);
                    }
                    drawn.mask = Some(laid);
                }
                // Nothing is in the mask.
                None if mask.inverted => {}
                None => return false,
            }
        }
        if clip.is_empty() {
            return false;
        }
        drawn.bounds = clip;
        if matches!(content, Content::Group(_)) && !self.isolation.isolates(entity) {
            return self.list_group(drawn, mask.as_ref(), space, listing, steps);
        }
        let begin = steps.len();
        let mut whole = Drawn { scrolled: None, ..drawn };
        if drawn.mask.is_some() {
            steps.push(DrawStep::BeginGroup(whole));
            drawn = Drawn { opacity: 1.0, blend: BlendMode::Normal, mask: None, ..drawn };
        }
        let listed = match content {
            Content::Group(_) => self.list_picture(drawn, listing, steps),
            _ => list_raster(DrawStep::Layer, drawn, ink.0, steps),
        };
        match steps.last().and_then(DrawStep::drawn) {
            Some(inside) if listed && whole.mask.is_some() => {
                whole.bounds = inside.bounds;
                steps[begin] = DrawStep::BeginGroup(whole);
                steps.push(DrawStep::EndGroup);
            }
            _ if !listed => steps.truncate(begin),
            _ => {}
        }
        listed
    }

    fn list_group(
        &self,
        mut group: Drawn,
        mask: Option<&Mask>,
        space: Space,
        listing: &mut Listing<'_>,
        steps: &mut Vec<DrawStep>,
    ) -> bool {
        if let Some(mask) = mask
            && mask.layer().is_none()
            && !mask.inverted
        {
            group.bounds = touched(&group.affine, mask.reach()).intersect(group.bounds);
            if group.bounds.is_empty() {
                return false;
            }
        }
        let begin = steps.len();
        steps.push(DrawStep::BeginGroup(group));
        let blends = self.list(group.entity, Space { clip: group.bounds, ..space }, listing, steps);
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
            Self::Layer(drawn) | Self::Picture(drawn) | Self::BeginGroup(drawn) => Some(drawn),
            Self::EndGroup => None,
        }
    }
}

/// Appends a layer that paints into `ink` if any of that is within its bounds so far.
fn list_raster(step: fn(Drawn) -> DrawStep, mut layer: Drawn, ink: Rect, steps: &mut Vec<DrawStep>) -> bool {
    if ink.is_zero_area() {
        return false;
    }
    layer.bounds = touched(&layer.affine, ink).intersect(layer.bounds);
    if layer.bounds.is_empty() {
        return false;
    }
    steps.push(step(layer));
    true
}

/// The pixels that a rectangle of layer pixels may touch once it is drawn. Two more on each side than it covers: a
/// raster's edges lie on whole raster pixels, and sampling reaches one pixel further.
pub(crate) fn touched(affine: &Affine, rect: Rect) -> PixelRect {
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
            DrawStep::Layer(layer) | DrawStep::Picture(layer) => {
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
        // One that is still to be drawn may not be there when this tick is: what is below is seen until it is.
        let is_drawn = || self.caches.get(layer.entity).is_ok_and(|cache| cache.shows(layer.revision, layer.scale));
        if *self.patience != Patience::Endless && !is_drawn() {
            return None;
        }
        let filled = layer.affine.transform_rect_bbox(ink.0);
        let scale = bounded_scale(ink.0, layer.scale);
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

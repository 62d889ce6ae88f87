//! Stage `cull`: what must be drawn, back to front.

mod cover;
mod isolated;
mod large;
mod list;
mod seen;

use bevy_ecs::{
    entity::Entity,
    hierarchy::{ChildOf, Children},
    query::With,
    schedule::SystemSet,
    system::{Query, Res, ResMut, SystemParam},
};
use components::{
    AnimatedContent, BlendMode, Content, LayerId, Mask, MaskShape, PixelRect, Placement, ShownEffects, ShownMask,
    Stacking, Variants,
};
use kurbo::{Affine, Rect};

use crate::{
    assets::{AssetState, Assets},
    clock::SceneTime,
    isolate::Isolation,
    place::{Ink, Near, Revision, Scrolling},
    quality::RenderQuality,
    rasterise::{
        Patience, PictureId, Pictures, Program, RasterCache, RasterMemory,
        content::surface::{Grid, bounded_scale},
        raster_scale,
    },
    scene::SceneRoot,
    variants::{DrawnVariants, VariantSet},
    viewport::Viewport,
};

use cover::mark_covered;
pub use list::{DrawList, DrawStep, Drawn, LaidMask, Scrolled};
pub(crate) use seen::is_large;
use seen::{Fitted, Room, fair_share};

/// The systems that find out what is seen.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CullSystems;

/// What culling asks of each layer.
#[derive(SystemParam)]
pub struct Layers<'w, 's> {
    parents: Query<'w, 's, &'static Children>,
    ancestors: Query<'w, 's, &'static ChildOf>,
    placed: Query<
        'w,
        's,
        (&'static Placement, &'static Ink, &'static Revision, &'static ShownMask, &'static Content),
        With<LayerId>,
    >,
    seen: Query<'w, 's, (&'static Stacking, &'static Placement, &'static Ink, &'static Content), With<LayerId>>,
    painted: Query<'w, 's, (&'static AnimatedContent, &'static ShownEffects)>,
    near: Res<'w, Near>,
    isolation: Isolation<'w, 's>,
    scrolling: Query<'w, 's, &'static Scrolling>,
    time: Res<'w, SceneTime>,
    quality: Res<'w, RenderQuality>,
    patience: Res<'w, Patience>,
    caches: Query<'w, 's, &'static RasterCache>,
    limited: Query<'w, 's, &'static Variants, With<LayerId>>,
    variants: Res<'w, DrawnVariants>,
}

/// What layers are listed into.
struct Listing<'a> {
    room: Room<'a>,
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
    /// Whether it is the frame.
    is_frame: bool,
    /// Variants of the stream that are drawn there.
    variants: VariantSet,
}

impl Space {
    /// A picture of these raster pixels, of which `scale` go onto a layer pixel.
    fn of(grid: Grid, scale: (f64, f64)) -> Self {
        let origin = (-f64::from(grid.left), -f64::from(grid.top));
        let base = Affine::translate(origin) * Affine::scale_non_uniform(scale.0, scale.1);
        let clip = PixelRect::new(0, 0, grid.width as i32, grid.height as i32);
        // It is the same picture in all of them.
        Self { base, clip, is_frame: false, variants: VariantSet::ALL }
    }
}

/// Writes the draw list: leaves out what is invisible, empty or off the canvas, and marks what is hidden behind
/// opaque layers.
pub fn list_visible(
    viewport: Res<Viewport>,
    root: Res<SceneRoot>,
    assets: Res<Assets>,
    layers: Layers<'_, '_>,
    program: Res<Program>,
    mut pictures: ResMut<Pictures>,
    mut memory: ResMut<RasterMemory>,
    mut list: ResMut<DrawList>,
) {
    let mut steps = std::mem::take(&mut list.steps);
    let mut room = Room { viewport: &viewport, most: f64::INFINITY };
    let list_all = |room: Room<'_>, pictures: &mut Pictures, steps: &mut Vec<DrawStep>| {
        steps.clear();
        pictures.begin_round();
        let mut listing = Listing { room, pictures, open: Vec::new() };
        let (base, clip) = (Affine::IDENTITY, viewport.clip);
        let space = Space { base, clip, is_frame: true, variants: VariantSet::ALL };
        layers.list(root.0, space, &mut listing, steps);
        mark_covered(steps, &layers, &assets);
    };
    list_all(room, &mut pictures, &mut steps);
    #[expect(clippy::cast_precision_loss, reason = "memory has far less than 2^52 pixels")]
    let most = (memory.seen_limit(&viewport) / size_of::<[u8; 4]>() as u64) as f64;
    let all = demand(&steps, &pictures).sum::<f64>();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
    let wanted = (all * size_of::<[u8; 4]>() as f64) as u64;
    memory.demand = wanted;
    // Pictures of a scene that comes on air which are not read yet may be as large as the frame. If those that are had all
    // the room until then, they would be drawn smaller one after the other, and there would be some at both sizes at once.
    let unread = if program.is_passing() { layers.unread(&assets) } else { 0 };
    #[expect(clippy::cast_precision_loss, reason = "frames are far smaller than 2^52 pixels")]
    let frame = (viewport.width * viewport.height) as f64;
    let coming = std::iter::repeat_n(frame, unread);
    let mut reduced = 0;
    if all + coming.clone().sum::<f64>() > most {
        room.most = fair_share(demand(&steps, &pictures).chain(coming).collect(), most);
        if all > most {
            reduced = demand(&steps, &pictures).filter(|pixels| *pixels > room.most).count();
        }
        pictures.forget_round();
        list_all(room, &mut pictures, &mut steps);
    }
    memory.note_reduced(reduced as u64, &viewport);
    list.steps = steps;
}

/// The pixels of each picture that is drawn or kept for this list.
fn demand<'a>(steps: &'a [DrawStep], pictures: &'a Pictures) -> impl Iterator<Item = f64> + 'a {
    let drawn = steps.iter().chain(pictures.steps()).filter_map(DrawStep::drawn).filter(|drawn| !drawn.covered);
    drawn.map(|drawn| drawn.pixels + drawn.mask.map_or(0.0, |mask| mask.pixels))
}

impl Layers<'_, '_> {
    /// How many layers would be seen if their pictures were read; of what size is not known yet.
    fn unread(&self, assets: &Assets) -> usize {
        let is_unread = |content: &Content| match content {
            Content::Image(image) => {
                matches!(assets.state(&image.asset), Some(AssetState::Loading)) && assets.size(&image.asset).is_none()
            }
            _ => false,
        };
        self.seen.iter().filter(|(_, placement, _, content)| placement.visible && is_unread(content)).count()
    }

    /// Appends what is seen of the children of `parent`; returns the variants in which any of them blends other than
    /// normally.
    fn list(&self, parent: Entity, space: Space, listing: &mut Listing<'_>, steps: &mut Vec<DrawStep>) -> VariantSet {
        let mut blends = VariantSet::NONE;
        for entity in self.seen_children(parent, Some(space)) {
            let Ok(variants) = self.limited.get(entity) else { continue };
            let variants = self.variants.of(variants).and(space.variants);
            if variants.is_empty() {
                continue;
            }
            let space = Space { variants, ..space };
            let Ok((placement, ..)) = self.placed.get(entity) else { continue };
            let affine = space.base * placement.within;
            let way = Way {
                affine,
                scale: raster_scale(affine, placement.reshaping),
                reshaping: placement.reshaping,
                moving: placement.moving,
                blend: placement.blend,
            };
            let listed = self.list_layer(entity, way, space, listing, steps);
            if listed && placement.blend != BlendMode::Normal {
                blends = blends.or(variants);
            }
        }
        blends
    }

    fn scrolled(&self, layer: Entity, ink: Rect) -> Option<Scrolled> {
        let scrolling = self.scrolling.get(layer).ok()?;
        let window = scrolling.window(ink)?;
        Some(Scrolled { window, by: scrolling.0?.at(self.time.own()) })
    }

    /// The children of a group that are not hidden and may be seen in this space, if one is given; back to front.
    fn seen_children(&self, parent: Entity, space: Option<Space>) -> impl Iterator<Item = Entity> + '_ {
        let mut sorted: Vec<(i32, Entity)> = self
            .parents
            .get(parent)
            .into_iter()
            .flatten()
            .filter_map(|&child| {
                if space.is_some_and(|space| space.is_frame) && !self.near.contains(child) {
                    return None;
                }
                let (stacking, placement, ink, content) = self.seen.get(child).ok()?;
                let is_away = |space: Space| {
                    let is_group = matches!(content, Content::Group(_));
                    !is_group && touched(&(space.base * placement.within), ink.0).intersect(space.clip).is_empty()
                };
                let is_near = || !space.is_some_and(is_away);
                (!placement.hidden && placement.opacity > 0.0 && is_near())
                    .then_some((placement.z_index.unwrap_or(stacking.0), child))
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
        let Ok((placement, ink, revision, ShownMask(mask), content)) = self.placed.get(entity) else { return false };
        if affine.determinant() == 0.0 {
            return false;
        }
        let fitted = match content {
            Content::Group(_) => Fitted { scale, part: None, pixels: 0.0 },
            _ => match self.fit(entity, ink.0, scale, listing.room) {
                Some(fitted) => fitted,
                None => return false,
            },
        };
        let mut drawn = Drawn {
            entity,
            affine,
            bounds: space.clip,
            opacity: placement.opacity,
            blend,
            scale: fitted.scale,
            mask: None,
            revision: revision.0,
            reshaping,
            moving,
            covered: false,
            scrolled: self.scrolled(entity, ink.0),
            variants: space.variants,
            part: fitted.part,
            pixels: fitted.pixels,
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
        let mut whole = Drawn { scrolled: None, part: None, pixels: 0.0, ..drawn };
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
        if let Some(mask) = mask
            && mask.layer().is_none()
        {
            let reach = mask.reach();
            let fitted = self.fit(group.entity, reach, group.scale, listing.room);
            // Where nothing of the mask can be seen it makes no difference how it is drawn.
            let few = Fitted { scale: bounded_scale(reach, group.scale), part: None, pixels: 0.0 };
            let Fitted { scale, part, pixels } = fitted.unwrap_or(few);
            (group.scale, group.part, group.pixels) = (scale, part, pixels);
        }
        let begin = steps.len();
        steps.push(DrawStep::BeginGroup(group));
        let blends = self.list(group.entity, Space { clip: group.bounds, ..space }, listing, steps);
        if steps.len() == begin + 1 {
            steps.pop();
            return false;
        }
        if mask.is_none() && group.opacity >= 1.0 && group.blend == BlendMode::Normal {
            group.variants = blends;
        }
        if group.variants.is_empty() {
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

//! Lists what is drawn as a picture of its own: groups with effects, and layers as masks of others.

use bevy_ecs::entity::Entity;
use components::{BlendMode, Content, Mask, MaskShape, Placement};
use kurbo::{Affine, Insets, Rect};

use super::{
    DrawStep, Drawn, LaidMask, Layers, Listing, Space, Way, list_raster,
    seen::{Room, pixels},
};
use crate::rasterise::{
    Finish, PictureId, Recipe,
    content::surface::{Grid, bounded_scale},
    effects::{affordable_scale, needs, reach},
    mask::softness,
    raster_scale,
};

impl Layers<'_, '_> {
    /// Appends a group that is drawn as a picture of its own.
    pub(super) fn list_picture(&self, mut group: Drawn, listing: &mut Listing<'_>, steps: &mut Vec<DrawStep>) -> bool {
        let id = PictureId::Group(group.entity);
        if listing.pictures.listed(id).is_none() {
            let Some(recipe) = self.group_recipe(group.entity, listing) else { return false };
            listing.pictures.list(id, recipe);
        }
        let Some((recipe, revision)) = listing.pictures.listed(id) else { return false };
        group.revision = revision;
        group.scale = recipe.scale;
        let area = recipe.grid.area(recipe.scale) + self.effects_reach(group.entity);
        group.pixels = pixels(area, recipe.scale);
        list_raster(DrawStep::Picture, group, area, steps)
    }

    /// What is drawn into the picture of a group.
    fn group_recipe(&self, entity: Entity, listing: &mut Listing<'_>) -> Option<Recipe> {
        let id = PictureId::Group(entity);
        if listing.open.contains(&id) {
            return None;
        }
        let (scale, area, frame) = self.group_area(entity, listing.room)?;
        let grid = Grid::around(area, scale)?;
        listing.open.push(id);
        let mut steps = Vec::new();
        self.list(entity, Space::of(grid, scale), listing, &mut steps);
        listing.open.pop();
        let (_, _, revision, ..) = self.placed.get(entity).ok()?;
        Some(Recipe {
            steps,
            grid,
            scale,
            sampling: self.quality.sampling,
            finish: Finish::Group { revision: revision.0, frame },
        })
    }

    /// The mask of a layer that another layer is, and where it may show anything, in pixels of that other layer's box.
    /// `None` if it shows nothing anywhere.
    pub(super) fn lay_mask(
        &self,
        masked: Entity,
        mask: &Mask,
        space: Space,
        listing: &mut Listing<'_>,
    ) -> Option<(LaidMask, Rect)> {
        let source = self.isolation.mask_of(masked)?;
        let (own, ..) = self.placed.get(masked).ok()?;
        let (other, ..) = self.placed.get(source).ok()?;
        let size = |placement: &Placement| placement.affine.determinant().abs().sqrt();
        if !(size(own) > 0.0 && size(other) > 0.0 && other.opacity > 0.0) {
            return None;
        }
        let same_picture = own.picture == other.picture;
        let affine = if same_picture {
            space.base * other.within
        } else {
            space.base * self.on_frame(own.picture).inverse() * self.on_frame(other.picture) * other.within
        };

        let id = PictureId::Mask(masked);
        if listing.pictures.listed(id).is_none() {
            let MaskShape::Layer { channel, .. } = mask.shape else { return None };
            let home = self.home_scale(source, listing.room);
            // In pixels of the mask, to 1/64: the last bits of sizes differ from angle to angle.
            let deviation = softness(mask.feather) * size(own) / size(other) * (home.0 * home.1).sqrt();
            let deviation = (deviation.clamp(0.0, 1e4) * 64.0).round() / 64.0;
            let recipe = self.mask_recipe(source, id, Finish::Mask { channel, deviation }, home, listing)?;
            listing.pictures.list(id, recipe);
        }
        let (recipe, revision) = listing.pictures.listed(id)?;
        let Finish::Mask { deviation, .. } = recipe.finish else { return None };
        let soft = (3.0 * deviation + 1.0) / recipe.scale.0.min(recipe.scale.1);
        let area = recipe.grid.area(recipe.scale).inflate(soft, soft);
        let (reshaping, moving) = (other.reshaping, other.moving || !same_picture);
        let pixels = pixels(area, recipe.scale);
        Some((LaidMask { affine, revision, reshaping, moving, pixels }, area))
    }

    /// What is drawn into the picture of a layer that is a mask.
    fn mask_recipe(
        &self,
        source: Entity,
        id: PictureId,
        finish: Finish,
        home: (f64, f64),
        listing: &mut Listing<'_>,
    ) -> Option<Recipe> {
        if listing.open.contains(&id) {
            return None;
        }
        let (placement, ink, .., content) = self.placed.get(source).ok()?;
        let area = match content {
            Content::Group(_) => self.group_area(source, listing.room)?.1 + self.effects_reach(source),
            _ => ink.0,
        };
        let area = match listing.room.is_exceeded_by(area, home) {
            true => self.seen_part(source, area, home, listing.room)?,
            false => area,
        };
        let scale = listing.room.shrunk(area, bounded_scale(area, home));
        let grid = Grid::around(area, scale)?;
        let Space { base, clip, is_frame, variants } = Space::of(grid, scale);
        // The mask of the mask is placed in what the mask is placed in.
        let space = Space { base: base * placement.within.inverse(), clip, is_frame, variants };
        listing.open.push(id);
        let mut steps = Vec::new();
        let way = Way { affine: base, scale: home, reshaping: false, moving: false, blend: BlendMode::Normal };
        self.list_layer(source, way, space, listing, &mut steps);
        listing.open.pop();
        Some(Recipe { steps, grid, scale, sampling: self.quality.sampling, finish })
    }

    /// The scale at which an isolated group is drawn, what is drawn of it, and the rectangle that its members fill, all
    /// in its pixels. `None` if there is nothing.
    fn group_area(&self, entity: Entity, room: Room<'_>) -> Option<((f64, f64), Rect, Rect)> {
        let (placement, ..) = self.placed.get(entity).ok()?;
        let (_, effects) = self.painted.get(entity).ok()?;
        let frame = self.members_ink(entity).filter(|ink| !ink.is_zero_area())?;
        let affine = self.home_base(placement.picture, room) * placement.within;
        let wanted = raster_scale(affine, placement.reshaping);
        let mut area = frame;
        if room.is_exceeded_by(frame + reach(effects), wanted) {
            // Too large to be drawn as it is: what can be seen of it may be less.
            let seen = self.seen_part(entity, frame + reach(effects), wanted, room)?;
            area = frame.intersect(seen + needs(effects));
        }
        (!area.is_zero_area()).then(|| {
            let scale = affordable_scale(effects, area, wanted, self.quality.effects);
            (room.shrunk(area + reach(effects), scale), area, frame)
        })
    }

    /// What the members of a group may paint, in pixels of its box if it is isolated.
    fn members_ink(&self, group: Entity) -> Option<Rect> {
        let mut all: Option<Rect> = None;
        for entity in self.seen_children(group, None) {
            let Ok((placement, ink, .., content)) = self.placed.get(entity) else { continue };
            let painted = match content {
                Content::Group(_) if self.isolation.isolates(entity) => {
                    self.members_ink(entity).map(|ink| ink + self.effects_reach(entity)).map(|ink| (ink, true))
                }
                // Its members are placed in what it is placed in.
                Content::Group(_) => self.members_ink(entity).map(|ink| (ink, false)),
                _ => Some((ink.0, true)).filter(|(ink, _)| !ink.is_zero_area()),
            };
            if let Some((ink, own)) = painted {
                let ink = if own { placement.within.transform_rect_bbox(ink) } else { ink };
                all = Some(all.map_or(ink, |all| all.union(ink)));
            }
        }
        all
    }

    fn effects_reach(&self, entity: Entity) -> Insets {
        self.painted.get(entity).map(|(_, effects)| reach(effects)).unwrap_or_default()
    }

    /// Raster pixels per layer pixel of a layer where it stands, be it listed there or not.
    fn home_scale(&self, entity: Entity, room: Room<'_>) -> (f64, f64) {
        let Ok((placement, ..)) = self.placed.get(entity) else { return (1.0, 1.0) };
        if self.isolation.isolates(entity)
            && let Some((scale, ..)) = self.group_area(entity, room)
        {
            return scale;
        }
        raster_scale(self.home_base(placement.picture, room) * placement.within, placement.reshaping)
    }

    /// From pixels of an isolated group, or of the frame, to pixels of its picture, but for their origin.
    fn home_base(&self, picture: Option<Entity>, room: Room<'_>) -> Affine {
        match picture.and_then(|group| self.group_area(group, room)) {
            Some(((x, y), ..)) => Affine::scale_non_uniform(x, y),
            None => Affine::IDENTITY,
        }
    }

    /// From pixels of an isolated group's box to pixels of the frame.
    fn on_frame(&self, picture: Option<Entity>) -> Affine {
        let placed = picture.and_then(|group| self.placed.get(group).ok());
        placed.map_or(Affine::IDENTITY, |(placement, ..)| placement.affine)
    }
}

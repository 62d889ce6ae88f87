//! How much memory it takes to draw a vector picture, besides the picture itself, told without drawing it.
//!
//! resvg draws each group that is faint, blended, filtered, clipped or masked into a picture of its own, which lasts until all
//! within it is drawn; so do clips, masks, tiles of patterns and the results of filters. What counts is the deepest stack of
//! these.

use kurbo::{Affine, Rect};
use resvg::usvg::{
    ClipPath, Fill, Group, Image, ImageKind, Mask, Node, Paint, Path, Stroke, Tree,
    filter::{Filter, Kind},
};

use super::work::{affine_of, rect_of, seen};

/// Bytes of a pixel of a picture …
const PIXEL: f64 = 4.0;
/// … of a clip, which is a picture first, and of a mask, which is cut besides.
const CLIP: f64 = 5.0;
const MASK: f64 = 6.0;
/// Pixels by which a picture of a group is larger than the group.
const MARGIN: f64 = 4.0;
/// Pictures that a step of a filter takes besides the results of all: its source, what goes into it, what it works in.
const STEP: f64 = 6.0;

/// Bytes for so many pixels across and down, `affine` being from the picture to these.
pub(super) fn memory_at(tree: &Tree, affine: Affine, (width, height): (f64, f64)) -> f64 {
    // As large as resvg makes pictures of groups.
    let most = Rect::new(-2.0 * width, -2.0 * height, 3.0 * width, 3.0 * height);
    Memory { most }.nodes(tree.root(), affine, Rect::new(0.0, 0.0, width, height))
}

struct Memory {
    /// Where pictures of groups may lie.
    most: Rect,
}

impl Memory {
    /// `affine` is from what the group is in to pixels, `surface` the pixels that are drawn onto.
    fn nodes(&self, parent: &Group, affine: Affine, surface: Rect) -> f64 {
        let each = parent.children().iter().map(|node| match node {
            Node::Group(group) => self.group(group, affine, surface),
            Node::Path(path) => self.path(path, affine, surface),
            Node::Image(image) => self.image(image, affine, surface),
            Node::Text(text) => self.group(text.flattened(), affine, surface),
        });
        each.fold(0.0, f64::max)
    }

    fn group(&self, group: &Group, affine: Affine, surface: Rect) -> f64 {
        let affine = affine * affine_of(group.transform());
        if !group.should_isolate() {
            return self.nodes(group, affine, surface);
        }
        let layer = seen(affine, rect_of(group.layer_bounding_box().to_rect()), self.most);
        let pixels = (layer.width() + MARGIN) * (layer.height() + MARGIN);
        let filters = group.filters().iter().map(|filter| self.filter(filter, affine, layer));
        let within = filters.fold(self.nodes(group, affine, layer), f64::max);
        let clip = group.clip_path().map_or(0.0, |clip| clip_memory(clip, pixels));
        let mask = group.mask().map_or(0.0, |mask| self.mask(mask, affine, layer, pixels));
        pixels * PIXEL + within.max(clip).max(mask)
    }

    fn mask(&self, mask: &Mask, affine: Affine, layer: Rect, pixels: f64) -> f64 {
        let further = mask.mask().map_or(0.0, |mask| self.mask(mask, affine, layer, pixels));
        pixels * MASK + self.nodes(mask.root(), affine, layer).max(further)
    }

    fn filter(&self, filter: &Filter, affine: Affine, layer: Rect) -> f64 {
        let region = seen(affine, rect_of(filter.rect().to_rect()), layer);
        let drawn = filter.primitives().iter().map(|step| match step.kind() {
            Kind::Image(step) => self.nodes(step.root(), affine, region),
            _ => 0.0,
        });
        region.area() * PIXEL * (filter.primitives().len() as f64 + STEP) + drawn.fold(0.0, f64::max)
    }

    fn path(&self, path: &Path, affine: Affine, surface: Rect) -> f64 {
        let paints = [path.fill().map(Fill::paint), path.stroke().map(Stroke::paint)];
        let each = paints.into_iter().flatten().map(|paint| {
            let Paint::Pattern(pattern) = paint else { return 0.0 };
            let [xx, yx, xy, yy, ..] = (affine * affine_of(pattern.transform())).as_coeffs();
            let (x, y) = (libm::hypot(xx, yx), libm::hypot(xy, yy));
            let rect = pattern.rect();
            let tile = Rect::new(0.0, 0.0, f64::from(rect.width()) * x, f64::from(rect.height()) * y);
            let larger = if tile.area() > surface.area() { tile } else { surface };
            tile.area() * PIXEL + self.nodes(pattern.root(), Affine::scale_non_uniform(x, y), larger)
        });
        each.fold(0.0, f64::max)
    }

    /// What pictures within it are decoded into does not become less by drawing them smaller; how large they may be is
    /// limited when the file is read.
    fn image(&self, image: &Image, affine: Affine, surface: Rect) -> f64 {
        match image.kind() {
            ImageKind::SVG(tree) => surface.area() * PIXEL + self.nodes(tree.root(), affine, surface),
            _ => 0.0,
        }
    }
}

/// A clip of a picture of so many pixels, and those that it is clipped by itself.
fn clip_memory(clip: &ClipPath, pixels: f64) -> f64 {
    let further = clip.clip_path().map_or(0.0, |clip| clip_memory(clip, pixels));
    pixels * CLIP + clipped_within(clip.root(), pixels).max(further)
}

fn clipped_within(parent: &Group, pixels: f64) -> f64 {
    let each = parent.children().iter().map(|node| match node {
        Node::Group(group) => {
            let within = clipped_within(group, pixels);
            group.clip_path().map_or(within, |clip| pixels * PIXEL + within.max(clip_memory(clip, pixels)))
        }
        Node::Text(text) => clipped_within(text.flattened(), pixels),
        Node::Path(_) | Node::Image(_) => 0.0,
    });
    each.fold(0.0, f64::max)
}

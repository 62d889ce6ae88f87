//! How a picture is laid into the box of its layer, and what is seen while there is none.

use components::{
    AssetId, AssetKind, Fit, Point, Size,
    computed::Extent,
    content::{AnimatedImageContent, ImageContent, SvgContent},
};
use kurbo::Rect;

use super::{DrawContext, Measure, error_card, surface::Surface};
use crate::assets::AssetState;

/// Size in pixels of the box of a picture that has none, since it was never loaded.
const UNKNOWN: (f64, f64) = (480.0, 270.0);

/// What all contents that draw from a file say about where it goes.
pub(super) struct Framing<'a> {
    pub(super) asset: &'a AssetId,
    kind: AssetKind,
    size: Option<Size>,
    fit: Fit,
    focus: Point,
}

impl<'a> From<&'a ImageContent> for Framing<'a> {
    fn from(content: &'a ImageContent) -> Self {
        let ImageContent { asset, size, fit, focus } = content;
        Self { asset, kind: AssetKind::Image, size: *size, fit: *fit, focus: *focus }
    }
}

impl<'a> From<&'a AnimatedImageContent> for Framing<'a> {
    fn from(content: &'a AnimatedImageContent) -> Self {
        let AnimatedImageContent { asset, size, fit, focus, .. } = content;
        Self { asset, kind: AssetKind::AnimatedImage, size: *size, fit: *fit, focus: *focus }
    }
}

impl<'a> From<&'a SvgContent> for Framing<'a> {
    fn from(content: &'a SvgContent) -> Self {
        let SvgContent { asset, size, fit, focus } = content;
        Self { asset, kind: AssetKind::Svg, size: *size, fit: *fit, focus: *focus }
    }
}

impl Framing<'_> {
    /// The size of the layer's box in pixels, for a picture of this size.
    fn area(&self, natural: (f64, f64), ctx: &DrawContext<'_>) -> (f64, f64) {
        self.size.map_or(natural, |size| size.resolve(ctx.canvas))
    }

    /// The size of the box of a picture that cannot be shown: as large as the picture was, if it ever was there.
    fn card_area(&self, ctx: &DrawContext<'_>) -> (f64, f64) {
        self.area(ctx.assets.size(self.asset).unwrap_or(UNKNOWN), ctx)
    }

    /// Where which part of a picture of this size goes.
    pub(super) fn layout(&self, natural: (f64, f64), ctx: &DrawContext<'_>) -> Layout {
        let area = self.area(natural, ctx);
        let scale = self.fit.scale(natural, area);
        let drawn = (natural.0 * scale.0, natural.1 * scale.1);
        let origin = ((area.0 - drawn.0) * self.focus.x, (area.1 - drawn.1) * self.focus.y);
        let whole = Rect::new(origin.0, origin.1, origin.0 + drawn.0, origin.1 + drawn.1);
        let target = whole.intersect(Rect::new(0.0, 0.0, area.0, area.1));
        let source = Rect::new(
            ((target.x0 - origin.0) / scale.0).clamp(0.0, natural.0),
            ((target.y0 - origin.1) / scale.1).clamp(0.0, natural.1),
            ((target.x1 - origin.0) / scale.0).clamp(0.0, natural.0),
            ((target.y1 - origin.1) / scale.1).clamp(0.0, natural.1),
        );
        Layout { source, target, scale }
    }

    pub(super) fn measure(&self, ctx: &DrawContext<'_>) -> Measure {
        let boxed =
            |(width, height)| Measure { extent: Extent { width, height }, ink: Rect::new(0.0, 0.0, width, height) };
        match ctx.assets.state(self.asset) {
            Some(AssetState::Loading) => Measure { ink: Rect::ZERO, ..boxed(self.area((0.0, 0.0), ctx)) },
            Some(state) => match state.size() {
                Some(natural) => Measure { ink: self.layout(natural, ctx).target, ..boxed(self.area(natural, ctx)) },
                None => boxed(self.card_area(ctx)),
            },
            None => boxed(self.card_area(ctx)),
        }
    }

    /// What is seen in the place of a picture that cannot be; nothing while it is being read.
    pub(super) fn draw_missing(&self, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Surface> {
        let reason = match ctx.assets.state(self.asset) {
            Some(AssetState::Loading | AssetState::Unloaded { .. }) => return None,
            Some(AssetState::Failed(error)) => error.to_string(),
            Some(_) => format!("it is no picture of this kind; name an asset of type `{}`", self.kind.name()),
            None => "the scene's `assets` have no entry with this id; add one, or correct the name".to_owned(),
        };
        let area = self.card_area(ctx);
        error_card::draw(self.asset, &reason, area, scale, ctx.fonts)
    }
}

/// Where which part of a picture goes.
pub(super) struct Layout {
    /// The part of the picture that is seen, in its own pixels.
    pub(super) source: Rect,
    /// Where it goes, in layer pixels.
    pub(super) target: Rect,
    /// Layer pixels to one of its own.
    pub(super) scale: (f64, f64),
}

impl Layout {
    /// Whether anything of it is seen.
    pub(super) fn is_seen(&self) -> bool {
        let Self { source, target, .. } = self;
        target.width() > 0.0 && target.height() > 0.0 && source.width() > 0.0 && source.height() > 0.0
    }
}

//! Pictures that move by themselves: the frame of the present scene time, drawn as a still picture is.

use components::content::AnimatedImageContent;

use super::{DrawContext, Drawable, Measure, framing::Framing, image::draw_pixels, surface::Surface};
use crate::{assets::AssetState, playback::frame_at};

impl Drawable for AnimatedImageContent {
    fn measure(&self, ctx: &mut DrawContext<'_>) -> Measure {
        Framing::from(self).measure(ctx)
    }

    fn draw(&self, scale: (f64, f64), ctx: &mut DrawContext<'_>) -> Option<Surface> {
        let framing = Framing::from(self);
        let Some(AssetState::Animation(image)) = ctx.assets.state(&self.asset) else {
            return framing.draw_missing(scale, ctx);
        };
        let frame = image.frame(frame_at(self, image, ctx.seconds))?;
        let natural = (f64::from(image.width), f64::from(image.height));
        draw_pixels(frame, &framing.layout(natural, ctx), scale, ctx.part)
    }
}

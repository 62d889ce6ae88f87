//! What is done in the background.

use std::time::Duration;

use bevy_ecs::entity::Entity;
use components::{Content, Effects, Mask, content::TextContent};
use kurbo::Rect;

use super::Job;
use crate::{
    assets::{AssetState, Assets},
    caches::TextCaches,
    rasterise::{
        cache::Key,
        composite::Step,
        content::{
            DrawContext,
            text::{Fonts, SetText, faces::Faces},
        },
        draw_pictures::draw_picture,
        fault::guarded,
        picture::{PictureId, Recipe},
        pixmap::Raster,
        studio::{Pixels, paint},
    },
};

/// What is to be done.
pub(crate) enum Work {
    Layer(Box<LayerWork>),
    Picture(Box<PictureWork>),
    /// The lines of a text, asked for by this number.
    Lines(Box<TextContent>, u64),
}

/// A layer's own picture.
pub(crate) struct LayerWork {
    pub(crate) key: Key,
    pub(crate) content: Content,
    pub(crate) effects: Effects,
    pub(crate) mask: Option<Mask>,
    /// What is seen through, in layer pixels, where the pixels move within the layer by themselves.
    pub(crate) window: Option<Rect>,
    /// The assets that the content names.
    pub(crate) assets: Assets,
    pub(crate) canvas: (f64, f64),
    /// The lines of a text, if they are known.
    pub(crate) lines: Option<SetText>,
}

/// A picture that is made of layers.
pub(crate) struct PictureWork {
    pub(crate) id: PictureId,
    pub(crate) revision: u64,
    pub(crate) recipe: Recipe,
    pub(crate) steps: Vec<Step>,
    pub(crate) effects: Effects,
    pub(crate) mask: Option<Mask>,
}

/// What was done.
pub(super) struct Done {
    pub(super) entity: Entity,
    pub(super) made: Made,
    pub(super) spent: Duration,
}

/// What came of it; the words of the panic if it panicked.
#[expect(clippy::large_enum_variant, reason = "there is one of them for each picture that is drawn")]
pub(super) enum Made {
    Layer(Key, Result<Pixels, String>),
    Picture(PictureId, u64, Result<Option<Raster>, String>),
    /// The lines, the number by which they were asked for, and the faces that they are set in.
    Lines(u64, Faces, Result<SetText, String>),
}

impl Done {
    /// Bytes of the pixels that were made.
    pub(super) fn bytes(&self) -> u64 {
        let rasters = match &self.made {
            Made::Layer(_, Ok(Pixels { raster, window })) => [raster.as_ref(), window.as_ref()],
            Made::Picture(_, _, Ok(raster)) => [raster.as_ref(), None],
            _ => [None, None],
        };
        rasters.into_iter().flatten().map(|raster| raster.pixels.len() as u64).sum()
    }

    pub(super) fn has_failed(&self) -> bool {
        match &self.made {
            Made::Layer(_, made) => made.is_err(),
            Made::Picture(_, _, made) => made.is_err(),
            Made::Lines(_, _, made) => made.is_err(),
        }
    }
}

/// Whether a content can be drawn in the background. What moves by itself is drawn by the tick.
pub(crate) fn is_suitable(content: &Content, assets: &Assets) -> bool {
    match content {
        Content::Color(_) | Content::Gradient(_) | Content::Shape(_) | Content::Text(_) => true,
        Content::Image(image) => matches!(assets.state(&image.asset), Some(AssetState::Image(_))),
        Content::Svg(image) => matches!(assets.state(&image.asset), Some(AssetState::Svg(_))),
        Content::AnimatedImage(_) | Content::Group(_) => false,
    }
}

/// The assets that a suitable content needs.
pub(crate) fn assets_of(content: &Content, assets: &Assets) -> Assets {
    match content {
        Content::Image(image) => assets.excerpt(&image.asset),
        Content::Svg(image) => assets.excerpt(&image.asset),
        _ => Assets::default(),
    }
}

/// The fonts that a content is set in, if it is text.
pub(crate) fn faces_for(content: &Content, fonts: &Fonts) -> Option<Faces> {
    matches!(content, Content::Text(_)).then(|| fonts.faces().clone())
}

/// The lines of a text, if they are known.
pub(crate) fn lines_of(content: &Content, fonts: &Fonts) -> Option<SetText> {
    match content {
        Content::Text(text) => fonts.known(text).cloned(),
        _ => None,
    }
}

/// Fonts that nobody uses just now. Those of other faces than the last ones are let go of.
#[derive(Default)]
pub(super) struct Shelf(Vec<Fonts>);

impl Shelf {
    pub(super) fn take(&mut self, faces: Option<&Faces>) -> Option<Fonts> {
        let faces = faces?;
        self.0.retain(|fonts| fonts.faces().are(faces));
        self.0.pop()
    }

    pub(super) fn put_back(&mut self, fonts: Option<Fonts>) {
        self.0.extend(fonts);
    }
}

impl Job {
    /// Does it, in these fonts if they are given. Returns the fonts too, if they can be used again, and how their caches
    /// have done.
    pub(super) fn run(self, fonts: Option<Fonts>) -> (Done, Option<Fonts>, TextCaches) {
        let Self { entity, is_needed: _, layer, injection, faces, work } = self;
        let mut fonts = fonts;
        let before = fonts.as_ref().map(Fonts::counts).unwrap_or_default();
        let make = || faces.as_ref().map_or_else(Fonts::built_in, Fonts::of);
        let made = match work {
            Work::Layer(work) => {
                let LayerWork { key, content, effects, mask, window, assets, canvas, lines } = *work;
                let drawn = guarded(|| {
                    injection.strike(&layer);
                    let fonts = fonts.get_or_insert_with(make);
                    if let Some(lines) = lines {
                        fonts.keep(lines);
                    }
                    let mut context = DrawContext {
                        assets: &assets,
                        fonts,
                        canvas,
                        quality: key.effects,
                        seconds: 0.0,
                        part: key.part,
                    };
                    paint(&content, &effects, mask.as_ref(), window, key.scale, &mut context)
                });
                Made::Layer(key, drawn)
            }
            Work::Picture(work) => {
                let PictureWork { id, revision, recipe, steps, effects, mask } = *work;
                let drawn = guarded(|| {
                    injection.strike(&layer);
                    draw_picture(&recipe, &steps, &effects, mask.as_ref(), None)
                });
                Made::Picture(id, revision, drawn)
            }
            Work::Lines(text, number) => {
                let set = guarded(|| fonts.get_or_insert_with(make).set(&text));
                let faces = faces.clone().unwrap_or_else(|| Fonts::built_in().faces().clone());
                Made::Lines(number, faces, set)
            }
        };
        let done = Done { entity, made, spent: Duration::ZERO };
        let counts = fonts.as_ref().map(|fonts| fonts.counts() - before).unwrap_or_default();
        // What has panicked may have left them in any state; fonts for what is no text are soon made.
        let good = fonts.filter(|_| faces.is_some() && !done.has_failed());
        (done, good, counts)
    }
}

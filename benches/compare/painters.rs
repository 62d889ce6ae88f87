//! Those who draw within this process: us, tiny-skia and vello_cpu.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use components::{Edit, SceneDocument};
use systems::{Compositor, CompositorSettings, Quality, RenderQuality, TickReport};
use tiny_skia::{FilterQuality, IntSize, Pixmap, PixmapPaint, Transform};
use vello_cpu::{
    Image, ImageSource, RenderContext, RenderSettings, Resources,
    kurbo::Rect,
    peniko::{ImageQuality, ImageSampler},
};

use crate::{
    reference::premultiplied,
    scenes::{FPS, Laid, Scene, TICKS},
};

/// Somebody who draws frames.
pub trait Painter {
    /// Draws the frame of `tick` and returns how long that took.
    fn draw(&mut self, tick: u64) -> Duration;
    /// RGBA of the frame that was drawn last.
    fn picture(&self) -> Vec<u8>;
}

/// The whole tick of the compositor, from edits to the I420 frame.
pub struct Ours {
    pub compositor: Compositor,
    tick: u64,
}

impl Ours {
    pub fn new(scene: SceneDocument, threads: usize) -> Self {
        let (width, height) = (scene.canvas.width as usize, scene.canvas.height as usize);
        let settings = CompositorSettings { width, height, max_layers: 200_000, pool_size: 4, threads: Some(threads) };
        let mut compositor = Compositor::new(settings);
        // Who is compared with samples bilinearly; at high quality we would bicubically.
        compositor.set_quality(RenderQuality::all(Quality::Medium));
        compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
        let first = compositor.tick(0, 0.0);
        assert!(first.outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "refused: {:?}", first.outcomes);
        assert!(compositor.finish_loading(Instant::now() + Duration::from_secs(60)), "pictures did not load");
        compositor.tick(1, 0.0);
        Self { compositor, tick: 1 }
    }

    pub fn tick(&mut self, tick: u64) -> TickReport {
        self.tick += 1;
        self.compositor.tick(self.tick, (tick % TICKS) as f64 / FPS)
    }
}

impl Painter for Ours {
    fn draw(&mut self, tick: u64) -> Duration {
        let began = Instant::now();
        let report = self.tick(tick);
        let spent = began.elapsed();
        let tiles = report.damage.capacity();
        assert_eq!(report.damage.len(), tiles, "tick {tick}: everything is to be drawn");
        assert!(report.frame.is_some(), "tick {tick}: a frame was not drawn");
        spent
    }

    fn picture(&self) -> Vec<u8> {
        self.compositor.picture().data
    }
}

/// `draw_pixmap` of tiny-skia, one after the other; no conversion to I420.
pub struct TinySkia {
    canvas: Pixmap,
    pictures: Vec<Pixmap>,
    frames: Vec<Vec<Laid>>,
}

impl TinySkia {
    pub fn new(scene: &Scene) -> Self {
        let pictures = scene
            .pictures
            .0
            .iter()
            .map(|(_, picture)| {
                let size = IntSize::from_wh(picture.width(), picture.height()).expect("a picture has a size");
                Pixmap::from_vec(premultiplied(picture), size).expect("as many bytes as pixels")
            })
            .collect();
        let canvas = Pixmap::new(scene.size.0, scene.size.1).expect("a canvas has a size");
        Self { canvas, pictures, frames: (0..TICKS).map(|tick| scene.at(tick)).collect() }
    }
}

impl Painter for TinySkia {
    fn draw(&mut self, tick: u64) -> Duration {
        let frame = &self.frames[(tick % TICKS) as usize];
        let began = Instant::now();
        for laid in frame {
            let [a, b, c, d, e, f] = laid.affine.as_coeffs().map(|v| v as f32);
            let straight = [a, b, c, d] == [1.0, 0.0, 0.0, 1.0];
            let quality = if straight { FilterQuality::Nearest } else { FilterQuality::Bilinear };
            let paint = PixmapPaint { opacity: laid.opacity as f32, quality, ..Default::default() };
            let transform = Transform::from_row(a, b, c, d, e, f);
            self.canvas.draw_pixmap(0, 0, self.pictures[laid.picture].as_ref(), &paint, transform, None);
        }
        began.elapsed()
    }

    fn picture(&self) -> Vec<u8> {
        self.canvas.data().to_vec()
    }
}

/// Rectangles filled with pictures by vello_cpu; no conversion to I420.
pub struct Vello {
    context: RenderContext,
    resources: Resources,
    target: vello_cpu::Pixmap,
    pictures: Vec<Arc<vello_cpu::Pixmap>>,
    frames: Vec<Vec<Laid>>,
}

impl Vello {
    /// With so many threads besides the caller's.
    pub fn new(scene: &Scene, workers: u16) -> Self {
        let size = (scene.size.0 as u16, scene.size.1 as u16);
        let pictures = scene
            .pictures
            .0
            .iter()
            .map(|(_, picture)| {
                let mut pixmap = vello_cpu::Pixmap::new(picture.width() as u16, picture.height() as u16);
                pixmap.data_as_u8_slice_mut().copy_from_slice(&premultiplied(picture));
                pixmap.recompute_may_have_transparency();
                Arc::new(pixmap)
            })
            .collect();
        let settings = RenderSettings { num_threads: workers, ..Default::default() };
        Self {
            context: RenderContext::new_with(size.0, size.1, settings),
            resources: Resources::new(),
            target: vello_cpu::Pixmap::new(size.0, size.1),
            pictures,
            frames: (0..TICKS).map(|tick| scene.at(tick)).collect(),
        }
    }
}

impl Painter for Vello {
    fn draw(&mut self, tick: u64) -> Duration {
        let frame = &self.frames[(tick % TICKS) as usize];
        let began = Instant::now();
        self.context.reset();
        for laid in frame {
            let picture = &self.pictures[laid.picture];
            let [a, b, c, d, ..] = laid.affine.as_coeffs();
            let straight = [a, b, c, d] == [1.0, 0.0, 0.0, 1.0];
            let quality = if straight { ImageQuality::Low } else { ImageQuality::Medium };
            let sampler = ImageSampler { quality, alpha: laid.opacity as f32, ..Default::default() };
            self.context.set_transform(laid.affine);
            self.context.set_paint(Image { image: ImageSource::Pixmap(Arc::clone(picture)), sampler });
            self.context.fill_rect(&Rect::new(0.0, 0.0, f64::from(picture.width()), f64::from(picture.height())));
        }
        self.context.flush();
        self.context.render(&mut self.target, &mut self.resources);
        began.elapsed()
    }

    fn picture(&self) -> Vec<u8> {
        self.target.data_as_u8_slice().to_vec()
    }
}

/// The scene, its pictures in `folder`.
pub fn ours(scene: &Scene, folder: &Path, threads: usize) -> Ours {
    Ours::new(scene.document(folder), threads)
}

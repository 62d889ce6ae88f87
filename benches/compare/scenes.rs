//! The bench scenes: pictures made by formula, laid down at places that follow from the time alone. Each is told twice,
//! as a scene document for us and as a plain list for everybody else.

use std::path::Path;

use components::{Edit, LayerId, SceneDocument, document::Limits};
use image::{Rgba, RgbaImage};
use serde_json::{Value, json};
use vello_cpu::kurbo::Affine;

/// Frames a second.
pub const FPS: f64 = 30.0;
const LIMITS: Limits = Limits { max_layers: 200_000 };
/// Everything moves from where it begins to where it ends in this many ticks.
pub const TICKS: u64 = 300;

/// Straight RGBA pixels of everything that a scene shows, by name.
pub struct Pictures(pub Vec<(String, RgbaImage)>);

/// A picture on its way. All values go evenly from the first to the second, within [`TICKS`].
#[derive(Clone, Debug)]
pub struct Sprite {
    pub picture: usize,
    /// Where its centre is.
    pub x: (f64, f64),
    pub y: (f64, f64),
    /// Degrees.
    pub turn: (f64, f64),
    pub scale: (f64, f64),
    pub opacity: (f64, f64),
}

/// A picture as it is laid down on one frame.
#[derive(Clone, Copy, Debug)]
pub struct Laid {
    pub picture: usize,
    pub affine: Affine,
    pub opacity: f64,
}

pub struct Scene {
    pub size: (u32, u32),
    pub pictures: Pictures,
    pub sprites: Vec<Sprite>,
}

impl Sprite {
    fn still(picture: usize, x: f64, y: f64) -> Self {
        Self { picture, x: (x, x), y: (y, y), turn: (0.0, 0.0), scale: (1.0, 1.0), opacity: (1.0, 1.0) }
    }
}

impl Scene {
    /// What is laid down on the frame of `tick`, back to front.
    pub fn at(&self, tick: u64) -> Vec<Laid> {
        let share = tick as f64 / TICKS as f64;
        let now = |(from, to): (f64, f64)| from + (to - from) * share;
        self.sprites
            .iter()
            .map(|sprite| {
                let picture = &self.pictures.0[sprite.picture].1;
                let half = (-f64::from(picture.width()) / 2.0, -f64::from(picture.height()) / 2.0);
                // Without a turn or a scale there is to be no rounding either.
                let mut affine = Affine::translate((now(sprite.x), now(sprite.y)));
                if sprite.turn != (0.0, 0.0) {
                    affine *= Affine::rotate(now(sprite.turn).to_radians());
                }
                affine = affine * Affine::scale(now(sprite.scale)) * Affine::translate(half);
                Laid { picture: sprite.picture, affine, opacity: now(sprite.opacity) }
            })
            .collect()
    }

    /// The same as a scene document. Writes the pictures into `folder`.
    pub fn document(&self, folder: &Path) -> SceneDocument {
        let mut assets = Vec::new();
        for (name, picture) in &self.pictures.0 {
            let file = format!("{name}.png");
            picture.save(folder.join(&file)).expect("the folder can be written");
            assets.push(json!({ "id": name, "type": "image", "path": file }));
        }
        let layers = self.sprites.iter().enumerate().map(|(index, sprite)| self.layer(index, sprite)).collect();
        document(self.size, assets, layers, folder)
    }

    fn layer(&self, index: usize, sprite: &Sprite) -> Value {
        let mut animations = Vec::new();
        for (property, (from, to)) in [
            ("transform.position.x", sprite.x),
            ("transform.position.y", sprite.y),
            ("transform.rotation", sprite.turn),
            ("transform.scale", sprite.scale),
            ("opacity", sprite.opacity),
        ] {
            if from != to {
                let duration = TICKS as f64 / FPS;
                animations.push(
                    json!({ "property": property, "from": from, "to": to, "duration": duration, "easing": "linear" }),
                );
            }
        }
        json!({
            "id": format!("layer-{index}"),
            "transform": {
                "position": { "x": sprite.x.0, "y": sprite.y.0 }, "rotation": sprite.turn.0, "scale": { "x": sprite.scale.0, "y": sprite.scale.0 },
                "anchor": { "x": 0.5, "y": 0.5 },
            },
            "opacity": sprite.opacity.0,
            "content": { "type": "image", "asset": self.pictures.0[sprite.picture].0 },
            "animations": animations,
        })
    }
}

pub fn document(size: (u32, u32), assets: Vec<Value>, layers: Vec<Value>, folder: &Path) -> SceneDocument {
    let scene = json!({
        "name": "bench",
        "canvas": { "width": size.0, "height": size.1, "background": "#000000" },
        "assets": assets,
        "layers": layers,
    });
    let mut scene = SceneDocument::from_value(scene, &LIMITS).expect("the bench scenes are valid");
    scene.folder = folder.to_owned();
    scene
}

/// An opaque picture without any even area.
pub fn backdrop(width: u32, height: u32, hue: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let wave = ((x * 3 + y * 5 + hue * 40) % 256) as u8;
        let grain = ((x * 7) ^ (y * 13)) as u8 & 15;
        Rgba([wave / 4 + 60 + grain, (x * 90 / width) as u8 + 70 + grain, (y * 90 / height) as u8 + 60, 255])
    })
}

/// A figure with alpha: opaque within, softly fading towards transparent corners.
pub fn figure(width: u32, height: u32, hue: u32) -> RgbaImage {
    let centre = (f64::from(width) / 2.0, f64::from(height) / 2.0);
    RgbaImage::from_fn(width, height, |x, y| {
        let (dx, dy) = ((f64::from(x) + 0.5) / centre.0 - 1.0, (f64::from(y) + 0.5) / centre.1 - 1.0);
        let alpha = ((1.0 - dx.hypot(dy)) * 3.0).clamp(0.0, 1.0);
        let ring = ((x + y * 2 + hue * 29) % 128) as u8;
        Rgba([ring + 40, (hue * 37 % 120) as u8 + 60, 180 - ring / 2, (alpha * 255.0).round() as u8])
    })
}

/// `count` figures with pictures of their own on a background that slides by a pixel a tick; `each` sets how they move.
fn figures(size: (u32, u32), count: usize, edge: u32, each: impl Fn(&mut Sprite, usize)) -> Scene {
    // Wider than the canvas and sliding: no tile is ever the same as on the tick before.
    let slide = TICKS as u32;
    let mut pictures = vec![("backdrop".to_owned(), backdrop(size.0 + slide, size.1, 0))];
    let (width, height) = (f64::from(size.0), f64::from(size.1));
    let half = f64::from(slide) / 2.0;
    let mut sprites =
        vec![Sprite { x: (width / 2.0 + half, width / 2.0 - half), ..Sprite::still(0, width / 2.0, height / 2.0) }];
    for index in 0..count {
        // So many pictures of their own, and no more: a scene has at most 1000 assets.
        if index < 100 {
            pictures.push((format!("figure-{index}"), figure(edge, edge, index as u32)));
        }
        let margin = f64::from(edge) / 2.0;
        let place = |step: usize, length: f64| {
            (margin + ((index * step) % 997) as f64 / 997.0 * (length - 2.0 * margin)).floor()
        };
        let mut sprite = Sprite::still(index % 100 + 1, place(389, width), place(211, height));
        each(&mut sprite, index);
        sprites.push(sprite);
    }
    Scene { size, pictures: Pictures(pictures), sprites }
}

/// Background and sprites with alpha that move by whole pixels.
pub fn sprites(size: (u32, u32), count: usize, edge: u32) -> Scene {
    figures(size, count, edge, |sprite, index| {
        let way = TICKS as f64 * if index % 2 == 0 { 1.0 } else { -1.0 };
        sprite.x.1 = sprite.x.0 + way;
        sprite.y.1 = sprite.y.0 - way * ((index % 3) as f64 - 1.0);
    })
}

/// The same sprites, all turning and changing their size.
pub fn rotated(size: (u32, u32), count: usize) -> Scene {
    figures(size, count, 256, |sprite, index| {
        sprite.turn = (index as f64 * 7.0, index as f64 * 7.0 + if index % 2 == 0 { 360.0 } else { -360.0 });
        sprite.scale = (0.8 + (index % 10) as f64 * 0.02, 1.0 + (index % 5) as f64 * 0.03);
    })
}

/// Two full-frame images, one fading into the other.
pub fn crossfade(size: (u32, u32)) -> Scene {
    let pictures = Pictures((0..2).map(|i| (format!("backdrop-{i}"), backdrop(size.0, size.1, i * 3))).collect());
    let (x, y) = (f64::from(size.0) / 2.0, f64::from(size.1) / 2.0);
    let fading = Sprite { opacity: (0.05, 0.95), ..Sprite::still(1, x, y) };
    Scene { size, pictures, sprites: vec![Sprite::still(0, x, y), fading] }
}

/// Places of the pictures of [`show`]: name, size, where the top left corner is.
const SHOW: [(&str, (u32, u32), (f64, f64)); 8] = [
    ("backdrop", (1920, 1080), (0.0, 0.0)),
    ("feed-1", (960, 540), (760.0, 120.0)),
    ("feed-2", (960, 540), (760.0, 120.0)),
    ("host", (700, 900), (80.0, 190.0)),
    ("assistant", (500, 600), (1340.0, 480.0)),
    ("panel", (420, 640), (1480.0, 60.0)),
    ("lower-third", (1100, 150), (120.0, 840.0)),
    ("ticker", (1900, 56), (10.0, 1020.0)),
];

/// The layers of a talk show, all as pictures: what peers are given. Nothing moves, the feed is half faded.
pub fn show() -> Scene {
    let mut pictures = Vec::new();
    let mut sprites = Vec::new();
    for (index, (name, (width, height), (x, y))) in SHOW.into_iter().enumerate() {
        let opaque = matches!(name, "backdrop" | "feed-1" | "feed-2");
        let picture = if opaque { backdrop } else { figure }(width, height, index as u32);
        pictures.push((name.to_owned(), picture));
        let mut sprite = Sprite::still(index, x + f64::from(width) / 2.0, y + f64::from(height) / 2.0);
        if name == "feed-2" {
            sprite.opacity = (0.5, 0.5);
        }
        sprites.push(sprite);
    }
    Scene { size: (1920, 1080), pictures: Pictures(pictures), sprites }
}

/// The same as a show that goes on: host and assistant bob, the feed cross-fades every 5 s, the ticker scrolls, and
/// texts stand on the lower third and on the panel, whose text [`next_message`] changes.
pub fn moving_show(scene: &Scene, folder: &Path) -> SceneDocument {
    let mut document = scene.document(folder);
    let wave = |property: &str, from: f64, to: f64, seconds: f64| {
        json!({ "property": property, "from": from, "to": to, "duration": seconds, "easing": "easeInOutSine",
            "repeat": "forever", "pingPong": true })
    };
    let animate = |index: usize, document: &mut SceneDocument, animation: Value| {
        document.layers[index].animations.0.push(serde_json::from_value(animation).expect("an animation"));
    };
    let middle = |index: usize| scene.sprites[index].y.0;
    animate(3, &mut document, wave("transform.position.y", middle(3) - 9.0, middle(3) + 9.0, 2.1));
    animate(4, &mut document, wave("transform.position.y", middle(4) - 7.0, middle(4) + 7.0, 1.7));
    let fade = json!({ "property": "opacity", "repeat": "forever", "keyframes": [{ "at": 0, "value": 0 },
        { "at": 4, "value": 0 }, { "at": 5, "value": 1 }, { "at": 9, "value": 1 }, { "at": 10, "value": 0 }] });
    animate(2, &mut document, fade);
    for (id, x, y, text) in [
        ("name", 320.0, 890.0, "Good evening from the roof"),
        ("chat", 1560.0, 200.0, "first message"),
        ("news", 60.0, 1034.0, "Night trains run again from Sunday · Rain in the west · The bridge is open"),
    ] {
        let layer = json!({ "id": id, "transform": { "position": { "x": x, "y": y } },
            "content": { "type": "text", "text": text, "font": { "size": 32 }, "fill": "#ffffff" } });
        document.layers.push(serde_json::from_value(layer).expect("a layer"));
    }
    let news = document.layers.len() - 1;
    let scroll = json!({ "property": "transform.position.x", "from": 1800, "to": -1200, "duration": 25, "easing": "linear",
        "repeat": "forever" });
    animate(news, &mut document, scroll);
    document
}

/// What happens to the panel of [`moving_show`] once a second.
pub fn next_message(second: u64) -> Edit {
    Edit::PatchLayer {
        id: LayerId::new("chat").expect("an id"),
        patch: json!({ "content": { "text": format!("message {second}") } }),
    }
}

/// `count` animated layers of 16x16 pixels, of which one in ten is on the canvas.
pub fn swarm(count: usize, folder: &Path) -> SceneDocument {
    let figure = figure(16, 16, 4);
    figure.save(folder.join("dot.png")).expect("the folder can be written");
    let asset = json!({ "id": "dot", "type": "image", "path": "dot.png" });
    let layers = (0..count).map(|index| {
        let seen = index % 10 == 0;
        let (x, y) = ((index * 389 % 1880) as f64, (index * 211 % 1040) as f64);
        let x = if seen { x } else { x + 4000.0 };
        json!({
            "id": format!("dot-{index}"),
            "transform": { "position": { "x": x, "y": y } },
            "content": { "type": "image", "asset": "dot" },
            "animations": [
                { "property": "transform.position.x", "from": x, "to": x + 30.0, "duration": 2, "repeat": "forever",
                    "pingPong": true, "easing": "easeInOutSine", "delay": (index % 7) as f64 * 0.1 },
                { "property": "transform.position.y", "from": y, "to": y + 20.0, "duration": 3, "repeat": "forever",
                    "pingPong": true, "easing": "linear" },
            ],
        })
    });
    document((1920, 1080), vec![asset], layers.collect(), folder)
}

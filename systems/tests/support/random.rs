//! Random scenes, and random things that happen to them.

use std::{path::PathBuf, sync::LazyLock};

use components::{
    CanvasDocument, Content, Edit, LayerDocument, LayerId, SceneDocument, SceneId,
    animation::{
        timeline::{SeekTarget, TimelineControl},
        trigger::EventName,
    },
    document::{Limits, arbitrary, check_masks},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

/// Layers that a scene of these may have.
pub(crate) const LIMITS: Limits = Limits { max_layers: 100 };

/// So many cases, or as many as `PROPTEST_CASES` says.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let standard = ProptestConfig { max_shrink_iters: 10_000, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { standard } else { ProptestConfig { cases, ..standard } }
}

/// One thing that happens to a scene.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// So many frames go by.
    Wait(u64),
    Create {
        layer: Value,
        into_group: bool,
        index: usize,
    },
    Delete(usize),
    Patch {
        layer: usize,
        patch: Value,
    },
    Replace {
        layer: usize,
        with: Value,
    },
    /// Taken out and put in again somewhere else, with all it has.
    Move {
        layer: usize,
        into_group: Option<usize>,
        index: usize,
    },
    /// Children of a group or of the canvas in another order, and what else stands beside that.
    Order {
        of_group: Option<usize>,
        rotate: usize,
        count: usize,
    },
    /// The same as `Move`, as one edit.
    Shift {
        layer: usize,
        /// The canvas, a group, or the one that it is in.
        into: Option<Option<usize>>,
        index: Option<usize>,
    },
    /// Its children the other way round, perhaps without the last of them.
    Rearrange {
        layer: usize,
        drop: bool,
    },
    /// Another scene of the same layers, from another one on.
    Reload(usize),
    Canvas(Value),
    /// Frames of another size. That is no edit: whoever wants it does it.
    Resize {
        width: usize,
        height: usize,
    },
    /// A timeline is steered.
    Steer(usize, TimelineControl),
    /// An event is fired.
    Fire(EventName),
    /// Another sound: nothing of the picture changes.
    Audio(Value),
}

fn color() -> impl Strategy<Value = Value> {
    (any::<[u8; 3]>(), select(vec![255_u8, 255, 200, 90, 0]))
        .prop_map(|([r, g, b], a)| json!(format!("#{r:02x}{g:02x}{b:02x}{a:02x}")))
}

fn number(low: f64, high: f64) -> impl Strategy<Value = f64> {
    // Whole and half numbers are where integer paths begin and end.
    prop_oneof![low..high, (low..high).prop_map(f64::round), (low..high).prop_map(|n| (n * 2.0).round() / 2.0)]
}

fn gradient() -> impl Strategy<Value = Value> {
    (color(), color(), number(0.0, 360.0), select(vec!["linear", "radial", "conic"])).prop_map(|(a, b, angle, kind)| {
        let stops = json!([{"offset": 0.1, "color": a}, {"offset": 0.8, "color": b}]);
        if kind == "radial" {
            json!({"type": kind, "radius": 0.8, "stops": stops})
        } else {
            json!({"type": kind, "angle": angle, "stops": stops})
        }
    })
}

fn paint() -> impl Strategy<Value = Value> {
    prop_oneof![3 => color(), 1 => gradient()]
}

fn box_size() -> impl Strategy<Value = Value> {
    (number(1.0, 160.0), number(1.0, 120.0)).prop_map(|(width, height)| json!({"width": width, "height": height}))
}

fn geometry() -> impl Strategy<Value = Value> {
    (number(2.0, 120.0), number(2.0, 90.0), select(vec!["rect", "roundedRect", "ellipse", "star", "path"])).prop_map(
        |(width, height, kind)| match kind {
            "roundedRect" => json!({"type": kind, "width": width, "height": height, "radius": 9}),
            "star" => json!({"type": kind, "points": 5, "outerRadius": width / 2.0, "innerRadius": height / 5.0}),
            "path" => json!({"type": kind, "d": format!("M 0 0 L {width} 4 Q 20 {height} 3 {height} Z")}),
            _ => json!({"type": kind, "width": width, "height": height}),
        },
    )
}

fn content() -> impl Strategy<Value = Value> {
    prop_oneof![
        (color(), option::of(box_size())).prop_map(|(color, size)| {
            let mut content = json!({"type": "color", "color": color});
            if let Some(size) = size {
                content["size"] = size;
            }
            content
        }),
        (gradient(), box_size())
            .prop_map(|(gradient, size)| json!({"type": "gradient", "gradient": gradient, "size": size})),
        (geometry(), paint(), option::of(number(0.5, 12.0))).prop_map(|(geometry, fill, stroke)| {
            let mut content = json!({"type": "shape", "geometry": geometry, "fill": fill});
            if let Some(width) = stroke {
                content["stroke"] = json!({"paint": "#ff8800c0", "width": width});
            }
            content
        }),
        ("[a-zA-Z ]{1,14}", number(8.0, 60.0), paint())
            .prop_map(|(text, size, fill)| json!({"type": "text", "text": text, "font": {"size": size}, "fill": fill})),
        rich_text(),
        picture(),
    ]
}

/// Text with all that it may have.
fn rich_text() -> impl Strategy<Value = Value> {
    let words = select(vec!["Go", "two words", "line\nbreak", "سلام ok", "a👍🏽b"]);
    let span = (words.clone(), number(6.0, 40.0), option::of(paint()), any::<bool>()).prop_map(
        |(text, size, fill, underline)| {
            let mut span = json!({"text": text, "font": {"size": size, "weight": 700}, "underline": underline});
            if let Some(fill) = fill {
                span["fill"] = fill;
            }
            span
        },
    );
    let extra = prop_oneof![
        (0.0..=1.0).prop_map(|reveal| json!({"reveal": reveal})),
        (0_u32..9).prop_map(|letters| json!({"revealLetters": letters})),
        number(0.5, 8.0).prop_map(|width| json!({"stroke": {"paint": "#102040c0", "width": width, "join": "round"}})),
        (number(-6.0, 6.0), number(0.0, 5.0))
            .prop_map(|(x, radius)| json!({"shadow": {"offset": {"x": x, "y": 2}, "radius": radius}})),
        Just(json!({"autoFit": {"maxSize": 60}, "verticalAlign": "middle"})),
        Just(json!({"overflow": "ellipsis", "maxLines": 1})),
        Just(json!({"overflow": "clip", "letterSpacing": 3})),
        (number(-90.0, 90.0), number(0.0, 50.0))
            .prop_map(|(speed, gap)| json!({"ticker": {"speed": speed, "gap": gap}})),
    ];
    (words, vec(span, 0..2), number(8.0, 40.0), box_size(), vec(extra, 0..3)).prop_map(
        |(text, spans, size, room, extras)| {
            let mut content = json!({
                "type": "text", "text": text, "spans": spans, "font": {"size": size},
                "width": room["width"], "height": room["height"],
            });
            for extra in extras {
                for (key, value) in extra.as_object().unwrap() {
                    content[key] = value.clone();
                }
            }
            content
        },
    )
}

/// Files that scenes of these draw from: good ones, and one that is broken.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let name = format!("random-{}", env!("CARGO_CRATE_NAME"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let square = |hue: u8| {
        image::RgbaImage::from_fn(24, 18, |x, y| {
            image::Rgba([hue, (x * 10) as u8, (y * 14) as u8, if (x / 6 + y / 6) % 2 == 0 { 255 } else { 60 }])
        })
    };
    square(200).save(folder.join("still.png")).unwrap();
    let frames = [0_u8, 120, 255]
        .map(|hue| image::Frame::from_parts(square(hue), 0, 0, image::Delay::from_numer_denom_ms(70, 1)));
    let mut gif = image::codecs::gif::GifEncoder::new(std::fs::File::create(folder.join("moving.gif")).unwrap());
    gif.encode_frames(frames).unwrap();
    drop(gif);
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 30'><circle cx='18' cy='15' r='13' fill='#e5484d'/>\
               <path d='M2 28 L38 4' stroke='#fff8' stroke-width='5'/><text x='4' y='20' font-size='12'>Ab</text></svg>";
    std::fs::write(folder.join("drawn.svg"), svg).unwrap();
    std::fs::write(folder.join("broken.gif"), "GIF89a").unwrap();
    folder
});

fn assets() -> Value {
    json!([
        {"id": "still", "type": "image", "path": "still.png"},
        {"id": "moving", "type": "animatedImage", "path": "moving.gif"},
        {"id": "drawn", "type": "svg", "path": "drawn.svg"},
        {"id": "broken", "type": "animatedImage", "path": "broken.gif"},
    ])
}

fn picture() -> impl Strategy<Value = Value> {
    let kinds = [("image", "still"), ("animatedImage", "moving"), ("animatedImage", "broken"), ("svg", "drawn")];
    (select(kinds.to_vec()), option::of(box_size()), select(vec!["contain", "cover", "fill"]), -1.0..2.0).prop_map(
        |((kind, asset), size, fit, start)| {
            let mut content = json!({"type": kind, "asset": asset, "fit": fit});
            if let Some(size) = size {
                content["size"] = size;
            }
            if kind == "animatedImage" {
                content["startAt"] = json!(start);
            }
            content
        },
    )
}

fn transform() -> impl Strategy<Value = Value> {
    (
        (number(-80.0, 200.0), number(-60.0, 150.0)),
        (number(0.0, 1.0), number(0.0, 1.0)),
        prop_oneof![3 => Just(1.0), 1 => number(0.1, 2.5), 1 => number(-1.5, 1.5)],
        prop_oneof![3 => Just(0.0), 1 => number(-180.0, 180.0), 1 => Just(90.0)],
        prop_oneof![4 => Just(0.0), 1 => number(-40.0, 40.0)],
    )
        .prop_map(|((x, y), (ax, ay), scale, rotation, skew)| {
            json!({
                "position": {"x": x, "y": y}, "anchor": {"x": ax, "y": ay}, "scale": scale,
                "rotation": rotation, "skew": {"x": skew, "y": 0},
            })
        })
}

fn animation() -> impl Strategy<Value = Value> {
    let easing = select(vec!["linear", "easeInOut", "easeOutBack", "steps(3, end)", "easeOutBounce"]);
    (
        select(vec!["opacity", "transform.position.x", "transform.rotation", "transform.scale", "transform.position"]),
        (0.1..1.0, number(0.0, 0.5)),
        easing,
        any::<bool>(),
        select(vec![json!(1), json!(3), json!("forever")]),
    )
        .prop_map(|(property, (duration, delay), easing, ping_pong, repeat)| {
            let (from, to) = match property {
                "opacity" => (json!(0), json!(1)),
                "transform.position.x" => (json!(-20), json!(150)),
                "transform.position" => (json!({"x": "10%", "y": 0}), json!({"x": 120.5, "y": "80%"})),
                "transform.scale" => (json!({"x": 0.3, "y": 0.5}), json!({"x": 1.7, "y": 1.2})),
                _ => (json!(0), json!(200)),
            };
            json!({
                "property": property, "from": from, "to": to, "duration": duration, "delay": delay,
                "easing": easing, "pingPong": ping_pong, "repeat": repeat,
            })
        })
}

fn mask() -> impl Strategy<Value = Value> {
    let shape = (number(-20.0, 60.0), number(10.0, 120.0), select(vec!["rect", "ellipse", "path"])).prop_map(
        |(x, width, shape)| match shape {
            "path" => json!({"type": shape, "d": format!("M {x} 0 L {width} 10 Q 90 60 20 70 Z")}),
            _ => json!({"type": shape, "x": x, "y": 5, "width": width, "height": 70}),
        },
    );
    // Where there is no such layer, or it needs the picture of this one itself, the scene refuses it.
    let layer = (0_u32..12, select(vec!["alpha", "luminance"]))
        .prop_map(|(layer, channel)| json!({"type": "layer", "layer": format!("l{layer}"), "channel": channel}));
    (prop_oneof![shape.boxed(), layer.boxed()], any::<bool>(), select(vec![0.0, 0.0, 6.0]))
        .prop_map(|(shape, inverted, feather)| json!({"shape": shape, "inverted": inverted, "feather": feather}))
}

fn effect() -> impl Strategy<Value = Value> {
    let size = || number(0.0, 9.0);
    prop_oneof![
        3 => (0.5..5.0_f64).prop_map(|radius| json!({"type": "blur", "radius": radius})),
        1 => (size(), size(), color()).prop_map(|(offset, radius, color)| {
            json!({"type": "dropShadow", "offset": {"x": offset, "y": 4.0 - offset}, "radius": radius, "color": color})
        }),
        1 => (size(), color()).prop_map(|(radius, color)| json!({"type": "glow", "radius": radius, "color": color})),
        1 => (size(), color()).prop_map(|(width, color)| json!({"type": "outline", "width": width, "color": color})),
        1 => (0.0..2.0, 0.0..2.0, 0.0..2.0, number(-90.0, 400.0)).prop_map(|(brightness, contrast, saturation, hue)| {
            json!({"type": "colorAdjust", "brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue})
        }),
        1 => (color(), color(), 0.0..=1.0)
            .prop_map(|(black, white, amount)| json!({"type": "tint", "black": black, "white": white, "amount": amount})),
        1 => (0.0..=1.0).prop_map(|amount| json!({"type": "grayscale", "amount": amount})),
        1 => (color(), 0.0..0.5, 0.0..0.3).prop_map(|(color, similarity, smoothness)| {
            json!({"type": "chromaKey", "color": color, "similarity": similarity, "smoothness": smoothness})
        }),
        1 => number(1.0, 25.0).prop_map(|size| json!({"type": "pixelate", "size": size})),
        1 => (0.0..=1.0, 0.0..=1.0, 0.0..=1.0).prop_map(|(amount, radius, softness)| {
            json!({"type": "vignette", "amount": amount, "radius": radius, "softness": softness})
        }),
        1 => number(0.0, 40.0).prop_map(|radius| json!({"type": "roundedCorners", "radius": radius})),
    ]
}

fn blend() -> impl Strategy<Value = Value> {
    let all: Vec<Value> = components::BlendMode::ALL.iter().map(|mode| serde_json::to_value(mode).unwrap()).collect();
    prop_oneof![4 => Just(json!("normal")), 1 => select(all)]
}

fn common() -> impl Strategy<Value = Value> {
    (
        transform(),
        prop_oneof![3 => Just(1.0), 2 => 0.0..=1.0],
        -2..3,
        proptest::bool::weighted(0.9),
        blend(),
        option::weighted(0.2, mask()),
        vec(animation(), 0..2),
    )
        .prop_map(|(transform, opacity, z_index, visible, blend, mask, animations)| {
            let mut layer = json!({
                "transform": transform, "opacity": opacity, "zIndex": z_index, "visible": visible, "blend": blend,
                "animations": animations,
            });
            if let Some(mask) = mask {
                layer["mask"] = mask;
            }
            layer
        })
}

fn leaf() -> impl Strategy<Value = Value> {
    (common(), content(), option::weighted(0.3, vec(effect(), 1..3))).prop_map(|(mut layer, content, effects)| {
        layer["content"] = content;
        if let Some(effects) = effects {
            layer["effects"] = json!(effects);
        }
        layer
    })
}

fn layer() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(2, 8, 3, |inner| {
        (common(), vec(inner, 0..4), option::weighted(0.3, vec(effect(), 1..3))).prop_map(
            |(mut group, children, effects)| {
                if let Some(effects) = effects {
                    group["effects"] = json!(effects);
                }
                group["content"] = json!({"type": "group"});
                group["children"] = json!(children);
                group
            },
        )
    })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u64..12).prop_map(Step::Wait),
        2 => (layer(), any::<bool>(), 0_usize..6)
            .prop_map(|(layer, into_group, index)| Step::Create { layer, into_group, index }),
        1 => any::<usize>().prop_map(Step::Delete),
        2 => (any::<usize>(), common()).prop_map(|(layer, patch)| Step::Patch { layer, patch }),
        1 => (any::<usize>(), content()).prop_map(|(layer, content)| Step::Patch { layer, patch: json!({"content": content}) }),
        1 => (any::<usize>(), layer()).prop_map(|(layer, with)| Step::Replace { layer, with }),
        2 => (any::<usize>(), option::of(0_usize..4), 0_usize..6)
            .prop_map(|(layer, into_group, index)| Step::Move { layer, into_group, index }),
        2 => (option::of(any::<usize>()), 0..4_usize, 1..5_usize)
            .prop_map(|(of_group, rotate, count)| Step::Order { of_group, rotate, count }),
        2 => (any::<usize>(), option::of(option::of(any::<usize>())), option::of(0..4_usize))
            .prop_map(|(layer, into, index)| Step::Shift { layer, into, index }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(layer, drop)| Step::Rearrange { layer, drop }),
        1 => any::<usize>().prop_map(Step::Reload),
        1 => size().prop_map(|(width, height)| Step::Resize { width, height }),
        2 => (any::<usize>(), control()).prop_map(|(timeline, control)| Step::Steer(timeline, control)),
        1 => select(vec!["goal", "break"]).prop_map(|name| Step::Fire(EventName::new(name).unwrap())),
        1 => (0.0..4.0, any::<bool>()).prop_map(|(volume, muted)| Step::Audio(json!({"volume": volume,
            "tracks": [{"id": "tone", "source": {"type": "tone", "frequency": 440}, "muted": muted}]}))),
        1 => (color(), 50_u32..300).prop_map(|(background, width)| Step::Canvas(json!({"width": width, "height": 150, "background": background}))),
    ]
}

/// The size of a frame: now and then that of the canvas, so that things move onto whole pixels and off them.
pub(crate) fn size() -> impl Strategy<Value = (usize, usize)> {
    prop_oneof![
        1 => Just((200, 150)),
        2 => (8_usize..160, 8_usize..120).prop_map(|(width, height)| (width * 2, height * 2)),
    ]
}

/// Gives a layer and all below it names that no other layer has.
fn name(layer: &mut Value, next: &mut u32) {
    layer["id"] = json!(format!("l{next}"));
    *next += 1;
    if let Some(children) = layer.get_mut("children").and_then(Value::as_array_mut) {
        for child in children {
            name(child, next);
        }
    }
}

fn read(mut layer: Value, next: &mut u32) -> LayerDocument {
    name(&mut layer, next);
    LayerDocument::from_value(layer.clone(), &LIMITS)
        .unwrap_or_else(|faults| panic!("the test made a bad layer: {faults:?}\n{layer:#}"))
}

/// A canvas of the frame's size, or one that is laid onto it smaller.
fn canvas() -> impl Strategy<Value = CanvasDocument> {
    prop_oneof![
        2 => Just(CanvasDocument { width: 200, height: 150, ..CanvasDocument::default() }),
        1 => Just(CanvasDocument::default()),
    ]
}

/// A scene of these layers, which get names. About half of them have timelines and triggers.
pub(crate) fn scene() -> impl Strategy<Value = (SceneDocument, u32)> {
    (canvas(), vec(layer(), 0..6)).prop_flat_map(|(canvas, layers)| {
        let mut next = 0;
        let mut layers: Vec<LayerDocument> = layers.into_iter().map(|layer| read(layer, &mut next)).collect();
        drop_forbidden_masks(&mut layers);
        let assets = serde_json::from_value(assets()).unwrap();
        let scene = SceneDocument { canvas, layers, assets, folder: FOLDER.clone(), ..SceneDocument::default() };
        let ids: Vec<LayerId> = scene.walk().take(4).map(|layer| layer.id.clone()).collect();
        let motion = prop_oneof![Just((Vec::new(), Vec::new())), arbitrary::motion(ids)];
        motion.prop_map(move |(timelines, triggers)| (SceneDocument { timelines, triggers, ..scene.clone() }, next))
    })
}

/// Masks that a scene may not have are left out.
fn drop_forbidden_masks(layers: &mut [LayerDocument]) {
    while let Some(fault) = check_masks(layers).first() {
        let mut path = fault.pointer.split('/').filter_map(|step| step.parse::<usize>().ok());
        let mut layer = &mut layers[path.next().unwrap()];
        for step in path {
            layer = &mut layer.children[step];
        }
        layer.mask = None;
    }
}

fn control() -> impl Strategy<Value = TimelineControl> {
    prop_oneof![
        2 => Just(TimelineControl::Play),
        1 => Just(TimelineControl::Pause),
        1 => Just(TimelineControl::Reverse),
        1 => Just(TimelineControl::Cancel),
        1 => (0.2..5.0).prop_map(|rate| TimelineControl::Rate { rate }),
        1 => (0.0..4.0).prop_map(|to| TimelineControl::Seek { to: SeekTarget::Seconds(to) }),
    ]
}

/// The edits that a step makes of this scene: none if there is nothing for it to change. The scene refuses some.
pub(crate) fn edits(step: &Step, scene: &SceneDocument, next: &mut u32) -> Vec<Edit> {
    let layers: Vec<&LayerDocument> = scene.walk().collect();
    let groups: Vec<&LayerDocument> =
        layers.iter().copied().filter(|layer| matches!(layer.content, Content::Group(_))).collect();
    let pick = |at: usize| layers.get(at % layers.len().max(1)).copied();
    let group = |at: usize| -> Option<LayerId> { groups.get(at % groups.len().max(1)).map(|group| group.id.clone()) };
    let mut edits = || {
        Some(match step {
            Step::Wait(_) | Step::Resize { .. } => return None,
            Step::Create { layer, into_group, index } => {
                let parent = if *into_group { group(0) } else { None };
                vec![Edit::CreateLayer { layer: Box::new(read(layer.clone(), next)), parent, index: Some(*index) }]
            }
            Step::Delete(at) => vec![Edit::DeleteLayer { id: pick(*at)?.id.clone() }],
            Step::Patch { layer, patch } => {
                vec![Edit::PatchLayer { id: pick(*layer)?.id.clone(), patch: patch.clone() }]
            }
            Step::Replace { layer, with } => {
                let id = pick(*layer)?.id.clone();
                let mut with = read(with.clone(), next);
                with.id = id.clone();
                vec![Edit::ReplaceLayer { id, layer: Box::new(with) }]
            }
            Step::Move { layer, into_group, index } => {
                let layer = pick(*layer)?.clone();
                let parent = into_group.and_then(group);
                let delete = Edit::DeleteLayer { id: layer.id.clone() };
                vec![delete, Edit::CreateLayer { layer: Box::new(layer), parent, index: Some(*index) }]
            }
            Step::Order { of_group, rotate, count } => {
                let parent = of_group.and_then(group);
                let list = match &parent {
                    Some(parent) => &groups.iter().find(|group| group.id == *parent)?.children,
                    None => &scene.layers,
                };
                let mut order: Vec<LayerId> = list.iter().rev().take(*count).map(|layer| layer.id.clone()).collect();
                let count = order.len().max(1);
                order.rotate_left(rotate % count);
                if order.is_empty() {
                    return None;
                }
                vec![Edit::OrderLayers { parent, order }]
            }
            Step::Shift { layer, into, index } => {
                let parent = into.map(|group_number| group_number.and_then(group));
                vec![Edit::MoveLayer { id: pick(*layer)?.id.clone(), parent, index: *index }]
            }
            Step::Rearrange { layer, drop } => {
                let mut layer = pick(*layer)?.clone();
                if *drop {
                    layer.children.pop();
                }
                layer.children.reverse();
                vec![Edit::ReplaceLayer { id: layer.id.clone(), layer: Box::new(layer) }]
            }
            Step::Reload(from) => {
                let mut scene = Box::new(scene.clone());
                if let Some(first) = scene.layers.first_mut() {
                    let children = std::mem::take(&mut first.children);
                    scene.layers.extend(children);
                    let from = from % scene.layers.len();
                    scene.layers.rotate_left(from);
                }
                // From its beginning, or with what stays the same going on.
                vec![if from % 2 == 0 {
                    Edit::LoadScene { scene }
                } else {
                    Edit::PutScene { id: SceneId::main(), scene }
                }]
            }
            Step::Steer(at, control) => {
                let timeline = scene.timelines.get(at % scene.timelines.len().max(1))?;
                vec![Edit::ControlTimeline { id: timeline.id.clone(), control: control.clone() }]
            }
            Step::Fire(name) => vec![Edit::FireEvent { name: name.clone() }],
            Step::Audio(audio) => vec![Edit::SetAudio { audio: serde_json::from_value(audio.clone()).unwrap() }],
            Step::Canvas(canvas) => vec![Edit::SetCanvas { canvas: serde_json::from_value(canvas.clone()).unwrap() }],
        })
    };
    edits().unwrap_or_default()
}

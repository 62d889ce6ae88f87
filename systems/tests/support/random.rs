//! Random scenes, and random things that happen to them.

#[path = "animations.rs"]
#[allow(dead_code, reason = "random scenes need only some of it")]
pub(crate) mod animations;
#[path = "random_contents.rs"]
mod contents;
#[path = "fonts.rs"]
mod fonts;
#[path = "random_steps.rs"]
mod steps;

use components::{
    CanvasDocument, LayerDocument, LayerId, SceneDocument, Variants,
    document::{Limits, arbitrary, check_together},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

pub(crate) use contents::assets;
use contents::{FOLDER, color, content, number};
#[allow(unused_imports, reason = "not every test names steps")]
pub(crate) use steps::{Step, edits, steering, step};

/// Layers that a scene of these may have.
pub(crate) const LIMITS: Limits = Limits { max_layers: 100 };

/// So many cases, or as many as `PROPTEST_CASES` says.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let mut standard = ProptestConfig::default();
    if !is_set("PROPTEST_MAX_SHRINK_ITERS") {
        standard.max_shrink_iters = 10_000;
    }
    if is_set("PROPTEST_CASES") { standard } else { ProptestConfig { cases, ..standard } }
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
        select(vec![
            "opacity",
            "transform.position.x",
            "transform.rotation",
            "transform.scale",
            "transform.position",
            "visible",
            "blend",
            "zIndex",
        ]),
        (0.1..1.0, number(0.0, 0.5), select(vec!["replace", "replace", "append", "add", "blend"])),
        easing,
        (any::<bool>(), proptest::bool::weighted(0.7)),
        select(vec![json!(1), json!(3), json!("forever")]),
    )
        .prop_map(|(property, (duration, delay, queue), easing, (ping_pong, has_from), repeat)| {
            let (from, to) = match property {
                "opacity" => (json!(0), json!(1)),
                "transform.position.x" => (json!(-20), json!(150)),
                "transform.position" => (json!({"x": "10%", "y": 0}), json!({"x": 120.5, "y": "80%"})),
                "transform.scale" => (json!({"x": 0.3, "y": 0.5}), json!({"x": 1.7, "y": 1.2})),
                "visible" => (json!(false), json!(true)),
                "blend" => (json!("multiply"), json!("screen")),
                "zIndex" => (json!(-3), json!(4)),
                _ => (json!(0), json!(200)),
            };
            // What steps can only take another's place.
            let steps = matches!(property, "visible" | "blend");
            let queue = if steps && queue != "append" { "replace" } else { queue };
            let mut animation = json!({
                "property": property, "from": from, "to": to, "delay": delay, "pingPong": ping_pong, "repeat": repeat,
                "queue": queue,
            });
            // Without it goes on from what is shown.
            if !has_from && !steps {
                animation.as_object_mut().unwrap().remove("from");
            }
            if delay > 0.4 {
                animation["spring"] = json!({"duration": duration, "bounce": 0.3});
            } else {
                animation["duration"] = json!(duration);
                animation["easing"] = json!(easing);
            }
            animation
        })
}

fn presets() -> impl Strategy<Value = Value> {
    let ways = vec![
        json!({"type": "fade", "way": "out", "delay": 0.3}),
        json!({"type": "slide", "direction": "up", "distance": 70, "duration": 0.4}),
        json!({"type": "scale", "duration": 0.5, "repeat": 2}),
        json!({"type": "rotate", "way": "out", "angle": 90, "delay": 0.2}),
        json!({"type": "bounce", "repeat": "forever"}),
        json!({"type": "shake", "distance": 9, "direction": "down"}),
        json!({"type": "pulse", "intensity": 0.4, "repeat": "forever"}),
        json!({"type": "ticker", "distance": 90, "duration": 0.7}),
        json!({"type": "kenBurns", "duration": 0.8}),
    ];
    prop_oneof![3 => Just(json!([])), 1 => vec(select(ways), 1..3).prop_map(Value::from)]
}

/// How changes of some properties are smoothed.
fn transitions() -> impl Strategy<Value = Value> {
    let one = |property: &'static str| {
        (0.1..0.8, any::<bool>()).prop_map(move |(duration, springs)| {
            if springs {
                json!({"property": property, "spring": {"duration": duration, "bounce": 0.4}})
            } else {
                json!({"property": property, "duration": duration, "easing": "easeOut"})
            }
        })
    };
    let one = |property| option::of(one(property));
    (one("opacity"), one("transform.position"), one("transform.rotation"), one("transform.scale"))
        .prop_map(|(a, b, c, d)| json!([a, b, c, d].into_iter().flatten().collect::<Vec<_>>()))
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
        (vec(animation(), 0..2), presets(), transitions()),
        option::weighted(0.2, variants()),
    )
        .prop_map(
            |(transform, opacity, z_index, visible, blend, mask, (animations, presets, transitions), variants)| {
                let mut layer = json!({
                    "transform": transform, "opacity": opacity, "zIndex": z_index, "visible": visible, "blend": blend,
                    "animations": animations, "presets": presets, "transitions": transitions,
                });
                if let Some(mask) = mask {
                    layer["mask"] = mask;
                }
                if let Some(variants) = variants {
                    layer["variants"] = variants;
                }
                layer
            },
        )
}

fn variants() -> impl Strategy<Value = Value> {
    let name = || select(vec!["main", "clean", "tv"]);
    (vec(name(), 0..2), vec(name(), 0..2)).prop_map(|(only, except)| json!({ "only": only, "except": except }))
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
        drop_forbidden(&mut layers);
        let assets = serde_json::from_value(assets()).unwrap();
        let scene = SceneDocument { canvas, layers, assets, folder: FOLDER.clone(), ..SceneDocument::default() };
        let ids: Vec<LayerId> = scene.walk().take(4).map(|layer| layer.id.clone()).collect();
        let motion = prop_oneof![Just((Vec::new(), Vec::new())), arbitrary::motion(ids)];
        motion.prop_map(move |(timelines, triggers)| (SceneDocument { timelines, triggers, ..scene.clone() }, next))
    })
}

/// Masks and variants that a scene may not have are left out.
fn drop_forbidden(layers: &mut [LayerDocument]) {
    while let Some(fault) = check_together(layers).first() {
        let mut path = fault.pointer.split('/').filter_map(|step| step.parse::<usize>().ok());
        let mut layer = &mut layers[path.next().unwrap()];
        for step in path {
            layer = &mut layer.children[step];
        }
        if fault.pointer.ends_with("/variants") {
            layer.variants = Variants::default();
        } else {
            layer.mask = None;
        }
    }
}

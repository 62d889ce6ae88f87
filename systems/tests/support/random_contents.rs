//! What layers of random scenes show.

use std::{path::PathBuf, sync::LazyLock};

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

use super::{
    animations::{self, Dispose, Frame, apng, webp},
    fonts,
};

pub(super) fn color() -> impl Strategy<Value = Value> {
    (any::<[u8; 3]>(), select(vec![255_u8, 255, 200, 90, 0]))
        .prop_map(|([r, g, b], a)| json!(format!("#{r:02x}{g:02x}{b:02x}{a:02x}")))
}

pub(super) fn number(low: f64, high: f64) -> impl Strategy<Value = f64> {
    // Whole and half numbers are where integer paths begin and end.
    prop_oneof![low..high, (low..high).prop_map(f64::round), (low..high).prop_map(|n| (n * 2.0).round() / 2.0)]
}

pub(super) fn gradient() -> impl Strategy<Value = Value> {
    (color(), color(), number(0.0, 360.0), select(vec!["linear", "radial", "conic"])).prop_map(|(a, b, angle, kind)| {
        let stops = json!([{"offset": 0.1, "color": a}, {"offset": 0.8, "color": b}]);
        if kind == "radial" {
            json!({"type": kind, "radius": 0.8, "stops": stops})
        } else {
            json!({"type": kind, "angle": angle, "stops": stops})
        }
    })
}

pub(super) fn paint() -> impl Strategy<Value = Value> {
    prop_oneof![3 => color(), 1 => gradient()]
}

pub(super) fn box_size() -> impl Strategy<Value = Value> {
    (number(1.0, 160.0), number(1.0, 120.0)).prop_map(|(width, height)| json!({"width": width, "height": height}))
}

pub(super) fn geometry() -> impl Strategy<Value = Value> {
    let kinds = vec!["rect", "roundedRect", "ellipse", "polygon", "star", "line", "path"];
    (number(2.0, 120.0), number(2.0, 90.0), select(kinds)).prop_map(|(width, height, kind)| match kind {
        "roundedRect" => json!({"type": kind, "width": width, "height": height, "radius": 9}),
        "polygon" => {
            let points = [(0.0, 0.0), (width, 7.5), (width / 2.0, height), (width, height), (3.0, height / 2.0)];
            let points: Vec<_> = points.into_iter().map(|(x, y)| json!({"x": x, "y": y})).collect();
            json!({"type": kind, "points": points})
        }
        "star" => json!({"type": kind, "points": 5, "outerRadius": width / 2.0, "innerRadius": height / 5.0}),
        "line" => json!({"type": kind, "from": {"x": 2, "y": height}, "to": {"x": width, "y": 0}}),
        "path" => json!({"type": kind, "d": format!("M 0 0 L {width} 4 Q 20 {height} 3 {height} Z")}),
        _ => json!({"type": kind, "width": width, "height": height}),
    })
}

pub(super) fn content() -> impl Strategy<Value = Value> {
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
        (geometry(), paint(), option::of(stroke())).prop_map(|(geometry, fill, stroke)| {
            let mut content = json!({"type": "shape", "geometry": geometry, "fill": fill});
            if let Some(stroke) = stroke {
                content["stroke"] = stroke;
            }
            content
        }),
        ("[a-zA-Z ]{1,14}", number(8.0, 60.0), paint())
            .prop_map(|(text, size, fill)| json!({"type": "text", "text": text, "font": {"size": size}, "fill": fill})),
        rich_text(),
        picture(),
    ]
}

/// A line of any kind.
pub(super) fn stroke() -> impl Strategy<Value = Value> {
    let dash = select(vec![json!([]), json!([9, 4]), json!([12.5, 3, 1, 3])]);
    let trim = select(vec![json!({}), json!({"start": 0.25}), json!({"start": 0.1, "end": 0.6}), json!({"end": 0.0})]);
    let ends = (select(vec!["miter", "round", "bevel"]), select(vec!["butt", "round", "square"]));
    (number(0.5, 12.0), paint(), ends, (dash, number(-9.0, 9.0)), trim).prop_map(
        |(width, paint, (join, cap), (dash, offset), trim)| {
            json!({"paint": paint, "width": width, "join": join, "cap": cap, "dash": dash, "dashOffset": offset, "trim": trim})
        },
    )
}

/// Text with all that it may have.
pub(super) fn rich_text() -> impl Strategy<Value = Value> {
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
        Just(json!({"font": {"family": fonts::FAMILY, "size": 22}})),
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
pub(super) static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
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
    std::fs::write(folder.join("own.otf"), fonts::own()).unwrap();
    std::fs::write(folder.join("broken.ttf"), "OTTO").unwrap();
    // Frames that are parts of the picture, replaced, cleared and taken back.
    let frame =
        |x, width, height, color, dispose, over| Frame { x, y: 0, width, height, color, dispose, over, delay: 7 };
    let frames = [
        frame(0, animations::WIDTH, animations::HEIGHT, 1, Dispose::Keep, false),
        frame(2, 3, 3, 2, Dispose::Background, true),
        frame(0, 4, 2, 3, Dispose::Keep, true),
    ];
    std::fs::write(folder.join("moving.png"), apng(&frames, 0)).unwrap();
    std::fs::write(folder.join("moving.webp"), webp(&frames, 0)).unwrap();
    folder
});

pub(crate) fn assets() -> Value {
    json!([
        {"id": "still", "type": "image", "path": "still.png"},
        {"id": "moving", "type": "animatedImage", "path": "moving.gif"},
        {"id": "drawn", "type": "svg", "path": "drawn.svg"},
        {"id": "broken", "type": "animatedImage", "path": "broken.gif"},
        {"id": "apng", "type": "animatedImage", "path": "moving.png"},
        {"id": "webp", "type": "animatedImage", "path": "moving.webp"},
        {"id": "own", "type": "font", "path": "own.otf"},
        {"id": "broken-font", "type": "font", "path": "broken.ttf"},
    ])
}

pub(super) fn picture() -> impl Strategy<Value = Value> {
    let kinds = [
        ("image", "still"),
        ("animatedImage", "moving"),
        ("animatedImage", "apng"),
        ("animatedImage", "webp"),
        ("animatedImage", "broken"),
        ("svg", "drawn"),
    ];
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

//! Strategies for proptest: documents that are valid, of every kind.
//!
//! Numbers stay near the size of a canvas, so that the scenes can be drawn as well.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, sample::select, strategy::Union};
use serde_json::json;

use super::{CanvasDocument, Fingerprint, LayerDocument, SafeAreas, SceneDocument, check_masks};
use crate::{
    animation::{
        Animation, Animations, Easing, Keyframe, Property, Repeat, Value,
        timeline::{LabelName, SeekTarget, StaggerFrom, Step, TimelineControl, TimelineDocument, TimelineId},
        trigger::{Action, Cause, EventName, TriggerDocument},
    },
    asset::{AssetDocument, AssetId, AssetKind},
    audio::{AudioDocument, AudioSource, Ducking, Playlist, Tone, TrackDocument, TrackId, Waveform},
    blend::BlendMode,
    color::Color,
    content::{
        AnimatedImageContent, AutoFit, Cap, ColorContent, Content, CornerRadii, EachCorner, FillRule, Font, FontStyle,
        Geometry, GradientContent, GroupContent, ImageContent, Join, Overflow, ShapeContent, SpanFont, Stroke,
        SvgContent, TextAlign, TextContent, TextSpan, Ticker, Trim, VerticalAlign, Wrap,
    },
    edit::{DocumentName, Edit},
    effects::{
        Blur, ChromaKey, ColorAdjust, DropShadow, Effect, Effects, Glow, Grayscale, Outline, Pixelate, RoundedCorners,
        Tint, Vignette,
    },
    geometry::{Fit, Length, LengthPoint, Point, Size},
    held::SceneId,
    layer::{LayerId, LayerName, LayerType, Opacity, Stacking, Visibility},
    mask::{Mask, MaskChannel, MaskShape},
    paint::{Gradient, GradientStop, Paint},
    transform::{Scale, Transform},
};

/// Layers that a scene has at most, groups included.
pub const MAX_LAYERS: usize = 50;

const PATHS: [&str; 3] =
    ["M 0 0 L 100 0 L 50 80 Z", "M0,0c10,20,30,40,50,60", "M 10 10 h 80 v 80 h -80 Z m 20 20 h 40"];
const TEXTS: [&str; 6] =
    ["", "Hello", "two\nlines", "\"quoted\" \\ // no comment", "سلام 世界 🎬", "tab\tand nul \u{1}"];
const KINDS: [AssetKind; 5] =
    [AssetKind::Image, AssetKind::AnimatedImage, AssetKind::Svg, AssetKind::Font, AssetKind::Audio];
const EASINGS: [&str; 5] = ["linear", "ease", "easeInOutCubic", "cubic-bezier(0.2, 0, 0, 1)", "steps(4, jump-end)"];

/// Whole scenes with up to [`MAX_LAYERS`] layers.
pub fn scene() -> BoxedStrategy<SceneDocument> {
    let assets = vec((select(KINDS.to_vec()), "[a-z]{1,8}(/[a-z]{1,8})?\\.(png|ttf|wav)"), 0..4);
    (assets, canvas(), audio(), select(TEXTS.to_vec()), vec(layer_mask(), 0..4))
        .prop_flat_map(|(assets, canvas, audio, name, masks)| {
            let assets: Vec<AssetDocument> = assets
                .into_iter()
                .enumerate()
                .filter_map(|(number, (kind, path))| {
                    Some(AssetDocument { id: AssetId::new(format!("asset-{number}")).ok()?, kind, path: path.into() })
                })
                .collect();
            let named: Vec<(AssetId, AssetKind)> = assets.iter().map(|asset| (asset.id.clone(), asset.kind)).collect();
            vec(layer(named), 0..8).prop_map(move |mut layers| {
                renumber(&mut layers, &mut 0);
                mask_by_layers(&mut layers, &masks);
                SceneDocument {
                    name: name.to_owned(),
                    canvas,
                    audio: with_sounds_of(audio.clone(), &assets),
                    assets: assets.clone(),
                    layers,
                    ..SceneDocument::default()
                }
            })
        })
        .prop_flat_map(|scene| {
            let layers: Vec<LayerId> = scene.walk().map(|layer| layer.id.clone()).collect();
            motion(layers).prop_map(move |(timelines, triggers)| SceneDocument { timelines, triggers, ..scene.clone() })
        })
        .boxed()
}

/// Timelines of these layers, and triggers that speak of both. There are none without layers.
pub fn motion(layers: Vec<LayerId>) -> BoxedStrategy<(Vec<TimelineDocument>, Vec<TriggerDocument>)> {
    if layers.is_empty() {
        return Just((Vec::new(), Vec::new())).boxed();
    }
    let shape = (any::<bool>(), 1..4_u32, any::<bool>(), 0.2..4.0, any::<bool>());
    let timelines = vec((shape, vec(step(layers.clone()), 1..4)), 0..3).prop_map(|timelines| {
        let count = timelines.len();
        let timelines = timelines.into_iter().enumerate().filter_map(|(number, (shape, mut steps))| {
            let (autoplay, times, ping_pong, speed, is_endless) = shape;
            // A timeline always takes time, and contains only earlier ones.
            steps.insert(0, Step::Wait { seconds: 0.25 });
            settle(&mut steps, number, &mut 0);
            let mut timeline = TimelineDocument {
                id: TimelineId::new(format!("timeline-{number}")).ok()?,
                autoplay,
                repeat: Repeat::Times(times),
                ping_pong,
                speed,
                steps,
            };
            // Only one that is in no other may be without end.
            if is_endless && number + 1 == count {
                (timeline.repeat, timeline.ping_pong) = (Repeat::Times(1), false);
                if let Some(Step::Animate { animation, .. } | Step::Stagger { animation, .. }) =
                    timeline.steps.last_mut()
                {
                    animation.repeat = Repeat::Forever;
                }
            }
            Some(timeline)
        });
        timelines.collect::<Vec<_>>()
    });
    timelines
        .prop_flat_map(move |timelines| {
            let triggers = vec(trigger(&timelines, layers.clone()), 0..4);
            (Just(timelines), triggers)
        })
        .boxed()
}

/// Edits of every kind, each valid in itself. Whether a scene takes one is another matter.
pub fn edit() -> BoxedStrategy<Edit> {
    let id = || select(vec!["layer-1", "a.b", "Z_9"]).prop_filter_map("an id", |id| LayerId::new(id).ok());
    let timeline = || "[a-z]{1,8}".prop_filter_map("an id", |id| TimelineId::new(id).ok());
    let held = || "[a-z]{1,8}".prop_filter_map("an id", |id| SceneId::new(id).ok());
    let layer = || scene().prop_filter_map("a layer", |scene| scene.layers.into_iter().next().map(Box::new));
    let index = || option::of(0..1000_usize);
    let patch = select(vec![
        json!({}),
        json!({ "opacity": 0.25, "mask": null, "transform": { "rotation": -12.5 } }),
        json!({ "content": { "type": "text", "text": "\u{1}\"", "~/": [1, 2.5, null, {}] } }),
    ]);
    let target = prop_oneof![
        (0.0..1e9).prop_map(SeekTarget::Seconds),
        "[a-z]{1,8}".prop_filter_map("a label", |name| LabelName::new(name).ok().map(SeekTarget::Label)),
    ];
    let control = prop_oneof![
        select(vec![TimelineControl::Play, TimelineControl::Pause, TimelineControl::Reverse, TimelineControl::Cancel,]),
        target.prop_map(|to| TimelineControl::Seek { to }),
        (0.001..1000.0).prop_map(|rate| TimelineControl::Rate { rate }),
    ];
    let name = prop_oneof![
        id().prop_map(|id| DocumentName::Layer { id }),
        held().prop_map(|id| DocumentName::Scene { id }),
        Just(DocumentName::Canvas {}),
        Just(DocumentName::Audio {}),
        "[a-z]{1,8}".prop_filter_map("a track", |id| Some(DocumentName::Track { id: TrackId::new(id).ok()? })),
        timeline().prop_map(|id| DocumentName::Timeline { id }),
    ];
    let timelines = motion(LayerId::new("layer-1").into_iter().collect());
    prop_oneof![
        scene().prop_map(|scene| Edit::LoadScene { scene: Box::new(scene) }),
        (held(), scene()).prop_map(|(id, scene)| Edit::PutScene { id, scene: Box::new(scene) }),
        held().prop_map(|id| Edit::DeleteScene { id }),
        held().prop_map(|id| Edit::ActivateScene { id }),
        scene().prop_filter_map("an asset", |mut scene| Some(Edit::PutAsset { asset: scene.assets.pop()? })),
        "[a-z]{1,8}".prop_filter_map("an id", |id| Some(Edit::DeleteAsset { id: AssetId::new(id).ok()? })),
        canvas().prop_map(|canvas| Edit::SetCanvas { canvas }),
        scene().prop_map(|scene| Edit::SetAudio { audio: scene.audio }),
        (layer(), option::of(id()), index()).prop_map(|(layer, parent, index)| Edit::CreateLayer {
            layer,
            parent,
            index
        }),
        (id(), layer()).prop_map(|(id, layer)| Edit::ReplaceLayer { id, layer }),
        (id(), patch).prop_map(|(id, patch)| Edit::PatchLayer { id, patch }),
        id().prop_map(|id| Edit::DeleteLayer { id }),
        (id(), option::of(option::of(id())), index()).prop_map(|(id, parent, index)| Edit::MoveLayer {
            id,
            parent,
            index
        }),
        timelines.prop_filter_map("a timeline", |(mut timelines, _)| {
            Some(Edit::PutTimeline { timeline: Box::new(timelines.pop()?) })
        }),
        timeline().prop_map(|id| Edit::DeleteTimeline { id }),
        (timeline(), control).prop_map(|(id, control)| Edit::ControlTimeline { id, control }),
        "[a-z]{1,8}".prop_filter_map("an event", |name| Some(Edit::FireEvent { name: EventName::new(name).ok()? })),
        (option::of(id()), vec(id(), 1..4)).prop_map(|(parent, order)| Edit::OrderLayers { parent, order }),
        (name, option::of(vec(any::<u64>(), 0..3))).prop_map(|(document, versions)| Edit::Expect {
            document,
            etags: versions.map(|versions| versions.iter().map(Fingerprint::of).collect()),
        }),
    ]
    .boxed()
}

/// Makes steps fit into timeline number `timeline`.
fn settle(steps: &mut [Step], timeline: usize, labels: &mut usize) {
    for step in steps {
        match step {
            Step::Sequence { steps } | Step::Parallel { steps } => settle(steps, timeline, labels),
            Step::Animate { animation, .. } | Step::Stagger { animation, .. } => {
                if animation.repeat == Repeat::Forever {
                    animation.repeat = Repeat::Times(2);
                }
            }
            Step::Label { name } => {
                if let Ok(numbered) = LabelName::new(format!("label-{labels}")) {
                    *name = numbered;
                    *labels += 1;
                }
            }
            Step::Timeline { id } if timeline == 0 || id.as_str() == "timeline-1" && timeline == 1 => {
                *step = Step::Wait { seconds: 0.5 };
            }
            Step::Wait { .. } | Step::Timeline { .. } => {}
        }
    }
}

fn step(layers: Vec<LayerId>) -> BoxedStrategy<Step> {
    let froms = vec![StaggerFrom::Start, StaggerFrom::Center, StaggerFrom::Edges, StaggerFrom::End];
    let leaf = prop_oneof![
        4 => (select(layers.clone()), animation())
            .prop_map(|(layer, animation)| Step::Animate { layer, animation: Box::new(animation) }),
        2 => (vec(select(layers), 1..4), 0.0..1.0, select(froms), animation()).prop_map(
            |(layers, each, from, animation)| Step::Stagger { layers, each, from, animation: Box::new(animation) }
        ),
        1 => (0.0..2.0).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just("label").prop_filter_map("a name", |name| Some(Step::Label { name: LabelName::new(name).ok()? })),
        1 => (0..2).prop_filter_map("an id", |number| {
            Some(Step::Timeline { id: TimelineId::new(format!("timeline-{number}")).ok()? })
        }),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(|steps| Step::Sequence { steps }),
            vec(inner, 1..4).prop_map(|steps| Step::Parallel { steps }),
        ]
    })
    .boxed()
}

fn trigger(timelines: &[TimelineDocument], layers: Vec<LayerId>) -> BoxedStrategy<TriggerDocument> {
    let event = || select(vec!["goal", "break"]).prop_filter_map("a name", |name| EventName::new(name).ok());
    let mut causes = vec![Just(Cause::Start {}).boxed(), event().prop_map(|name| Cause::Event { name }).boxed()];
    let mut actions = vec![
        (select(layers), 0.1..0.9)
            .prop_map(|(layer, opacity)| Action::Set { layer, patch: json!({ "opacity": opacity }) })
            .boxed(),
        event().prop_map(|event| Action::Emit { event }).boxed(),
    ];
    for timeline in timelines {
        let id = || timeline.id.clone();
        causes.push(Just(Cause::TimelineStart { timeline: id() }).boxed());
        causes.push(Just(Cause::TimelineEnd { timeline: id() }).boxed());
        let labels: Vec<LabelName> = timeline.labels().cloned().collect();
        for label in labels {
            causes.push(Just(Cause::Label { timeline: id(), label: label.clone() }).boxed());
            actions.push(Just(Action::Seek { timeline: id(), to: SeekTarget::Label(label) }).boxed());
        }
        actions.extend([
            Just(Action::Play { timeline: id() }).boxed(),
            Just(Action::Pause { timeline: id() }).boxed(),
            Just(Action::Reverse { timeline: id() }).boxed(),
            Just(Action::Cancel { timeline: id() }).boxed(),
        ]);
        let of_seek = timeline.id.clone();
        let seek =
            (0.0..5.0).prop_map(move |to| Action::Seek { timeline: of_seek.clone(), to: SeekTarget::Seconds(to) });
        let of_rate = timeline.id.clone();
        let rate = (0.1..5.0).prop_map(move |rate| Action::Rate { timeline: of_rate.clone(), rate });
        actions.extend([seek.boxed(), rate.boxed()]);
    }
    (Union::new(causes), vec(Union::new(actions), 1..3))
        .prop_map(|(on, actions)| TriggerDocument { on, actions })
        .boxed()
}

/// Tracks of every kind; playlists name no assets yet.
pub fn audio() -> BoxedStrategy<AudioDocument> {
    let waveform = select(vec![Waveform::Sine, Waveform::Square, Waveform::Triangle, Waveform::Sawtooth]);
    let tone =
        (1.0..20_000.0, waveform).prop_map(|(frequency, waveform)| AudioSource::Tone(Tone { frequency, waveform }));
    let files = any::<bool>().prop_map(|looped| AudioSource::Files(Playlist { assets: Vec::new(), looped }));
    let times = (0.0..3.0, 0.0..3.0, 0.0..1.0);
    let duck = (0.0..40.0, -60.0..0.0, 0.001..1.0, 0.001..2.0);
    let track = (prop_oneof![tone, files], 0.0..4.0, any::<bool>(), times, option::weighted(0.3, duck));
    (0.0..4.0, vec(track, 0..4))
        .prop_map(|(volume, tracks)| {
            let id = |number: usize| TrackId::new(format!("track-{number}")).ok();
            let count = tracks.len();
            let track = |(number, track)| {
                let (source, volume, muted, (fade_in, fade_out, delay), duck) = track;
                let duck: Option<(f64, f64, f64, f64)> = duck;
                let duck = duck.filter(|_| count > 1).and_then(|(amount, threshold, attack, release)| {
                    Some(Ducking { by: vec![id((number + 1) % count)?], amount, threshold, attack, release })
                });
                Some(TrackDocument { id: id(number)?, source, volume, muted, fade_in, fade_out, delay, duck })
            };
            AudioDocument { volume, tracks: tracks.into_iter().enumerate().filter_map(track).collect() }
        })
        .boxed()
}

/// Has the playlists play every sound that there is; without any, they become tones.
fn with_sounds_of(mut audio: AudioDocument, assets: &[AssetDocument]) -> AudioDocument {
    let sounds = assets.iter().filter(|asset| asset.kind == AssetKind::Audio).map(|asset| asset.id.clone());
    let sounds: Vec<AssetId> = sounds.collect();
    for track in &mut audio.tracks {
        match &mut track.source {
            AudioSource::Files(_) if sounds.is_empty() => track.source = AudioSource::Tone(Tone::default()),
            AudioSource::Files(playlist) => playlist.assets.clone_from(&sounds),
            AudioSource::Tone(_) => {}
        }
    }
    audio
}

/// A layer of any content, with children if that is a group; pictures are of these assets. Ids are unique within it.
pub fn layer(assets: Vec<(AssetId, AssetKind)>) -> BoxedStrategy<LayerDocument> {
    let leaf = (bare_layer(), content(assets)).prop_map(|(layer, content)| LayerDocument { content, ..layer });
    leaf.prop_recursive(3, 12, 4, |inner| {
        (bare_layer(), vec(inner, 0..4)).prop_map(|(layer, children)| LayerDocument {
            content: Content::Group(GroupContent {}),
            children,
            ..layer
        })
    })
    .prop_map(|mut layer| {
        renumber(&mut layer.children, &mut 1);
        layer
    })
    .boxed()
}

/// Gives each layer an id of its own, and leaves out layers that would be too many.
fn renumber(layers: &mut Vec<LayerDocument>, count: &mut usize) {
    layers.retain_mut(|layer| {
        *count += 1;
        if let Ok(id) = LayerId::new(format!("layer-{count}")) {
            layer.id = id;
        }
        renumber(&mut layer.children, count);
        *count <= MAX_LAYERS
    });
}

/// Everything that any layer has, but for content and children.
fn bare_layer() -> BoxedStrategy<LayerDocument> {
    let types = [LayerType::Host, LayerType::Assistant, LayerType::VisualFeed, LayerType::Overlay, LayerType::Chat];
    let looks = (
        select(TEXTS.to_vec()),
        select(types.to_vec()),
        -5..5_i32,
        prop::bool::weighted(0.9),
        share(),
        select(BlendMode::ALL.to_vec()),
    );
    let rest = (transform(), option::weighted(0.2, mask()), vec(effect(), 0..2), vec(animation(), 0..3));
    (looks, rest)
        .prop_filter_map("a valid id", |(looks, (transform, mask, effects, animations))| {
            let (name, layer_type, z_index, visible, opacity, blend) = looks;
            Some(LayerDocument {
                name: LayerName(name.to_owned()),
                layer_type,
                z_index: Stacking(z_index),
                visible: Visibility(visible),
                opacity: Opacity(opacity),
                transform,
                blend,
                mask,
                effects: Effects(effects),
                animations: Animations(animations),
                ..LayerDocument::new(LayerId::new("layer").ok()?, Content::Group(GroupContent {}))
            })
        })
        .boxed()
}

/// Any content but a group; pictures are of these assets.
pub fn content(assets: Vec<(AssetId, AssetKind)>) -> BoxedStrategy<Content> {
    let color = (color(), option::of(size())).prop_map(|(color, size)| Content::Color(ColorContent { color, size }));
    let gradient = (gradient(), option::of(size()))
        .prop_map(|(gradient, size)| Content::Gradient(GradientContent { gradient, size }));
    let mut any = vec![color.boxed(), gradient.boxed(), shape(), text()];
    let pictures: Vec<_> =
        assets.into_iter().filter(|(_, kind)| !matches!(kind, AssetKind::Font | AssetKind::Audio)).collect();
    if !pictures.is_empty() {
        let framing = (select(pictures), option::of(size()), fit(), unit_point());
        let repeat = option::of(prop_oneof![Just(Repeat::Forever), (1..5_u32).prop_map(Repeat::Times)]);
        let playing = (-20.0..20.0, 0.0..4.0, repeat);
        let picture =
            (framing, playing).prop_map(|(((asset, kind), size, fit, focus), (start_at, speed, repeat))| match kind {
                AssetKind::AnimatedImage => {
                    Content::AnimatedImage(AnimatedImageContent { asset, size, fit, focus, start_at, speed, repeat })
                }
                AssetKind::Svg => Content::Svg(SvgContent { asset, size, fit, focus }),
                AssetKind::Image | AssetKind::Font | AssetKind::Audio => {
                    Content::Image(ImageContent { asset, size, fit, focus })
                }
            });
        any.push(picture.boxed());
    }
    Union::new(any).boxed()
}

fn canvas() -> BoxedStrategy<CanvasDocument> {
    (16..=640_u32, 16..=360_u32, color(), fit(), length(0.0..20.0), length(0.0..20.0))
        .prop_map(|(width, height, background, fit, action, title)| CanvasDocument {
            width,
            height,
            background,
            fit,
            safe_areas: SafeAreas { action, title },
        })
        .boxed()
}

fn shape() -> BoxedStrategy<Content> {
    let fill_rule = select(vec![FillRule::NonZero, FillRule::EvenOdd]);
    (geometry(), option::of(paint()), option::of(stroke()), fill_rule)
        .prop_map(|(geometry, fill, stroke, fill_rule)| {
            Content::Shape(ShapeContent { geometry, fill, stroke, fill_rule })
        })
        .boxed()
}

fn geometry() -> BoxedStrategy<Geometry> {
    prop_oneof![
        (side(), side()).prop_map(|(width, height)| Geometry::Rect { width, height }),
        (side(), side(), corner_radii()).prop_map(|(width, height, radius)| Geometry::RoundedRect {
            width,
            height,
            radius
        }),
        (side(), side()).prop_map(|(width, height)| Geometry::Ellipse { width, height }),
        vec(point(), 3..8).prop_map(|points| Geometry::Polygon { points }),
        (2..12_u32, side(), side()).prop_map(|(points, outer_radius, inner_radius)| Geometry::Star {
            points,
            outer_radius,
            inner_radius
        }),
        (point(), point()).prop_map(|(from, to)| Geometry::Line { from, to }),
        select(PATHS.to_vec()).prop_map(|d| Geometry::Path { d: d.to_owned() }),
    ]
    .boxed()
}

fn corner_radii() -> BoxedStrategy<CornerRadii> {
    let each = (side(), side(), side(), side()).prop_map(|(top_left, top_right, bottom_right, bottom_left)| {
        CornerRadii::Each(EachCorner { top_left, top_right, bottom_right, bottom_left })
    });
    prop_oneof![side().prop_map(CornerRadii::All), each].boxed()
}

fn stroke() -> BoxedStrategy<Stroke> {
    let join = select(vec![Join::Miter, Join::Round, Join::Bevel]);
    let cap = select(vec![Cap::Butt, Cap::Round, Cap::Square]);
    let dash = vec((0.5..40.0, 0.5..40.0), 0..3);
    let trim =
        prop_oneof![2 => Just(Trim::default()), 1 => (share(), share()).prop_map(|(start, end)| Trim { start, end })];
    (paint(), 0.0..20.0, (join, 1.0..8.0), cap, dash, -50.0..50.0, trim)
        .prop_map(|(paint, width, (join, miter_limit), cap, dash, dash_offset, trim)| Stroke {
            paint,
            width,
            join,
            miter_limit,
            trim,
            cap,
            dash: dash.into_iter().flat_map(|(dash, gap)| [dash, gap]).collect(),
            dash_offset,
        })
        .boxed()
}

fn text() -> BoxedStrategy<Content> {
    let aligns =
        [TextAlign::Start, TextAlign::Center, TextAlign::End, TextAlign::Left, TextAlign::Right, TextAlign::Justify];
    let layout = (
        select(aligns.to_vec()),
        select(vec![VerticalAlign::Top, VerticalAlign::Middle, VerticalAlign::Bottom]),
        select(vec![Wrap::Word, Wrap::Glyph, Wrap::None]),
        select(vec![Overflow::Visible, Overflow::Clip, Overflow::Ellipsis]),
    );
    let metrics = (option::of(side()), option::of(side()), 0.5..3.0, -5.0..20.0);
    let fit = (4.0..20.0, 20.0..80.0).prop_map(|(min_size, max_size)| AutoFit { min_size, max_size });
    let ticker = (-200.0..200.0, 0.0..100.0, -50.0..50.0);
    let ticker = ticker.prop_map(|(speed, gap, offset)| Ticker { speed, gap, offset });
    let limits = (option::of(1..4_u32), option::weighted(0.2, fit), option::weighted(0.2, ticker));
    let reveal = (prop_oneof![2 => Just(1.0), 1 => share()], option::weighted(0.2, 0.0..10.0));
    let shadow = (point(), 0.0..10.0, color()).prop_map(|(offset, radius, color)| DropShadow { offset, radius, color });
    let looks = (paint(), option::weighted(0.3, stroke()), option::weighted(0.2, shadow));
    (select(TEXTS.to_vec()), vec(span(), 0..3), font(), looks, layout, metrics, limits, reveal)
        .prop_map(|(text, spans, font, (fill, stroke, shadow), layout, metrics, limits, reveal)| {
            let (align, vertical_align, wrap, overflow) = layout;
            let (width, height, line_height, letter_spacing) = metrics;
            let (max_lines, auto_fit, ticker) = limits;
            Content::Text(TextContent {
                text: text.to_owned(),
                spans,
                font,
                fill,
                stroke,
                shadow,
                width,
                height,
                align,
                vertical_align,
                wrap,
                overflow,
                max_lines,
                auto_fit: auto_fit.filter(|_| width.is_some() || height.is_some()),
                line_height,
                letter_spacing,
                reveal: reveal.0,
                reveal_letters: reveal.1,
                ticker: ticker.filter(|_| width.is_some()),
            })
        })
        .boxed()
}

fn span() -> BoxedStrategy<TextSpan> {
    let font = (option::of(4.0..80.0), option::of(1..=1000_u16), option::of(font_style()), features());
    let font =
        font.prop_map(|(size, weight, style, features)| SpanFont { family: None, size, weight, style, features });
    let lines = (any::<bool>(), any::<bool>());
    (select(TEXTS.to_vec()), font, option::of(paint()), option::of(-5.0..20.0), lines)
        .prop_map(|(text, font, fill, letter_spacing, (underline, strikethrough))| TextSpan {
            text: text.to_owned(),
            font,
            fill,
            letter_spacing,
            underline,
            strikethrough,
        })
        .boxed()
}

fn font() -> BoxedStrategy<Font> {
    (select(vec!["Inter", "No Such Family"]), 4.0..80.0, 1..=1000_u16, font_style(), features())
        .prop_map(|(family, size, weight, style, features)| Font {
            family: family.to_owned(),
            size,
            weight,
            style,
            features,
        })
        .boxed()
}

fn font_style() -> impl Strategy<Value = FontStyle> {
    select(vec![FontStyle::Normal, FontStyle::Italic, FontStyle::Oblique])
}

fn features() -> impl Strategy<Value = BTreeMap<String, u32>> {
    vec(select(vec!["liga", "tnum", "ss01"]), 0..2)
        .prop_map(|tags| tags.into_iter().map(|tag| (tag.to_owned(), u32::from(tag != "liga"))).collect())
}

fn mask() -> BoxedStrategy<Mask> {
    let shape = prop_oneof![
        (coordinate(), coordinate(), side(), side(), side())
            .prop_map(|(x, y, width, height, radius)| { MaskShape::Rect { x, y, width, height, radius } }),
        (coordinate(), coordinate(), side(), side()).prop_map(|(x, y, width, height)| MaskShape::Ellipse {
            x,
            y,
            width,
            height
        }),
        select(PATHS.to_vec()).prop_map(|d| MaskShape::Path { d: d.to_owned() }),
    ];
    (shape, any::<bool>(), 0.0..20.0).prop_map(|(shape, inverted, feather)| Mask { shape, inverted, feather }).boxed()
}

/// Which layer is masked, and by which one.
fn layer_mask() -> BoxedStrategy<(usize, usize, MaskChannel, bool, f64)> {
    let channel = select(vec![MaskChannel::Alpha, MaskChannel::Luminance]);
    (0..MAX_LAYERS, 0..MAX_LAYERS, channel, any::<bool>(), prop_oneof![Just(0.0), 0.0..20.0]).boxed()
}

/// Masks layers by others, but for what a scene may not have.
fn mask_by_layers(layers: &mut Vec<LayerDocument>, masks: &[(usize, usize, MaskChannel, bool, f64)]) {
    for (masked, by, channel, inverted, feather) in masks {
        let ids: Vec<LayerId> = layers.iter().flat_map(LayerDocument::walk).map(|layer| layer.id.clone()).collect();
        if ids.is_empty() {
            return;
        }
        let (id, by) = (&ids[masked % ids.len()], ids[by % ids.len()].clone());
        let shape = MaskShape::Layer { layer: by, channel: *channel };
        let mut changed = layers.clone();
        set_mask(&mut changed, id, &Mask { shape, inverted: *inverted, feather: *feather });
        if check_masks(&changed).is_empty() {
            *layers = changed;
        }
    }
}

fn set_mask(layers: &mut [LayerDocument], id: &LayerId, mask: &Mask) {
    for layer in layers {
        if layer.id == *id {
            layer.mask = Some(mask.clone());
        }
        set_mask(&mut layer.children, id, mask);
    }
}

fn effect() -> BoxedStrategy<Effect> {
    prop_oneof![
        (0.0..20.0).prop_map(|radius| Effect::Blur(Blur { radius })),
        (point(), 0.0..20.0, color()).prop_map(|(offset, radius, color)| Effect::DropShadow(DropShadow {
            offset,
            radius,
            color
        })),
        (0.0..20.0, color(), 0.0..5.0).prop_map(|(radius, color, strength)| Effect::Glow(Glow {
            radius,
            color,
            strength
        })),
        (0.0..20.0, color()).prop_map(|(width, color)| Effect::Outline(Outline { width, color })),
        (0.0..3.0, 0.0..3.0, 0.0..3.0, -360.0..360.0).prop_map(|(brightness, contrast, saturation, hue)| {
            Effect::ColorAdjust(ColorAdjust { brightness, contrast, saturation, hue })
        }),
        (color(), color(), share()).prop_map(|(black, white, amount)| Effect::Tint(Tint { black, white, amount })),
        share().prop_map(|amount| Effect::Grayscale(Grayscale { amount })),
        (color(), share(), share(), share()).prop_map(|(color, similarity, smoothness, spill)| {
            Effect::ChromaKey(ChromaKey { color, similarity, smoothness, spill })
        }),
        (1.0..60.0).prop_map(|size| Effect::Pixelate(Pixelate { size })),
        (share(), share(), share(), color()).prop_map(|(amount, radius, softness, color)| {
            Effect::Vignette(Vignette { amount, radius, softness, color })
        }),
        side().prop_map(|radius| Effect::RoundedCorners(RoundedCorners { radius })),
    ]
    .boxed()
}

fn transform() -> BoxedStrategy<Transform> {
    let angle = || prop_oneof![2 => Just(0.0), 1 => -180.0..180.0];
    let scale = prop_oneof![
        2 => Just(Scale::default()),
        1 => (0.1..3.0).prop_map(|factor| Scale { x: factor, y: factor }),
        1 => (-2.0..2.0, -2.0..2.0).prop_map(|(x, y)| Scale { x, y }),
    ];
    let skew = (-45.0..45.0, -45.0..45.0).prop_map(|(x, y)| Point { x, y });
    let skew = prop_oneof![3 => Just(Point::default()), 1 => skew];
    (length_point(), unit_point(), scale, angle(), skew)
        .prop_map(|(position, anchor, scale, rotation, skew)| Transform { position, anchor, scale, rotation, skew })
        .boxed()
}

/// Animations of properties that every layer has.
fn animation() -> BoxedStrategy<Animation> {
    let number = |range: std::ops::Range<f64>| range.prop_map(|number| Value::Length(Length::Px(number))).boxed();
    let values = prop_oneof![
        Just(("opacity", number(0.0..1.0))),
        Just(("transform.position", length_point().prop_map(Value::Vector).boxed())),
        Just(("transform.position.x", length(-200.0..200.0).prop_map(Value::Length).boxed())),
        Just(("transform.anchor.y", number(0.0..1.0))),
        Just(("transform.scale", number(0.0..3.0))),
        Just(("transform.rotation", number(-720.0..720.0))),
        Just(("transform.skew.x", number(-45.0..45.0))),
    ];
    let times = (0.0..3.0, 0.1..4.0, any::<bool>());
    let repeat = prop_oneof![(1..5_u32).prop_map(Repeat::Times), Just(Repeat::Forever)];
    (values, times, repeat, easing())
        .prop_flat_map(|((property, value), (delay, speed, ping_pong), repeat, easing)| {
            let base = Animation {
                property: Property::new(property),
                from: None,
                to: None,
                keyframes: Vec::new(),
                duration: None,
                delay,
                easing,
                repeat,
                ping_pong,
                speed,
            };
            let tweened = (option::of(value.clone()), value.clone(), 0.1..5.0, Just(base.clone())).prop_map(
                |(from, to, duration, base)| Animation { from, to: Some(to), duration: Some(duration), ..base },
            );
            let frame = (0.01..2.0, value, option::of(self::easing()));
            let keyed = (vec(frame, 2..5), Just(base)).prop_map(|(frames, base)| {
                let mut at = 0.0;
                let keyframes = frames.into_iter().map(|(pause, value, easing)| {
                    at += pause;
                    Keyframe { at, value, easing }
                });
                Animation { keyframes: keyframes.collect(), ..base }
            });
            prop_oneof![tweened, keyed]
        })
        .boxed()
}

fn easing() -> impl Strategy<Value = Easing> {
    select(EASINGS.to_vec()).prop_filter_map("an easing", |text| text.parse().ok())
}

fn paint() -> BoxedStrategy<Paint> {
    prop_oneof![2 => color().prop_map(Paint::Solid), 1 => gradient().prop_map(Paint::Gradient)].boxed()
}

fn gradient() -> BoxedStrategy<Gradient> {
    let stops = || {
        vec((share(), color()), 2..5).prop_map(|stops| {
            let mut stops: Vec<GradientStop> =
                stops.into_iter().map(|(offset, color)| GradientStop { offset, color }).collect();
            stops.sort_by(|a, b| a.offset.total_cmp(&b.offset));
            stops
        })
    };
    prop_oneof![
        (-360.0..360.0, stops()).prop_map(|(angle, stops)| Gradient::Linear { angle, stops }),
        (unit_point(), 0.1..2.0, stops()).prop_map(|(center, radius, stops)| Gradient::Radial {
            center,
            radius,
            stops
        }),
        (unit_point(), -360.0..360.0, stops()).prop_map(|(center, angle, stops)| Gradient::Conic {
            center,
            angle,
            stops
        }),
    ]
    .boxed()
}

fn color() -> impl Strategy<Value = Color> {
    let alpha = prop_oneof![2 => Just(255), 1 => any::<u8>()];
    (any::<[u8; 3]>(), alpha).prop_map(|([r, g, b], a)| Color { r, g, b, a })
}

fn fit() -> impl Strategy<Value = Fit> {
    select(vec![Fit::Contain, Fit::Cover, Fit::Fill, Fit::None, Fit::ScaleDown])
}

fn length(range: std::ops::Range<f64>) -> impl Strategy<Value = Length> {
    prop_oneof![range.clone().prop_map(Length::Px), range.prop_map(Length::Percent)]
}

fn length_point() -> impl Strategy<Value = LengthPoint> {
    let length = || {
        prop_oneof![
            (-100..500_i32).prop_map(|pixels| Length::Px(pixels.into())),
            (-100.0..500.0).prop_map(Length::Px),
            (-20.0..120.0).prop_map(Length::Percent),
        ]
    };
    (length(), length()).prop_map(|(x, y)| LengthPoint { x, y })
}

fn size() -> impl Strategy<Value = Size> {
    (length(0.0..200.0), length(0.0..200.0)).prop_map(|(width, height)| Size { width, height })
}

fn point() -> impl Strategy<Value = Point> {
    (coordinate(), coordinate()).prop_map(|(x, y)| Point { x, y })
}

fn unit_point() -> impl Strategy<Value = Point> {
    (share(), share()).prop_map(|(x, y)| Point { x, y })
}

fn coordinate() -> impl Strategy<Value = f64> {
    -200.0..400.0
}

fn side() -> impl Strategy<Value = f64> {
    0.0..300.0
}

fn share() -> impl Strategy<Value = f64> {
    prop_oneof![1 => Just(0.0), 2 => Just(1.0), 4 => 0.0..=1.0]
}

//! What layers show.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, sample::select, strategy::Union};

use super::{
    PATHS, TEXTS,
    style::{gradient, paint},
    values::{color, fit, point, share, side, size, unit_point},
};
use crate::{
    animation::Repeat,
    asset::{AssetId, AssetKind},
    content::{
        AnimatedImageContent, AutoFit, Cap, ColorContent, Content, CornerRadii, EachCorner, FillRule, Font, FontStyle,
        Geometry, GradientContent, ImageContent, Join, Overflow, ShapeContent, SpanFont, Stroke, SvgContent, TextAlign,
        TextContent, TextSpan, Ticker, Trim, VerticalAlign, Wrap,
    },
    effects::DropShadow,
};

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

pub(super) fn shape() -> BoxedStrategy<Content> {
    let fill_rule = select(vec![FillRule::NonZero, FillRule::EvenOdd]);
    (geometry(), option::of(paint()), option::of(stroke()), fill_rule)
        .prop_map(|(geometry, fill, stroke, fill_rule)| {
            Content::Shape(ShapeContent { geometry, fill, stroke, fill_rule })
        })
        .boxed()
}

pub(super) fn geometry() -> BoxedStrategy<Geometry> {
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

pub(super) fn corner_radii() -> BoxedStrategy<CornerRadii> {
    let each = (side(), side(), side(), side()).prop_map(|(top_left, top_right, bottom_right, bottom_left)| {
        CornerRadii::Each(EachCorner { top_left, top_right, bottom_right, bottom_left })
    });
    prop_oneof![side().prop_map(CornerRadii::All), each].boxed()
}

pub(super) fn stroke() -> BoxedStrategy<Stroke> {
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

pub(super) fn text() -> BoxedStrategy<Content> {
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

pub(super) fn span() -> BoxedStrategy<TextSpan> {
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

pub(super) fn font() -> BoxedStrategy<Font> {
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

pub(super) fn font_style() -> impl Strategy<Value = FontStyle> {
    select(vec![FontStyle::Normal, FontStyle::Italic, FontStyle::Oblique])
}

pub(super) fn features() -> impl Strategy<Value = BTreeMap<String, u32>> {
    vec(select(vec!["liga", "tnum", "ss01"]), 0..2)
        .prop_map(|tags| tags.into_iter().map(|tag| (tag.to_owned(), u32::from(tag != "liga"))).collect())
}

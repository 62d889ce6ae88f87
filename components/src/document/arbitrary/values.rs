//! Small values.

use proptest::{prelude::*, sample::select};

use crate::{
    color::Color,
    geometry::{Fit, Length, LengthPoint, Point, Size},
};

pub(super) fn color() -> impl Strategy<Value = Color> {
    let alpha = prop_oneof![2 => Just(255), 1 => any::<u8>()];
    (any::<[u8; 3]>(), alpha).prop_map(|([r, g, b], a)| Color { r, g, b, a })
}

pub(super) fn fit() -> impl Strategy<Value = Fit> {
    select(vec![Fit::Contain, Fit::Cover, Fit::Fill, Fit::None, Fit::ScaleDown])
}

pub(super) fn length(range: std::ops::Range<f64>) -> impl Strategy<Value = Length> {
    prop_oneof![range.clone().prop_map(Length::Px), range.prop_map(Length::Percent)]
}

pub(super) fn length_point() -> impl Strategy<Value = LengthPoint> {
    let length = || {
        prop_oneof![
            (-100..500_i32).prop_map(|pixels| Length::Px(pixels.into())),
            (-100.0..500.0).prop_map(Length::Px),
            (-20.0..120.0).prop_map(Length::Percent),
        ]
    };
    (length(), length()).prop_map(|(x, y)| LengthPoint { x, y })
}

pub(super) fn size() -> impl Strategy<Value = Size> {
    (length(0.0..200.0), length(0.0..200.0)).prop_map(|(width, height)| Size { width, height })
}

pub(super) fn point() -> impl Strategy<Value = Point> {
    (coordinate(), coordinate()).prop_map(|(x, y)| Point { x, y })
}

pub(super) fn unit_point() -> impl Strategy<Value = Point> {
    (share(), share()).prop_map(|(x, y)| Point { x, y })
}

pub(super) fn coordinate() -> impl Strategy<Value = f64> {
    -200.0..400.0
}

pub(super) fn side() -> impl Strategy<Value = f64> {
    0.0..300.0
}

pub(super) fn share() -> impl Strategy<Value = f64> {
    prop_oneof![1 => Just(0.0), 2 => Just(1.0), 4 => 0.0..=1.0]
}

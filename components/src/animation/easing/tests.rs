use proptest::prelude::*;

use super::*;

fn easing(text: &str) -> Easing {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Values from the formulas of easings.net at 0.1, 0.3, 0.6 and 0.85.
const PENNER: [(&str, [f64; 4]); 30] = [
    ("easeInSine", [0.012311659, 0.108993476, 0.412214748, 0.766554636]),
    ("easeOutSine", [0.156434465, 0.453990500, 0.809016994, 0.972369920]),
    ("easeInOutSine", [0.024471742, 0.206107374, 0.654508497, 0.945503262]),
    ("easeInExpo", [0.001953125, 0.007812500, 0.062500000, 0.353553391]),
    ("easeOutExpo", [0.500000000, 0.875000000, 0.984375000, 0.997237864]),
    ("easeInOutExpo", [0.001953125, 0.031250000, 0.875000000, 0.996093750]),
    ("easeInCirc", [0.005012563, 0.046060799, 0.200000000, 0.473217312]),
    ("easeOutCirc", [0.435889894, 0.714142843, 0.916515139, 0.988685997]),
    ("easeInOutCirc", [0.010102051, 0.100000000, 0.800000000, 0.976969601]),
    ("easeInBack", [-0.014314220, -0.080199540, -0.029027520, 0.429716267]),
    ("easeOutBack", [0.408827980, 0.907132260, 1.099351680, 1.029167718]),
    ("easeInOutBack", [-0.037518552, -0.078833484, 0.910074208, 1.068239649]),
    ("easeInElastic", [0.001953125, -0.003906250, -0.031250000, -0.353553391]),
    ("easeOutElastic", [1.250000000, 0.875000000, 0.984375000, 0.998618932]),
    ("easeInOutElastic", [0.000339157, 0.023938889, 1.117461578, 1.003670674]),
    ("easeInBounce", [0.011875000, 0.069375000, 0.090000000, 0.829843750]),
    ("easeOutBounce", [0.075625000, 0.680625000, 0.772500000, 0.945156250]),
    ("easeInOutBounce", [0.030000000, 0.045000000, 0.651250000, 0.965312500]),
    ("easeInQuad", [0.010000000, 0.090000000, 0.360000000, 0.722500000]),
    ("easeOutQuad", [0.190000000, 0.510000000, 0.840000000, 0.977500000]),
    ("easeInOutQuad", [0.020000000, 0.180000000, 0.680000000, 0.955000000]),
    ("easeInCubic", [0.001000000, 0.027000000, 0.216000000, 0.614125000]),
    ("easeOutCubic", [0.271000000, 0.657000000, 0.936000000, 0.996625000]),
    ("easeInOutCubic", [0.004000000, 0.108000000, 0.744000000, 0.986500000]),
    ("easeInQuart", [0.000100000, 0.008100000, 0.129600000, 0.522006250]),
    ("easeOutQuart", [0.343900000, 0.759900000, 0.974400000, 0.999493750]),
    ("easeInOutQuart", [0.000800000, 0.064800000, 0.795200000, 0.995950000]),
    ("easeInQuint", [0.000010000, 0.002430000, 0.077760000, 0.443705312]),
    ("easeOutQuint", [0.409510000, 0.831930000, 0.989760000, 0.999924062]),
    ("easeInOutQuint", [0.000160000, 0.038880000, 0.836160000, 0.998785000]),
];

#[test]
fn penner_easings_have_the_values_of_their_formulas() {
    for (name, values) in PENNER {
        for (t, value) in [0.1, 0.3, 0.6, 0.85].into_iter().zip(values) {
            let found = easing(name).ease(t);
            assert!((found - value).abs() < 1e-8, "{name} at {t}: {found}, not {value}");
        }
    }
    assert_eq!(Easing::named().count(), PENNER.len() + 7, "a name without a row above");
}

/// Values found by halving in 40 decimal digits, at 0.1, 0.25, 0.5, 0.75 and 0.9.
#[test]
fn bezier_easings_have_the_values_of_their_curves() {
    let curves = [
        ("ease", [0.094796305716, 0.408510591355, 0.802403387585, 0.960458978349, 0.994316477485]),
        (
            "cubic-bezier(0.25, 0.1, 0.25, 1)",
            [0.094796305716, 0.408510591355, 0.802403387585, 0.960458978349, 0.994316477485],
        ),
        ("easeIn", [0.017026609652, 0.093464650719, 0.315356812573, 0.621861869175, 0.839427845762]),
        ("easeOut", [0.160572154238, 0.378138130825, 0.684643187427, 0.906535349281, 0.982973390348]),
        ("easeInOut", [0.019722453548, 0.129161931047, 0.5, 0.870838068953, 0.980277546452]),
        (
            "cubic-bezier(0.68,-0.55,0.265,1.55)",
            [-0.066291477334, -0.082807108828, 0.606679897224, 1.089165774813, 1.062373195166],
        ),
        // x nearly stands still in the middle: Newton's method alone would leave the curve.
        ("cubic-bezier(1, 0, 0, 1)", [0.003761674958, 0.029724605512, 0.5, 0.970275394488, 0.996238325042]),
    ];
    for (name, values) in curves {
        for (t, value) in [0.1, 0.25, 0.5, 0.75, 0.9].into_iter().zip(values) {
            let found = easing(name).ease(t);
            assert!((found - value).abs() < 1e-7, "{name} at {t}: {found}, not {value}");
        }
    }
}

/// The steps that the figures of CSS Easing Functions show for three steps.
#[test]
fn steps_jump_where_css_says() {
    let thirds = [0.0, 0.3, 1.0 / 3.0, 0.6, 2.0 / 3.0, 0.9, 1.0];
    let table = [
        ("steps(3, jump-start)", [1.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 1.0, 1.0, 1.0]),
        ("steps(3, jump-end)", [0.0, 0.0, 1.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 1.0]),
        ("steps(3, jump-none)", [0.0, 0.0, 0.5, 0.5, 1.0, 1.0, 1.0]),
        ("steps(3, jump-both)", [0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1.0]),
        ("stepStart", [1.0; 7]),
        ("stepEnd", [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
    ];
    for (name, values) in table {
        for (t, value) in thirds.into_iter().zip(values) {
            assert_eq!(easing(name).ease(t), value, "{name} at {t}");
        }
    }
    // 0.29 x 100 is less than 29 in floating point.
    assert_eq!(easing("steps(100)").ease(0.29), 0.29);
}

#[test]
fn a_step_at_the_beginning_is_still_to_come_before_it() {
    assert_eq!(easing("steps(4, start)").ease_flagged(0.0, true), 0.0);
    assert_eq!(easing("steps(4, jump-both)").ease_flagged(0.0, true), 0.0);
    assert_eq!(easing("stepStart").ease_flagged(0.0, true), 0.0);
    assert_eq!(easing("steps(4, start)").ease_flagged(0.1, true), 0.25);
}

/// Stops without a place, as CSS Easing Functions Level 2 places them.
#[test]
fn stops_without_a_place_get_one() {
    let table = [
        ("linear(0, 1)", "linear(0 0%, 1 100%)"),
        ("linear(0, 0.5, 1)", "linear(0 0%, 0.5 50%, 1 100%)"),
        ("linear(0, 0.25 75%, 1)", "linear(0 0%, 0.25 75%, 1 100%)"),
        ("linear(0, 25% 75% 0.25, 1)", "linear(0 0%, 0.25 25%, 0.25 75%, 1 100%)"),
        ("linear(0 20%, 0.5 10%, 1)", "linear(0 20%, 0.5 20%, 1 100%)"),
        ("linear( 0 -10%, 0.1, 0.2, 0.3 50%, 1 )", "linear(0 -10%, 0.1 10%, 0.2 30%, 0.3 50%, 1 100%)"),
        (
            "linear(0, 1.3, 1, 0.92, 1, 0.99, 1, 0.998, 1 100% 100%)",
            "linear(0 0%, 1.3 12.5%, 1 25%, 0.92 37.5%, 1 50%, 0.99 62.5%, 1 75%, 0.998 87.5%, 1 100%, 1 100%)",
        ),
    ];
    for (written, complete) in table {
        assert_eq!(easing(written).to_string(), complete, "{written}");
    }
}

#[test]
fn linear_stops_are_joined_by_lines() {
    let table = [
        ("linear(0, 0.25 75%, 1)", 0.75, 0.25),
        ("linear(0, 0.25 75%, 1)", 0.375, 0.125),
        ("linear(0, 0.25 75%, 1)", 0.875, 0.625),
        ("linear(0, 1.5 50%, 1)", 0.5, 1.5),
        // A jump: the last stop at a place counts, up to it the first does.
        ("linear(0, 0.2 50%, 0.8 50%, 1)", 0.5, 0.8),
        ("linear(0, 0.2 50%, 0.8 50%, 1)", 0.25, 0.1),
        ("linear(0, 1, 0.5 100%)", 1.0, 0.5),
        // Outside of the first and the last stop their line goes on.
        ("linear(0 25%, 1 75%)", 0.0, -0.5),
        ("linear(0 25%, 1 75%)", 1.0, 1.5),
    ];
    for (name, t, value) in table {
        let found = easing(name).ease(t);
        assert!((found - value).abs() < 1e-12, "{name} at {t}: {found}, not {value}");
    }
}

#[test]
fn css_names_are_read_and_ours_written() {
    for (read, written) in [
        ("ease-in-out", "easeInOut"),
        ("step-end", "stepEnd"),
        (" ease-in-out-back ", "easeInOutBack"),
        ("steps(4)", "steps(4, jump-end)"),
        ("steps( 2 , start )", "steps(2, jump-start)"),
        ("cubicBezier(0,0,1,1)", "cubic-bezier(0, 0, 1, 1)"),
    ] {
        assert_eq!(easing(read).to_string(), written);
    }
}

#[test]
fn what_is_no_easing_is_refused_with_the_remedy() {
    let refused = |text: &str| text.parse::<Easing>().expect_err(text);
    assert_eq!(refused("easeInOutBak").nearest.as_deref(), Some("easeInOutBack"));
    assert_eq!(refused("cubic-bezir(0, 0, 1, 1)").nearest.as_deref(), Some("cubic-bezier(…)"));
    assert!(refused("cubic-bezier(1.1, 0, 1, 1)").expected.contains("from 0 to 1"));
    assert!(refused("cubic-bezier(0, 1e30, 1, 1)").expected.contains("y1 and y2 from -1000000 to 1000000"));
    assert!(refused("linear(0, 1e30)").expected.contains("from -1000000 to 1000000"));
    assert!(refused("steps(0)").expected.contains("a count from 1 (with jump-none 2) to 1000000"));
    for text in [
        "",
        "(",
        "steps",
        "steps()",
        "steps(-1)",
        "steps(1, jump-none)",
        "steps(2, end, end)",
        "steps(4",
        "linear()",
        "linear(0)",
        "linear(50%)",
        "linear(0 1, 1)",
        "linear(0% 0 50%, 1)",
        "linear(0 1% 2% 3%, 1)",
        "linear(0,,1)",
        "cubic-bezier(0, 0, 1)",
        "cubic-bezier(0, 0, 1, 1, 1)",
        "cubic-bezier(0, inf, 1, 1)",
        "cubic-bezier(0, 1e7, 1, 1)",
        "cubic-bezier(0, NaN, 1, 1)",
        "ease in",
        "EASE",
    ] {
        refused(text);
    }
    assert!(refused(&"é".repeat(1000)).found.chars().count() < 70);
}

fn any_easing() -> impl Strategy<Value = Easing> {
    let names: Vec<Easing> = Easing::named().map(|(_, easing)| easing).collect();
    let jump = prop_oneof![Just(Jump::Start), Just(Jump::End), Just(Jump::None), Just(Jump::Both)];
    let stop =
        (-2.0..2.0, proptest::option::of(-50.0..150.0)).prop_map(|(output, input)| WrittenStop { output, input });
    prop_oneof![
        proptest::sample::select(names),
        (0.0..=1.0, -2.0..2.0, 0.0..=1.0, -2.0..2.0)
            .prop_map(|(x1, y1, x2, y2)| Easing::CubicBezier(CubicBezier::new(x1, y1, x2, y2).expect("in range"))),
        (2_u32..100, jump).prop_map(|(count, jump)| Easing::Steps(Steps::new(count, jump).expect("in range"))),
        proptest::collection::vec(stop, 2..20)
            .prop_map(|stops| Easing::LinearStops(LinearStops::new(&stops).expect("in range"))),
    ]
}

proptest! {
    #[test]
    fn text_goes_there_and_back(easing in any_easing()) {
        prop_assert_eq!(easing.to_string().parse::<Easing>(), Ok(easing.clone()));
        let json = serde_json::to_string(&easing).expect("a string");
        prop_assert_eq!(serde_json::from_str::<Easing>(&json).expect("what was written"), easing);
    }

    #[test]
    fn any_text_is_an_easing_or_an_error(text in "(linear|steps|cubic-bezier)?\\(?[-+0-9.,%einfa ]{0,30}\\)?|.{0,40}") {
        if let Ok(easing) = text.parse::<Easing>() {
            prop_assert_eq!(easing.to_string().parse::<Easing>(), Ok(easing));
        }
    }

    #[test]
    fn values_are_finite(easing in any_easing(), t in 0.0..=1.0) {
        prop_assert!(easing.ease(t).is_finite());
    }

    #[test]
    fn curves_begin_at_0_and_end_at_1(easing in any_easing()) {
        if !matches!(easing, Easing::LinearStops(_)) {
            prop_assert_eq!(easing.ease_flagged(0.0, true), 0.0);
            prop_assert_eq!(easing.ease(1.0), 1.0);
        }
    }

    #[test]
    fn what_does_not_overshoot_never_falls(easing in any_easing(), a in 0.0..=1.0, b in 0.0..=1.0) {
        let overshoots = match &easing {
            Easing::Penner(_, shape) => matches!(shape, Shape::Back | Shape::Elastic | Shape::Bounce),
            Easing::CubicBezier(curve) => curve.control_points().iter().any(|number| !(0.0..=1.0).contains(number)),
            Easing::LinearStops(_) => true,
            _ => false,
        };
        let (first, last) = (f64::min(a, b), f64::max(a, b));
        // The curves are found to 1e-12 in time; where they are steep that is less in value.
        prop_assert!(overshoots || easing.ease(first) <= easing.ease(last) + 1e-7);
    }
}

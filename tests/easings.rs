//! Easings against an independent implementation: the Web Animations of Chromium.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/page.rs"]
mod page;
#[path = "support/process.rs"]
mod process;

use components::animation::Easing;
use page::Page;

/// What both understand.
const EASINGS: [&str; 22] = [
    "linear",
    "ease",
    "ease-in",
    "ease-out",
    "ease-in-out",
    "cubic-bezier(0.2, 0, 0, 1)",
    "cubic-bezier(0.68, -0.6, 0.32, 1.6)",
    "cubic-bezier(1, 0, 0, 1)",
    "cubic-bezier(0, 1, 1, 0)",
    "cubic-bezier(0, 0, 0, 0)",
    "cubic-bezier(0.9, -3, 0.1, 4)",
    "step-start",
    "step-end",
    "steps(7)",
    "steps(4, jump-start)",
    "steps(4, jump-none)",
    "steps(3, jump-both)",
    "linear(0, 1)",
    "linear(0, 0.7 30%, 0.3 60%, 1)",
    "linear(0.2, 0.5, 0.1 40% 60%, 1.4, 1)",
    "linear(0 20%, 0.5 20%, 1 50%, -0.5)",
    "linear(1, 0)",
];

/// How far both may be apart: Chromium solves Bézier curves to about this.
const NEAR: f64 = 2e-6;

#[test]
fn easings_are_those_of_a_browser_at_a_hundred_points() {
    let page = Page::open("about:blank");
    for text in EASINGS {
        let script = format!(
            "const effect = new KeyframeEffect(null, null, {{ duration: 1000, easing: {text:?}, fill: 'both' }});
            const animation = new Animation(effect, document.timeline);
            return Array.from({{ length: 101 }}, (_, at) => {{
                animation.currentTime = at * 10;
                return effect.getComputedTiming().progress;
            }});"
        );
        let browser: Vec<f64> = serde_json::from_value(page.run(&script)).unwrap();
        let easing: Easing = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(browser.len(), 101, "{text}");
        for (at, theirs) in browser.into_iter().enumerate() {
            let ours = easing.ease(at as f64 / 100.0);
            assert!((ours - theirs).abs() < NEAR, "{text} at {at} %: {ours}, in the browser {theirs}");
        }
    }
}

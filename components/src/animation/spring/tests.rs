use proptest::prelude::*;

use super::*;

fn spring(stiffness: f64, damping: f64, mass: f64) -> Spring {
    Spring { stiffness: Some(stiffness), damping: Some(damping), mass: Some(mass), ..Spring::default() }
}

/// One second of it in very small steps (Runge-Kutta, fourth order): an implementation that shares nothing with ours.
fn integrated(stiffness: f64, damping: f64, mass: f64, distance: f64, velocity: f64, seconds: f64) -> (f64, f64) {
    const STEPS: u32 = 20_000;
    let pull = |x: f64, v: f64| (-stiffness * x - damping * v) / mass;
    let h = seconds / f64::from(STEPS);
    let (mut x, mut v) = (distance, velocity);
    for _ in 0..STEPS {
        let (x1, v1) = (v, pull(x, v));
        let (x2, v2) = (v + h / 2.0 * v1, pull(x + h / 2.0 * x1, v + h / 2.0 * v1));
        let (x3, v3) = (v + h / 2.0 * v2, pull(x + h / 2.0 * x2, v + h / 2.0 * v2));
        let (x4, v4) = (v + h * v3, pull(x + h * x3, v + h * v3));
        x += h / 6.0 * (x1 + 2.0 * x2 + 2.0 * x3 + x4);
        v += h / 6.0 * (v1 + 2.0 * v2 + 2.0 * v3 + v4);
    }
    (x, v)
}

#[test]
fn springs_of_all_kinds_move_as_the_law_of_motion_says() {
    // Below, at, and above critical damping, and just beside it.
    for (stiffness, damping, mass) in [
        (100.0, 10.0, 1.0),
        (170.0, 26.0, 1.0),
        (100.0, 20.0, 1.0),
        (100.0, 20.000_001, 1.0),
        (100.0, 19.999_999, 1.0),
        (100.0, 60.0, 1.0),
        (50.0, 4.0, 3.0),
    ] {
        for (distance, velocity) in [(1.0, 0.0), (0.0, 1.0), (-300.0, 4000.0)] {
            for seconds in [0.05, 0.4, 1.5] {
                let left = spring(stiffness, damping, mass).oscillator().left(seconds);
                let value = distance * left.of_distance + velocity * left.of_velocity;
                let slope = distance * left.distance_slope + velocity * left.velocity_slope;
                let (x, v) = integrated(stiffness, damping, mass, distance, velocity, seconds);
                let scale = distance.abs() + velocity.abs();
                let near = (value - x).abs() < 1e-9 * scale && (slope - v).abs() < 1e-7 * scale;
                assert!(near, "{stiffness} {damping} {mass} at {seconds}: {value} {slope} instead of {x} {v}");
            }
        }
    }
}

#[test]
fn duration_and_bounce_are_those_of_swift_ui() {
    // `Spring(duration: 0.5, bounce: 0.3)` has stiffness 157.91 and damping 17.59.
    let felt = Spring { duration: Some(0.5), bounce: Some(0.3), ..Spring::default() };
    let told = spring(157.913_670_417, 17.592_918_860, 1.0);
    for tenth in 0..20 {
        let at = f64::from(tenth) / 10.0;
        let (felt, told) = (felt.oscillator().left(at), told.oscillator().left(at));
        assert!((felt.of_distance - told.of_distance).abs() < 1e-9);
    }
    // Without bounce it comes as fast as it can without swinging over.
    let smooth = Spring { duration: Some(0.5), ..Spring::default() }.oscillator();
    assert!((0..500).all(|at| smooth.left(f64::from(at) / 100.0).of_distance >= 0.0));
}

#[test]
fn what_is_no_spring_is_refused() {
    let told = |spring: Spring| -> Vec<String> { spring.check("/spring").iter().map(ToString::to_string).collect() };
    assert_eq!(told(Spring::default()), [""; 0]);
    let both = Spring { stiffness: Some(100.0), bounce: Some(0.2), ..Spring::default() };
    assert!(told(both)[0].contains("either `stiffness`, `damping` and `mass`, or `duration` and `bounce`"));
    assert!(told(spring(1.0, 0.001, 1e4))[0].contains("rests after"));
    assert!(told(spring(f64::NAN, 1.0, 1.0))[0].contains("NaN"));
}

proptest! {
    #[test]
    fn a_spring_rests_when_it_says_and_not_much_before(
        stiffness in 1.0..1000.0, ratio in 0.05..4.0, mass in 0.1..10.0, distance in -1e3..1e3, velocity in -1e4..1e4,
    ) {
        let damping = 2.0 * ratio * f64::sqrt(stiffness * mass);
        let oscillator = spring(stiffness, damping, mass).oscillator();
        let scale = f64::abs(distance) + f64::abs(velocity) / f64::sqrt(stiffness / mass);
        let end = oscillator.settles(distance, velocity);
        let away = |t: f64| {
            let left = oscillator.left(t);
            (distance * left.of_distance + velocity * left.of_velocity).abs() / scale
        };
        for later in 0..50 {
            prop_assert!(away(end * (1.0 + f64::from(later) / 20.0)) <= 1.01e-4);
        }
        // At two thirds of the time it is still to be seen that it moves.
        // (A velocity towards the end may meet the distance so that there is less left than either would leave.)
        let moving = distance * velocity < 0.0 || (0..200).any(|at| away(end * (0.6 + f64::from(at) / 2000.0)) > 1e-4);
        prop_assert!(moving, "it has rested since long before {end}");
    }

    #[test]
    fn a_velocity_is_how_fast_the_value_changes(stiffness in 1.0..1000.0, damping in 0.1..100.0, t in 0.0..5.0) {
        let oscillator = spring(stiffness, damping, 1.0).oscillator();
        let (before, after, here) = (oscillator.left(t), oscillator.left(t + 1e-6), oscillator.left(t + 5e-7));
        let slope = (after.of_distance - before.of_distance) / 1e-6;
        prop_assert!((slope - here.distance_slope).abs() < 1e-3);
        let slope = (after.of_velocity - before.of_velocity) / 1e-6;
        prop_assert!((slope - here.velocity_slope).abs() < 1e-3);
    }
}

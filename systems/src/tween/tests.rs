use std::time::Duration;

use bevy_ecs::{
    entity::Entity,
    resource::Resource,
    schedule::{IntoScheduleConfigs, Schedule},
    system::ResMut,
    world::World,
};
use components::{Animations, LayerDocument};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{clock::start_animations, start_workers, workers::WorkerThreads};

/// What a later stage would see as changed on the last tick.
#[derive(Resource, Default, Debug, PartialEq)]
struct Changes {
    poses: Vec<Entity>,
    contents: Vec<Entity>,
}

fn note_changes(
    mut changes: ResMut<Changes>,
    poses: Query<Entity, Changed<Pose>>,
    contents: Query<Entity, Changed<AnimatedContent>>,
) {
    *changes = Changes { poses: poses.iter().collect(), contents: contents.iter().collect() };
}

struct Stage {
    world: World,
    schedule: Schedule,
}

impl Stage {
    fn new() -> Self {
        Self::with(Workers::new(Some(1)))
    }

    fn with(workers: Workers) -> Self {
        let mut world = World::new();
        world.insert_resource(SceneTime::default());
        world.insert_resource(workers);
        world.insert_resource(Changes::default());
        let mut schedule = Schedule::default();
        let tween = (compile_animations, (write_poses, write_animated_content)).chain();
        schedule.add_systems((start_animations, tween, note_changes).chain());
        Self { world, schedule }
    }

    /// Makes the tick of scene time `seconds`.
    fn tick(&mut self, seconds: f64) {
        self.world.resource_mut::<SceneTime>().seconds = seconds;
        self.schedule.run(&mut self.world);
        self.world.clear_trackers();
    }

    fn spawn(&mut self, layer: Value) -> Entity {
        let LayerDocument { opacity, transform, content, animations, .. } =
            serde_json::from_value(layer).expect("a layer");
        self.world.spawn((opacity, transform, content, animations)).id()
    }

    fn animate(&mut self, layer: Entity, animations: Value) {
        *self.world.get_mut::<Animations>(layer).expect("a layer") =
            serde_json::from_value(animations).expect("animations");
    }

    fn pose(&self, layer: Entity) -> Pose {
        *self.world.get::<Pose>(layer).expect("a layer")
    }

    fn content(&self, layer: Entity) -> Option<Value> {
        let AnimatedContent(content) = self.world.get(layer).expect("a layer");
        content.as_ref().map(|content| serde_json::to_value(content).expect("json"))
    }

    fn changed_poses(&self) -> &[Entity] {
        &self.world.resource::<Changes>().poses
    }

    fn changed_contents(&self) -> &[Entity] {
        &self.world.resource::<Changes>().contents
    }
}

fn fade(delay: f64) -> Value {
    json!({ "property": "opacity", "from": 0, "to": 1, "duration": 1, "delay": delay })
}

fn layer(animations: Value) -> Value {
    json!({ "id": "a", "opacity": 0.5, "transform": { "position": { "x": "10%", "y": 20 }, "rotation": 90 },
        "content": { "type": "color", "color": "#000000" }, "animations": animations })
}

#[test]
fn without_animations_the_pose_is_what_was_written() {
    let mut stage = Stage::new();
    let still = stage.spawn(layer(json!([])));
    stage.tick(0.0);
    let pose = stage.pose(still);
    assert_eq!((pose.position.y, pose.position_percent.x, pose.opacity), (20.0, 10.0, 0.5));
    assert_eq!(pose.rotation, std::f64::consts::FRAC_PI_2);
    stage.world.get_mut::<Opacity>(still).expect("a layer").0 = 0.25;
    stage.tick(0.1);
    assert_eq!(stage.pose(still).opacity, 0.25);
}

#[test]
fn layers_on_which_nothing_changes_are_not_marked_changed() {
    let mut stage = Stage::new();
    let still = stage.spawn(layer(json!([])));
    let fading = stage.spawn(layer(json!([fade(1.0)])));
    let coloured = stage.spawn(layer(json!([
        { "property": "content.color", "to": "#ffffff", "duration": 1, "delay": 1, "easing": "steps(2)" },
    ])));
    stage.tick(0.0);
    assert_eq!(stage.changed_poses().len(), 3);
    // (seconds, whose pose changes, whose content changes)
    let ticks: [(f64, &[Entity], &[Entity]); 8] = [
        (0.5, &[], &[]),
        (1.0, &[], &[]),
        (1.25, &[fading], &[]),
        // Paused.
        (1.25, &[], &[]),
        (1.5, &[fading], &[coloured]),
        (1.75, &[fading], &[]),
        (9.0, &[fading], &[coloured]),
        (10.0, &[], &[]),
    ];
    for (seconds, poses, contents) in ticks {
        stage.tick(seconds);
        assert_eq!((stage.changed_poses(), stage.changed_contents()), (poses, contents), "at {seconds}");
    }
    assert_eq!(stage.content(still), None);
    // An edit that changes nothing changes nothing.
    stage.animate(fading, json!([fade(1.0)]));
    stage.tick(11.0);
    assert_eq!(stage.changed_poses(), []);
}

#[test]
fn animations_start_when_they_come_and_go_on_when_others_do() {
    let mut stage = Stage::new();
    let fading = stage.spawn(layer(json!([fade(0.0)])));
    let turn = json!({ "property": "transform.rotation", "from": 0, "to": 180, "duration": 1 });
    stage.tick(10.0);
    assert_eq!(stage.pose(fading).opacity, 0.0);
    stage.animate(fading, json!([turn, fade(0.0)]));
    stage.tick(10.5);
    assert_eq!((stage.pose(fading).opacity, stage.pose(fading).rotation), (0.5, 0.0));
    stage.tick(11.0);
    assert_eq!((stage.pose(fading).opacity, stage.pose(fading).rotation), (1.0, std::f64::consts::FRAC_PI_2));
    let slower = json!({ "property": "opacity", "from": 0, "to": 1, "duration": 2 });
    stage.animate(fading, json!([slower]));
    stage.tick(12.0);
    assert_eq!((stage.pose(fading).opacity, stage.pose(fading).rotation), (0.0, std::f64::consts::FRAC_PI_2));
    stage.tick(13.0);
    assert_eq!(stage.pose(fading).opacity, 0.5);
    stage.world.entity_mut(fading).remove::<Animations>();
    stage.tick(13.1);
    assert_eq!(stage.pose(fading).opacity, 0.5);
    stage.world.get_mut::<Opacity>(fading).expect("a layer").0 = 0.75;
    stage.tick(13.2);
    assert_eq!(stage.pose(fading).opacity, 0.75);
}

#[test]
fn content_is_animated_over_what_was_written_and_given_back_after() {
    let mut stage = Stage::new();
    let shape = |color: &str| json!({ "type": "shape", "geometry": { "type": "rect", "width": 10, "height": 10 }, "fill": color });
    let mut document = layer(json!([
        { "property": "content.geometry.width", "to": 30, "duration": 2 },
        { "property": "content.geometry.width", "from": 0, "to": 100, "duration": 1, "delay": 2 },
    ]));
    document["content"] = shape("#ff0000");
    let layer = stage.spawn(document);
    stage.tick(0.0);
    stage.tick(1.0);
    assert_eq!(stage.content(layer).expect("animated")["geometry"]["width"], 20.0);
    assert_eq!(stage.changed_contents(), [layer]);
    // Edits of other values come through at once, while the animations go on.
    *stage.world.get_mut::<Content>(layer).expect("a layer") =
        serde_json::from_value(shape("#00ff00")).expect("a content");
    stage.tick(1.5);
    let content = stage.content(layer).expect("animated");
    assert_eq!((&content["fill"], &content["geometry"]["width"]), (&json!("#00ff00"), &json!(25.0)));
    stage.tick(2.5);
    assert_eq!(stage.content(layer).expect("animated")["geometry"]["width"], 50.0);
    stage.animate(layer, json!([]));
    stage.tick(3.0);
    assert_eq!(stage.content(layer), None);
}

#[test]
fn layers_that_are_shared_out_move_as_one_does() {
    start_workers(WorkerThreads { render: 2, background: 1, decode: 1 });
    let mut workers = Workers::new(Some(2));
    workers.share_from(Duration::ZERO);
    let mut stage = Stage::with(workers);
    let layers: Vec<Entity> = (0..1000).map(|_| stage.spawn(layer(json!([fade(0.0)])))).collect();
    stage.tick(0.0);
    stage.tick(0.25);
    assert_eq!(stage.changed_poses().len(), layers.len());
    assert!(layers.iter().all(|layer| stage.pose(*layer).opacity == 0.25));
    stage.tick(0.25);
    assert!(stage.changed_poses().is_empty(), "nothing moved");
}

proptest! {
    /// What is seen at a time does not depend on which times were seen before.
    #[test]
    fn only_the_time_counts(
        times in proptest::collection::vec(0.0..12.0, 1..20),
        easing in proptest::sample::select(vec!["linear", "ease", "easeOutElastic", "steps(3, jump-both)", "linear(0, 1.5 30%, 1)"]),
        repeat in 1..4,
        ping_pong: bool,
        delay in 0.0..3.0,
    ) {
        let with = |property: &str, from: Value, to: Value| {
            json!({ "property": property, "from": from, "to": to, "duration": 1.5, "delay": delay, "easing": easing,
                "repeat": repeat, "pingPong": ping_pong })
        };
        let document = layer(json!([
            with("opacity", json!(0), json!(1)),
            with("transform.scale", json!(1), json!({ "x": 2, "y": 3 })),
            with("transform.position.x", json!("5%"), json!(500)),
            with("content.color", json!("#ff000080"), json!("#00ff00")),
            { "property": "content.color", "to": "#0000ff", "duration": 2, "delay": 4 },
        ]));
        let mut played = Stage::new();
        let seen = played.spawn(document.clone());
        played.tick(0.0);
        for time in &times {
            played.tick(*time);
        }
        let mut fresh = Stage::new();
        let expected = fresh.spawn(document);
        fresh.tick(0.0);
        fresh.tick(times[times.len() - 1]);
        prop_assert_eq!(played.pose(seen), fresh.pose(expected));
        prop_assert_eq!(played.content(seen), fresh.content(expected));
    }
}

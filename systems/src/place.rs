//! Stage `place`: how large each layer is, and where on the frame it lies.

mod near;

use bevy_ecs::{
    change_detection::{DetectChanges, DetectChangesMut, Mut},
    component::Component,
    entity::{Entities, Entity},
    hierarchy::{ChildOf, Children},
    query::{Changed, Has, Or, With},
    resource::Resource,
    schedule::SystemSet,
    system::{Local, Query, Res, ResMut, SystemParam},
};
use components::{
    AnimatedContent, AssetId, BlendMode, Content, Extent, LayerId, Placement, Pose, ShownEffects, ShownMask, Visibility,
};
use kurbo::{Affine, Rect, Vec2};

use crate::{
    assets::Assets,
    clock::SceneTime,
    cull::touched,
    isolate::Isolation,
    quality::Quality,
    rasterise::{
        AwaitedLines, Background, Patience, RasterMemory,
        content::{self, DrawContext, Measure, measure, text::Fonts},
        effects::reach,
        guarded,
    },
    scene::SceneRoot,
    viewport::Viewport,
    workers::{Effort, Workers},
};

pub use near::Near;

/// The systems that measure and place layers.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaceSystems;

/// All that a layer may draw, effects included, in its own pixels. Computed.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq)]
#[require(Scrolling)]
pub struct Ink(pub Rect);

/// How a layer's content moves within its box by itself, if it does. Computed.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq)]
pub struct Scrolling(pub Option<content::Scrolling>);

impl Scrolling {
    /// Where it is seen, in layer pixels, if it moves; `ink` is what the layer may draw: above and below, effects may
    /// reach out of the window.
    pub(crate) fn window(&self, ink: Rect) -> Option<Rect> {
        let window = self.0?.window;
        Some(Rect { y0: ink.y0, y1: ink.y1, ..window })
    }

    /// Whether it goes on by itself as scene time does.
    pub(crate) fn is_moving(&self) -> bool {
        self.0.is_some_and(|scrolling| scrolling.speed != 0.0)
    }
}

/// Counts the changes of a layer's own picture. Computed.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision(pub u64);

/// Assets that have been loaded, have failed or have gone since layers were measured last.
#[derive(Resource, Clone, Debug, Default)]
pub struct Arrived(pub Vec<AssetId>);

/// Layers whose own picture may have changed by an edit or an animation.
type Repainted = Or<(Changed<Content>, Changed<AnimatedContent>, Changed<ShownEffects>, Changed<ShownMask>)>;

type Measured<'w> = (
    &'w LayerId,
    &'w Content,
    &'w AnimatedContent,
    &'w ShownEffects,
    &'w mut Extent,
    &'w mut Ink,
    &'w mut Scrolling,
    &'w mut Revision,
);

/// What is measured in the background.
#[derive(SystemParam)]
pub struct Elsewhere<'w> {
    lines: ResMut<'w, AwaitedLines>,
    background: Res<'w, Background>,
    patience: Res<'w, Patience>,
    memory: ResMut<'w, RasterMemory>,
}

/// Measures layers whose content changed: by an edit, by an animation, or because an asset has arrived.
pub fn measure_layers(
    viewport: Res<Viewport>,
    time: Res<SceneTime>,
    mut assets: ResMut<Assets>,
    mut arrived: ResMut<Arrived>,
    mut fonts: ResMut<Fonts>,
    workers: Res<Workers>,
    elsewhere: Elsewhere<'_>,
    repainted: Query<Entity, Repainted>,
    contents: Query<(Entity, &Content, &AnimatedContent)>,
    mut layers: Query<Measured>,
) {
    arrived.0.extend(assets.collect());
    let arrived = std::mem::take(&mut arrived.0);
    let other_fonts = !arrived.is_empty() && fonts.use_assets(&assets);
    let mut due: Vec<Entity> = repainted.iter().collect();
    if viewport.is_changed() || other_fonts {
        due = contents.iter().map(|(entity, ..)| entity).collect();
    } else if !arrived.is_empty() {
        let shows_arrived = |content: &Content| content.asset().is_some_and(|(asset, _)| arrived.contains(asset));
        let drawn = contents.iter().map(|(entity, content, animated)| (entity, animated.0.as_ref().unwrap_or(content)));
        due.extend(drawn.filter(|(_, content)| shows_arrived(content)).map(|(entity, _)| entity));
    }
    let Elsewhere { mut lines, background, patience, mut memory } = elsewhere;
    due.extend(lines.arrived());
    let mut context = DrawContext {
        assets: &assets,
        fonts: &mut fonts,
        canvas: viewport.canvas,
        quality: Quality::High,
        seconds: time.own(),
        part: None,
    };
    for entity in due {
        let Ok((layer, content, animated, effects, mut extent, mut ink, mut scrolling, mut revision)) =
            layers.get_mut(entity)
        else {
            continue;
        };
        let is_animated = animated.0.is_some();
        let content = (animated.0.as_ref().unwrap_or(content), is_animated);
        let content = lines.measurable(entity, layer, content, *patience, context.fonts, &background);
        let Some(content) = content else { continue };
        let measured = match guarded(|| measure(content, &mut context)) {
            Ok(measured) => measured,
            Err(words) => {
                tracing::error!("measuring a layer panicked: {words}");
                context.fonts.renew();
                workers.count_panic();
                unmeasured(*extent)
            }
        };
        // What panics while it is measured does not run through a window either.
        scrolling.set_if_neq(Scrolling(guarded(|| content::scrolling(content, &mut context)).unwrap_or_default()));
        extent.set_if_neq(measured.extent);
        ink.set_if_neq(Ink(measured.ink + reach(effects)));
        revision.0 += 1;
    }
    memory.late += lines.count(|entity| layers.contains(entity));
    // Before all fonts of the scene are there, nobody knows.
    if assets.loading() == 0 {
        fonts.tell_missing();
    }
}

/// The box of a layer that cannot be measured, for the card in its place: the one that it had.
fn unmeasured(before: Extent) -> Measure {
    let known = before.width > 0.0 && before.height > 0.0;
    let extent = if known { before } else { Extent { width: 480.0, height: 270.0 } };
    Measure { extent, ink: Rect::new(0.0, 0.0, extent.width, extent.height) }
}

/// The state of the groups around a layer.
#[derive(Clone, Copy)]
struct Surroundings {
    affine: Affine,
    picture: Option<Entity>,
    within: Affine,
    visible: bool,
    reshaping: bool,
    moving: bool,
}

/// What places a layer in its group.
type Placing = (
    Entity,
    &'static ChildOf,
    &'static Pose,
    &'static Extent,
    &'static Ink,
    &'static Visibility,
    &'static BlendMode,
    Has<Children>,
    &'static mut Placement,
);

type PlacingItem<'w> =
    (Entity, &'w ChildOf, &'w Pose, &'w Extent, &'w Ink, &'w Visibility, &'w BlendMode, bool, Mut<'w, Placement>);

/// Composes the transforms of groups and layers, from the root downwards.
pub fn place_layers(
    viewport: Res<Viewport>,
    root: Res<SceneRoot>,
    workers: Res<Workers>,
    mut effort: Local<Effort>,
    parents: Query<(Entity, &ChildOf, &Children), With<LayerId>>,
    isolation: Isolation<'_, '_>,
    entities: &Entities,
    mut near: ResMut<Near>,
    mut layers: Query<Placing, With<LayerId>>,
) {
    near.begin(entities.len());
    let near = &*near;
    let outermost = Surroundings {
        affine: viewport.affine,
        picture: None,
        within: viewport.affine,
        visible: true,
        reshaping: false,
        moving: false,
    };
    // Most layers of a large scene are in no group. They lie one behind the other in tables, which are read faster than
    // one after the other is looked up.
    let place_outermost = |layer: PlacingItem<'_>| {
        if layer.1.parent() == root.0 {
            outermost.place(layer, &viewport, near);
        }
    };
    effort.spend(&workers, |is_shared| {
        if is_shared {
            layers.par_iter_mut().batching_strategy(Effort::pieces()).for_each(place_outermost);
        } else {
            layers.iter_mut().for_each(place_outermost);
        }
    });
    let groups = parents.iter().filter(|(_, parent, _)| parent.parent() == root.0);
    let mut open: Vec<(Entity, &Children)> = groups.map(|(group, _, members)| (group, members)).collect();
    while let Some((group, members)) = open.pop() {
        let Ok((.., placement)) = layers.get(group) else { continue };
        let around = Surroundings::within(group, placement, &isolation);
        let mut placed = layers.iter_many_mut(members);
        while let Some(layer) = placed.fetch_next() {
            let Ok(layer) = layer else { continue };
            if let Ok((member, _, members)) = parents.get(layer.0) {
                open.push((member, members));
            }
            around.place(layer, &viewport, near);
        }
    }
}

impl Surroundings {
    /// Those of the members of a group that has been placed.
    fn within(group: Entity, placement: &Placement, isolation: &Isolation<'_, '_>) -> Self {
        let Placement { affine, picture, within, visible, reshaping, moving, .. } = *placement;
        if isolation.isolates(group) {
            // How the picture itself moves is not its members' business.
            let (picture, within) = (Some(group), Affine::IDENTITY);
            Self { affine, picture, within, visible, reshaping: false, moving: false }
        } else {
            Self { affine, picture, within, visible, reshaping, moving }
        }
    }

    /// Places a layer in them.
    fn place(&self, layer: PlacingItem<'_>, viewport: &Viewport, near: &Near) {
        let (entity, _, pose, extent, ink, visibility, blend, has_children, mut placement) = layer;
        let is_shown = pose.visible.unwrap_or(visibility.0);
        let own = pose_affine(pose, extent, Vec2::new(viewport.canvas.0, viewport.canvas.1));
        let within = self.within * own;
        let placed = Placement {
            // It is the same if there is nothing in between.
            affine: if self.picture.is_none() { within } else { self.affine * own },
            picture: self.picture,
            within,
            opacity: pose.opacity,
            visible: self.visible && is_shown && pose.opacity > 0.0,
            reshaping: self.reshaping || pose.reshaping,
            moving: self.moving || pose.moving,
            hidden: !is_shown,
            blend: pose.blend.unwrap_or(*blend),
            z_index: pose.z_index,
        };
        if has_children || !touched(&placed.within, ink.0).intersect(viewport.clip).is_empty() {
            near.add(entity);
        }
        placement.set_if_neq(placed);
    }
}

/// From pixels of the layer's box to pixels of its parent: see `components::Transform` for the order of the steps.
pub(crate) fn pose_affine(pose: &Pose, extent: &Extent, canvas: Vec2) -> Affine {
    let position = pose.position
        + Vec2::new(pose.position_percent.x * canvas.x / 100.0, pose.position_percent.y * canvas.y / 100.0);
    let anchor = Vec2::new(pose.anchor.x * extent.width, pose.anchor.y * extent.height);
    let mut affine = Affine::translate(position);
    if pose.rotation != 0.0 {
        // The system's sine would differ in its last digits from machine to machine.
        let (sin, cos) = libm::sincos(pose.rotation);
        affine *= Affine::new([cos, sin, -sin, cos, 0.0, 0.0]);
    }
    if pose.skew != Vec2::ZERO {
        affine *= Affine::skew(libm::tan(pose.skew.x), libm::tan(pose.skew.y));
    }
    affine * Affine::scale_non_uniform(pose.scale.x, pose.scale.y) * Affine::translate(-anchor)
}

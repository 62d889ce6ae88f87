//! What a scene of Stream Manager is made of: plain data, the schema that people write, and its validation.
//!
//! Nothing here runs, waits or draws. *Authored* components hold what a person wrote ([`Transform`], [`Opacity`],
//! [`Content`], [`Animations`], …); *computed* components ([`Pose`], [`Extent`], [`Placement`]) are written by the
//! crate `systems` alone. Animation never writes authored values: change detection on authored components is the
//! diff that clients see, change detection on computed ones is the damage that gets redrawn.
//!
//! Units: pixels with y down and the origin at the canvas's top left, degrees clockwise in documents and radians in
//! computed data, seconds, opacity 0..1, sRGB colours with straight alpha.

// What decides about pixels is the same on every machine.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

pub mod animation;
pub mod asset;
pub mod audio;
pub mod blend;
pub mod color;
pub mod computed;
pub mod content;
pub mod diff;
pub mod document;
pub mod edit;
pub mod effects;
pub mod geometry;
pub mod held;
pub mod id;
pub mod layer;
pub mod mask;
pub mod paint;
pub mod transform;
pub mod transition;
pub mod variants;

pub use animation::{Animation, Animations, Presets, Transitions};
pub use asset::{AssetDocument, AssetId, AssetKind};
pub use audio::{AudioDocument, AudioSource, TrackDocument, TrackId};
pub use blend::BlendMode;
pub use color::Color;
pub use computed::{AnimatedContent, Extent, PixelRect, Placement, Pose, ShownEffects, ShownMask};
pub use content::Content;
pub use diff::{LayerChange, SceneDiff, SceneSnapshot, SceneTree};
pub use document::{CanvasDocument, LayerDocument, SceneDocument};
pub use edit::{Edit, EditBatch, EditOutcome};
pub use effects::{Effect, Effects};
pub use geometry::{Fit, Length, Point, Size};
pub use held::{HeldChange, SceneId};
pub use layer::{LayerId, LayerName, LayerType, Opacity, Stacking, Visibility};
pub use mask::{LayerMask, Mask, MaskChannel, MaskShape};
pub use paint::Paint;
pub use transform::Transform;
pub use transition::Transition;
pub use variants::{VariantId, Variants};

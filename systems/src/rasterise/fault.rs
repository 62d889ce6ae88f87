//! What happens to a layer whose drawing panics: it shows a card, and is tried again after a while.
//!
//! A panic in one layer's drawing is a fault of this program, or of a library that it uses. It must cost that layer
//! only, and not for longer than it lasts: it may come from something that is soon another one, such as a text that is
//! being typed.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use bevy_ecs::{
    query::With,
    resource::Resource,
    system::{Query, Res, ResMut},
};
use components::LayerId;
use kurbo::{Affine, Rect};

use super::{
    RasterCache,
    content::{error_card, text::Fonts},
    pixmap::Raster,
};
use crate::{clock::SceneTime, place::Revision};

/// Ticks from the first panic to the next try; each further wait is twice as long …
const FIRST_WAIT: u64 = 15;
/// … up to this many.
const LONGEST_WAIT: u64 = 900;

/// Why a layer shows a card instead of its picture, and when it is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    tries: u32,
    retry: u64,
}

impl Fault {
    /// The fault of a layer that has panicked on `tick`, after the ones `before`.
    pub(super) fn after(before: Option<Self>, tick: u64) -> Self {
        let tries = before.map_or(0, |fault| fault.tries).saturating_add(1);
        Self { tries, retry: tick + wait(tries) }
    }
}

fn wait(tries: u32) -> u64 {
    FIRST_WAIT.checked_shl(tries.saturating_sub(1).min(32)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
}

/// Makes the drawing of chosen layers panic, to test what happens then.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct FaultInjection(pub Option<fn(&str) -> bool>);

impl FaultInjection {
    /// Panics if this layer is one of the chosen ones.
    #[expect(clippy::panic, reason = "that is what it is for")]
    pub(super) fn strike(self, layer: &LayerId) {
        if self.0.is_some_and(|is_chosen| is_chosen(layer.as_str())) {
            panic!("a fault was injected");
        }
    }
}

/// Whether any layer shows a card since its drawing panicked.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Faults {
    pub(super) any: bool,
}

/// Does something that may panic. The panic's words if it does.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What the work changes is thrown away or made anew by whoever is told of the panic.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| words(&*payload))
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it did not say why").to_owned()
}

/// What is shown in the place of a layer whose drawing panicked with these words: a card over `area` (layer pixels), of
/// `scale` raster pixels to a layer pixel. Nothing if not even that can be drawn.
pub(super) fn card(layer: &LayerId, area: Rect, scale: (f64, f64), words: &str, fonts: &mut Fonts) -> Option<Raster> {
    let says =
        format!("Layer `{layer}` cannot be drawn: {words}. It is tried again soon; other layers are not affected.");
    let card = guarded(|| error_card::draw_words(says, (area.width(), area.height()), scale, fonts)).ok()??;
    let mut raster = card.into_raster();
    raster.to_layer = Affine::translate((area.x0, area.y0)) * raster.to_layer;
    Some(raster)
}

/// Has layers whose time has come drawn once more.
pub fn retry_faulty(
    time: Res<SceneTime>,
    mut faults: ResMut<Faults>,
    mut layers: Query<(&mut RasterCache, &mut Revision), With<LayerId>>,
) {
    if !faults.any {
        return;
    }
    faults.any = false;
    for (mut cache, mut revision) in &mut layers {
        let Some(fault) = &mut cache.fault else { continue };
        faults.any = true;
        if time.tick >= fault.retry {
            // Not before it was drawn and has failed again, or after the same wait where it is not seen.
            fault.retry = time.tick + wait(fault.tries);
            revision.0 += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound() {
        let mut fault = Fault::after(None, 100);
        assert_eq!(fault.retry, 115);
        fault = Fault::after(Some(fault), 115);
        assert_eq!(fault.retry, 145);
        for _ in 0..100 {
            fault = Fault::after(Some(fault), 0);
        }
        assert_eq!(fault.retry, LONGEST_WAIT);
    }

    #[test]
    fn a_panic_is_told_in_its_own_words() {
        assert_eq!(guarded(|| 7), Ok(7));
        let number = 3;
        assert_eq!(guarded(|| panic!("no {number}")), Err::<(), _>("no 3".to_owned()));
    }
}

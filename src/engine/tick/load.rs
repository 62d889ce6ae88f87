//! How hard the ticks are, and what is left out of them when that is too much.

use std::{sync::PoisonError, time::Duration};

use super::{
    super::{Shedding, StreamEvent},
    Ticking,
};

/// How hard a tick was.
pub(super) struct Load {
    pub(super) spent: Duration,
    /// Whether its frame was not taken.
    pub(super) is_missed: bool,
}

impl Ticking {
    /// Sheds load, or takes it up again, where the last tick shows that it is time to.
    pub(super) fn govern(&mut self, load: Load, every: u64, is_late: bool) {
        #[expect(clippy::cast_precision_loss, reason = "three at most")]
        let share = load.spent.as_secs_f64() * f64::from(self.fps) / every as f64;
        let now = self.shared.started.elapsed();
        let stakes = || self.compositor.quality_stakes();
        let changed = self.governor.observe(share, is_late || load.is_missed, now, stakes);
        let shedding = self.governor.shedding();
        {
            let mut stats = self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner);
            stats.shed_frames += every - 1;
            stats.shedding = shedding;
            stats.shedding_changes += u64::from(changed);
        }
        if changed {
            let Shedding { level, effects, sampling, every } = shedding;
            if level == 0 {
                tracing::info!("the load fits again: everything is drawn as it should be");
            } else {
                tracing::warn!(level, ?effects, ?sampling, every, "load is shed or taken up again, one step at a time");
            }
            self.compositor.set_quality(self.governor.step().quality);
            // Nobody listening is fine.
            let _ = self.shared.events.send(StreamEvent::Shedding { shedding });
        }
    }
}

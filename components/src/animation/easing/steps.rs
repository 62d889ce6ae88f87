/// CSS `steps(count, jump)`: equal steps with nothing in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    count: u32,
    jump: Jump,
}

/// At which ends [`Steps`] jump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jump {
    /// At the beginning, and not at the end.
    Start,
    /// At the end, and not at the beginning.
    #[default]
    End,
    /// At neither: the first and the last value are held as long as each other.
    None,
    /// At both: neither the first nor the last value is seen while it plays.
    Both,
}

/// Progress times count may miss a whole number by a rounding error; a step must not come a frame late for it.
const ROUNDING: f64 = 1e-9;

impl Steps {
    /// The most steps there may be.
    pub const MAX: u32 = 1_000_000;

    /// `None` unless there is at least one step, with [`Jump::None`] two, and at most [`MAX`](Self::MAX).
    #[must_use]
    pub fn new(count: u32, jump: Jump) -> Option<Self> {
        let least = if jump == Jump::None { 2 } else { 1 };
        (least..=Self::MAX).contains(&count).then_some(Self { count, jump })
    }

    /// How many steps.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// At which ends it jumps.
    #[must_use]
    pub fn jump(&self) -> Jump {
        self.jump
    }

    /// The step at `t` in 0..=1. `before` is CSS's before flag: exactly on an edge, whether the step is still to come.
    #[must_use]
    pub fn y(&self, t: f64, before: bool) -> f64 {
        let position = t * f64::from(self.count);
        let mut step = (position + ROUNDING).floor();
        if before && (position - position.round()).abs() < ROUNDING {
            step -= 1.0;
        }
        if matches!(self.jump, Jump::Start | Jump::Both) {
            step += 1.0;
        }
        let jumps = f64::from(match self.jump {
            Jump::Start | Jump::End => self.count,
            Jump::None => self.count - 1,
            Jump::Both => self.count + 1,
        });
        step.clamp(0.0, jumps) / jumps
    }
}

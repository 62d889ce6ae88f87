//! When each of several layers begins that do the same one after the other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which layer of a stagger begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StaggerFrom {
    /// The first, then the others in their order; in a grid those around it first.
    #[default]
    Start,
    /// The one in the middle, then outwards to all sides.
    Center,
    /// The first and the last, then inwards; in a grid its corners.
    Edges,
    /// The last, then the others in reverse; in a grid those around it first.
    End,
}

/// A grid, filled with layers row by row.
///
/// Each begins by its distance from where the stagger begins, in cells, along a straight line: of neighbours in a row
/// or in a column one begins `each` seconds after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StaggerGrid {
    /// Layers in a row.
    #[schemars(range(min = 1, max = 1000))]
    pub columns: u32,
    /// Which way distances count.
    #[serde(default, skip_serializing_if = "StaggerAxis::is_both")]
    #[schemars(extend("default" = "both"))]
    pub axis: StaggerAxis,
}

/// Which way distances in a grid count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StaggerAxis {
    /// Along both axes.
    #[default]
    Both,
    /// From left to right: those of a column begin at once.
    X,
    /// From top to bottom: those of a row begin at once.
    Y,
}

impl StaggerAxis {
    fn is_both(&self) -> bool {
        *self == Self::Both
    }
}

impl StaggerFrom {
    /// How many times the pause passes before layer `index` of `count` begins.
    #[expect(clippy::cast_precision_loss, reason = "a stagger has at most 1000 layers")]
    pub(super) fn pauses(self, index: usize, count: usize, grid: Option<StaggerGrid>) -> f64 {
        let last = |count: usize| count.saturating_sub(1) as f64;
        let Some(StaggerGrid { columns, axis }) = grid else {
            return self.distance([index as f64], [last(count)], [last(count)]);
        };
        let columns = usize::try_from(columns).unwrap_or(usize::MAX).clamp(1, count.max(1));
        let cell = |index: usize| ((index % columns) as f64, (index / columns) as f64);
        let (x, y) = cell(index);
        let (right, bottom) = (last(columns), last(count.div_ceil(columns)));
        // The last row may not be full.
        let (end_x, end_y) = cell(count.saturating_sub(1));
        match axis {
            StaggerAxis::Both => self.distance([x, y], [right, bottom], [end_x, end_y]),
            StaggerAxis::X => self.distance([x], [right], [end_x]),
            StaggerAxis::Y => self.distance([y], [bottom], [end_y]),
        }
    }

    /// How far a cell is from where the stagger begins, less how far the cell is that is nearest to that; `last` is the cell
    /// most to the right and to the bottom, `end` that of the last layer.
    fn distance<const AXES: usize>(self, at: [f64; AXES], last: [f64; AXES], end: [f64; AXES]) -> f64 {
        // `sqrt` is exact, so that this is the same everywhere.
        let length = |sides: [f64; AXES]| sides.iter().map(|side| side * side).sum::<f64>().sqrt();
        let from = |place: [f64; AXES]| length(std::array::from_fn(|axis| at[axis] - place[axis]));
        let middle = last.map(|last| last / 2.0);
        match self {
            Self::Start => length(at),
            Self::End => from(end),
            Self::Center => {
                // With an even number two begin at once, each half a cell from the middle.
                let nearest = last.map(|last| if last % 2.0 == 0.0 { 0.0 } else { 0.5 });
                from(middle) - length(nearest)
            }
            Self::Edges => length(middle) - from(middle),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pauses(from: StaggerFrom, count: usize, grid: Option<StaggerGrid>) -> Vec<f64> {
        (0..count).map(|index| from.pauses(index, count, grid)).collect()
    }

    #[test]
    fn in_a_line_distances_are_places() {
        let cases = [
            (StaggerFrom::Start, [0.0, 1.0, 2.0, 3.0]),
            (StaggerFrom::End, [3.0, 2.0, 1.0, 0.0]),
            (StaggerFrom::Center, [1.0, 0.0, 0.0, 1.0]),
            (StaggerFrom::Edges, [0.0, 1.0, 1.0, 0.0]),
        ];
        for (from, expected) in cases {
            assert_eq!(pauses(from, 4, None), expected, "{from:?}");
        }
    }

    #[test]
    fn in_a_grid_distances_are_straight() {
        let grid = |axis| Some(StaggerGrid { columns: 3, axis });
        let diagonal = 2.0_f64.sqrt();
        let around = [diagonal, 1.0, diagonal, 1.0, 0.0, 1.0, diagonal, 1.0, diagonal];
        assert_eq!(pauses(StaggerFrom::Center, 9, grid(StaggerAxis::Both)), around);
        assert_eq!(pauses(StaggerFrom::Edges, 9, grid(StaggerAxis::Both)), around.map(|away| diagonal - away));
        assert_eq!(pauses(StaggerFrom::Start, 6, grid(StaggerAxis::X)), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
        assert_eq!(pauses(StaggerFrom::End, 6, grid(StaggerAxis::Y)), [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        // The last one stands in the middle of a row that is not full.
        assert_eq!(pauses(StaggerFrom::End, 5, grid(StaggerAxis::Both)), [diagonal, 1.0, diagonal, 1.0, 0.0]);
    }

    proptest! {
        #[test]
        fn no_layer_begins_before_the_stagger_and_one_does_at_once(
            count in 1_usize..60,
            columns in 1_u32..20,
            from in prop::sample::select(&[StaggerFrom::Start, StaggerFrom::Center, StaggerFrom::Edges, StaggerFrom::End]),
            axis in prop::sample::select(&[StaggerAxis::Both, StaggerAxis::X, StaggerAxis::Y]),
        ) {
            let all = pauses(from, count, Some(StaggerGrid { columns, axis }));
            prop_assert!(all.iter().all(|pause| *pause >= 0.0), "{all:?}");
            prop_assert!(all.iter().any(|pause| *pause < 1e-9), "{all:?}");
        }
    }
}

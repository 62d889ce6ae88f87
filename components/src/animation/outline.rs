//! Path data on its way from one outline to another: point by point, where both have the same commands.
//!
//! What is written in another way and means the very same is no difference: relative coordinates, `H` and `V` (lines), `S`
//! and `T` (curves whose first control point mirrors the last one), and commands that go on without their letter. Nothing
//! is approximated: an arc stays an arc, and does not become curves to go with others.

use std::fmt;

use svgtypes::{PathParser, PathSegment};

use super::timeline::rounded;

/// Numbers may be so far from zero: what lies between two of them is finite, and is told to the billionth.
const FARTHEST: f64 = 1e6;

/// A command in absolute coordinates, without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Move,
    Line,
    Quad,
    Cubic,
    /// There is nothing between the one way around and the other.
    Arc {
        large: bool,
        sweep: bool,
    },
    Close,
}

impl Command {
    fn letter(self) -> char {
        match self {
            Self::Move => 'M',
            Self::Line => 'L',
            Self::Quad => 'Q',
            Self::Cubic => 'C',
            Self::Arc { .. } => 'A',
            Self::Close => 'Z',
        }
    }

    /// How many numbers it takes, the flags of an arc left out: its radii, its rotation and its end.
    fn count(self) -> usize {
        match self {
            Self::Move | Self::Line => 2,
            Self::Quad => 4,
            Self::Cubic => 6,
            Self::Arc { .. } => 5,
            Self::Close => 0,
        }
    }
}

/// An outline as its commands and their numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outline {
    commands: Vec<Command>,
    numbers: Vec<f64>,
}

/// Where the next command begins, and what it may refer to.
#[derive(Clone, Copy, Default)]
struct Pen {
    at: (f64, f64),
    /// Where `Z` leads to.
    start: (f64, f64),
    /// The last control point, if the last command was a curve of that kind.
    cubic: Option<(f64, f64)>,
    quad: Option<(f64, f64)>,
}

impl Outline {
    /// Reads SVG path data; `None` if that is not possible, or a number is too large.
    pub(super) fn read(path: &str) -> Option<Self> {
        let mut outline = Self::default();
        let mut pen = Pen::default();
        for segment in PathParser::from(path) {
            outline.add(segment.ok()?, &mut pen);
        }
        outline.numbers.iter().all(|number| number.abs() <= FARTHEST).then_some(outline)
    }

    /// Adds a segment, which begins at `pen`.
    fn add(&mut self, segment: PathSegment, pen: &mut Pen) {
        let before = *pen;
        let origin = if segment.is_abs() { (0.0, 0.0) } else { before.at };
        let point = |x: f64, y: f64| (x + origin.0, y + origin.1);
        let mirrored = |control: Option<(f64, f64)>| {
            control.map_or(before.at, |(x, y)| (2.0 * before.at.0 - x, 2.0 * before.at.1 - y))
        };
        (pen.cubic, pen.quad) = (None, None);
        let (command, points) = match segment {
            PathSegment::MoveTo { x, y, .. } => {
                pen.start = point(x, y);
                (Command::Move, [Some(pen.start), None, None])
            }
            PathSegment::LineTo { x, y, .. } => (Command::Line, [Some(point(x, y)), None, None]),
            PathSegment::HorizontalLineTo { x, .. } => (Command::Line, [Some((x + origin.0, before.at.1)), None, None]),
            PathSegment::VerticalLineTo { y, .. } => (Command::Line, [Some((before.at.0, y + origin.1)), None, None]),
            PathSegment::Quadratic { x1, y1, x, y, .. } => {
                pen.quad = Some(point(x1, y1));
                (Command::Quad, [pen.quad, Some(point(x, y)), None])
            }
            PathSegment::SmoothQuadratic { x, y, .. } => {
                pen.quad = Some(mirrored(before.quad));
                (Command::Quad, [pen.quad, Some(point(x, y)), None])
            }
            PathSegment::CurveTo { x1, y1, x2, y2, x, y, .. } => {
                pen.cubic = Some(point(x2, y2));
                (Command::Cubic, [Some(point(x1, y1)), pen.cubic, Some(point(x, y))])
            }
            PathSegment::SmoothCurveTo { x2, y2, x, y, .. } => {
                pen.cubic = Some(point(x2, y2));
                (Command::Cubic, [Some(mirrored(before.cubic)), pen.cubic, Some(point(x, y))])
            }
            PathSegment::EllipticalArc { rx, ry, x_axis_rotation, large_arc, sweep, x, y, .. } => {
                // A radius counts without its sign.
                self.numbers.extend([rx.abs(), ry.abs(), x_axis_rotation]);
                (Command::Arc { large: large_arc, sweep }, [Some(point(x, y)), None, None])
            }
            PathSegment::ClosePath { .. } => (Command::Close, [None; 3]),
        };
        pen.at = before.start;
        for (x, y) in points.into_iter().flatten() {
            self.numbers.extend([x, y]);
            pen.at = (x, y);
        }
        self.commands.push(command);
    }

    /// Whether there is something between the two.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.commands == other.commands
    }

    /// The letters of its commands, those of long ones not all.
    pub(super) fn letters(&self) -> String {
        const ENOUGH: usize = 24;
        let letters: String = self.commands.iter().take(ENOUGH).map(|command| command.letter()).collect();
        if self.commands.len() > ENOUGH { format!("{letters}…") } else { letters }
    }

    /// Writes the path data of the outline at `t` of the way from this (at 0) to `other` (at 1), or beyond; the two match.
    pub(super) fn write_between(&self, other: &Self, t: f64, to: &mut dyn fmt::Write) -> fmt::Result {
        let between = |(a, b): (&f64, &f64)| rounded(a + (b - a) * t).clamp(-FARTHEST, FARTHEST);
        let mut numbers = self.numbers.iter().zip(&other.numbers).map(between);
        for (index, command) in self.commands.iter().enumerate() {
            if index > 0 {
                to.write_char(' ')?;
            }
            to.write_char(command.letter())?;
            for place in 0..command.count() {
                let Some(number) = numbers.next() else { return Ok(()) };
                match command {
                    Command::Arc { .. } if place < 2 => write!(to, " {}", number.max(0.0))?,
                    Command::Arc { large, sweep } if place == 3 => {
                        write!(to, " {} {} {number}", u8::from(*large), u8::from(*sweep))?;
                    }
                    _ => write!(to, " {number}")?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(a: &str, b: &str, t: f64) -> Option<String> {
        let [a, b] = [a, b].map(|path| Outline::read(path).expect("path data"));
        let mut text = String::new();
        a.matches(&b).then(|| a.write_between(&b, t, &mut text).map(|()| text).expect("a string takes all"))
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        let absolute = "M 10 20 L 30 20 L 30 50 C 30 60 40 70 50 70 C 60 70 70 80 70 90 Q 80 100 90 90 Q 100 80 110 90 Z \
                        M 20 30 L 25 30 A 5 6 30 0 1 20 20 Z";
        let relative = "m10,20 h20 v30 c0,10 10,20 20,20 s20,10 20,20 q10,10 20,0 t20,0 z m10,10 5,0 a5-6 30 0 1-5-10z";
        assert_eq!(between(absolute, relative, 0.3).as_deref(), Some(absolute));
        // Without a curve of their kind before them, smooth curves begin where they are.
        let smooth = between("M 1 1 S 2 3 4 5 T 6 7", "M 1 1 S 2 3 4 5 T 6 7", 0.0);
        assert_eq!(smooth.as_deref(), Some("M 1 1 C 1 1 2 3 4 5 Q 4 5 6 7"));
    }

    #[test]
    fn points_move_straight_and_radii_never_turn_inside_out() {
        assert_eq!(between("M 0 0 H 10", "M 4 8 L 20 -10", 0.25).as_deref(), Some("M 1 2 L 12.5 -2.5"));
        assert_eq!(between("M 0 0 H 10", "M 4 8 L 20 -10", 1.5).as_deref(), Some("M 6 12 L 25 -15"));
        let shrunk = between("M 0 0 A 10 8 0 1 0 20 0", "M 0 0 A 2 6 90 1 0 20 0", 2.0);
        assert_eq!(shrunk.as_deref(), Some("M 0 0 A 0 4 180 1 0 20 0"));
        assert_eq!(between("M 0 0 H 1", "M 0 0 H 7e5", 9.0).as_deref(), Some("M 0 0 L 1000000 0"));
    }

    #[test]
    fn other_commands_have_nothing_in_between() {
        let square = "M 0 0 H 9 V 9 Z";
        for other in ["M 0 0 H 9 V 9", "M 0 0 H 9 Q 9 9 9 9 Z", "M 0 0 L 9 0 L 9 9 L 0 9 Z"] {
            assert_eq!(between(square, other, 0.5), None, "{other}");
        }
        assert_eq!(between("M 0 0 A 9 9 0 0 1 9 9", "M 0 0 A 9 9 0 1 1 9 9", 0.5), None);
        for unfit in ["L 5 5", "M 0", "M 0 0 L 1e7 0", "round"] {
            assert_eq!(Outline::read(unfit), None, "{unfit}");
        }
        assert_eq!(
            Outline::read(&format!("M 0 0 {}", "H 1 ".repeat(40))).expect("a path").letters().chars().count(),
            25
        );
    }
}

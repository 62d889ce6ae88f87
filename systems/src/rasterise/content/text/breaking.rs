//! Where lines end, and in which order they show their letters.

use std::ops::Range;

use super::shaping::Cluster;

/// How much wider than its room a line may be and still count as fitting, in layer pixels: sums are not exact.
pub(super) const SLACK: f32 = 1e-3;

/// Where lines may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Between words.
    Words,
    /// Between words, and in words that are too long for a line.
    LongWords,
    /// Between any letters.
    Letters,
}

fn width(clusters: &[Cluster]) -> f32 {
    clusters.iter().map(|cluster| cluster.advance).sum()
}

/// How many of the clusters there are without the blanks at their end.
fn without_blanks(clusters: &[Cluster]) -> usize {
    clusters.iter().rposition(|cluster| !cluster.is_blank).map_or(0, |last| last + 1)
}

/// The lines of a paragraph, as many letters in each as there is room for. There is one line at least.
pub(super) fn lines(clusters: &[Cluster], room: f32, ends: Ends) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let fits = |width: f32| width <= room + SLACK;
    // Where the line begins, and how wide it is so far.
    let (mut begin, mut used, mut at) = (0, 0.0, 0);
    while at < clusters.len() {
        let next = clusters[at + 1..].iter().position(|cluster| cluster.may_begin);
        let end = next.map_or(clusters.len(), |next| at + 1 + next);
        let word = &clusters[at..end];
        let ink = width(&word[..without_blanks(word)]);
        let breaks_word = ends == Ends::Letters || ends == Ends::LongWords && !fits(ink);
        if fits(used + ink) || (begin == at && !breaks_word) {
            used += width(word);
            at = end;
            continue;
        }
        if begin < at && (ends != Ends::Letters) {
            lines.push(begin..at);
            (begin, used) = (at, 0.0);
            continue;
        }
        for (index, cluster) in word.iter().enumerate() {
            if begin < at + index && !cluster.is_blank && !fits(used + cluster.advance) {
                lines.push(begin..at + index);
                (begin, used) = (at + index, 0.0);
            }
            used += cluster.advance;
        }
        at = end;
    }
    lines.push(begin..clusters.len());
    lines
}

/// The clusters of a line that are shown. Blanks at the end of a line hang behind it, as CSS Text 3, chapter 4.1.3, has
/// it: all of them where a line is broken, those that do not fit at the end of a paragraph.
pub(super) fn shown(clusters: &[Cluster], line: Range<usize>, room: f32) -> Range<usize> {
    let Range { start, mut end } = line;
    let least = start + without_blanks(&clusters[start..end]);
    if end < clusters.len() {
        return start..least;
    }
    while end > least && width(&clusters[start..end]) > room + SLACK {
        end -= 1;
    }
    start..end
}

/// The order in which letters of these levels are seen from left to right: rule L2 of UAX 9.
pub(super) fn seen(levels: &[u8]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..levels.len()).collect();
    let highest = levels.iter().copied().max().unwrap_or(0);
    let lowest_odd = levels.iter().copied().filter(|level| level % 2 == 1).min().unwrap_or(highest + 1);
    for level in (lowest_odd..=highest).rev() {
        for run in order.chunk_by_mut(|a, b| (levels[*a] >= level) == (levels[*b] >= level)) {
            if levels[run[0]] >= level {
                run.reverse();
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters of ten pixels. A line may begin behind spaces, which are blank.
    fn clusters(text: &str) -> Vec<Cluster> {
        let mut before = 'x';
        let cluster = |(start, letter): (usize, char)| {
            let may_begin = before == ' ' && letter != ' ';
            before = letter;
            Cluster {
                glyphs: Vec::new(),
                start,
                end: start + 1,
                advance: 10.0,
                spacing: 0.0,
                style: 0,
                level: 0,
                is_blank: letter == ' ',
                may_begin,
            }
        };
        text.char_indices().map(cluster).collect()
    }

    fn broken(text: &str, room: f32, ends: Ends) -> Vec<&str> {
        let clusters = clusters(text);
        lines(&clusters, room, ends).into_iter().map(|line| &text[shown(&clusters, line, room)]).collect()
    }

    #[test]
    fn lines_hold_as_many_words_as_fit_and_blanks_hang() {
        assert_eq!(broken("", 50.0, Ends::Words), [""]);
        assert_eq!(broken("ab cd ef", 50.0, Ends::Words), ["ab cd", "ef"]);
        assert_eq!(broken("ab cd   ef ", 50.0, Ends::Words), ["ab cd", "ef "]);
        assert_eq!(broken("ab cd   ", 60.0, Ends::Words), ["ab cd "]);
        assert_eq!(broken("ab abcdefgh cd", 50.0, Ends::Words), ["ab", "abcdefgh", "cd"]);
        assert_eq!(broken("ab abcdefgh cd", 50.0, Ends::LongWords), ["ab", "abcde", "fgh", "cd"]);
        assert_eq!(broken("ab abcdefgh c", 50.0, Ends::LongWords), ["ab", "abcde", "fgh c"]);
        assert_eq!(broken("ab abcdefgh cd", 50.0, Ends::Letters), ["ab ab", "cdefg", "h cd"]);
        assert_eq!(broken("abc", 5.0, Ends::LongWords), ["a", "b", "c"]);
        assert_eq!(broken("abc d", f32::INFINITY, Ends::LongWords), ["abc d"]);
    }

    #[test]
    fn letters_are_seen_as_their_levels_say() {
        assert_eq!(seen(&[]), [0_usize; 0]);
        assert_eq!(seen(&[0, 0, 0]), [0, 1, 2]);
        assert_eq!(seen(&[1, 1, 1]), [2, 1, 0]);
        assert_eq!(seen(&[0, 1, 1, 0]), [0, 2, 1, 3]);
        // Numbers in words from the right.
        assert_eq!(seen(&[1, 2, 2, 1]), [3, 1, 2, 0]);
        assert_eq!(seen(&[0, 1, 2, 2, 1, 0]), [0, 4, 2, 3, 1, 5]);
    }
}

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

/// Of clusters at the beginning of a line.
pub(super) fn width(clusters: &[Cluster]) -> f32 {
    clusters.iter().fold(0.0, |width, cluster| width + cluster.advance_at(width))
}

/// How many of the clusters there are without the blanks at their end.
fn without_blanks(clusters: &[Cluster]) -> usize {
    clusters.iter().rposition(|cluster| !cluster.is_blank).map_or(0, |last| last + 1)
}

/// The lines of a paragraph, as many letters in each as there is room for. There is one line at least, and another
/// behind each letter that ends one.
pub(super) fn lines(clusters: &[Cluster], room: f32, ends: Ends) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut begin = 0;
    while begin < clusters.len() {
        let end = line_end(clusters, begin, room, ends);
        lines.push(begin..end);
        begin = end;
    }
    if clusters.last().is_none_or(|last| last.ends_line) {
        lines.push(begin..begin);
    }
    lines
}

/// Where the line ends that begins with a cluster.
fn line_end(clusters: &[Cluster], begin: usize, room: f32, ends: Ends) -> usize {
    let fits = |width: f32| width <= room + SLACK;
    // How wide the line is so far, and how wide without the blanks at its end.
    let (mut used, mut ink) = (0.0, 0.0);
    // Where it may end: the last place up to which it fits, and the first of all.
    let (mut good, mut first) = (None, None);
    for (at, cluster) in clusters.iter().enumerate().skip(begin) {
        if at > begin && cluster.may_begin {
            first = first.or(Some(at));
            if fits(ink + cluster.hyphen.unwrap_or(0.0)) {
                good = Some(at);
            }
        }
        used += cluster.advance_at(used);
        if !cluster.is_blank {
            ink = used;
        }
        if !cluster.is_blank && !fits(ink) {
            let end = match ends {
                Ends::Words => good.or(first),
                Ends::LongWords if good.is_some() => good,
                Ends::LongWords | Ends::Letters => {
                    let has_room = |end: &usize| {
                        let hyphen = clusters[*end].hyphen;
                        hyphen.is_none_or(|hyphen| fits(width(&clusters[begin..*end]) + hyphen))
                    };
                    (begin + 1..=at).rev().find(has_room).or(Some(at))
                }
            };
            if let Some(end) = end.filter(|end| *end > begin) {
                return end;
            }
        }
        if cluster.ends_line {
            return at + 1;
        }
    }
    clusters.len()
}

/// The clusters of a line that are shown. Blanks at the end of a line hang behind it, as CSS Text 3, chapter 4.1.3, has
/// it: all of them where it was broken for want of room, those that do not fit where it ends by itself.
pub(super) fn shown(clusters: &[Cluster], line: Range<usize>, room: f32) -> Range<usize> {
    let Range { start, mut end } = line;
    let least = start + without_blanks(&clusters[start..end]);
    if !ends_by_itself(clusters, &line) {
        return start..least;
    }
    if end > start && clusters[end - 1].ends_line {
        end -= 1;
    }
    while end > least && width(&clusters[start..end]) > room + SLACK {
        end -= 1;
    }
    start..end
}

/// Whether a line ends where it is written to end, or with its paragraph.
pub(super) fn ends_by_itself(clusters: &[Cluster], line: &Range<usize>) -> bool {
    line.end == clusters.len() || clusters[line.clone()].last().is_some_and(|last| last.ends_line)
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
    use super::{super::shaping::TabStops, *};

    /// Letters of ten pixels. A line may begin behind spaces, which are blank, and begins behind each bar. Tabulators lead
    /// to stops forty pixels apart, but not by less than fifteen. Tildes are soft hyphens; their hyphens are ten wide.
    fn clusters(text: &str) -> Vec<Cluster> {
        let mut before = 'x';
        let cluster = |(start, letter): (usize, char)| {
            let may_begin = " \t".contains(before) && !" \t|".contains(letter) || "|~".contains(before);
            let hyphen = (before == '~').then_some(10.0);
            before = letter;
            (letter != '~').then(|| Cluster {
                glyphs: Vec::new(),
                start,
                end: start + 1,
                advance: 10.0,
                tab: (letter == '\t').then_some(TabStops { every: 40.0, least: 15.0 }),
                spacing: 0.0,
                style: 0,
                level: 0,
                is_blank: " \t|".contains(letter),
                stretches: letter == ' ',
                may_begin,
                hyphen,
                ends_line: letter == '|',
            })
        };
        text.char_indices().filter_map(cluster).collect()
    }

    /// What is shown of lines, those that end in a hyphen with one.
    fn broken(text: &str, room: f32, ends: Ends) -> Vec<String> {
        let clusters = clusters(text);
        let line = |line: Range<usize>| {
            let is_hyphenated = clusters.get(line.end).is_some_and(|next| next.hyphen.is_some());
            let shown = clusters[shown(&clusters, line, room)].iter().map(|cluster| &text[cluster.start..cluster.end]);
            shown.chain(is_hyphenated.then_some("-")).collect()
        };
        lines(&clusters, room, ends).into_iter().map(line).collect()
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
        assert_eq!(broken("a bc", 5.0, Ends::LongWords), ["a", "b", "c"]);
        assert_eq!(broken("abc d", f32::INFINITY, Ends::LongWords), ["abc d"]);
    }

    #[test]
    fn lines_end_where_they_are_written_to_end() {
        for ends in [Ends::Words, Ends::LongWords, Ends::Letters] {
            assert_eq!(broken("ab|cd|", 50.0, ends), ["ab", "cd", ""]);
            assert_eq!(broken("||ab cd ef|gh", 50.0, ends), ["", "", "ab cd", "ef", "gh"]);
            // As at the end of a paragraph, blanks are shown as far as they fit.
            assert_eq!(broken("abc   |de", 50.0, ends), ["abc  ", "de"]);
            assert_eq!(broken("ab cd|ef", f32::INFINITY, ends), ["ab cd", "ef"]);
        }
        assert_eq!(broken("abcdefgh|ij", 50.0, Ends::LongWords), ["abcde", "fgh", "ij"]);
        assert_eq!(broken("abcdefgh|ij", 50.0, Ends::Words), ["abcdefgh", "ij"]);
    }

    #[test]
    fn soft_hyphens_are_shown_where_lines_end() {
        for ends in [Ends::Words, Ends::LongWords] {
            assert_eq!(broken("abc~def", 60.0, ends), ["abcdef"]);
            assert_eq!(broken("abc~def", 50.0, ends), ["abc-", "def"]);
            assert_eq!(broken("ab~cd~ef gh", 50.0, ends), ["abcd-", "ef gh"]);
            assert_eq!(broken("ab~cd~ef gh", 49.0, ends), ["ab-", "cdef", "gh"]);
            // There is room for the word, but not for a hyphen in it.
            assert_eq!(broken("abcd~e", 50.0, ends), ["abcde"]);
            assert_eq!(broken("a bcd~ef", 50.0, ends), ["a", "bcdef"]);
            assert_eq!(broken("abc~|def", 30.0, ends), ["abc", "def"]);
        }
        assert_eq!(broken("abcd~ef", 40.0, Ends::Words), ["abcd-", "ef"]);
        assert_eq!(broken("abcd~ef", 40.0, Ends::LongWords), ["abc", "def"]);
        assert_eq!(broken("abcd~ef", 50.0, Ends::Letters), ["abcde", "f"]);
        assert_eq!(broken("abcd~ef", 40.0, Ends::Letters), ["abc", "def"]);
        assert_eq!(broken("ab~cd", f32::INFINITY, Ends::Words), ["abcd"]);
    }

    #[test]
    fn tabulators_lead_to_stops_of_their_line() {
        let wide = |text: &str| width(&clusters(text));
        assert_eq!([wide("\t"), wide("a\t"), wide("ab\tc"), wide("a\t\tb")], [40.0, 40.0, 50.0, 90.0]);
        assert_eq!(wide("abc\t"), 80.0, "there is no room for half a letter before the first stop");
        // In a line of its own the second tabulator leads to the first stop, so that one more letter fits.
        assert_eq!(broken("ab\tcd ef\tgh", 60.0, Ends::Words), ["ab\tcd", "ef\tgh"]);
        assert_eq!(broken("ab\tcd ef\tghi", 60.0, Ends::Words), ["ab\tcd", "ef", "ghi"]);
        assert_eq!(broken("abcd\t|e", 60.0, Ends::Words), ["abcd", "e"], "it hangs");
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

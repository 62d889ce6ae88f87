//! Whether the patterns of a vector picture are of a size and a depth that can be drawn.

use resvg::usvg::{Fill, Group, Node, Paint, Stroke, Tree};

/// Patterns within each other. Each is drawn into tiles of whole pixels and laid down from these, so that of what is deep
/// within others little or nothing is left.
pub(super) const MAX_PATTERNS: usize = 8;

/// Whether no tile of a pattern is larger than twice the picture, at whatever scale both are drawn: it is drawn whole,
/// however little of it is seen.
pub(super) fn has_small_tiles(tree: &Tree) -> bool {
    let size = tree.size();
    tiles_fit(tree.root(), 1.0, 2.0 * size.width() * size.height())
}

/// `outer` is the scale of what the group is in, `limit` the area of a tile in pixels.
fn tiles_fit(group: &Group, outer: f32, limit: f32) -> bool {
    group.children().iter().all(|node| {
        let mut fit = match node {
            Node::Group(group) => tiles_fit(group, outer, limit),
            Node::Text(text) => tiles_fit(text.flattened(), outer, limit),
            Node::Image(_) => true,
            Node::Path(path) => {
                let paints = [path.fill().map(Fill::paint), path.stroke().map(Stroke::paint)];
                paints.into_iter().flatten().all(|paint| {
                    let Paint::Pattern(pattern) = paint else { return true };
                    let (sx, sy) = path.abs_transform().pre_concat(pattern.transform()).get_scale();
                    let rect = pattern.rect();
                    let area = rect.width() * sx * outer * rect.height() * sy * outer;
                    // Not so for what is no number either.
                    area <= limit && tiles_fit(pattern.root(), outer * sx.max(sy), limit)
                })
            }
        };
        if !matches!(node, Node::Path(_)) {
            node.subroots(|root| fit &= tiles_fit(root, outer, limit));
        }
        fit
    })
}

/// Whether patterns do not lie deeper within each other than they may; the group lies within `depth` of them.
pub(super) fn has_flat_patterns(group: &Group, depth: usize) -> bool {
    depth <= MAX_PATTERNS
        && group.children().iter().all(|node| {
            let mut is_flat = match node {
                Node::Group(group) => has_flat_patterns(group, depth),
                Node::Text(text) => has_flat_patterns(text.flattened(), depth),
                Node::Image(_) => true,
                Node::Path(path) => {
                    let paints = [path.fill().map(Fill::paint), path.stroke().map(Stroke::paint)];
                    paints.into_iter().flatten().all(|paint| match paint {
                        Paint::Pattern(pattern) => has_flat_patterns(pattern.root(), depth + 1),
                        _ => true,
                    })
                }
            };
            if !matches!(node, Node::Path(_)) {
                node.subroots(|root| is_flat &= has_flat_patterns(root, depth));
            }
            is_flat
        })
}

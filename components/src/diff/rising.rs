//! What can stay where it is when a list is put into another order.

/// Indices of a longest run of `pairs` whose first parts rise, the last first. Patience sorting: M. L. Fredman, "On
/// computing the length of longest increasing subsequences", 1975.
#[must_use]
pub fn longest_rising(pairs: &[(usize, usize)]) -> Vec<usize> {
    let mut piles: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, (value, _)) in pairs.iter().enumerate() {
        let pile = piles.partition_point(|&top| pairs[top].0 < *value);
        before.push(pile.checked_sub(1).map(|left| piles[left]));
        if pile == piles.len() {
            piles.push(index);
        } else {
            piles[pile] = index;
        }
    }
    let mut run = Vec::with_capacity(piles.len());
    let mut next = piles.last().copied();
    while let Some(index) = next {
        run.push(index);
        next = before[index];
    }
    run
}

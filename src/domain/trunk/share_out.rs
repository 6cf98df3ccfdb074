//! Sharing out evenly what is free.

use crate::domain::sorting::oldest_first;

/// What somebody has of something, the most they could use of it, and who comes first among equals: the lowest.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub has: u64,
    pub most: u64,
    pub turn: u64,
}

/// Shares out what is free, one by one, each time to whoever has the least. Returns how many more each gets.
pub(super) fn share_out(parts: &[Part], free: u64) -> Vec<u64> {
    let up_to = |part: &Part, level: u64| part.most.min(level).saturating_sub(part.has);
    let takes = |level| parts.iter().map(|part| up_to(part, level)).sum::<u64>();
    let mut level = parts.iter().map(|part| part.has).min().unwrap_or(0);
    let mut above = parts.iter().map(|part| part.most).max().unwrap_or(0) + 1;
    while level + 1 < above {
        let middle = level.midpoint(above);
        match takes(middle) <= free {
            true => level = middle,
            false => above = middle,
        }
    }
    let mut left = free.saturating_sub(takes(level));
    let mut gets: Vec<u64> = parts.iter().map(|part| up_to(part, level)).collect();
    let next = |(_, part): &(usize, &Part)| part.has <= level && part.most > level;
    let mut turns: Vec<(usize, u64)> = parts
        .iter()
        .enumerate()
        .filter(next)
        .map(|(place, part)| (place, part.turn))
        .collect();
    oldest_first(&mut turns, |(_, turn)| u128::from(*turn));
    for (place, _) in turns {
        if let Some(more) = gets.get_mut(place).filter(|_| left > 0) {
            *more += 1;
            left -= 1;
        }
    }
    gets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gets(parts: &[(u64, u64)], free: u64) -> Vec<u64> {
        let parts = parts.iter().zip(0..);
        let parts = parts.map(|(&(has, most), turn)| Part { has, most, turn });
        share_out(&parts.collect::<Vec<_>>(), free)
    }

    #[test]
    fn what_is_free_goes_to_those_who_have_least_and_none_gets_more_than_it_can_use() {
        assert_eq!(gets(&[(0, 100), (0, 100)], 10), [5, 5]);
        assert_eq!(gets(&[(0, 100), (0, 2)], 10), [8, 2]);
        assert_eq!(gets(&[(8, 100), (0, 100)], 4), [0, 4]);
        assert_eq!(gets(&[(8, 100), (0, 100)], 12), [2, 10]);
        assert_eq!(gets(&[(0, 9), (0, 9), (0, 9)], 10), [4, 3, 3], "turns");
        assert_eq!(gets(&[(5, 5), (0, 3)], 10), [0, 3]);
        assert_eq!(gets(&[], 10), [0_u64; 0]);
        assert_eq!(gets(&[(7, 20)], 0), [0]);
    }
}

//! Sorting, compiled once as a heap sort: the standard library's sort is 4 KB of WebAssembly for each type it sorts.

use std::collections::BinaryHeap;

/// Sorts by a number that says when each item came about, the latest first.
pub fn newest_first<T>(items: &mut Vec<T>, number: impl Fn(&T) -> u128) {
    oldest_first(items, |item| !number(item));
}

/// Sorts by a number that says when each item came about, the earliest first.
pub fn oldest_first<T>(items: &mut Vec<T>, number: impl Fn(&T) -> u128) {
    let order = order(items.iter().map(number).collect());
    let mut slots: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(
        order
            .into_iter()
            .filter_map(|at| slots.get_mut(at).and_then(Option::take)),
    );
}

fn order(numbers: Vec<u128>) -> Vec<usize> {
    let order: BinaryHeap<_> = numbers.into_iter().zip(0..).collect();
    let order = order.into_sorted_vec();
    order.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_keep_their_order_and_nothing_is_lost() {
        let mut items = vec![(3, 'a'), (1, 'b'), (3, 'c'), (2, 'd'), (1, 'e')];
        oldest_first(&mut items, |(number, _)| *number);
        let names =
            |items: &[(u128, char)]| items.iter().map(|(_, name)| *name).collect::<String>();
        assert_eq!(names(&items), "bedac");
        newest_first(&mut items, |(number, _)| *number);
        assert_eq!(names(&items), "acdbe");
    }
}

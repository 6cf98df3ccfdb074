//! Awaiting several futures, a few at a time: one invocation of a Worker can wait for six connections.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::domain::time::Timestamp;

/// How many tasks run at a time if each waits for a connection.
pub const CONNECTIONS: usize = 6;

type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Awaits all the futures, started in order and at most `at_once` at a time. Returns their results
/// in order of completion.
pub async fn concurrent<T>(
    at_once: usize,
    futures: impl Iterator<Item: Future<Output = T>>,
) -> Vec<T> {
    let done = Rc::new(RefCell::new(Vec::new()));
    let work = keeping(&done, futures);
    work_on(at_once, work).await;
    done.take()
}

/// At most `most` of them; if there are more, different ones each minute.
pub fn share_of<T>(all: Vec<T>, most: usize, now: Timestamp) -> impl Iterator<Item = T> {
    let shares = all.len().div_ceil(most).max(1);
    let share = (now.0 / 60_000) as usize % shares;
    all.into_iter().skip(share).step_by(shares)
}

/// Futures that store their results.
fn keeping<'a, T: 'a>(
    done: &Rc<RefCell<Vec<T>>>,
    futures: impl Iterator<Item: Future<Output = T> + 'a>,
) -> Vec<Work<'a>> {
    let work = futures.map(|future| -> Work<'a> {
        let done = Rc::clone(done);
        Box::pin(async move {
            let result = future.await;
            done.borrow_mut().push(result);
        })
    });
    work.collect()
}

async fn work_on(at_once: usize, work: Vec<Work<'_>>) {
    let mut waiting = work.into_iter();
    let mut running = waiting.by_ref().take(at_once.max(1)).collect();
    std::future::poll_fn(|context| poll(&mut running, &mut waiting, context)).await;
}

// One type for all work: a generic scheduler would be compiled once for each.
fn poll<'a>(
    running: &mut Vec<Work<'a>>,
    waiting: &mut std::vec::IntoIter<Work<'a>>,
    context: &mut Context<'_>,
) -> Poll<()> {
    let mut at = 0;
    while let Some(piece) = running.get_mut(at) {
        if piece.as_mut().poll(context).is_pending() {
            at += 1;
        } else if let Some(next) = waiting.next() {
            *piece = next;
        } else {
            drop(running.swap_remove(at));
        }
    }
    match running.is_empty() {
        true => Poll::Ready(()),
        false => Poll::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::task::Waker;

    #[test]
    fn of_many_others_come_each_minute_until_all_have() {
        let share = |minute: u64, many: u32| -> Vec<u32> {
            share_of((0..many).collect(), 400, Timestamp(minute * 60_000 + 7)).collect()
        };
        assert_eq!(share(3, 400).len(), 400);
        let mut all: Vec<u32> = (5..8).flat_map(|minute| share(minute, 1_001)).collect();
        all.sort_unstable();
        assert_eq!(all, (0..1_001).collect::<Vec<_>>());
        assert!((0..9).all(|minute| share(minute, 1_001).len() <= 400));
        assert!(share(0, 0).is_empty());
    }

    #[test]
    fn at_most_so_many_wait_at_once_and_all_are_done() {
        let (under_way, most) = (Cell::new(0), Cell::new(0));
        let piece = |number: usize| {
            let (under_way, most) = (&under_way, &most);
            let mut polls = 0;
            std::future::poll_fn(move |_| {
                polls += 1;
                if polls == 1 {
                    under_way.set(under_way.get() + 1);
                    most.set(most.get().max(under_way.get()));
                }
                if polls <= number % 3 {
                    return Poll::Pending;
                }
                under_way.set(under_way.get() - 1);
                Poll::Ready(number)
            })
        };
        let mut all = std::pin::pin!(concurrent(4, (0..20).map(piece)));
        let mut context = Context::from_waker(Waker::noop());
        let mut results = loop {
            if let Poll::Ready(results) = all.as_mut().poll(&mut context) {
                break results;
            }
        };
        results.sort_unstable();
        assert_eq!(results, (0..20).collect::<Vec<_>>());
        assert_eq!(most.get(), 4);
    }
}

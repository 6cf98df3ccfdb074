//! Runs the application's futures without a runtime. Each await of a port is a point where others run first, and where the
//! waiting one may die.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// What dies together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An integrator, an operator: they live outside, and for ever.
    Client,
    /// An isolate that serves requests.
    Isolate(usize),
    /// One run of a queue's consumer.
    Consumer,
    /// One incarnation of a directory's object.
    Directory(u64),
}

pub type TaskId = u64;
type Ready = Arc<Mutex<VecDeque<TaskId>>>;

struct Bell {
    task: TaskId,
    ready: Ready,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        lock(&self.ready).push_back(self.task);
    }
}

fn lock(ready: &Ready) -> std::sync::MutexGuard<'_, VecDeque<TaskId>> {
    ready.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Task {
    owner: Owner,
    waker: Waker,
    future: Pin<Box<dyn Future<Output = ()>>>,
}

/// All that is under way.
#[derive(Default)]
pub struct Tasks {
    tasks: RefCell<BTreeMap<TaskId, Task>>,
    ready: Ready,
    last: Cell<TaskId>,
}

impl Tasks {
    pub fn spawn(&self, owner: Owner, future: impl Future<Output = ()> + 'static) -> TaskId {
        let id = self.last.get() + 1;
        self.last.set(id);
        let bell = Bell {
            task: id,
            ready: Arc::clone(&self.ready),
        };
        let task = Task {
            owner,
            waker: Waker::from(Arc::new(bell)),
            future: Box::pin(future),
        };
        self.tasks.borrow_mut().insert(id, task);
        lock(&self.ready).push_back(id);
        id
    }

    /// Lets everybody run who can.
    pub fn run_ready(&self) {
        loop {
            let Some(id) = lock(&self.ready).pop_front() else {
                return;
            };
            let Some(mut task) = self.tasks.borrow_mut().remove(&id) else {
                continue;
            };
            let poll = task
                .future
                .as_mut()
                .poll(&mut Context::from_waker(&task.waker));
            if poll.is_pending() {
                self.tasks.borrow_mut().insert(id, task);
            }
        }
    }

    pub fn is_alive(&self, id: TaskId) -> bool {
        self.tasks.borrow().contains_key(&id)
    }

    /// The tasks of an owner.
    pub fn of(&self, owner: Owner) -> Vec<TaskId> {
        let tasks = self.tasks.borrow();
        tasks
            .iter()
            .filter(|(_, task)| task.owner == owner)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Drops a task where it stands.
    pub fn kill(&self, id: TaskId) {
        let task = self.tasks.borrow_mut().remove(&id);
        drop(task);
    }

    pub fn kill_all(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
    }
}

struct SlotState<T> {
    value: Option<T>,
    waker: Option<Waker>,
}

/// An answer that somebody waits for.
pub struct Slot<T>(Rc<RefCell<SlotState<T>>>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Slot<T> {
    pub fn new() -> Self {
        Self(Rc::new(RefCell::new(SlotState {
            value: None,
            waker: None,
        })))
    }

    /// The answer is there. The first one counts.
    pub fn fill(&self, value: T) {
        let waker = {
            let mut state = self.0.borrow_mut();
            if state.value.is_none() {
                state.value = Some(value);
            }
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Slot<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.borrow_mut();
        match state.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

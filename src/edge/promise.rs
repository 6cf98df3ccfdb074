//! From futures to promises and back, crossing into JavaScript no more often than there are answers.
//!
//! A future is polled at once, as far as it gets: the answer of one that waits for nothing is its value, without a promise. What
//! futures wait for is calls to the platform (`platform.js`): each has a number, under which its answer arrives, and whoever
//! waits for it continues in that same turn. Futures arrive here boxed, so that all this is compiled once. (Measured against the
//! general bindings' futures, which cost two closures per call and a microtask per step: `POST /calls` crosses 36 times instead
//! of 94, and takes a tenth less processor time.)

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::State;

use crate::domain::vec_map::VecMap;

mod js {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen(module = "/src/edge/platform.js")]
    extern "C" {
        /// A promise to be settled with [`settle`].
        #[derive(Clone)]
        pub type Deferred;
        pub fn deferred() -> Deferred;
        pub fn settle(promise: &Deferred, is_good: bool, value: &JsValue);
    }
}

type Outcome = Result<JsValue, JsValue>;
type Work = LocalBoxFuture<'static, Outcome>;

/// A future that waits, and its promise.
struct Task {
    work: Work,
    waker: Waker,
    promise: js::Deferred,
}

/// A call to the platform: who waits for it, or its outcome.
enum Call {
    UnderWay(Option<Waker>),
    Settled(Outcome),
}

thread_local! {
    static TASKS: RefCell<VecMap<u32, Task>> = RefCell::default();
    /// The newest task's number.
    static NEWEST: Cell<u32> = const { Cell::new(0) };
    /// Tasks that may continue, in order.
    static WOKEN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    /// A future is being polled: others wait until it returns.
    static ASKING: Cell<bool> = const { Cell::new(false) };
    static CALLS: RefCell<VecMap<u32, Call>> = RefCell::default();
}

/// What wakes a task: its number, since wakers must be `Send` and the futures here are not.
struct Number(u32);

impl Wake for Number {
    fn wake(self: Arc<Self>) {
        WOKEN.with_borrow_mut(|woken| woken.push(self.0));
        let is_asking = ASKING.replace(true);
        go_on_unless(is_asking);
    }
}

/// Polls the tasks that were woken, unless somebody else is about to.
fn go_on_unless(is_asking: bool) {
    if is_asking {
        return;
    }
    while let Some(number) = next_woken() {
        let task = TASKS.with_borrow_mut(|tasks| tasks.remove(&number));
        let Some(mut task) = task else { continue };
        let asked = Pin::new(&mut task.work).poll(&mut Context::from_waker(&task.waker));
        match asked {
            Poll::Pending => TASKS.with_borrow_mut(|tasks| drop(tasks.insert(number, task))),
            Poll::Ready(Ok(value)) => js::settle(&task.promise, true, &value),
            Poll::Ready(Err(error)) => js::settle(&task.promise, false, &error),
        }
    }
    ASKING.set(false);
}

fn next_woken() -> Option<u32> {
    WOKEN.with_borrow_mut(|woken| (!woken.is_empty()).then(|| woken.remove(0)))
}

/// The future's outcome if it is known at once, or else a promise of it.
fn begin(mut work: Work) -> Result<Outcome, js::Deferred> {
    let number = NEWEST.get().wrapping_add(1);
    NEWEST.set(number);
    let waker = Waker::from(Arc::new(Number(number)));
    let is_asking = ASKING.replace(true);
    let begun = match Pin::new(&mut work).poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(outcome) => Ok(outcome),
        Poll::Pending => {
            let promise = js::deferred();
            let task = Task {
                work,
                waker,
                promise: promise.clone(),
            };
            TASKS.with_borrow_mut(|tasks| tasks.insert(number, task));
            Err(promise)
        }
    };
    go_on_unless(is_asking);
    begun
}

/// The result or the error: at once, or as a promise.
pub fn promise(work: Work) -> JsValue {
    match begin(work) {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => Promise::reject(&error).into(),
        Err(promise) => promise.into(),
    }
}

/// That the work is done.
pub fn done(work: LocalBoxFuture<'static, ()>) -> JsValue {
    promise(nothing(work))
}

fn nothing(work: LocalBoxFuture<'static, ()>) -> Work {
    work.map(|()| Ok(JsValue::UNDEFINED)).boxed_local()
}

/// Keeps an object alive until the work is done.
pub fn wait_until(object: &State, work: LocalBoxFuture<'static, ()>) {
    if let Err(promise) = begin(nothing(work)) {
        // An object that still runs may always wait; this is refused only to one that does not.
        let _ = object.as_raw().wait_until(promise.unchecked_ref());
    }
}

/// Keeps an invocation alive until the work is done.
pub fn keep(context: &worker::worker_sys::Context, work: LocalBoxFuture<'static, ()>) {
    if let Err(promise) = begin(nothing(work)) {
        let _ = context.wait_until(promise.unchecked_ref());
    }
}

/// An object's reply, or `undefined` if there is none.
pub fn reply(work: LocalBoxFuture<'static, Option<Vec<u8>>>) -> JsValue {
    let work = work.map(|reply| {
        let bytes = reply.map(|bytes| Uint8Array::from(bytes.as_slice()));
        Ok(bytes.map_or(JsValue::UNDEFINED, JsValue::from))
    });
    promise(work.boxed_local())
}

/// The result of a call to the platform.
#[must_use = "whoever does not wait for it does not hear that it failed"]
pub struct Called(u32);

impl Called {
    /// The result of the call with this number, which is unique in the isolate, even if an instance has died.
    pub fn of(number: u32) -> Self {
        CALLS.with_borrow_mut(|calls| calls.insert(number, Call::UnderWay(None)));
        Self(number)
    }
}

impl Future for Called {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        CALLS.with_borrow_mut(|calls| {
            if let Some(Call::UnderWay(waiting)) = calls.get_mut(&self.0) {
                *waiting = Some(context.waker().clone());
                return Poll::Pending;
            }
            match calls.remove(&self.0) {
                Some(Call::Settled(outcome)) => Poll::Ready(outcome),
                _ => Poll::Pending,
            }
        })
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        drop(CALLS.with_borrow_mut(|calls| calls.remove(&self.0)));
    }
}

/// Sets the outcome of a call; if nobody waits for it, it is dropped.
#[wasm_bindgen]
pub fn settled(call: u32, is_good: bool, value: JsValue) {
    let outcome = match is_good {
        true => Ok(value),
        false => Err(value),
    };
    let waiting = CALLS.with_borrow_mut(|calls| {
        let known = calls.get_mut(&call)?;
        match std::mem::replace(known, Call::Settled(outcome)) {
            Call::UnderWay(waiting) => waiting,
            Call::Settled(_) => None,
        }
    });
    if let Some(waker) = waiting {
        waker.wake();
    }
}

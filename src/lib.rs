//! An outbound AI-call platform on Cloudflare Workers.
//!
//! The house from the ground up; each floor knows only those below it:
//!
//! - [`domain`]: decisions. What a call, a trunk, a key or a callback is and may become.
//! - [`app`]: use cases over ports. The whole API, the consumers and the objects, except for the runtime.
//! - `edge`: Cloudflare. The only place that names its bindings; built for wasm32 only.

pub mod app;
pub mod domain;

#[cfg(target_arch = "wasm32")]
mod edge;

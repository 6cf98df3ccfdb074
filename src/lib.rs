//! An outbound AI-call platform on Cloudflare Workers.
pub mod app;
pub mod domain;

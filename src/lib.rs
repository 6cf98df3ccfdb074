//! An outbound AI-call platform on Cloudflare Workers.

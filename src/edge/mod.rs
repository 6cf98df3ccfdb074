//! The only place that names Cloudflare: requests, objects, KV, queues, cron and the network.

mod alarm;
mod cache;
mod cron;
mod directory_object;
mod faults;
mod http;
mod outbox;
mod platform;
mod queues;
mod sql;
mod trunk_object;
mod vault;
mod world;

use worker::{Context, Env, MessageBatch, ScheduleContext, ScheduledEvent, event};

#[event(fetch)]
async fn fetch(
    request: web_sys::Request,
    env: Env,
    context: Context,
) -> worker::Result<web_sys::Response> {
    Ok(http::serve(request, env, context).await?)
}

#[event(queue)]
async fn queue(
    batch: MessageBatch<serde_json::Value>,
    env: Env,
    context: Context,
) -> worker::Result<()> {
    queues::consume(&batch, env, context).await;
    Ok(())
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    cron::sweep(env).await;
}

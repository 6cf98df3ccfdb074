//! What an object sends to a queue: collected while a send is under way, and sent together after it.

use worker::Env;

use super::log::log;
use super::platform;
use crate::app::telemetry::{Event, Text};

/// Queues take at most 100 messages and 256 KB at a time.
const MAX_MESSAGES: usize = 25;
const MAX_BYTES: usize = 200_000;

/// Sends messages to a queue; returns how many it took. The rest is still owed by rows, and will be sent again.
pub async fn send(env: &Env, queue: &'static str, messages: &[String]) -> u64 {
    let mut sent = 0;
    for chunk in chunks(messages) {
        let result = platform::queue_send(env, queue, chunk.to_vec()).await;
        match result {
            Ok(_) => sent += chunk.len() as u64,
            Err(error) => log(&Event::QueueRefused {
                queue,
                messages: chunk.len(),
                cause: Text(&platform::message(&error)),
            }),
        }
    }
    sent
}

fn chunks(mut messages: &[String]) -> Vec<&[String]> {
    let mut chunks = Vec::new();
    while !messages.is_empty() {
        let mut bytes = 0;
        let fits = messages.iter().take(MAX_MESSAGES).take_while(|message| {
            bytes += message.len();
            bytes <= MAX_BYTES
        });
        let (chunk, rest) = messages.split_at(fits.count().max(1));
        chunks.push(chunk);
        messages = rest;
    }
    chunks
}

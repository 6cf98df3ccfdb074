#!/usr/bin/env bash
# miniflare 4.20260730.0 (npm), with the workerd that it brings: the local Cloudflare Workers, Queues among them.
#
# A consumer gets a batch and may call ack() on each message as it is done with it. Cloudflare's documentation has it that such a message
# doesn't come again, even if the consumer fails at a later one; that is what ack() is for. Miniflare forgets each ack() of a batch whose
# handler throws, or calls retryAll() for the rest: the message that is done comes again with the others until their retries are
# used up, and ends with them in the dead letter queue. retry() on single messages, without an error, works as in production.
#
# Who is hurt: who tests a dialer or a sender of webhooks locally: one broken message in the batch, and each of the others is done once
# per attempt, phone calls or callbacks included. One looks for the fault in one's own code, or makes up for it there. What
# helps: catch the error of each message and call its retry(), and let no error leave the handler.
#
# Seen, with a batch of "good", which is acknowledged, and "bad", and two retries (deliveries of "good", and is it a dead letter?):
#   the handler throws at "bad": 3, dead letter
#   the handler calls retryAll(): 3, dead letter
#   the handler calls retry() of "bad": 1, no dead letter
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >batch.mjs <<'JS'
import { Log, LogLevel, Miniflare } from "miniflare";

const worker = `
const delivered = [];
export default {
  async fetch(request, env) {
    if (request.method === "GET") return Response.json(delivered);
    await env.QUEUE.sendBatch([{ body: "good" }, { body: "bad" }]);
    return new Response();
  },
  async queue(batch, env) {
    for (const message of batch.messages) delivered.push(batch.queue + " " + message.body);
    if (batch.queue === "dead") return;
    for (const message of batch.messages) {
      if (message.body === "good") message.ack();
      else if (env.THEN === "throw") throw new Error("bad");
      else if (env.THEN === "retryAll") batch.retryAll();
      else message.retry();
    }
  },
};`;
const told = { throw: 'the handler throws at "bad"', retryAll: "the handler calls retryAll()", retry: 'the handler calls retry() of "bad"' };
for (const [then, what] of Object.entries(told)) {
  const local = new Miniflare({
    modules: true, script: worker, compatibilityDate: "2026-06-01", log: new Log(LogLevel.NONE), bindings: { THEN: then },
    queueProducers: { QUEUE: "calls" },
    queueConsumers: {
      calls: { maxBatchSize: 10, maxBatchTimeout: 0.3, maxRetries: 2, deadLetterQueue: "dead" }, dead: { maxBatchTimeout: 0.1 },
    },
  });
  await local.dispatchFetch("http://localhost/", { method: "POST" });
  let delivered = [];
  while (!delivered.includes("dead bad")) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    delivered = await (await local.dispatchFetch("http://localhost/")).json();
  }
  const times = delivered.filter((one) => one === "calls good").length;
  console.log(`${what}: ${times}, ${delivered.includes("dead good") ? "dead letter" : "no dead letter"}`);
  await local.dispose();
}
JS
npm init -y >/dev/null
npm install --no-audit --no-fund miniflare@4.20260730.0 >/dev/null 2>&1

seen=$(timeout 60 node batch.mjs 2>/dev/null)
echo "$seen"
[ "$seen" = 'the handler throws at "bad": 3, dead letter
the handler calls retryAll(): 3, dead letter
the handler calls retry() of "bad": 1, no dead letter' ]

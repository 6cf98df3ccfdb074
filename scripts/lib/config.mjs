// `wrangler.toml` as options for Miniflare: a single list of bindings serves both the deployment and the local run. Wrangler can
// do this itself, but takes two seconds to load; a test checks that this translation equals wrangler's.

import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { inRoot } from "./paths.mjs";

/**
 * @typedef {object} Config the parts of `wrangler.toml` that this project uses
 * @property {string} name
 * @property {string} compatibility_date
 * @property {string[]} [compatibility_flags]
 * @property {Record<string, string>} vars
 * @property {{ directory: string, binding?: string, run_worker_first?: boolean | string[], html_handling?: string, not_found_handling?: string }} [assets]
 * @property {{ crons: string[] }} triggers
 * @property {{ bindings: { name: string, class_name: string }[] }} durable_objects
 * @property {{ binding: string, id: string }[]} kv_namespaces
 * @property {{ binding: string, bucket_name: string }[]} [r2_buckets]
 * @property {{ producers: { binding: string, queue: string }[], consumers: Consumer[] }} queues
 *
 * @typedef {object} Consumer
 * @property {string} queue
 * @property {number} [max_batch_size]
 * @property {number} [max_batch_timeout]
 * @property {number} [max_retries]
 * @property {number} [retry_delay]
 * @property {string} [dead_letter_queue]
 * @property {number} [max_concurrency]
 */

/** @returns {Config} */
export function readConfig() {
  return /** @type {any} */ (parse(readFileSync(inRoot("wrangler.toml"), "utf8")));
}

/** @param {Config} config @returns Miniflare's options for the Worker's bindings */
export function bindingOptions(config) {
  /** @type {{ compatibility_date: string, compatibility_flags?: string[] }} */
  const compatibility = { compatibility_date: config.compatibility_date };
  if (config.compatibility_flags) compatibility.compatibility_flags = config.compatibility_flags;
  return {
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags ?? [],
    bindings: { ...config.vars },
    // Every object class of this Worker keeps its rows in SQLite (`new_sqlite_classes`).
    durableObjects: Object.fromEntries(
      config.durable_objects.bindings.map(({ name, class_name }) => [name, { className: class_name, useSQLite: true }]),
    ),
    kvNamespaces: Object.fromEntries(config.kv_namespaces.map(({ binding, id }) => [binding, { id }])),
    ...(config.r2_buckets && {
      r2Buckets: Object.fromEntries(config.r2_buckets.map(({ binding, bucket_name }) => [binding, bucket_name])),
    }),
    queueProducers: Object.fromEntries(
      config.queues.producers.map(({ binding, queue }) => [binding, { queueName: queue }]),
    ),
    queueConsumers: Object.fromEntries(config.queues.consumers.map((consumer) => [consumer.queue, consumerOptions(consumer)])),
    ...(config.assets && {
      assets: {
        directory: inRoot(config.assets.directory),
        binding: config.assets.binding,
        routerConfig: {
          has_user_worker: true,
          ...(config.assets.run_worker_first === true && { invoke_user_worker_ahead_of_assets: true }),
        },
        assetConfig: {
          ...compatibility,
          ...(config.assets.html_handling && { html_handling: config.assets.html_handling }),
          ...(config.assets.not_found_handling && { not_found_handling: config.assets.not_found_handling }),
        },
      },
    }),
  };
}

/** @param {Consumer} consumer */
function consumerOptions(consumer) {
  const options = {
    maxBatchSize: consumer.max_batch_size,
    maxBatchTimeout: consumer.max_batch_timeout,
    maxRetries: consumer.max_retries,
    retryDelay: consumer.retry_delay,
    deadLetterQueue: consumer.dead_letter_queue,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

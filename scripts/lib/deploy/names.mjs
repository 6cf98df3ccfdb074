// A deployment's names, and the configuration for Wrangler: that of wrangler.toml, with names of its own.

import { inRoot } from "../paths.mjs";

/**
 * `production` has the names of wrangler.toml, any other environment its own: two environments in one account share nothing.
 * @param {string} env
 */
export const suffixOf = (env) => (env === "production" ? "" : `-${env}`);

/**
 * @param {import("../config.mjs").Config} config
 * @param {string} env
 */
export function namesOf(config, env) {
  const suffix = suffixOf(env);
  const { producers, consumers } = config.queues;
  const queues = [...producers, ...consumers].map(({ queue }) => queue);
  const dead = consumers.flatMap(({ dead_letter_queue }) => dead_letter_queue ?? []);
  return {
    worker: config.name + suffix,
    records: `audatec-${env}-records`,
    queues: [...new Set([...queues, ...dead])].map((queue) => queue + suffix),
    consumed: new Set(consumers.map(({ queue }) => queue + suffix)),
    archive: `audatec-${env}-archive`,
  };
}

/**
 * @typedef {object} Made what the configuration refers to
 * @property {string} accountId
 * @property {string} recordsId of the KV namespace
 * @property {string} url where the deployment is reached
 * @property {boolean} archive
 * @property {string} workerDir
 */

/**
 * @param {import("../config.mjs").Config} config
 * @param {string} env
 * @param {Made} made
 * @returns {Record<string, unknown>}
 */
export function configFor(config, env, made) {
  const suffix = suffixOf(env);
  const names = namesOf(config, env);
  const { build: _build, ...rest } = /** @type {any} */ (config);
  const consumers = config.queues.consumers.map((consumer) => ({
    ...consumer,
    queue: consumer.queue + suffix,
    ...(consumer.dead_letter_queue && { dead_letter_queue: consumer.dead_letter_queue + suffix }),
  }));
  const datasets = rest.analytics_engine_datasets?.map((/** @type {any} */ of) => ({ ...of, dataset: `${of.dataset ?? of.binding}${suffix.replaceAll("-", "_")}` }));
  return {
    ...rest,
    name: names.worker,
    account_id: made.accountId,
    main: `${made.workerDir}/index.js`,
    workers_dev: true,
    preview_urls: rest.preview_urls ?? false,
    vars: { ...config.vars, PUBLIC_URL: (env === "production" && config.vars["PUBLIC_URL"]) || made.url },
    assets: { ...config.assets, directory: inRoot(config.assets?.directory ?? "public") },
    kv_namespaces: config.kv_namespaces.map((namespace) => ({ ...namespace, id: made.recordsId })),
    queues: { producers: config.queues.producers.map((of) => ({ ...of, queue: of.queue + suffix })), consumers },
    ...(made.archive && { r2_buckets: [{ binding: "ARCHIVE", bucket_name: names.archive }] }),
    ...(datasets && { analytics_engine_datasets: datasets }),
  };
}

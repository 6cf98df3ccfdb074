// A deployment, step by step. Each step looks first and does only what is missing, so that a run after a failed one continues
// where that stopped, and a run after a successful one creates nothing twice.

import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { step as timed, UserError } from "../log.mjs";
import { inRoot, writeWhole } from "../paths.mjs";
import { run } from "../run.mjs";
import { Refused, Trouble } from "./api.mjs";
import { configFor } from "./names.mjs";
import { digests, hasMaster, NEEDED } from "./state.mjs";

const KV = "Workers KV Storage: Edit";
const QUEUES = "Queues: Edit";
const SCRIPTS = "Workers Scripts: Edit";
const R2 = "Workers R2 Storage: Edit";
const ACCOUNT = "Account Settings: Read";
/** Error codes for names that are taken: another run was quicker, or the list was longer than its first page. */
const TAKEN = { kv: 10014, queue: 11009, bucket: 10004 };
/** Cloudflare's code for a Worker, or a subdomain, that does not exist. */
const NOT_THERE = 10007;
/** The platform recognises an `Idempotency-Key` for 24 hours. */
const REPEATABLE_MS = 23 * 3_600_000;

/**
 * @typedef {object} Deployment
 * @property {string} env
 * @property {import("./api.mjs").Api} api
 * @property {import("./state.mjs").Memory} memory
 * @property {import("../config.mjs").Config} config
 * @property {ReturnType<typeof import("./names.mjs").namesOf>} names
 * @property {{ organisation?: string, subdomain?: string, replaceSecrets: boolean, waitMs: number }} wishes
 * @property {string | undefined} accountId
 * @property {string} workerDir
 * @property {(() => Promise<void>) | null} build null if it is built already
 * @property {string} [recordsId]
 * @property {string} [url]
 * @property {string[]} [there] the secrets that the Worker has; undefined if there is no Worker
 * @property {boolean} [isNew] there was no Worker when this run began
 * @property {string} [ownerKey] to be printed
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {(of: Deployment) => Promise<Found>} look
 *
 * @typedef {{ is: string } | { todo: string, act: () => Promise<string> }} Found what exists, or what would be done
 */

/** @param {Deployment} of */
const account = (of) => `/accounts/${of.accountId}`;

/** @type {Step} */
export const findAccount = {
  name: "account",
  async look(of) {
    const known = of.memory.state.account_id;
    if (!of.accountId) {
      const accounts = /** @type {{ id: string, name: string }[]} */ (await of.api.ask("GET", "/accounts?per_page=50", { permission: ACCOUNT }));
      const named = accounts.map(({ id, name }) => `${id} (${name})`).join(", ");
      if (accounts.length === 0) throw new UserError('The token sees no account. It needs the permission "Account Settings: Read", or set CLOUDFLARE_ACCOUNT_ID.');
      if (accounts.length > 1 && !known) throw new UserError(`The token sees several accounts; set CLOUDFLARE_ACCOUNT_ID to one of ${named}`);
      of.accountId = known && accounts.some(({ id }) => id === known) ? known : accounts[0]?.id;
    }
    if (known && known !== of.accountId) {
      throw new UserError(`${of.env} was deployed to the account ${known}, not to ${of.accountId} (${of.memory.path} says so).`);
    }
    return { is: String(of.accountId) };
  },
};

/** @type {Step} */
export const findWorker = {
  name: "Worker",
  async look(of) {
    try {
      const secrets = await of.api.ask("GET", `${account(of)}/workers/scripts/${of.names.worker}/secrets`, { permission: SCRIPTS });
      of.there = secrets.map((/** @type {{ name: string }} */ { name }) => name);
      return { is: `${of.names.worker} is there` };
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
      of.isNew = true;
      const absent = `${of.names.worker} is not there yet`;
      if (of.memory.state.is_ours) return { is: absent };
      const act = async () => {
        of.memory.save({ is_ours: true, account_id: String(of.accountId) });
        return absent;
      };
      return { todo: `make ${of.names.worker}`, act };
    }
  },
};

/** @type {Step} */
export const keepSecrets = {
  name: "secrets",
  async look(of) {
    const { memory } = of;
    const kept = memory.readSecrets();
    const there = of.there ?? [];
    const lost = Object.keys(NEEDED).filter((name) => !kept[name] && there.includes(name));
    if (lost.length > 0) {
      throw new UserError(
        `The Worker ${of.names.worker} has the secret${lost.length > 1 ? "s" : ""} ${lost.join(", ")}, which ${memory.secretsPath} does not hold. Cloudflare shows them to ` +
          `nobody, and others in their place would make every API key, call id or LiveKit secret unreadable: nothing was changed. Put the file ` +
          `of whoever deployed it there (an older README called it .secrets: mkdir -p -m 700 ${memory.folder} && cp .secrets ${memory.secretsPath}), and run this again.`,
      );
    }
    refuseNewMaster(of, kept, there);
    const missing = Object.keys(NEEDED).filter((name) => !kept[name]);
    if (missing.length === 0) return { is: `kept in ${memory.secretsPath}` };
    return {
      todo: `make ${missing.join(", ")} and keep them in ${memory.secretsPath}, readable by you alone`,
      act: async () => {
        memory.addSecrets(Object.fromEntries(missing.map((name) => [name, NEEDED[name]?.() ?? ""])));
        return `made and kept in ${memory.secretsPath}: keep a copy of it wherever you keep your secrets`;
      },
    };
  },
};

/** @param {Deployment} of @param {Record<string, string>} secrets @param {string[]} there */
function refuseNewMaster(of, secrets, there) {
  const { kept, sent } = of.memory.state;
  const before = kept?.["MASTER_KEY"] ?? sent?.["MASTER_KEY"];
  if (of.wishes.replaceSecrets || !there.includes("MASTER_KEY") || !before || !secrets["MASTER_KEY"] || hasMaster(secrets, before)) return;
  throw new UserError(
    `MASTER_KEY in ${of.memory.secretsPath} is not the one that was deployed. Another one makes every API key and call id unreadable. ` +
      "Put the former one back, or beside it as MASTER_KEY_PREVIOUS; or, if all of that is meant to be lost, add --replace-secrets.",
  );
}

/** @type {Step} */
export const findAddress = {
  name: "address",
  async look(of) {
    if (of.memory.state.url) of.url = of.memory.state.url;
    const path = `${account(of)}/workers/subdomain`;
    /** @type {string | undefined} */
    const subdomain = await of.api.ask("GET", path, { permission: SCRIPTS }).then(
      (result) => result?.subdomain,
      (error) => {
        if (error instanceof Refused && (error.status === 404 || error.codes.includes(NOT_THERE))) return undefined;
        throw error;
      },
    );
    const at = (/** @type {string} */ name) => (of.url ??= `https://${of.names.worker}.${name}.workers.dev`);
    if (subdomain) return { is: at(subdomain) };
    const wanted = of.wishes.subdomain;
    if (!wanted) throw new UserError("The account has no subdomain of workers.dev yet, under which all its Workers are reached. Choose its name: --subdomain NAME");
    return {
      todo: `register ${wanted}.workers.dev`,
      act: async () => {
        await of.api.ask("PUT", path, { permission: SCRIPTS, body: { subdomain: wanted } });
        return at(wanted);
      },
    };
  },
};

/** @type {Step} */
export const makeRecords = {
  name: "KV",
  async look(of) {
    const given = of.config.kv_namespaces[0]?.id ?? "";
    if (of.env === "production" && !/^0*$/.test(given)) {
      of.recordsId = given;
      return { is: `namespace ${given}, by wrangler.toml` };
    }
    const title = of.names.records;
    const path = `${account(of)}/storage/kv/namespaces`;
    for (let page = 1; ; page++) {
      const namespaces = /** @type {{ id: string, title: string }[]} */ (await of.api.ask("GET", `${path}?page=${page}&per_page=100`, { permission: KV }));
      const found = namespaces.find((one) => one.title === title);
      if (found) {
        of.recordsId = found.id;
        return { is: `namespace ${title}` };
      }
      if (namespaces.length < 100) break;
    }
    return {
      todo: `make the namespace ${title}`,
      act: async () => {
        const made = await of.api.ask("POST", path, { permission: KV, body: { title } }).catch(lookAgain(TAKEN.kv));
        of.recordsId = made.id;
        return `namespace ${title} made`;
      },
    };
  },
};

/** Whatever somebody else created meanwhile is found by looking again. @param {number} code */
const lookAgain = (code) => (/** @type {unknown} */ error) => {
  throw error instanceof Refused && error.codes.includes(code) ? new Trouble(error.message) : error;
};

/** @param {string} queue @returns {Step} */
export const makeQueue = (queue) => ({
  name: "queue",
  async look(of) {
    const path = `${account(of)}/queues`;
    const queues = /** @type {any[]} */ (await of.api.ask("GET", path, { permission: QUEUES }));
    const found = queues.find((one) => one.queue_name === queue);
    const other = found?.consumers?.find((/** @type {any} */ consumer) => consumerOf(consumer) && consumerOf(consumer) !== of.names.worker);
    if (other) throw new UserError(`The queue ${queue} is consumed by another Worker, ${consumerOf(other)}: give this environment another name (--env).`);
    if (found) return { is: queue };
    return {
      todo: `make ${queue}`,
      act: async () => {
        await of.api.ask("POST", path, { permission: QUEUES, body: { queue_name: queue } }).catch((error) => {
          // The list's first page may be incomplete.
          if (!(error instanceof Refused && error.codes.includes(TAKEN.queue))) throw error;
        });
        return `${queue} made`;
      },
    };
  },
});

/** @param {any} consumer */
const consumerOf = (consumer) => consumer.script ?? consumer.script_name ?? consumer.service;

/** @type {Step} */
export const makeArchive = {
  name: "bucket",
  async look(of) {
    if (!of.memory.state.archive) return { is: "none: calls older than RETENTION_DAYS are dropped (--archive keeps them)" };
    const name = of.names.archive;
    try {
      await of.api.ask("GET", `${account(of)}/r2/buckets/${name}`, { permission: R2 });
      return { is: name };
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
    }
    return {
      todo: `make ${name}`,
      act: async () => {
        await of.api.ask("POST", `${account(of)}/r2/buckets`, { permission: R2, body: { name } }).catch(lookAgain(TAKEN.bucket));
        return `${name} made`;
      },
    };
  },
};

/** @type {Step} */
export const upload = {
  name: "upload",
  async look(of) {
    const toSend = await secretsToSend(of, digests(of.memory.readSecrets()));
    const secrets = of.there && toSend.length === 0 ? "; its secrets stay" : ` with ${toSend.join(", ") || "its secrets"}`;
    return {
      todo: `${of.build ? "build and upload" : "upload"} ${of.names.worker}${secrets}`,
      act: async () => {
        await of.build?.();
        writeConfig(of);
        // From now on it is recorded which secrets the Worker may have, whatever becomes of the upload.
        const all = digests(of.memory.readSecrets());
        const names = await secretsToSend(of, all);
        of.memory.save({ sent: { ...of.memory.state.sent, ...all }, account_id: String(of.accountId) });
        await wrangler(of, names.length > 0 ? ["--secrets-file", of.memory.secretsPath] : []);
        of.memory.save({ kept: all });
        return `${of.names.worker} uploaded`;
      },
    };
  },
};

/** @param {Deployment} of @param {Record<string, string>} now @returns {Promise<string[]>} those that the Worker lacks, or has with other values */
async function secretsToSend(of, now) {
  const { kept = {}, sent = {} } = of.memory.state;
  const there = of.there ?? [];
  const unknown = Object.keys(now).filter((name) => there.includes(name) && !kept[name] && !sent[name]);
  if (unknown.length > 0 && !of.wishes.replaceSecrets) await mustBeTheirs(of, unknown);
  return Object.keys(now).filter((name) => !there.includes(name) || (kept[name] !== now[name] && !unknown.includes(name)));
}

/**
 * The Worker has secrets that this folder did not send: the file's are the same if it accepts the operator's token.
 * @param {Deployment} of
 * @param {string[]} names
 */
async function mustBeTheirs(of, names) {
  const { PLATFORM_TOKEN: token } = of.memory.readSecrets();
  const status = await askPlatform(of, String(token), undefined, {}).then((answer) => answer.status, () => 0);
  if (status === 400 || status === 422) return;
  const why = status === 401 ? `does not accept the PLATFORM_TOKEN of ${of.memory.secretsPath}` : `could not be asked (${status || "no answer"}) whether they are its own`;
  throw new UserError(
    `The Worker ${of.names.worker} has the secrets ${names.join(", ")} already, from another folder, and ${of.url} ${why}: nothing was replaced. ` +
      `Put the file that it was deployed with at ${of.memory.secretsPath}; or, to replace them for good, add --replace-secrets.`,
  );
}

/** @param {Deployment} of */
function writeConfig(of) {
  const made = {
    accountId: String(of.accountId),
    recordsId: String(of.recordsId),
    url: String(of.url),
    archive: of.memory.state.archive ?? false,
    workerDir: of.workerDir,
  };
  of.memory.makeFolder();
  writeWhole(of.memory.configPath, `${JSON.stringify(configFor(of.config, of.env, made), null, 2)}\n`, 0o600);
}

/** @param {Deployment} of @param {string[]} args */
async function wrangler(of, args) {
  const logs = inRoot("build/deploy");
  mkdirSync(logs, { recursive: true });
  const { code, output } = await timed("deploy", "wrangler deploy", () =>
    run(process.execPath, [inRoot("node_modules/wrangler/bin/wrangler.js"), "deploy", "--config", of.memory.configPath, ...args], {
      env: {
        CLOUDFLARE_API_TOKEN: of.api.token,
        CLOUDFLARE_ACCOUNT_ID: String(of.accountId),
        CLOUDFLARE_API_BASE_URL: of.api.baseUrl,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_LOG_PATH: logs,
        CI: "true",
      },
    }),
  );
  if (code === 0) return;
  const lacking = /code: (10000|9109)\b|Authentication error/i.test(output) ? ` CLOUDFLARE_API_TOKEN lacks the permission "${SCRIPTS}", or "${QUEUES}".` : "";
  throw new UserError(`wrangler deploy failed.${lacking} It said:\n${output.trim().split("\n").slice(-30).join("\n")}`);
}

/** @type {Step} */
export const waitUntilUp = {
  name: "answer",
  async look(of) {
    return {
      todo: `wait until ${of.url} answers`,
      act: async () => {
        const until = Date.now() + of.wishes.waitMs;
        let last = "";
        do {
          const answer = await fetch(`${of.url}/healthz`).catch((error) => String(error.cause?.message ?? error.message));
          if (typeof answer !== "string" && answer.ok) return `${of.url} is up`;
          last = typeof answer === "string" ? answer : `${answer.status}`;
          await delay(Math.min(1_000, of.wishes.waitMs / 4));
        } while (Date.now() < until);
        throw new UserError(`${of.url} does not answer yet (${last}). A new address takes a few minutes; run this again then: it resumes from here.`);
      },
    };
  },
};

/** @type {Step} */
export const makeOrganisation = {
  name: "organisation",
  async look(of) {
    const { organisation, is_ours: isOurs } = of.memory.state;
    if (organisation?.id && !organisation.owner_key) return { is: `${organisation.name}, whose owner key was shown` };
    if (!organisation && !isOurs && !of.isNew && !of.wishes.organisation) {
      return { is: "none is created: the Worker existed before this folder deployed it (--organisation NAME creates one)" };
    }
    if (organisation && !organisation.id && Date.now() - Date.parse(organisation.asked_at) > REPEATABLE_MS) {
      throw new UserError(
        `At ${organisation.asked_at} the organisation ${organisation.name} was requested, and the response was lost: there may be one whose key nobody ` +
          `has. Remove "organisation" from ${of.memory.path} to make another.`,
      );
    }
    const name = organisation?.name ?? of.wishes.organisation ?? "First organisation";
    return {
      todo: `make the organisation ${name} and print its owner key, once`,
      act: async () => {
        await ensureOrganisation(of, name);
        return `${name} made`;
      },
    };
  },
};

/** @param {Deployment} of @param {string} name */
async function ensureOrganisation(of, name) {
  const asked = of.memory.state.organisation ?? { name, idempotency_key: `deploy-${randomUUID()}`, asked_at: new Date().toISOString() };
  of.memory.save({ organisation: asked });
  if (!asked.id) {
    const token = String(of.memory.readSecrets()["PLATFORM_TOKEN"]);
    const answer = await askPlatform(of, token, asked.idempotency_key, { name: asked.name }).catch((error) => {
      throw new Trouble(`POST ${of.url}/platform/v1/orgs: ${error.cause?.message ?? error.message}`);
    });
    const text = await answer.text().catch((error) => {
      throw new Trouble(`POST ${of.url}/platform/v1/orgs: ${error.message}`);
    });
    if (answer.status >= 500 || answer.status === 429) throw new Trouble(`POST ${of.url}/platform/v1/orgs answered ${answer.status} ${text}`);
    if (answer.status !== 201) throw new UserError(`POST ${of.url}/platform/v1/orgs answered ${answer.status} ${text}`);
    const { id, owner_key } = JSON.parse(text);
    of.memory.save({ organisation: { ...asked, id, owner_key } });
  }
  of.ownerKey = of.memory.state.organisation?.owner_key;
}

/** @param {Deployment} of @param {string} token @param {string | undefined} key @param {unknown} body */
const askPlatform = (of, token, key, body) =>
  fetch(`${of.url}/platform/v1/orgs`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...(key && { "idempotency-key": key }) },
    body: JSON.stringify(body),
  });

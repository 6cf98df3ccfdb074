// What `npm run doctor` checks. The deployment reports most of it itself (`GET /platform/v1/health`); what can only be seen from
// outside is checked from here, as agents and receivers see it.

import { setTimeout as delay } from "node:timers/promises";

/**
 * @typedef {{ level: "ok" | "warn" | "fail", name: string, what: string, mend?: string }} Line
 * @typedef {{ url: string, token: string, apiKey?: string, tell: (line: Line) => void }} Examined
 *
 * @typedef {{ name: string, ok: boolean, message: string }} Check
 * @typedef {{
 *   org_id: string, sip_trunk_id: string, reachable: boolean, without_alarm: boolean, findings: { alert: string, detail: string }[],
 *   livekit: boolean, webhook_seen_at: string | null, agent_seen_at: string | null, checks: Check[],
 * }} TrunkHealth
 * @typedef {{ org_id: string, sip_trunk_id: string, since: string } | null} Oldest
 * @typedef {{ count: number, oldest: { org_id: string, since: string } | null }} Backlog
 * @typedef {{
 *   now: string, deployment: string, public_url: string | null, public_url_check: Check | null, bindings: { name: string, bound: boolean }[],
 *   carrier_keys: { newest: string | null, former_secrets: number, former_seen_at: string | null },
 *   cron: {
 *     last_run_at: string | null, late: boolean, trunks_unreachable: number, lost_alarms: number,
 *     undelivered_notifications: Backlog, pending_erasures: Backlog, pending_deletions: Backlog,
 *   },
 *   queues: { name: string, probed_at: string }[], dead_letters: { total: number, last_at: string | null },
 *   alerts: { alert: string, org_id: string | null, sip_trunk_id: string | null, detail: string, since: string, sent: boolean }[],
 *   trunks: { asked: number, unreachable: number, without_alarm: number, oldest_undelivered_callback: Oldest, oldest_unclaimed_call: Oldest },
 *   details: TrunkHealth[], next_cursor: string | null,
 * }} Health
 */

const ANSWER_MS = 60_000;
/** A request that reads nothing is answered at once. */
const UP_MS = 10_000;
/** A queue hands its messages over within a second or so. */
const QUEUE_MS = 12_000;
const UNCLAIMED_S = 60;
const UNDELIVERED_S = 3_600;
/** An erasure waits for calls in progress, and a deletion is done within a day. */
const DAY_S = 86_400;
/** How long calls may continue that were dialed with secrets sealed by a former key. */
const FORMER_MS = 3_600_000;
/** Including LiveKit's checks, which may take 10 s each, six at a time. */
const TRUNKS_A_PAGE = 20;
/** Rings nobody: the simulator's number for a call that completes. */
const NUMBER = "+15005550000";

const OBJECTS = ["TRUNKS", "DIRECTORIES", "ERRANDS", "CONTACTS", "CAMPAIGNS"];
const QUEUES = ["DISPATCH", "HANGUPS", "CALLBACKS"];
/** A secret that only Cloudflare has would be missing from the next deployment. @param {string} name */
const keptSecret = (name) => `put ${name} into .deploy/production.env (.deploy/ENV.env) and run \`npm run deploy\``;

/** @param {Examined} examined */
export async function examine(examined) {
  const { tell } = examined;
  if (!(await isUp(examined))) return;
  const first = await health(examined, `checks=true&probe=true&limit=${TRUNKS_A_PAGE}`);
  if (!first) return;
  bindings(first, tell);
  cron(first, tell);
  await queues(examined, first);
  const pages = await allPages(examined, first);
  const trunks = pages.flatMap(({ details }) => details);
  await publicUrl(first, trunks, tell);
  deadLetters(first, tell);
  depth(first, pages, tell);
  waiting(first, tell);
  for (const trunk of trunks) ofTrunk(trunk, first, tell);
  alerts(first, tell);
  await dryRun(examined);
}

/** @param {Examined} examined */
async function isUp({ url, tell }) {
  const answer = await ask(`${url}/healthz`);
  if (typeof answer === "string") {
    tell({ level: "fail", name: "worker", what: `${url} can't be reached (${answer})`, mend: "check the URL, and that the Worker is deployed" });
    return false;
  }
  if (answer.code === "authentication_unavailable") {
    const mend = `${keptSecret("MASTER_KEY")}; it must be the former one if this deployment has data`;
    tell({ level: "fail", name: "MASTER_KEY", what: "it is missing, or is not at least 32 bytes in base64", mend });
    return false;
  }
  const isOurs = answer.status === 200 && answer.deployment !== null;
  if (isOurs) tell({ level: "ok", name: "worker", what: "it is up" });
  else tell({ level: "fail", name: "worker", what: `${url}/healthz answers ${answer.status}, but not as this platform does`, mend: "check the URL, and deploy the current release" });
  return isOurs;
}

/** @param {Examined} examined @param {string} query @returns {Promise<Health | undefined>} */
async function health({ url, token, tell }, query) {
  const answer = await ask(`${url}/platform/v1/health?${query}`, { authorization: `Bearer ${token}` });
  if (typeof answer !== "string" && answer.status === 200) return /** @type {Health} */ (answer.body);
  if (typeof answer !== "string" && answer.status === 401) {
    const mend = `use the deployment's own, or ${keptSecret("another PLATFORM_TOKEN")}`;
    tell({ level: "fail", name: "PLATFORM_TOKEN", what: "the deployment does not accept it, or has none", mend });
    return undefined;
  }
  const why = typeof answer === "string" ? answer : `status ${answer.status}`;
  const mend = "look into the Worker's log (`npm run wrangler -- tail`) for service_failed: RECORDS or DIRECTORIES may not be bound";
  tell({ level: "fail", name: "health", what: `the platform can't report its health (${why})`, mend });
  return undefined;
}

/** @param {Health} health @param {string} name */
const isBound = (health, name) => health.bindings.some((binding) => binding.name === name && binding.bound);

/** @param {Health} health @param {Examined["tell"]} tell */
function bindings(health, tell) {
  const has = (/** @type {string} */ name) => isBound(health, name);
  const needed = (/** @type {string} */ name, /** @type {string} */ mend) =>
    tell(has(name) ? { level: "ok", name, what: "it is there" } : { level: "fail", name, what: "it is missing", mend });
  for (const name of ["MASTER_KEY", "PLATFORM_TOKEN"]) needed(name, keptSecret(name));
  if (has("CARRIER_KEYS")) tell({ level: "ok", name: "CARRIER_KEYS", what: `it is there${formerKeys(health)}` });
  else tell({ level: "warn", name: "CARRIER_KEYS", what: "it is missing: no trunk can be connected to LiveKit", mend: keptSecret("CARRIER_KEYS") });
  const binding = "restore its section of wrangler.toml and deploy";
  for (const name of ["RECORDS", ...OBJECTS, ...QUEUES, "ASSETS"]) needed(name, binding);
  for (const name of ["ARCHIVE", "METRICS"]) tell({ level: "ok", name, what: has(name) ? "it is there" : "it is not bound, which is fine" });
  if (has("ALERT_URL") && has("ALERT_SECRET")) tell({ level: "ok", name: "ALERT_URL", what: "alerts are sent" });
  else if (has("ALERT_URL")) tell({ level: "fail", name: "ALERT_SECRET", what: "it is missing, so no alert is sent to ALERT_URL", mend: keptSecret("ALERT_SECRET") });
  else tell({ level: "warn", name: "ALERT_URL", what: "it is not set, or no http or https URL of a public host: nobody is told of alerts", mend: `set it in wrangler.toml, ${keptSecret("ALERT_SECRET")}` });
}

/** @param {Health} health */
function formerKeys({ carrier_keys: { former_secrets, former_seen_at }, now }) {
  if (former_secrets > 0) return `; keep its former keys, ${former_secrets} secrets are sealed with them (the cron seals them anew)`;
  const isFresh = former_seen_at !== null && Date.parse(now) - Date.parse(former_seen_at) < FORMER_MS;
  return isFresh ? `; keep its former keys for an hour from ${former_seen_at} on, when the cron sealed anew what they had sealed` : "";
}

/** @param {Health} health @param {Examined["tell"]} tell */
function cron({ cron }, tell) {
  const mend = "check `crons` under [triggers] in wrangler.toml, and the Worker's cron events in Cloudflare's dashboard";
  if (cron.last_run_at === null && !cron.late) tell({ level: "warn", name: "cron", what: "it has not run yet: the first run is due within a minute", mend: "ask again in two minutes" });
  else if (cron.last_run_at === null) tell({ level: "fail", name: "cron", what: "it has never run", mend });
  else if (cron.late) tell({ level: "fail", name: "cron", what: `it last ran at ${cron.last_run_at}, and should run every minute`, mend });
  else tell({ level: "ok", name: "cron", what: `it last ran at ${cron.last_run_at}` });
  if (cron.lost_alarms > 0) tell({ level: "ok", name: "alarms", what: `${cron.lost_alarms} were lost so far, and the cron woke their objects` });
}

/** Each queue was sent a message, which must arrive. @param {Examined} examined @param {Health} first */
async function queues(examined, first) {
  const sent = Date.parse(first.now);
  const missing = new Set(QUEUES.filter((name) => isBound(first, name)));
  const deadline = performance.now() + QUEUE_MS;
  while (missing.size > 0 && performance.now() < deadline) {
    const now = await health(examined, "limit=1");
    if (!now) return;
    // The response that sent them was composed a moment later.
    for (const { name, probed_at } of now.queues) if (Date.parse(probed_at) >= sent - 5_000) missing.delete(name);
    if (missing.size > 0) await delay(500);
  }
  for (const name of QUEUES.filter((name) => isBound(first, name))) {
    if (!missing.has(name)) examined.tell({ level: "ok", name: `queue ${name}`, what: "a message came out of it" });
    else {
      const mend = "check its [[queues.consumers]] in wrangler.toml, and in Cloudflare's dashboard that delivery is not paused";
      examined.tell({ level: "fail", name: `queue ${name}`, what: `a message did not come out within ${QUEUE_MS / 1_000} s`, mend });
    }
  }
}

/** @param {Examined} examined @param {Health} first @returns {Promise<Health[]>} */
async function allPages(examined, first) {
  const pages = [first];
  for (let at = first; at.next_cursor !== null; ) {
    const next = await health(examined, `checks=true&limit=${TRUNKS_A_PAGE}&cursor=${at.next_cursor}`);
    if (!next) break;
    pages.push(next);
    at = next;
  }
  return pages;
}

/** Agents and LiveKit's webhooks send their reports there. @param {Health} health @param {TrunkHealth[]} trunks @param {Examined["tell"]} tell */
async function publicUrl({ public_url, public_url_check, deployment }, trunks, tell) {
  const name = "PUBLIC_URL";
  const isNeeded = trunks.some(({ livekit }) => livekit);
  if (public_url === null) {
    const what = "it is not set: agents can't report what was said";
    tell({ level: isNeeded ? "fail" : "warn", name, what, mend: "set it in wrangler.toml to this deployment's address, and deploy" });
    return;
  }
  const answer = await ask(`${public_url}/healthz`);
  const mend = "set it in wrangler.toml to this deployment's address, and deploy";
  if (typeof answer === "string") tell({ level: "fail", name, what: `${public_url} can't be reached (${answer})`, mend });
  else if (answer.deployment !== deployment) tell({ level: "fail", name, what: `${public_url} is not this deployment`, mend });
  else if (public_url_check && !public_url_check.ok) {
    const what = `${public_url} is this deployment as seen from here, and not from the platform itself: ${public_url_check.message}`;
    tell({ level: "warn", name, what, mend: "run the doctor from where the agents run as well: what stands in front of the deployment may answer each of them differently" });
  } else tell({ level: "ok", name, what: `${public_url} is this deployment${public_url_check ? ", seen from here and from the platform itself" : ""}` });
}

/** @param {Health} health @param {Examined["tell"]} tell */
function deadLetters({ dead_letters: { total, last_at }, now }, tell) {
  const isFresh = last_at !== null && Date.parse(now) - Date.parse(last_at) < 3_600_000;
  const mend = "look for dispatch_dead_letter and callback_dead_letter in the log, and for what failed before them";
  if (isFresh) tell({ level: "fail", name: "dead letters", what: `${total}, the last at ${last_at}`, mend });
  else tell({ level: "ok", name: "dead letters", what: total === 0 ? "none" : `${total}, the last at ${last_at}` });
}

/** @param {Health} first @param {Health[]} pages @param {Examined["tell"]} tell */
function depth({ now }, pages, tell) {
  const sum = (/** @type {(trunks: Health["trunks"]) => number} */ of) => pages.reduce((all, { trunks }) => all + of(trunks), 0);
  const asked = sum((trunks) => trunks.asked);
  const unreachable = sum((trunks) => trunks.unreachable);
  const mend = "look into the Worker's log for sql_failed and service_failed";
  if (unreachable > 0) tell({ level: "fail", name: "trunks", what: `${unreachable} of ${asked} do not answer`, mend });
  else tell({ level: "ok", name: "trunks", what: `all ${asked} answer` });
  const lost = sum((trunks) => trunks.without_alarm);
  if (lost > 0) tell({ level: "warn", name: "alarms", what: `${lost} objects had work to do and no alarm; asking woke them`, mend: "if it happens again, look for alarm_not_set in the log" });
  const oldest = (/** @type {"oldest_unclaimed_call" | "oldest_undelivered_callback"} */ of) => {
    const all = pages.flatMap(({ trunks }) => trunks[of] ?? []);
    return all.sort((one, other) => Date.parse(one.since) - Date.parse(other.since))[0];
  };
  const tellAge = (/** @type {string} */ name, /** @type {Oldest | undefined} */ oldest, /** @type {number} */ most, /** @type {"warn" | "fail"} */ level, /** @type {string} */ mend) => {
    if (!oldest) return tell({ level: "ok", name, what: "none" });
    const age = Math.max(0, Math.round((Date.parse(now) - Date.parse(oldest.since)) / 1_000));
    const what = `${age} s old, on trunk ${oldest.sip_trunk_id}`;
    return age > most ? tell({ level, name, what, mend }) : tell({ level: "ok", name, what });
  };
  tellAge("oldest unclaimed call", oldest("oldest_unclaimed_call"), UNCLAIMED_S, "fail", "the dispatch queue is behind or stopped: see queue DISPATCH");
  tellAge("oldest undelivered callback", oldest("oldest_undelivered_callback"), UNDELIVERED_S, "warn", "its receiver does not answer 2xx: see GET /webhooks/deliveries?status=pending of that organisation");
}

/** What belongs to no trunk, as found by the cron's last run. @param {Health} health @param {Examined["tell"]} tell */
function waiting({ cron, now }, tell) {
  const say = (/** @type {string} */ name, /** @type {Backlog} */ { count, oldest }, /** @type {number} */ most, /** @type {string} */ mend) => {
    if (!oldest) return tell({ level: "ok", name, what: "none" });
    const age = Math.max(0, Math.round((Date.parse(now) - Date.parse(oldest.since)) / 1_000));
    const what = `${count}, the oldest ${age} s old, of organisation ${oldest.org_id}`;
    tell(age > most ? { level: "warn", name, what, mend } : { level: "ok", name, what });
  };
  const unheard = "a receiver does not answer 2xx: see test events in GET /webhooks/deliveries?status=pending of that organisation, and the completion_url of its campaigns";
  say("undelivered notifications", cron.undelivered_notifications, UNDELIVERED_S, unheard);
  const stuck = "a call is in progress for that long, or an object can't be reached: look into the log for sql_failed and service_failed";
  say("pending erasures", cron.pending_erasures, DAY_S, stuck);
  say("pending deletions", cron.pending_deletions, DAY_S, stuck);
}

/** @type {Record<string, string>} */
const MENDS = {
  server: "check the trunk's `carrier.url`, and that LiveKit is up and reachable from the internet",
  api_key: "set the trunk's `carrier.api_key` to a key of that server, with the grants that the README names",
  api_secret: "set the trunk's `carrier.api_secret` to that of the key, and check both clocks",
  sip_trunk: "set the trunk's `carrier.sip_trunk_id` to an outbound SIP trunk of that server",
  breaker_open: "see why its calls fail in their timelines, and fix the dialer's server or the agent",
  callbacks_exhausted: "fix the receiver, then send them again: POST /webhooks/deliveries/{id}/redeliver",
  storage_high: "shorten RETENTION_DAYS, or spread the calls over several trunks",
};

/** @param {TrunkHealth} trunk @param {Health} health @param {Examined["tell"]} tell */
function ofTrunk(trunk, { public_url }, tell) {
  const name = `trunk ${trunk.sip_trunk_id}`;
  for (const { alert, detail } of trunk.findings) tell({ level: "fail", name, what: detail, mend: MENDS[alert] ?? "see docs/operating.md" });
  if (!trunk.livekit || trunk.checks.length === 0) return;
  const bad = trunk.checks.find(({ ok }) => !ok);
  if (bad) tell({ level: "fail", name: `${name} ${bad.name}`, what: bad.message, mend: MENDS[bad.name] ?? "test the trunk" });
  else tell({ level: "ok", name, what: "server, API key, secret and SIP trunk are fine" });
  if (trunk.webhook_seen_at) tell({ level: "ok", name: `${name} webhook`, what: `last seen at ${trunk.webhook_seen_at}` });
  else tell({ level: "warn", name: `${name} webhook`, what: "never seen", mend: `have LiveKit's webhook sent to ${public_url ?? "PUBLIC_URL"}/carrier/livekit, signed with the trunk's API key` });
  if (trunk.agent_seen_at) tell({ level: "ok", name: `${name} agent`, what: `last seen at ${trunk.agent_seen_at}` });
  else tell({ level: "warn", name: `${name} agent`, what: "no worker was ever seen in a call", mend: "start the agent's worker with this server's URL and keys, named as the agent's agent_code, and place a call" });
}

/** @param {Health} health @param {Examined["tell"]} tell */
function alerts({ alerts }, tell) {
  for (const { alert, detail, sip_trunk_id, since, sent } of alerts) {
    const where = sip_trunk_id ? ` on trunk ${sip_trunk_id}` : "";
    tell({ level: "warn", name: `alert ${alert}`, what: `${detail}${where}, since ${since}, ${sent ? "sent" : "not sent"}`, mend: "see docs/operating.md" });
  }
  if (alerts.length === 0) tell({ level: "ok", name: "alerts", what: "none is open" });
}

/** Everything about a call except the call. @param {Examined} examined */
async function dryRun({ url, apiKey, tell }) {
  const name = "dry run";
  if (!apiKey) {
    tell({ level: "warn", name, what: "not tried", mend: "set AUDATEC_API_KEY to an organisation's key (member or above)" });
    return;
  }
  const headers = { authorization: `Bearer ${apiKey}` };
  const api = `${url}/integration/v1`;
  const [agents, trunks] = await Promise.all([ask(`${api}/agents`, headers), ask(`${api}/sip-trunks`, headers)]);
  if (typeof agents === "string" || typeof trunks === "string" || agents.status !== 200 || trunks.status !== 200) {
    const answer = typeof agents === "string" || agents.status !== 200 ? agents : trunks;
    tell({ level: "fail", name, what: `agents and trunks can't be listed (${saidBy(answer)})`, mend: "use a key that was not revoked, of role member or above" });
    return;
  }
  const agent = list(agents.body)[0];
  const trunk = list(trunks.body)[0];
  if (!agent || !trunk) {
    tell({ level: "warn", name, what: `the organisation has no active ${agent ? "trunk" : "agent"}`, mend: "create one in Studio" });
    return;
  }
  const call = {
    phone_number: NUMBER,
    agent_id: agent["id"],
    sip_trunk_id: trunk["id"],
    metadata: agent["input_schema"]?.sample_context ?? {},
    dry_run: true,
  };
  const answer = await ask(`${api}/calls`, { ...headers, "content-type": "application/json" }, JSON.stringify(call));
  if (typeof answer !== "string" && answer.status === 200) {
    const { would, reason } = /** @type {{ would: string, reason: string | null }} */ (answer.body);
    tell({ level: "ok", name, what: `a call of agent ${agent["id"]} over trunk ${trunk["id"]} would be: ${would}${reason ? ` (${reason})` : ""}` });
  } else tell({ level: "fail", name, what: `a call would be refused (${saidBy(answer)})`, mend: "see the page of that error in /docs" });
}

/** The items of a list, whatever its field is called. @param {unknown} body @returns {Record<string, any>[]} */
function list(body) {
  if (Array.isArray(body)) return body;
  const lists = Object.values(/** @type {object} */ (body)).filter(Array.isArray);
  return lists[0] ?? [];
}

/** @param {string | Said} answer */
function saidBy(answer) {
  if (typeof answer === "string") return answer;
  const error = /** @type {{ error?: string } | null} */ (answer.body)?.error;
  return `${answer.status}${error ? `: ${error}` : ""}`;
}

/**
 * @typedef {{ status: number, code: string | null, deployment: string | null, body: unknown }} Said
 * @param {string} url @param {Record<string, string>} [headers] @param {string} [body]
 * @returns {Promise<string | Said>} the response, or why there is none
 */
async function ask(url, headers = {}, body) {
  try {
    const method = body === undefined ? "GET" : "POST";
    const signal = AbortSignal.timeout(url.endsWith("/healthz") ? UP_MS : ANSWER_MS);
    // The token is sent only to the host that was named: redirects are not followed.
    const answer = await fetch(url, { method, headers, redirect: "manual", signal, ...(body !== undefined && { body }) });
    const json = await answer.json().catch(() => null);
    return { status: answer.status, code: answer.headers.get("x-error-code"), deployment: answer.headers.get("x-deployment"), body: json };
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return cause instanceof Error ? cause.message || cause.name : String(cause);
  }
}

// The demo organisation of the first local run, created through the public API like any other.

import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "./log.mjs";
import { readIfThere, writeWhole } from "./paths.mjs";

/**
 * @typedef {object} Demo the contents of `demo.env`
 * @property {string} BASE_URL
 * @property {string} OWNER_KEY
 * @property {string} ADMIN_KEY
 * @property {string} MEMBER_KEY
 * @property {string} VIEWER_KEY
 * @property {string} AGENT_ID
 * @property {string} TRUNK_ID
 * @property {string} WEBHOOK_SECRET
 * @property {string} PLATFORM_TOKEN
 */

/** @type {(keyof Demo)[]} */
const NAMES = [
  "BASE_URL",
  "OWNER_KEY",
  "ADMIN_KEY",
  "MEMBER_KEY",
  "VIEWER_KEY",
  "AGENT_ID",
  "TRUNK_ID",
  "WEBHOOK_SECRET",
  "PLATFORM_TOKEN",
];

/**
 * To be called before the Worker starts. A folder in which seeding began but did not end has half an organisation and nothing of
 * the user's (it was never `ready`): it starts over.
 * @param {string} dataDir
 */
export function discardHalfSeeded(dataDir) {
  if (!existsSync(marker(dataDir)) || existsSync(demoFile(dataDir))) return;
  rmSync(join(dataDir, "state"), { recursive: true, force: true });
  rmSync(marker(dataDir));
}

/**
 * @param {string} dataDir
 * @param {string} url
 * @param {string} platformToken
 * @returns {Promise<{ demo: Demo, isNew: boolean }>} the demo organisation, created if there is none
 */
export async function ensureDemo(dataDir, url, platformToken) {
  const kept = existsSync(join(dataDir, "state")) ? readDemo(dataDir) : undefined;
  if (!kept) writeFileSync(marker(dataDir), "");
  const demo = kept ? { ...kept, BASE_URL: url, PLATFORM_TOKEN: platformToken } : await makeDemo(url, platformToken);
  const lines = NAMES.map((name) => `${name}=${demo[name]}\n`);
  writeWhole(demoFile(dataDir), lines.join(""), 0o600);
  chmodSync(demoFile(dataDir), 0o600);
  rmSync(marker(dataDir), { force: true });
  return { demo, isNew: !kept };
}

/** @param {string} dataDir */
const demoFile = (dataDir) => join(dataDir, "demo.env");
/** @param {string} dataDir */
const marker = (dataDir) => join(dataDir, "seeding");

/** @param {string} dataDir @returns {Demo | undefined} */
function readDemo(dataDir) {
  const text = readIfThere(demoFile(dataDir));
  if (text === undefined) return undefined;
  const values = Object.fromEntries(text.split("\n").map((line) => [line.split("=", 1)[0], line.slice(line.indexOf("=") + 1)]));
  return NAMES.every((name) => values[name]) ? /** @type {any} */ (values) : undefined;
}

/** @param {string} url @param {string} platformToken @returns {Promise<Demo>} */
export async function makeDemo(url, platformToken) {
  const created = await post(`${url}/platform/v1/orgs`, platformToken, { name: "Demo" });
  const owner = created["owner_key"];
  const api = `${url}/integration/v1`;
  const agent = await post(`${api}/agents`, owner, {
    name: "EMI Reminder Agent",
    agent_code: "emi-reminder-v2",
    input_schema: {
      fields: ["customer_name", "amount_due", "due_date"],
      sample_context: { customer_name: "Rahul Sharma", amount_due: "7500", due_date: "2026-06-20" },
    },
  });
  const trunk = await post(`${api}/sip-trunks`, owner, {
    name: "Simulator Trunk",
    trunk_phone: "+918069000000",
    max_cps: 5,
    max_channels: 100,
    carrier: { type: "simulator" },
  });
  /** @param {string} role */
  const key = async (role) => (await post(`${api}/api-keys`, owner, { name: `Demo ${role}`, role }))["key"];
  return {
    BASE_URL: url,
    OWNER_KEY: owner,
    ADMIN_KEY: await key("admin"),
    MEMBER_KEY: await key("member"),
    VIEWER_KEY: await key("viewer"),
    AGENT_ID: agent["id"],
    TRUNK_ID: trunk["id"],
    WEBHOOK_SECRET: created["webhook_secret"],
    PLATFORM_TOKEN: platformToken,
  };
}

/** @param {string} url @param {string} key @param {unknown} body @returns {Promise<any>} */
async function post(url, key, body) {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 201) throw new UserError(`Seeding failed: POST ${url} answered ${response.status} ${text}`);
  return JSON.parse(text);
}

/** @param {Demo} demo @returns {Promise<string>} the URL at which the deployment itself receives callbacks for the demo organisation */
export async function receiverOf(demo) {
  const response = await fetch(`${demo.BASE_URL}/studio/receiver`, { headers: { authorization: `Bearer ${demo.ADMIN_KEY}` } });
  const { callback_url } = /** @type {{ callback_url: string }} */ (await response.json());
  return callback_url;
}

/** @param {Demo} demo @returns {string} a command that shows the callbacks received */
export const exampleReceived = (demo) => `curl -s ${demo.BASE_URL}/studio/receiver -H 'Authorization: Bearer ${demo.ADMIN_KEY}'`;

/** @param {Demo} demo @param {string} callbackUrl @returns {string} a command that places a call */
export function exampleCall(demo, callbackUrl) {
  const body = JSON.stringify({
    phone_number: "+919876543210",
    agent_id: demo.AGENT_ID,
    sip_trunk_id: demo.TRUNK_ID,
    callback_url: callbackUrl,
    metadata: { customer_name: "Rahul Sharma", amount_due: "7500", due_date: "2026-06-20" },
  });
  return [
    `curl -s ${demo.BASE_URL}/integration/v1/calls \\`,
    `  -H 'Authorization: Bearer ${demo.MEMBER_KEY}' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${body}'`,
  ].join("\n");
}

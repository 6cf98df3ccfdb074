// Carries out a plan, or shows it.

import { setTimeout as delay } from "node:timers/promises";
import { say, UserError } from "../log.mjs";
import { Refused, Trouble } from "./api.mjs";
import { findAccount, findAddress, findWorker, keepSecrets, makeArchive, makeOrganisation, makeQueue, makeRecords, upload, waitUntilUp } from "./steps.mjs";

/** How often a step is looked at and tried again if Cloudflare or the network failed. */
const TRIES = 3;

/** @param {import("./steps.mjs").Deployment} of */
const planOf = (of) => [
  findAccount,
  findWorker,
  keepSecrets,
  findAddress,
  makeRecords,
  ...of.names.queues.map(makeQueue),
  makeArchive,
  upload,
  waitUntilUp,
  makeOrganisation,
];

/** @param {import("./steps.mjs").Deployment} of @param {boolean} dryRun */
export async function deploy(of, dryRun) {
  say("deploy", `the environment ${of.env}${dryRun ? ", as a plan: nothing is changed" : ""}`);
  for (const step of planOf(of)) say("deploy", `${step.name}: ${await carryOut(step, of, dryRun)}`);
  if (dryRun) return;
  say("deploy", `done. Studio, the web console: ${of.url}/studio`);
  if (!of.ownerKey) return;
  say("deploy", "sign in with the organisation's owner key, which is shown only this once: keep it");
  console.log(`  OWNER_KEY=${of.ownerKey}`);
  const { owner_key: _shown, ...organisation } = /** @type {import("./state.mjs").Organisation} */ (of.memory.state.organisation);
  of.memory.save({ organisation });
}

/** @param {import("./steps.mjs").Step} step @param {import("./steps.mjs").Deployment} of @param {boolean} dryRun */
async function carryOut(step, of, dryRun) {
  for (let tries = 1; ; tries++) {
    try {
      const found = await step.look(of);
      if ("is" in found) return found.is;
      return dryRun ? `would ${found.todo}` : await found.act();
    } catch (error) {
      if (error instanceof Refused) throw new UserError(`${step.name}: ${error.message}`);
      if (!(error instanceof Trouble)) throw error;
      if (tries === TRIES) throw new UserError(`${step.name}: ${error.message}. Run this again: it resumes from here.`);
      await delay(250 * 2 ** tries);
    }
  }
}

/**
 * Goes back to the version before the present one; data stays as it is.
 * @param {import("./steps.mjs").Deployment} of
 * @param {boolean} dryRun
 */
export async function rollBack(of, dryRun) {
  say("deploy", `account: ${await carryOut(findAccount, of, dryRun)}`);
  const path = `/accounts/${of.accountId}/workers/scripts/${of.names.worker}/deployments`;
  const permission = "Workers Scripts: Edit";
  try {
    const { deployments } = /** @type {{ deployments: { versions: { version_id: string }[], created_on: string }[] }} */ (await of.api.ask("GET", path, { permission }));
    const [now, ...earlier] = deployments;
    const present = now?.versions[0]?.version_id;
    const before = earlier.find(({ versions }) => versions.length === 1 && versions[0]?.version_id !== present);
    const version = before?.versions[0]?.version_id;
    if (!version) throw new UserError(`No version of ${of.names.worker} served before the current one.`);
    if (dryRun) return say("deploy", `would go back from the version ${present} to ${version} of ${before.created_on}`);
    const body = { strategy: "percentage", versions: [{ version_id: version, percentage: 100 }], annotations: { "workers/message": `Back from ${present}` } };
    await of.api.ask("POST", path, { permission, body });
    say("deploy", `version ${version} of ${before.created_on} serves again`);
  } catch (error) {
    if (error instanceof Refused) throw new UserError(`Cloudflare refused, and the current version keeps serving: ${error.message}`);
    if (error instanceof Trouble) throw new UserError(`${error.message}. Run this again.`);
    throw error;
  }
}

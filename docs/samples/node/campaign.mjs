// Calls a list of people. Run: node campaign.mjs recipients.csv   (Node 20 or newer, no packages)

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const { BASE_URL = "https://api.audatec.in", API_KEY, AGENT_ID, TRUNK_ID } = process.env;
const [, , file = "recipients.csv"] = process.argv;

async function send(method, path, body, type = "application/json") {
  const headers = { authorization: `Bearer ${API_KEY}`, ...(body && { "content-type": type }) };
  const response = await fetch(`${BASE_URL}/integration/v1${path}`, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return response.headers.get("content-type").startsWith("application/json") ? JSON.parse(text) : text;
}

const draft = { name: `Reminders, ${file}`, agent_id: AGENT_ID, sip_trunk_id: TRUNK_ID };
const { id } = await send("POST", "/campaigns", JSON.stringify(draft));

// Should this break off, it can be sent again: a reference that is there is not added twice.
const { added, duplicates, rejected } = await send("POST", `/campaigns/${id}/recipients`, await readFile(file), "text/csv");
console.log(`added ${added}, already there ${duplicates}`);
for (const { row, error } of rejected) console.log(`row ${row}: ${error}`);

console.log("preview", await send("GET", `/campaigns/${id}/preview`));
let campaign = await send("POST", `/campaigns/${id}/start`);
while (campaign.status === "running") {
  await sleep(5000);
  campaign = await send("GET", `/campaigns/${id}`);
}
console.log(campaign.status, campaign.counts);
process.stdout.write(await send("GET", `/campaigns/${id}/results.csv`));

// Places a call and waits for its result. Run: node call.mjs   (Node 20 or newer, no packages)

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const { BASE_URL = "https://api.audatec.in", API_KEY, AGENT_ID, TRUNK_ID, CALLBACK_URL } = process.env;
const PHONE_NUMBER = process.argv[2] ?? "+15005550000"; // one of the simulator's numbers

/** One request, sent again where that is right: with the same Idempotency-Key it creates nothing twice. */
async function send(method, path, body) {
  const init = {
    method,
    headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json", "idempotency-key": randomUUID() },
    body: body && JSON.stringify(body),
  };
  for (let attempt = 0; ; attempt += 1) {
    const signal = AbortSignal.timeout(30_000);
    const response = await fetch(BASE_URL + path, { ...init, signal }).catch(() => undefined); // the network failed
    if (response?.ok) return response.json();
    const isTemporary = !response || [429, 500, 502, 503].includes(response.status);
    const error = response ? `${response.status} ${await response.text()}` : "no answer";
    if (!isTemporary || attempt === 5) throw new Error(`${method} ${path}: ${error}`);
    const retryAfter = Number(response?.headers.get("retry-after") ?? 0);
    await sleep(1000 * Math.max(retryAfter, response?.status === 429 ? 1 : 2 ** attempt));
  }
}

const { call_id, poll_url } = await send("POST", "/integration/v1/calls", {
  phone_number: PHONE_NUMBER,
  agent_id: AGENT_ID,
  sip_trunk_id: TRUNK_ID,
  callback_url: CALLBACK_URL,
  metadata: { customer_name: "Rahul Sharma", amount_due: "7500", due_date: "2026-06-20" },
});
console.log("accepted", call_id);

let call;
while (!(call = await send("GET", poll_url)).is_terminal) await sleep(4000);
console.log(call.call_status, call.call_outcome?.disposition ?? "");

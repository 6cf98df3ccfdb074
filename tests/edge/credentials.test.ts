// A callback URL may contain a user name and a password: they reach the receiver as HTTP Basic, and nobody else.

import { beforeAll, expect, test } from "vitest";
import { type Client, created, expectError, found, METADATA, Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { DeliveryObject } from "./shapes.ts";
import { until } from "./until.ts";

const USER = "hooks";
const PASSWORD = "pä:ss@w0rd/8472";
/** As a URL holds it, as header and rows do, and as its first and last letters. */
const HIDDEN = [PASSWORD, encodeURIComponent(PASSWORD), new URL(`http://:${encodeURIComponent(PASSWORD)}@x`).password, "w0rd"];
const BASIC = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`;

// Whatever is over goes to the archive when the cron looks.
const server = useServer({ vars: { RETENTION_DAYS: "0" }, archive: true });
const receiver = useReceiver();
let org: Org;
let admin: Client;

beforeAll(async () => {
  org = await Org.create(server);
  admin = await org.client("admin");
});

const withCredentials = (url: string, credentials = `${USER}:${encodeURIComponent(PASSWORD)}`) => url.replace("://", `://${credentials}@`);
const masked = (url: string) => url.replace("://", `://${USER}:***@`);

test("a receiver behind a password gets each attempt, and the password stands in no answer, list, event, page of the archive or line of the log", async () => {
  const plain = receiver.url(500, 200);
  const callback_url = withCredentials(plain);
  const shown: string[] = [];
  const see = (answer: { text: string }) => void shown.push(answer.text);

  const key = { "idempotency-key": "order-8472" };
  const first = await org.trigger({ callback_url }, key);
  const again = await org.trigger({ callback_url }, key);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  see(first);
  see(again);
  const id = created(first).call_id;
  await receiver.expect(plain, 2); // the first attempt fails, the second is of the schedule
  const delivery = await until("the delivery", async () => {
    const { callback } = await org.detail(id);
    return callback?.status === "delivered" && callback;
  });
  expect(delivery.url).toBe(masked(plain));
  const redelivered = await admin.post<DeliveryObject>(`/webhooks/deliveries/${delivery.id}/redeliver`);
  expect(redelivered.status).toBe(202);
  expect(redelivered.body.url).toBe(masked(plain));
  const attempts = await receiver.expect(plain, 3);
  for (const { headers } of attempts) expect(headers.authorization).toBe(BASIC);
  see(redelivered);

  const test = await admin.post<DeliveryObject>("/webhooks/test", { url: callback_url });
  expect(test.body.url).toBe(masked(plain));
  see(test);
  const sent = await receiver.expect(plain, 4);
  expect(sent[3]?.headers.authorization).toBe(BASIC);

  const paths = [
    `/calls/${id}`,
    `/calls/${id}/status`,
    "/calls",
    "/webhooks/deliveries",
    `/webhooks/deliveries?call_id=${id}`,
    `/webhooks/deliveries/${delivery.id}`,
    `/webhooks/deliveries/${test.body.id}`,
    "/audit-log",
    "/events",
    `/sip-trunks/${org.trunk.id}/live`,
  ];
  for (const path of paths) see(await org.owner.get(path));
  found(await org.owner.get(`/webhooks/deliveries/${delivery.id}`));
  for (const bad of [`ftp://${USER}:${PASSWORD}@example.com/`, withCredentials("http://10.0.0.1/"), `http://${USER}:${PASSWORD}@`]) {
    const refused = await org.trigger({ callback_url: bad });
    expect(refused.status).toBe(400);
    see(refused);
  }

  const bucket = await server.local.mf.getR2Bucket("ARCHIVE");
  const archived = await until("the call to be archived", async () => {
    await server.local.runCron();
    const { objects } = await bucket.list();
    const texts = await Promise.all(objects.map(async ({ key }) => (await bucket.get(key))?.text() ?? ""));
    const text = texts.join("");
    return text.includes(id) && text;
  }, 20_000);
  const line = archived.split("\n").find((text) => text.includes(id)) ?? "";
  const { call } = JSON.parse(line);
  expect([call.request.callback_url, call.callback.url]).toEqual([masked(plain), masked(plain)]);

  for (const text of [...shown, archived, ...server.log]) for (const hidden of [...HIDDEN, BASIC]) expect(text).not.toContain(hidden);
});

const SPELLINGS: [credentials: string, pair: string, shown: string][] = [
  ["token", "token:", "***"],
  ["token:", "token:", "***"],
  [":secret", ":secret", ":***"],
  ["us%3Aer:secret", "us:er:secret", "us%3Aer:***"],
  ["jürgen:größe", "jürgen:größe", "jürgen:***"],
  ["a:100%", "a:100%", "a:***"],
];

test.for(SPELLINGS)("%j are sent as %j and shown as %j", async ([credentials, pair, shown]) => {
  const plain = receiver.url();
  const { body } = await admin.post<DeliveryObject>("/webhooks/test", { url: withCredentials(plain, credentials) });
  expect(body.url).toBe(plain.replace("://", `://${shown}@`));
  const [{ headers }] = await receiver.expect(plain);
  expect(headers.authorization).toBe(`Basic ${Buffer.from(pair).toString("base64")}`);
});

test("without credentials no Authorization is sent, and the URL is shown as it was given", async () => {
  const plain = receiver.url();
  const { body } = await admin.post<DeliveryObject>("/webhooks/test", { url: plain });
  expect(body.url).toBe(plain);
  const [{ headers }] = await receiver.expect(plain);
  expect(headers.authorization).toBeUndefined();
});

test("the built-in receiver keeps no credentials", async () => {
  const { body } = await admin.fromRoot<{ callback_url: string }>("GET", "/studio/receiver");
  await org.call({ callback_url: withCredentials(body.callback_url) });
  const { text } = await until("the notification", async () => {
    const answer = await admin.fromRoot<{ received: unknown[] }>("GET", "/studio/receiver");
    return answer.body.received.length > 0 && answer;
  });
  for (const hidden of [...HIDDEN, BASIC, "authorization"]) expect(text.toLowerCase()).not.toContain(hidden.toLowerCase());
});

interface Campaign {
  id: string;
  status: string;
  callback_url: string | null;
  completion_url: string | null;
}

test("a campaign keeps the passwords of its URLs when it is changed by what answers show of them, and shows them nowhere", async () => {
  const [called, over] = [receiver.url(), receiver.url()];
  const urls = { callback_url: withCredentials(called), completion_url: withCredentials(over) };
  const shown = { callback_url: masked(called), completion_url: masked(over) };
  const seen: string[] = [];
  const see = <A extends { text: string }>(answer: A): A => {
    seen.push(answer.text);
    return answer;
  };
  const body = { name: "Reminders", agent_id: org.agent.id, sip_trunk_id: org.trunk.id };
  const campaign = created(see(await admin.post<Campaign>("/campaigns", { ...body, ...urls })));
  expect(campaign).toMatchObject(shown);
  const path = `/campaigns/${campaign.id}`;
  // As a client does that reads it, changes a field, and writes all of it.
  expect(found(see(await admin.patch<Campaign>(path, { ...shown, name: "Others" })))).toMatchObject({ ...shown, name: "Others" });
  for (const [field, url] of [["callback_url", masked(`${called}/other`)], ["completion_url", over.replace("://", "://***@")]] as const) {
    const refused = [400, `${field} must be a URL with the password itself, not the asterisks that answers show`, "field_invalid"] as const;
    expectError(see(await admin.patch(path, { [field]: url })), ...refused);
    expectError(see(await admin.post("/campaigns", { ...body, [field]: url })), ...refused);
  }
  found(see(await admin.post(`${path}/recipients`, { recipients: [{ phone_number: "+15005550001", metadata: METADATA }] })));
  found(see(await admin.post(`${path}/start`)));
  for (const url of [called, over]) {
    const [{ headers }] = await receiver.expect(url);
    expect(headers.authorization, url).toBe(BASIC);
  }
  for (const at of [path, "/campaigns", `${path}/recipients`, `${path}/results.csv`, "/calls", "/calls.csv", "/events?type=campaign.updated", "/export", "/audit-log", "/webhooks/deliveries"]) {
    found(see(await org.owner.get(at)));
  }
  for (const text of [...seen, ...server.log]) for (const hidden of [...HIDDEN, BASIC]) expect(text).not.toContain(hidden);
});

test("a URL that was copied from an answer, asterisks and all, is refused wherever one is taken, and nothing is sent there", async () => {
  const url = receiver.url();
  for (const copied of [masked(url), url.replace("://", "://***@")]) {
    const refused = (field: string) => [400, `${field} must be a URL with the password itself, not the asterisks that answers show`, "field_invalid"] as const;
    expectError(await org.trigger({ callback_url: copied }), ...refused("callback_url"));
    expectError(await org.trigger({ callback_url: copied, dry_run: true }), ...refused("callback_url"));
    expectError(await org.owner.post("/webhooks/test", { url: copied }), ...refused("url"));
  }
});

// The log of every change that an organisation's keys made.

import { beforeEach, expect, test } from "vitest";
import { type Client, created, found, Org, useServer } from "./harness.ts";
import { type Agent, type ApiKey, type Page, type Secret, TIMESTAMP, UUID } from "./shapes.ts";

const server = useServer();
let org: Org;
let owner: Client;

beforeEach(async () => {
  org = await Org.create(server);
  owner = org.owner;
});

interface Entry {
  at: string;
  key_id: string;
  action: string;
  target: string;
  request_id: string;
}

test("GET /audit-log tells each change: when, by which key, what, to what, in which request", async () => {
  const agent = await owner.post<Agent>("/agents", { name: "A", agent_code: "a", input_schema: { fields: [], sample_context: {} } });
  const trunk = await owner.patch(`/sip-trunks/${org.trunk.id}`, { max_cps: 2 });
  const key = await owner.post<ApiKey>("/api-keys", { name: "K", role: "viewer" });
  const changes = [
    { answer: agent, target: created(agent).id },
    { answer: trunk, target: org.trunk.id },
    { answer: key, target: created(key).id },
    { answer: await owner.delete(`/agents/${agent.body.id}`), target: agent.body.id },
    { answer: await owner.delete(`/api-keys/${key.body.id}`), target: key.body.id },
  ];

  const { entries } = found(await owner.get<Page<"entries", Entry>>("/audit-log?limit=100"));

  for (const { answer, target } of changes) {
    const entry = entries.find(({ request_id }) => request_id === answer.headers.get("x-request-id"));
    expect(entry).toEqual({
      at: expect.stringMatching(TIMESTAMP),
      key_id: expect.stringMatching(UUID),
      action: expect.stringMatching(/\S/),
      target: expect.stringContaining(target),
      request_id: answer.headers.get("x-request-id"),
    });
  }
  const actions = changes.map(({ answer }) => entries.find(({ request_id }) => request_id === answer.headers.get("x-request-id"))?.action);
  expect(new Set(actions).size).toBe(5);
});

test("a rotation of the webhook secret is in the log, the secret is not", async () => {
  const answer = await (await org.client("admin")).post<Secret>("/webhooks/secret/rotate");

  const log = await owner.get<Page<"entries", Entry>>("/audit-log");

  expect(found(log).entries.map(({ request_id }) => request_id)).toContain(answer.headers.get("x-request-id"));
  expect(log.text).not.toContain("whsec_");
});

test("a change that was refused is not in the log", async () => {
  const refused = await owner.patch(`/agents/${org.agent.id}`, { name: 5 });

  const { entries } = found(await owner.get<Page<"entries", Entry>>("/audit-log"));

  expect(entries.map(({ request_id }) => request_id)).not.toContain(refused.headers.get("x-request-id"));
});

test("the log is read page by page, newest first, each entry once", async () => {
  for (let i = 0; i < 7; i++) found(await owner.patch(`/agents/${org.agent.id}`, { name: `Name ${i}` }));
  const whole = found(await owner.get<Page<"entries", Entry>>("/audit-log?limit=100"));
  const pages: Entry[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: Page<"entries", Entry> = found(await owner.get(`/audit-log?limit=3${cursor && `&cursor=${cursor}`}`));
    expect(page.entries.length).toBeLessThanOrEqual(3);
    pages.push(...page.entries);
    cursor = page.next_cursor;
  }

  expect(pages).toEqual(whole.entries);
  const moments = pages.map(({ at }) => at);
  expect(moments).toEqual([...moments].sort().reverse());
});

test("another organisation's log is its own", async () => {
  const stranger = await Org.create(server);

  const { text } = await stranger.owner.get("/audit-log?limit=100");

  expect(text).not.toContain(org.agent.id);
});

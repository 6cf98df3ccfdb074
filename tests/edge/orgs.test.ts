// The operator's tasks: listing organisations, suspending one, a new owner key, and an organisation's usage.

import { expect, test } from "vitest";
import { created, expectError, FAST, found, Org, useServer } from "./harness.ts";

// A conversation of which nobody hears lasts until a test ends it.
const server = useServer({ vars: { ...FAST, MAX_CALL_SECONDS: "3600", STALLED_AFTER_SECONDS: "3600" } });
const LASTS = "+15005550006";

interface Detail {
  id: string;
  status: "active" | "suspended";
  suspended_at: string | null;
  api_keys: number;
}

const operator = <Body>(method: string, path: string, body?: unknown) =>
  server.platform.fromRoot<Body>(method, `/platform/v1/orgs${path}`, body === undefined ? {} : { body });

test("every organisation is listed once, with what it has", async () => {
  const orgs = await Promise.all([1, 2, 3].map(() => Org.create(server)));
  const seen: string[] = [];
  let cursor = "";
  do {
    const page = found(await operator<{ orgs: Detail[]; next_cursor: string | null }>("GET", `?limit=2${cursor}`));
    seen.push(...page.orgs.map(({ id }) => id));
    cursor = page.next_cursor ? `&cursor=${page.next_cursor}` : "";
  } while (cursor);
  expect(seen).toEqual([...new Set(seen)].sort());
  expect(seen).toEqual(expect.arrayContaining(orgs.map(({ id }) => id)));
  expect(found(await operator<Detail>("GET", `/${orgs[0]?.id}`))).toMatchObject({ status: "active", suspended_at: null });
});

test("a suspended organisation starts no call, none that waits rings, and all goes on when it is resumed", async () => {
  const org = await Org.create(server, { max_channels: 1 });
  const other = await Org.create(server);
  const talking = await org.call({ phone_number: LASTS });
  const waiting = await org.call({ on_capacity: "queue", max_wait_seconds: 600 });
  await org.reached(talking, "Answered");
  found(await operator("PATCH", `/${org.id}`, { status: "suspended" }));

  expectError(
    await org.trigger(),
    403,
    "Organisation is suspended: no calls are placed until the operator resumes it",
    "organization_suspended",
  );
  created(await other.trigger());
  await new Promise((done) => setTimeout(done, 1_000));
  expect((await org.status(talking)).call_status, "a conversation goes on").toBe("Answered");
  found(await org.owner.post(`/sip-trunks/${org.trunk.id}/live/${talking}/release`));
  expect((await org.ended(talking)).call_status).toBe("Completed");
  await new Promise((done) => setTimeout(done, 1_000));
  expect(await org.detail(waiting)).toMatchObject({ call_status: "Initiating", dialed_at: null });
  found(await org.owner.get("/agents"));

  found(await operator("PATCH", `/${org.id}`, { status: "active" }));
  expect((await org.ended(waiting)).call_status).toBe("Completed");
  created(await org.trigger());
});

test("an organisation without its owner key is given a new one, and what it used is told", async () => {
  const org = await Org.create(server);
  await org.ended(await org.call());
  const key = created(await operator<{ key: string; role: string }>("POST", `/${org.id}/owner-keys`, { name: "Recovered" }));
  expect(key.role).toBe("owner");
  const owner = server.client(key.key);
  const log = found(await owner.get<{ entries: { action: string; key_id: string | null }[] }>("/audit-log"));
  expect(log.entries[0]).toMatchObject({ action: "api_key.create", key_id: null });
  const day = new Date().toISOString().slice(0, 10);
  const query = `?from=${day}&to=${day}T23:59:59Z&group_by=day`;
  const told = found(await operator<{ rows: { calls: number }[] }>("GET", `/${org.id}/usage${query}`));
  expect(told).toEqual(found(await org.owner.get(`/usage${query}`)));
  expect(told.rows[0]?.calls).toBe(1);
});

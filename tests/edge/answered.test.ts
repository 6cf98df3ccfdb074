// Calls in conversation, which last until a test ends them.

import { beforeAll, expect, test } from "vitest";
import { type Client, expectError, found, Org, useServer } from "./harness.ts";
import { useReceiver } from "./receiver.ts";
import type { Live, StatusObject } from "./shapes.ts";

const server = useServer({ vars: { SIM_TALK_MS: "600000", MAX_CALL_SECONDS: "3600", STALLED_AFTER_SECONDS: "600" } });
const receiver = useReceiver();
let org: Org;
let member: Client;

beforeAll(async () => {
  org = await Org.create(server);
  member = await org.client("member");
});

test("an answered call that is cancelled is hung up: Completed, its failure saying so", async () => {
  const url = receiver.url();
  const id = await org.call({ callback_url: url });
  const answered = await org.reached(id, "Answered");

  const answer = found(await member.post<StatusObject>(`/calls/${id}/cancel`));

  expect(answer).toMatchObject({ id, start_timestamp: answered.start_timestamp });
  expect(answer.end_timestamp).not.toBeNull();
  const status = await org.ended(id);
  expect(status.call_status).toBe("Completed");
  expect(status.call_outcome).not.toBeNull();
  expect((await org.detail(id)).failure).toMatchObject({ source: "caller", code: "canceled" });
  await receiver.expect(url);
  expect(receiver.notifications(url)).toMatchObject([{ event: "call.completed", call_id: id }]);
});

test("a call that has hung up can't be cancelled any more: 409", async () => {
  const id = await org.call();
  await org.reached(id, "Answered");
  found(await member.post(`/calls/${id}/cancel`));

  expectError(await member.post(`/calls/${id}/cancel`), 409, "Call is already in a terminal state");
});

test("GET /sip-trunks/{id}/live tells who holds which channel", async () => {
  const trunk = await org.newTrunk({ max_channels: 7 });
  const id = await org.call({ sip_trunk_id: trunk.id });
  await org.reached(id, "Answered");

  const live = found(await org.owner.get<Live>(`/sip-trunks/${trunk.id}/live`));

  expect(live).toEqual({
    sip_trunk_id: trunk.id,
    in_use: 1,
    max_channels: 7,
    waiting: 0,
    calls: [{ call_id: id, call_status: "Answered", phone_number: "+919876543210", since: expect.stringMatching(/Z$/) }],
    agent_breakers: [],
  });
});

test("release hangs up a call and frees its channel, and answers its status object", async () => {
  const trunk = await org.newTrunk({ max_channels: 1 });
  const id = await org.call({ sip_trunk_id: trunk.id });
  await org.reached(id, "Answered");

  const answer = await org.owner.post<StatusObject>(`/sip-trunks/${trunk.id}/live/${id}/release`);

  expect(found(answer).id).toBe(id);
  expect((await org.trigger({ sip_trunk_id: trunk.id })).status).toBe(201);
  expect((await org.ended(id)).call_status).toBe("Completed");
  expect((await org.detail(id)).failure).not.toBeNull();
});

test("release of a call of another trunk is 404", async () => {
  const trunk = await org.newTrunk();
  const id = await org.call();

  expectError(await org.owner.post(`/sip-trunks/${trunk.id}/live/${id}/release`), 404, "Call not found");
});

test("a trunk with live calls can't be deleted, and can after their end", async () => {
  const trunk = await org.newTrunk();
  const id = await org.call({ sip_trunk_id: trunk.id });

  expectError(await org.owner.delete(`/sip-trunks/${trunk.id}`), 409, "SIP trunk has live calls", "trunk_has_live_calls");
  expect((await org.status(id)).is_terminal).toBe(false);

  found(await member.post(`/calls/${id}/cancel`));
  await org.ended(id);
  expect((await org.owner.delete(`/sip-trunks/${trunk.id}`)).status).toBe(204);
  expect((await org.status(id)).is_terminal).toBe(true);
});

test("a call that just rings is no stalled one, and a conversation under way is none either", async () => {
  const id = await org.call();

  expect(await org.reached(id, "Answered")).toMatchObject({ stalled: false, is_terminal: false });
});

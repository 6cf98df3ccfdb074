// Which role may do what: every route with a key of every role.

import { beforeAll, expect, test } from "vitest";
import { BASE_PATH, type Client, expectError, Org, useServer } from "./harness.ts";
import { type Role, ROLES } from "./shapes.ts";

const server = useServer();
let org: Org;
let clients: Record<Role, Client>;
let callId: string;

beforeAll(async () => {
  org = await Org.create(server);
  const made = await Promise.all(ROLES.map((role) => org.client(role)));
  clients = Object.fromEntries(ROLES.map((role, index) => [role, made[index]])) as Record<Role, Client>;
  callId = await org.call();
});

const NOBODY = "00000000-0000-4000-8000-000000000000";

/** Whom each route asks for, and what a key of that role is answered. `CALL` is a call of the organisation. */
const ROUTES: [method: string, path: string, needs: Role, answer: number][] = [
  ["GET", "/agents", "viewer", 200],
  ["GET", "/sip-trunks", "viewer", 200],
  ["GET", "/calls/CALL/status", "viewer", 200],
  ["GET", "/calls", "viewer", 200],
  ["GET", "/calls/CALL", "viewer", 200],
  ["GET", "/events", "viewer", 200],
  ["GET", `/calls/${NOBODY}/transcript`, "viewer", 404],
  ["POST", "/calls", "member", 400],
  ["POST", `/calls/${NOBODY}/cancel`, "member", 404],
  ["GET", "/webhooks/secret", "admin", 200],
  ["POST", "/webhooks/secret/rotate", "admin", 400],
  ["GET", "/webhooks/deliveries", "admin", 200],
  ["GET", `/webhooks/deliveries/${NOBODY}`, "admin", 404],
  ["POST", `/webhooks/deliveries/${NOBODY}/redeliver`, "admin", 404],
  ["POST", "/webhooks/test", "admin", 400],
  ["GET", "/agents?include=inactive", "owner", 200],
  ["POST", "/agents", "owner", 400],
  ["GET", `/agents/${NOBODY}`, "owner", 404],
  ["PATCH", `/agents/${NOBODY}`, "owner", 404],
  ["DELETE", `/agents/${NOBODY}`, "owner", 404],
  ["GET", "/sip-trunks?include=inactive", "owner", 200],
  ["POST", "/sip-trunks", "owner", 400],
  ["GET", `/sip-trunks/${NOBODY}`, "owner", 404],
  ["PATCH", `/sip-trunks/${NOBODY}`, "owner", 404],
  ["DELETE", `/sip-trunks/${NOBODY}`, "owner", 404],
  ["GET", `/sip-trunks/${NOBODY}/live`, "viewer", 404],
  ["POST", `/sip-trunks/${NOBODY}/live/${NOBODY}/release`, "admin", 404],
  ["POST", `/sip-trunks/${NOBODY}/test`, "owner", 404],
  ["GET", "/api-keys", "owner", 200],
  ["POST", "/api-keys", "owner", 400],
  ["DELETE", `/api-keys/${NOBODY}`, "owner", 404],
  ["GET", "/audit-log", "owner", 200],
];

/** A body that is wrong for every route, so that nothing is created. */
const WRONG = { overlap_seconds: "long" };

test.for(ROUTES)("%s %s needs %s", async ([method, template, needs, status]) => {
  const path = template.replace("CALL", callId);
  const sent = method === "POST" && status === 400 ? { body: WRONG } : method === "PATCH" ? { body: { name: "Another" } } : {};
  for (const role of ROLES) {
    const answer = await clients[role].send(method, path, sent);

    if (ROLES.indexOf(role) >= ROLES.indexOf(needs)) {
      expect(answer.status, `${role}: ${answer.text}`).toBe(status);
    } else {
      expectError(answer, 403, `This API key's role (${role}) can't do this; it needs ${needs}`, "role_too_low");
    }
  }
});

test.for(ROUTES)("%s %s without a key is 401", async ([method, template]) => {
  const answer = await server.send(method, BASE_PATH + template.replace("CALL", callId));

  expectError(answer, 401, "Invalid or inactive API key", "invalid_api_key");
});

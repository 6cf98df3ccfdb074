// Which role may do what: every route with a key of every role.

import { beforeAll, expect, test } from "vitest";
import document from "../../public/openapi.json" with { type: "json" };
import { type Client, expectError, Org, useServer } from "./harness.ts";
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

interface Parameter {
  name: string;
  "x-required-role"?: Role;
}

interface Operation {
  "x-required-role"?: Role;
  parameters?: Parameter[];
}

interface Route {
  method: string;
  path: string;
  needs: Role;
  /** What a key of that role is answered. `CALL` is a call of the organisation. */
  answer: number;
}

/** Every route for the holders of keys, and every query of one that needs a higher role, as the document says. */
const ROUTES = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, operation]) => routesOf(method.toUpperCase(), path, operation)),
);

function routesOf(method: string, template: string, operation: Operation): Route[] {
  const needs = operation["x-required-role"];
  if (!needs) return [];
  const named = template.replace("{phone_number}", "+919876543210");
  const known = method === "GET" ? named.replace("{call_id}", "CALL") : named;
  const plain = known.replaceAll(/\{\w+\}/g, NOBODY);
  const path = plain.endsWith("/usage") ? `${plain}?from=2026-11-01&to=2026-11-02&group_by=day` : plain;
  const isFile = path.endsWith("/import"); // its content type is looked at first
  const isNothing = path.includes(NOBODY) || method === "DELETE";
  const answer = isNothing ? 404 : method === "GET" ? 200 : isFile ? 415 : 400;
  const higher = (operation.parameters ?? []).flatMap(({ name, "x-required-role": needs }) =>
    needs ? [{ method, path: `${path}?${name}=inactive`, needs, answer }] : [],
  );
  return [{ method, path, needs, answer }, ...higher];
}

/** A body that is wrong for every route, so that nothing is created. */
const WRONG = { overlap_seconds: "long" };

test("the document has routes for each role, and a query that needs a higher one", () => {
  expect(new Set(ROUTES.map(({ needs }) => needs))).toEqual(new Set(ROLES));
  expect(ROUTES).toContainEqual({ method: "GET", path: "/integration/v1/agents?include=inactive", needs: "owner", answer: 200 });
  expect(ROUTES.length).toBeGreaterThan(30);
});

test.for(ROUTES)("$method $path needs $needs", async ({ method, path: template, needs, answer: status }) => {
  const path = template.replace("CALL", callId);
  const body = status === 400 || status === 415 ? WRONG : method === "PATCH" ? { name: "Another" } : null;
  for (const role of ROLES) {
    const answer = await clients[role].fromRoot(method, path, body ? { body } : {});

    if (ROLES.indexOf(role) >= ROLES.indexOf(needs)) {
      expect(answer.status, `${role}: ${answer.text}`).toBe(status);
    } else {
      expectError(answer, 403, `This API key's role (${role}) can't do this; it needs ${needs}`, "role_too_low");
    }
  }
});

test.for(ROUTES)("$method $path without a key is 401", async ({ method, path }) => {
  const answer = await server.send(method, path.replace("CALL", callId));

  expectError(answer, 401, "Invalid or inactive API key", "invalid_api_key");
});

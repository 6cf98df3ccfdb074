// A known limit, stated in the document: workerd's fetch takes an interim response for the final one. When this test fails, the
// runtime has been fixed, and the document, the guide and docs/guarantees.md may say so.

import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Org, useServer } from "./harness.ts";
import type { DeliveryObject } from "./shapes.ts";
import { until } from "./until.ts";

/** Says 103 before it says 200, as RFC 8297 lets it. */
const hinting: Server = createServer((socket) => {
  socket.on("error", () => {});
  socket.once("data", () => socket.end("HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
});
beforeAll(() => new Promise<void>((done) => hinting.listen(0, "127.0.0.1", done)));
afterAll(() => new Promise((done) => hinting.close(done)));
const server = useServer();

test("a receiver's interim answer is taken for its answer: the attempt has failed, and is made again", async () => {
  const org = await Org.create(server);
  const admin = await org.client("admin");
  const url = `http://127.0.0.1:${(hinting.address() as AddressInfo).port}/`;
  const { body } = await admin.post<DeliveryObject>("/webhooks/test", { url });
  const delivery = await until("the last attempt", async () => {
    const { body: now } = await admin.get<DeliveryObject>(`/webhooks/deliveries/${body.id}`);
    return now.status === "exhausted" && now;
  });
  expect(delivery.attempts.map(({ status_code }) => status_code)).toEqual([103, 103, 103]);
});

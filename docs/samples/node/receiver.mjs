// Receives callbacks. Run: WEBHOOK_SECRET=whsec_… node receiver.mjs   (Node 20 or newer, no packages)

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const SECRET = process.env.WEBHOOK_SECRET;
const TOLERANCE_SECONDS = 300;

/** Standard Webhooks: proves who sent it and when, so that nobody can send it again later. Prefer this one. */
function verify(headers, rawBody, secret) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(rawBody).digest("base64");
  // After a rotation several secrets sign: one signature that fits is enough.
  return (headers["webhook-signature"] ?? "").split(" ").some((signature) => isSame(signature, `v1,${expected}`));
}

/** The plain signature: the body alone, with the secret's text as the key. It does not tell when it was sent. */
function verifyPlain(headers, rawBody, secret) {
  return isSame(headers["x-audatec-signature"] ?? "", createHmac("sha256", secret).update(rawBody).digest("hex"));
}

/** In a time that does not tell how much of it is right. */
function isSame(given, expected) {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

const seen = new Set(); // in production: a unique column of your database

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const rawBody = Buffer.concat(chunks); // the bytes as they came: JSON that is written anew has another signature
  const check = request.url === "/plain" ? verifyPlain : verify;
  if (!check(request.headers, rawBody, SECRET)) {
    response.writeHead(401).end();
    return;
  }
  response.writeHead(204).end(); // first the answer, then the work
  const id = request.headers["webhook-id"];
  if (seen.has(id)) return; // sent again: at least once means that it may come twice
  seen.add(id);
  const { event, call_id, call_status, call_outcome } = JSON.parse(rawBody.toString());
  console.log(event, call_id, call_status, call_outcome?.disposition ?? "");
});

server.listen(Number(process.env.PORT ?? 3000), () => console.log(`listening on ${server.address().port}`));

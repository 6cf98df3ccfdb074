// Whether a notification is authentic, using only WebCrypto, so that it runs in Node, Workers, Deno and browsers alike.

/** `Request.headers`, Node's `request.headers`, or a plain object with names in any case. */
export type HeaderSource = Headers | Record<string, string | readonly string[] | undefined>;

export interface SignatureOptions {
  /** How old, or how far ahead, a notification may be, in seconds (300). */
  toleranceSeconds?: number;
  /** Accepts `X-Audatec-Signature` alone. It does not say when it was made, so whoever intercepts one can replay it forever. */
  allowUntimed?: boolean;
  /** The current time in milliseconds, for tests. */
  now?: number;
}

/** The result of a check; `reason` says why it is not valid. */
export type Verdict = { valid: true; header: "webhook-signature" | "x-audatec-signature" } | { valid: false; reason: string };

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/**
 * Whether this body was recently signed with one of these secrets. During a rotation give both secrets, or the one that you have:
 * notifications are signed with each that is still valid.
 *
 * `body` is the raw body as received: parsed and serialised again, it is no longer the same.
 */
export async function verifySignature(
  body: string | Uint8Array,
  headers: HeaderSource,
  secrets: string | readonly string[],
  options: SignatureOptions = {},
): Promise<boolean> {
  return (await checkSignature(body, headers, secrets, options)).valid;
}

/** The same, with the reason. */
export async function checkSignature(
  body: string | Uint8Array,
  headers: HeaderSource,
  secrets: string | readonly string[],
  { toleranceSeconds = 300, allowUntimed = false, now = Date.now() }: SignatureOptions = {},
): Promise<Verdict> {
  const all = typeof secrets === "string" ? [secrets] : secrets;
  if (all.length === 0 || all.some((secret) => secret === "")) throw new TypeError("a secret is needed: whsec_…");
  const bytes: Bytes = typeof body === "string" ? encoder.encode(body) : new Uint8Array(body);
  const standard = headerOf(headers, "webhook-signature");
  // If it is there, it decides: otherwise it could be bypassed by adding the other header, intercepted earlier.
  if (standard !== undefined) return checkStandard(standard, bytes, headers, all, toleranceSeconds, now);
  const plain = headerOf(headers, "x-audatec-signature");
  if (plain === undefined) return { valid: false, reason: "it has neither webhook-signature nor X-Audatec-Signature" };
  if (!allowUntimed) return { valid: false, reason: "it has no webhook-signature, so there is no telling when it was signed" };
  const given = fromHex(plain.trim());
  for (const secret of all) {
    if (given && (await isMac(encoder.encode(secret), given, bytes))) return { valid: true, header: "x-audatec-signature" };
  }
  return { valid: false, reason: "no secret gives this X-Audatec-Signature for this body" };
}

/** Standard Webhooks 1.0.0: several signatures, separated by spaces, over id, time and body. */
async function checkStandard(
  signatures: string,
  body: Bytes,
  headers: HeaderSource,
  secrets: readonly string[],
  toleranceSeconds: number,
  now: number,
): Promise<Verdict> {
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp")?.trim();
  if (!id || !timestamp) return { valid: false, reason: "webhook-id and webhook-timestamp belong to its webhook-signature" };
  if (!/^\d{1,12}$/.test(timestamp)) return { valid: false, reason: "webhook-timestamp is not a number of seconds" };
  const ageSeconds = now / 1000 - Number(timestamp);
  if (ageSeconds > toleranceSeconds) return { valid: false, reason: `it is ${Math.round(ageSeconds)} s old` };
  if (ageSeconds < -toleranceSeconds) return { valid: false, reason: `it is ${Math.round(-ageSeconds)} s ahead of this clock` };
  const signed = concat(encoder.encode(`${id}.${timestamp}.`), body);
  for (const signature of signatures.split(" ")) {
    const given = signature.startsWith("v1,") ? fromBase64(signature.slice(3)) : null;
    if (!given) continue;
    for (const secret of secrets) {
      if (await isMac(keyOf(secret), given, signed)) return { valid: true, header: "webhook-signature" };
    }
  }
  return { valid: false, reason: "no secret gives this webhook-signature for this body" };
}

function headerOf(headers: HeaderSource, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() === name && value !== undefined) return typeof value === "string" ? value : value.join(",");
  }
  return undefined;
}

/** WebCrypto compares in constant time. */
async function isMac(key: Bytes, mac: Bytes, message: Bytes): Promise<boolean> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  return crypto.subtle.verify("HMAC", imported, mac, message);
}

/** A secret's key under Standard Webhooks: what follows `whsec_`, decoded. */
function keyOf(secret: string): Bytes {
  const encoded = secret.replace(/^whsec_/, "");
  return fromBase64(encoded) ?? encoder.encode(encoded);
}

function fromBase64(text: string): Bytes | null {
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return bytes.length > 0 ? bytes : null;
  } catch {
    return null;
  }
}

function fromHex(text: string): Bytes | null {
  if (!/^([0-9a-f]{2})+$/i.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function concat(first: Bytes, second: Bytes): Bytes {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

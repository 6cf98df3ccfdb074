// Checks a notification's signatures in the browser: neither body nor secret leaves it.

export interface Verdict {
  name: string;
  isValid: boolean;
  text: string;
}

export interface Given {
  body: string;
  /** Header lines as copied from a log, or only the signature. */
  headers: string;
  secret: string;
}

const encoder = new TextEncoder();

async function hmac(key: Uint8Array<ArrayBuffer>, message: string): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, encoder.encode(message)));
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

function decoded(secret: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(secret.replace(/^whsec_/, "")), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

/** Header lines, or JSON of them, or a bare signature. Names are in lower case. */
export function readHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split(/[\n,](?=\s*"?[A-Za-z-]+"?\s*:)|\n/)) {
    const match = /^[\s<>{"]*([A-Za-z-]+)"?\s*:\s*"?(.*?)"?[\s},]*$/.exec(line);
    if (match?.[1] && match[2] !== undefined) headers.set(match[1].toLowerCase(), match[2]);
  }
  const bare = text.trim();
  if (headers.size === 0 && /^[0-9a-f]{64}$/i.test(bare)) headers.set("x-audatec-signature", bare);
  if (headers.size === 0 && /^v1,/.test(bare)) headers.set("webhook-signature", bare);
  return headers;
}

/** One verdict for each signature found. */
export async function check({ body, headers: text, secret: given }: Given): Promise<Verdict[]> {
  const headers = readHeaders(text);
  const secret = given.trim();
  const verdicts: Verdict[] = [];
  const plain = headers.get("x-audatec-signature");
  if (plain !== undefined) {
    const right = hex(await hmac(encoder.encode(secret), body));
    verdicts.push(verdict("X-Audatec-Signature", plain.trim().toLowerCase() === right, whyNot(secret, body)));
  }
  const standard = headers.get("webhook-signature");
  if (standard !== undefined) verdicts.push(await checkStandard(standard, headers, secret, body));
  return verdicts;
}

async function checkStandard(standard: string, headers: Map<string, string>, secret: string, body: string): Promise<Verdict> {
  const id = headers.get("webhook-id");
  const timestamp = headers.get("webhook-timestamp");
  const key = decoded(secret);
  if (!id || !timestamp) {
    return verdict("webhook-signature", false, "It also covers webhook-id and webhook-timestamp: paste those headers too.");
  }
  if (!key) return verdict("webhook-signature", false, whyNot(secret, body));
  const right = `v1,${base64(await hmac(key, `${id}.${timestamp}.${body}`))}`;
  return verdict("webhook-signature", standard.split(" ").includes(right), whyNot(secret, body));
}

function verdict(name: string, isValid: boolean, hint: string): Verdict {
  return { name, isValid, text: isValid ? "Signature valid" : `Signature not valid. ${hint}` };
}

function whyNot(secret: string, body: string): string {
  if (!secret.startsWith("whsec_")) return "The secret must start with whsec_ and be pasted whole.";
  if (/^\s|\s$/.test(body)) return "The body starts or ends with white space: use the exact bytes received.";
  if (/\n/.test(body)) return "The body has line breaks: it may have been reformatted. Use the exact bytes received.";
  return "Use the exact body received, and the secret that was newest when it was sent.";
}

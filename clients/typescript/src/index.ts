export { Audatec, type AudatecOptions, type SendOptions, type WaitOptions } from "./client.ts";
export { ApiError, ConnectionError, isOutage, WaitError } from "./errors.ts";
export type { EventOptions } from "./events.ts";
export type { ItemOf, ListPath, QueryOf } from "./pages.ts";
export type { Fetch, RetryOptions } from "./retry.ts";
export { checkSignature, type HeaderSource, type SignatureOptions, type Verdict, verifySignature } from "./signature.ts";
export type * from "./types.ts";

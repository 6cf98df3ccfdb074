// The API, typed from its own document. Every failure is an `ApiError` with the API's own text.

import createClient from "openapi-fetch";
import { contact } from "./connection.ts";
import type { components, paths } from "./schema.d.ts";
import { lapse } from "./session.ts";

export type Schemas = components["schemas"];
export type Role = Schemas["Role"];
export type CallStatus = Schemas["CallStatus"];
export type ListedCall = Schemas["ListedCall"];
export type Agent = Schemas["Agent"];
export type Trunk = Schemas["SipTrunk"];
export type Delivery = Schemas["Delivery"];

/** Why a request failed. `status` is 0 if no response came at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  /** Seconds after which a retry makes sense, according to the API. */
  readonly retryAfter: number | null;
  readonly body: unknown;

  constructor(text: string, response?: Response, body?: unknown) {
    super(text);
    this.status = response?.status ?? 0;
    this.code = response?.headers.get("x-error-code") ?? (response ? "" : "no_connection");
    this.requestId = response?.headers.get("x-request-id") ?? null;
    this.retryAfter = Number(response?.headers.get("retry-after")) || null;
    this.body = body;
  }

  /** What to do next. */
  get advice(): string {
    switch (this.status) {
      case 0:
        return "Check your connection. What you entered is still here: try again when it is back.";
      case 400:
      case 413:
      case 415:
      case 422:
        return "Correct it and try again.";
      case 401:
        return "Sign in with a key that is active.";
      case 403:
        return this.code === "role_too_low" ? "Sign in with a key of that role, or ask an owner for one." : "Reload Studio and try again.";
      case 404:
        return "It may have been deleted. Go back to the list.";
      case 409:
        return this.code === "trunk_has_live_calls"
          ? "Wait for the calls to end, or release them, then try again."
          : "Reload to see its current state.";
      case 429:
        return `Try again in ${this.retryAfter ?? 1} s, or raise the trunk's limits.`;
      default:
        return `Try again in ${this.retryAfter ?? 5} s.`;
    }
  }
}

/** The typed client. `ask` turns its results into data or exceptions. */
export const api = createClient<paths>({ baseUrl: location.origin });

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data requested; throws an `ApiError`. A refused key ends the session. */
export async function ask<T>(request: Promise<Outcome<T>>): Promise<T> {
  let outcome: Outcome<T>;
  try {
    outcome = await request;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    contact(false);
    throw new ApiError("Studio can't reach the API.");
  }
  contact(true);
  const { data, error, response } = outcome;
  if (response.ok) return data as T;
  const text = (error as { error?: unknown } | undefined)?.error;
  const failure = new ApiError(typeof text === "string" ? text : `The API answered ${response.status}.`, response, error);
  if (response.status === 401) lapse(failure.message);
  throw failure;
}

/** Does something, and reports the API's refusal through `say`. */
export async function trying<T>(say: (error: ApiError | null) => void, act: () => Promise<T>): Promise<T | null> {
  say(null);
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    say(error);
    return null;
  }
}

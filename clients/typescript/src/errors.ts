// Why a request failed: the API refused it, or it had no answer.

/** The API's refusal. `message` is its own text. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** The machine-readable name, `X-Error-Code`; empty if something in front of the API answered. */
  readonly code: string;
  /** What support asks for, `X-Request-Id`. */
  readonly requestId: string | null;
  /** Seconds to wait before a retry, if the API names them. */
  readonly retryAfter: number | null;
  /** The whole body: some refusals contain more than `error`, such as `call_id` or `next_allowed_at`. */
  readonly body: unknown;

  constructor(response: Response, body: unknown) {
    super(textOf(body) ?? `The API answered ${response.status}`);
    this.status = response.status;
    this.code = response.headers.get("x-error-code") ?? "";
    this.requestId = response.headers.get("x-request-id");
    this.retryAfter = retryAfterOf(response);
    this.body = body;
  }
}

/** No response: the connection broke, or none came in time. Whether the request was carried out is unknown. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/** What was waited for did not happen in time. */
export class WaitError extends Error {
  override readonly name = "WaitError";
}

function textOf(body: unknown): string | undefined {
  const text = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** Whole seconds, or the time of day that HTTP also allows. */
export function retryAfterOf(response: Response): number | null {
  const text = response.headers.get("retry-after");
  if (text === null) return null;
  if (/^\d+$/.test(text.trim())) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}

/** Whether it may be over in a while: there was no response, the API is overloaded, or something in it or before it failed. */
export const isOutage = (error: unknown): error is ApiError | ConnectionError =>
  error instanceof ConnectionError || (error instanceof ApiError && (error.status >= 500 || error.status === 429));

// What a called phone, an agent and the network do: a table of what a real LiveKit stack was seen to do, and faults.

export interface Behaviour {
  /** What the callee does once it rings. */
  callee:
    | "answers" // and hangs up after `talkMs`
    | "rings" // until the ringing timeout
    | "nobody" // at that address: dialing until the ringing timeout
    | "holds" // answers, and never hangs up
    | "silent" // answers and sends no sound: LiveKit ends it, after `talkMs` here
    | { sip: number } // a final answer
    | { error: TwirpError; reason: string }; // no SIP status: what the dial is answered after `ringMs`, and why the callee left
  ringMs: number;
  /** The person picks up no sooner than this resolves. */
  notBefore?: Promise<unknown>;
  talkMs: number;
  agent:
    | "joins"
    | "joins_silently" // and reports nothing
    | "stays_away" // nobody takes the job
    | "raises"; // a worker took it, and its entry point raises: nobody ever connects
  /** How long the agent takes to come into its room. */
  agentMs: number;
  /** The agent leaves by itself, so long after the person picked up. */
  breaksOffMs?: number;
  room: "made" | "refused";
  /** What CreateSIPParticipant is answered without any phone. */
  refuses?: TwirpError;
  /** How long LiveKit takes from the request until there is a callee at all. */
  slowMs: number;
  /** What becomes of the answer to CreateSIPParticipant. */
  answer: "comes" | "connection_lost" | "never_comes" | "proxy_gave_up";
  /** What the agent reports at the end. */
  outcome: Record<string, unknown>;
}

export interface TwirpError {
  status: number;
  code: string;
  msg?: string;
  meta?: Record<string, string>;
}

export const USUAL: Behaviour = {
  callee: "answers",
  ringMs: 60,
  talkMs: 150,
  agent: "joins",
  agentMs: 15,
  room: "made",
  slowMs: 0,
  answer: "comes",
  outcome: { disposition: "interested", summary: "Will pay on June 20.", sentiment: "positive" },
};

/** Twirp's code and HTTP status for a final SIP status, as livekit-sip maps them. */
export function sipError(status: number): TwirpError {
  const meta = { sip_status: "…", sip_status_code: String(status), error_details: "…" };
  if ([480, 486, 600].includes(status)) return { status: 429, code: "resource_exhausted", meta };
  if ([403, 603, 607, 608].includes(status)) return { status: 403, code: "permission_denied", meta };
  if ([404, 604].includes(status)) return { status: 404, code: "not_found", meta };
  if (status === 302) return { status: 404, code: "not_found", meta };
  if (status === 408) return { status: 408, code: "deadline_exceeded", meta };
  if ([400, 484, 488, 606, 699].includes(status)) return { status: 400, code: "invalid_argument", meta };
  if (status === 487) return { status: 409, code: "aborted", meta };
  return status === 503 ? { status: 412, code: "failed_precondition", meta } : { status: 500, code: "internal", meta };
}

export const CANCELED: TwirpError = { status: 408, code: "canceled" };
/** The SIP node says nothing any more; and the carrier refused the credentials, or had no codec in common. */
export const NODE_SILENT: TwirpError = { status: 408, code: "deadline_exceeded" };
export const NOT_AGREED: TwirpError = { status: 412, code: "failed_precondition" };
export const NO_SIP_NODE: TwirpError = { status: 503, code: "unavailable", msg: "no response from servers" };
export const NODE_FULL: TwirpError = { status: 503, code: "unavailable", msg: "cpu exhausted" };
export const NO_CREDENTIALS: TwirpError = {
  status: 412,
  code: "failed_precondition",
  msg: "sip server required auth, but no username or password was provided",
};
export const NO_SUCH_TRUNK: TwirpError = { status: 404, code: "not_found", msg: "requested sip trunk does not exist" };

/** What `participant_left` says of a callee whose carrier gave this final SIP status. */
export function reasonOf(sip: number): string {
  return [486, 600, 603, 607, 608].includes(sip) ? "USER_REJECTED" : "CLIENT_INITIATED";
}

/** "45s", "0.500s" */
export function millis(duration: unknown): number {
  const match = /^(\d+(?:\.\d+)?)s$/.exec(String(duration));
  if (!match) throw new Error(`not a duration: ${duration}`);
  return Number(match[1]) * 1000;
}

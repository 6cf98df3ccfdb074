// A round trip with the client that openapi-generator makes for TypeScript (fetch). What it saw is printed as one line of JSON.

import { AgentsApi, type CallState, CallsApi, CallStatus, Configuration, EventsApi, FeedEventName, ResponseError, SIPTrunksApi } from "./client/index";

declare const process: { env: Record<string, string> };

const { BASE_URL = "", API_KEY = "", AGENT_ID = "", TRUNK_ID = "", REJECTED_ID = "", METADATA = "" } = process.env;
const configuration = new Configuration({ basePath: BASE_URL, accessToken: API_KEY });
const calls = new CallsApi(configuration);

async function refusal(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    const { error: text } = (await error.response.json()) as { error: string };
    return [error.response.status, error.response.headers.get("x-error-code"), text];
  }
}

async function ended(callId: string): Promise<CallState> {
  for (;;) {
    const status = await calls.getCallStatus({ callId });
    if (status.isTerminal) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const { agents } = await new AgentsApi(configuration).listAgents();
const triggerCall = { phoneNumber: "+919876543210", agentId: AGENT_ID, sipTrunkId: TRUNK_ID, metadata: JSON.parse(METADATA) as object };
const first = await calls.triggerCallRaw({ triggerCall, idempotencyKey: "typescript" });
const again = await calls.triggerCallRaw({ triggerCall, idempotencyKey: "typescript" });
const dry = await calls.triggerCallRaw({ triggerCall: { ...triggerCall, dryRun: true } });
const [accepted, replayed, foretold] = [await first.value(), await again.value(), await dry.value()];
const { callId = "" } = accepted;
const status = await ended(callId);
const rejected = await calls.getCall({ callId: REJECTED_ID });
const error = await refusal(calls.getCallStatus({ callId: crypto.randomUUID() }));
const listed = await calls.listCalls({
  callStatus: [CallStatus.Completed, CallStatus.RejectedCapacity],
  createdAfter: "2026-01-01T00:00:00+00:00",
});
const trunk = await new SIPTrunksApi(configuration).getTrunk({ id: TRUNK_ID });
const { events } = await new EventsApi(configuration).listEvents({ type: [FeedEventName.CallCompleted] });
const event = events[0];

console.log(
  JSON.stringify({
    agents: agents.map(({ name }) => name),
    accepted: [first.raw.status, accepted.status, accepted.pollUrl === `/integration/v1/calls/${callId}/status`],
    replayed: [again.raw.status, replayed.callId === callId, again.raw.headers.get("idempotent-replayed")],
    dry: [dry.raw.status, foretold.dryRun, foretold.would, foretold.callId ?? null],
    status: [status.id === callId, status.callStatus, (status.callOutcome as { disposition: string }).disposition],
    rejected: [rejected.callStatus, rejected.failure?.code, rejected.duration],
    error,
    listed: listed.calls.map((call) => call.callStatus).sort(),
    carrier: trunk.carrier.type,
    event: [event?.type, (event?.data as { callStatus?: string } | undefined)?.callStatus],
  }),
);

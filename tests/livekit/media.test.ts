// Transcripts and recordings: the platform's own links, which exist from the end of the call on, and lead to nothing until the
// media has arrived.

import { expect, test } from "vitest";
import { type Answer, expectError, found } from "../edge/harness.ts";
import { until } from "../edge/until.ts";
import { useWorld } from "./world.ts";

/** A conversation lasts until somebody ends it. */
const world = useWorld({ vars: { MAX_CALL_SECONDS: "60" } });
const TIMEOUT = { timeout: 40_000 };
const STORAGE = { endpoint: "https://s3.example.com", region: "ap-south-1", bucket: "calls", prefix: "acme/", access_key: "AKIA", secret: "the storage's secret" };

test("a call of an organisation that keeps nothing has no links", TIMEOUT, async () => {
  const call = await world.ended(await world.call());

  expect([call.transcript_url, call.recording_url]).toEqual([null, null]);
});

/** Reports as a call's agent does. */
function reporter(call: string): (body: unknown) => Promise<[status: number, answer: unknown]> {
  const job = world.livekit.rooms.get(call)?.job;
  const headers = { authorization: `Bearer ${job?.report_token}`, "content-type": "application/json" };
  return async (body) => {
    const response = await fetch(job?.report_url ?? "", { method: "POST", headers, body: JSON.stringify(body) });
    return [response.status, await response.json()];
  };
}

test("the settings: owner alone, the secret never shown, another shape refused", TIMEOUT, async () => {
  const { owner } = world.org;
  // What an organisation keeps of its calls, among other settings.
  const media = (answer: Answer<{ transcripts: boolean; recordings: object | null }>) => {
    const { transcripts, recordings } = found(answer);
    return { transcripts, recordings };
  };
  const change = async (body: object) => media(await owner.patch("/settings", body));
  expect(media(await owner.get("/settings"))).toEqual({ transcripts: false, recordings: null });
  expect((await (await world.org.client("admin")).get("/settings")).status).toBe(403);
  for (const [body, text] of [
    [{ transcripts: "yes" }, "transcripts must be true or false"],
    [{ recordings: [] }, "recordings must be an object"],
    [{ recordings: { bucket: "b" } }, "recordings.access_key is required"],
    [{ recordings: { ...STORAGE, endpoint: "s3.example.com" } }, "recordings.endpoint must be a valid http or https URL"],
    [{ recordings: { ...STORAGE, colour: "red" } }, "unknown field: recordings.colour"],
    [{ colour: "red" }, "unknown field: colour"],
  ] as const) {
    expectError(await owner.patch("/settings", body), 400, text);
  }
  const { secret: _, ...shown } = STORAGE;
  expect(await change({ transcripts: true, recordings: STORAGE })).toEqual({ transcripts: true, recordings: shown });
  expect(await change({ recordings: { prefix: "new/" } })).toEqual({ transcripts: true, recordings: { ...shown, prefix: "new/" } });
  expect(await change({ recordings: STORAGE })).toEqual({ transcripts: true, recordings: shown });
});

test("both are kept: the links are stable, and open what is in", TIMEOUT, async () => {
  const { livekit, org } = world;
  const placed = await world.call({ callee: "holds" });
  await org.reached(placed.id, "Answered");
  expect((await org.status(placed.id)).transcript_url).toBeNull();
  livekit.rooms.get(placed.id)?.hangUp();
  const call = await world.ended(placed);
  const { transcript_url, recording_url } = call as { transcript_url: string; recording_url: string };

  const egress = livekit.asked.find(({ method, body }) => method === "Egress/StartRoomCompositeEgress" && body["room_name"] === placed.id);
  const { prefix, ...s3 } = STORAGE;
  expect(egress?.body).toMatchObject({ audio_only: true, file_outputs: [{ filepath: `${prefix}${placed.id}.ogg`, s3 }] });

  const transcript = await until("the transcript", async () => {
    const response = await fetch(transcript_url);
    return response.ok && ((await response.json()) as { transcript: { text: string }[] });
  });
  expect(transcript.transcript.map(({ text }) => text)).toEqual(["Hello."]);
  const recording = await until("the recording", async () => {
    const response = await fetch(recording_url, { redirect: "manual" });
    return response.status === 302 && response;
  });
  expect(recording.headers.get("location")).toBe(`https://calls.s3.example.com/acme/${placed.id}.ogg`);
  expect(await org.status(placed.id)).toMatchObject({ transcript_url, recording_url });

  const forged = new URL(transcript_url);
  forged.searchParams.set("expires", String(Number(forged.searchParams.get("expires")) + 1));
  for (const url of [forged.href, transcript_url.replace("transcript", "recording"), transcript_url.split("?")[0] ?? "", transcript_url.replace(/.$/, "x")]) {
    expect((await fetch(url, { redirect: "manual" })).status, url).toBe(404);
  }
});

test("the agent never tells what was said: the link is there, and 404", TIMEOUT, async () => {
  const call = await world.ended(await world.call({ agent: "joins_silently" }));

  expect(call.transcript_url).toMatch(/^http/);
  expect((await fetch(call.transcript_url ?? "")).status).toBe(404);
});

test("a transcript that is too long is refused, an empty one leaves room for the one that comes, and the first one stays", TIMEOUT, async () => {
  const placed = await world.call({ callee: "holds", agent: "joins_silently" });
  await world.org.reached(placed.id, "Answered");
  const report = reporter(placed.id);
  const line = (text: string) => ({ role: "agent", text, at: "2026-06-14T10:32:06.000Z" });

  expect(await report({ transcript: [line("x".repeat(57_344))] })).toEqual([400, { error: "transcript must be at most 57344 bytes" }]);
  expect(await report({ transcript: [] })).toEqual([200, {}]);
  expect(await report({ transcript: [line("Hello.")] })).toEqual([200, {}]);
  expect(await report({ transcript: [line("Something else.")] })).toEqual([200, {}]);

  const { transcript } = found(await world.org.owner.get<{ transcript: { text: string }[] }>(`/calls/${placed.id}/transcript`));
  expect(transcript.map(({ text }) => text)).toEqual(["Hello."]);
  world.livekit.rooms.get(placed.id)?.hangUp();
  await world.ended(placed);
});

test("where transcripts are not enabled nothing of one is kept", TIMEOUT, async () => {
  const { owner } = world.org;
  found(await owner.patch("/settings", { transcripts: false }));
  const placed = await world.call();
  const call = await world.ended(placed);
  found(await owner.patch("/settings", { transcripts: true }));

  expect(call.call_outcome?.["disposition"]).toBe("interested"); // its agent reported both
  expect(call.transcript_url).toBeNull();
  expect(found(await owner.get(`/calls/${placed.id}/transcript`))).toEqual({ call_id: placed.id, transcript: [] });
});

test("a call that nobody answered has no links", TIMEOUT, async () => {
  const call = await world.ended(await world.call({ callee: { sip: 486 } }));

  expect([call.transcript_url, call.recording_url]).toEqual([null, null]);
});

test("an outcome that does not fit the agent's schema is refused, and one that does is kept", TIMEOUT, async () => {
  const outcome_schema = { type: "object", properties: { disposition: { enum: ["interested", "unknown"] } }, required: ["disposition"] };
  const { id: agent_id } = await world.org.newAgent({ outcome_schema, voicemail: { action: "leave_message", message: "Call us." }, input_schema: { fields: [] } });
  const number = world.livekit.number({ callee: "holds", agent: "joins_silently" });
  const id = await world.org.call({ phone_number: number, agent_id, metadata: { number } });
  await world.org.reached(id, "Answered");
  const job = world.livekit.rooms.get(id)?.job;
  expect(job).toMatchObject({ outcome_schema, voicemail: { action: "leave_message", message: "Call us." } });
  const tell = reporter(id);
  const report = (outcome: unknown) => tell({ outcome });
  expect(await report({ disposition: "x" })).toEqual([400, { error: "outcome.disposition must be one of interested, unknown" }]);
  expect(await report({})).toEqual([400, { error: "outcome.disposition is required" }]);
  expect(await report({ disposition: "interested" })).toEqual([200, {}]);
  expect((await world.org.ended(id, 20_000)).call_outcome).toEqual({ disposition: "interested" });
});

test("a schema that is not understood can't be saved", TIMEOUT, async () => {
  const body = (outcome_schema: unknown) => ({ name: "x", agent_code: "x", input_schema: { fields: [] }, outcome_schema });
  const answer = await world.org.owner.post("/agents", body({ type: "object", pattern: "x" }));
  expect([answer.status, answer.body]).toEqual([400, { error: "outcome_schema.pattern is not supported" }]);
});

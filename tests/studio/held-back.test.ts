// Agents that a trunk holds back because they broke off: its page says which, and until when.

import { expect, test } from "vitest";
import { created } from "../edge/harness.ts";
import { until } from "../edge/until.ts";
import { again, useWorld } from "../livekit/world.ts";
import { sees, useStudio } from "./browser.ts";

const world = useWorld({ vars: { RING_TIMEOUT_SECONDS: "5", MAX_CALL_SECONDS: "60" } });
const studio = useStudio(world.server);

test("a trunk's page names the agents that it holds back, as that happens and to who comes later, until one is back", {
  timeout: 120_000,
}, async () => {
  const sip_trunk_id = await world.newTrunk();
  const { id: agent_id } = await again(() => world.org.newAgent({ name: "Breaks off", input_schema: { fields: [] } }));
  const place = async (breaksOffMs?: number) => {
    const number = world.livekit.number({ callee: "holds", agent: "joins_silently", ...(breaksOffMs !== undefined && { breaksOffMs }) });
    return created(await again(() => world.org.trigger({ phone_number: number, metadata: { number }, agent_id, sip_trunk_id }))).call_id;
  };
  const page = await studio.signedIn(world.org, "viewer", `/studio/trunks/${sip_trunk_id}`);
  await page.getByText("Live", { exact: true }).waitFor();
  const note = page.getByText(/broke off three calls in a row/);
  expect(await note.count()).toBe(0);

  for (let calls = 0; calls < 3; calls++) await again(() => place(100).then((id) => world.org.ended(id, 30_000)));

  await sees(page, /^Breaks off broke off three calls in a row: its calls over this trunk get\s+502 until a probe succeeds\./);
  expect(await note.getByRole("link").getAttribute("href")).toBe(`/studio/agents/${agent_id}`);
  await sees(page, "The next probe is due now.");
  await page.reload();
  await note.waitFor();

  const probe = await place();
  await until("the answer", async () => (await again(() => world.org.status(probe))).call_status === "Answered", 20_000);
  await note.waitFor({ state: "detached" });
  await (await world.org.client("member")).post(`/calls/${probe}/cancel`);
});

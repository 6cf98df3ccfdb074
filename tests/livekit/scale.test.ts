// 500 phones that ring at the same moment, each for 20 s: a waiting dial holds up no other.

import { expect, test } from "vitest";
import { until } from "../edge/until.ts";
import { useWorld } from "./world.ts";

const CALLS = 500;
const world = useWorld({ vars: { RING_TIMEOUT_SECONDS: "45", MAX_CALL_SECONDS: "60" } });

test(`${CALLS} calls ring at once`, { timeout: 180_000 }, async () => {
  const { livekit } = world;
  const placed = await Promise.all(Array.from({ length: CALLS }, () => world.call({ ringMs: 20_000, talkMs: 1_000 })));
  const ringing = () => [...livekit.rooms.values()].filter(({ status }) => status === "ringing").length;
  await until(`${CALLS} phones to ring at once`, () => ringing() === CALLS, 20_000);
  await until("none to ring any more", () => ringing() === 0, 40_000);
  for (const call of placed) expect((await world.ended(call, 60_000)).call_status).toBe("Completed");

  expect([...livekit.dials.values()].every((dials) => dials === 1)).toBe(true);
  expect(livekit.dials.size).toBe(CALLS);
});

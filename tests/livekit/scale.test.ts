// 500 phones that ring at the same moment, each for at least 20 s: a waiting dial holds up no other.

import { expect, test } from "vitest";
import { until } from "../edge/until.ts";
import { useWorld } from "./world.ts";

const CALLS = 500;
const world = useWorld({ vars: { RING_TIMEOUT_SECONDS: "120", MAX_CALL_SECONDS: "60" } });

test(`${CALLS} calls ring at once`, { timeout: 240_000 }, async () => {
  const { livekit } = world;
  // However slow the machine: the first to ring waits for the last.
  let pickUp = (): void => {};
  const notBefore = new Promise<void>((resolve) => (pickUp = resolve));
  const placed = await Promise.all(Array.from({ length: CALLS }, () => world.call({ ringMs: 20_000, talkMs: 1_000, notBefore })));
  const ringing = () => [...livekit.rooms.values()].filter(({ status }) => status === "ringing").length;
  await until(`${CALLS} phones to ring at once`, () => ringing() === CALLS, 110_000).catch(async (error) => {
    const ended = await Promise.all(placed.map(({ id }) => world.org.detail(id)));
    const why = ended.filter(({ is_terminal }) => is_terminal).map(({ call_status, failure }) => `${call_status}: ${failure?.code}`);
    throw new Error(`${ringing()} ring; ended: ${[...new Set(why)]}`, { cause: error });
  });
  pickUp();
  await until("none to ring any more", () => ringing() === 0, 40_000);
  for (const call of placed) expect((await world.ended(call, 60_000)).call_status).toBe("Completed");

  expect([...livekit.dials.values()].every((dials) => dials === 1)).toBe(true);
  expect(livekit.dials.size).toBe(CALLS);
});

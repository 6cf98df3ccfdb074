// A trunk that is asked many questions, many at a time, for long: each is answered. Questions of different requests go to its
// object together, and V8 optimises the code that does that after some 16,000 of them: only then does it show whether each
// request still continues as itself.
//
// `npm run prove -- "busy trunk"`.

import { expect, test } from "vitest";
import { Org, useServer } from "./harness.ts";
import { until } from "./until.ts";

const QUESTIONS = 40_000;
const AT_ONCE = 20;

const server = useServer();

test("a trunk that is asked 40,000 times, 20 at once, answers each time", { timeout: 300_000 }, async () => {
  const org = await Org.create(server);
  const call = await org.call();
  await until("its end", async () => (await org.status(call)).is_terminal);
  const headers = { authorization: `Bearer ${org.owner.key}` };
  const statuses = new Map<number, number>();
  const startedAt = performance.now();
  let left = QUESTIONS;
  const ask = async () => {
    while (left-- > 0) {
      const { status } = await fetch(`${server.url}/integration/v1/calls/${call}`, { headers }).then(async (answer) => (await answer.text(), answer));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  console.log(`prove: a trunk that is asked much: ${QUESTIONS} questions, ${AT_ONCE} at once, ${((performance.now() - startedAt) / 1000).toFixed(0)} s, answered ${[...statuses].map(([status, count]) => `${count} times ${status}`).join(", ")}`);
  expect([...statuses]).toEqual([[200, QUESTIONS]]);
});

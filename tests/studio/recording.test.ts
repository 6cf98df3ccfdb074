// A call's recording: behind the platform's own link, played on its page.

import { expect, test } from "vitest";
import { useWorld } from "../livekit/world.ts";
import { useStudio } from "./browser.ts";

const world = useWorld();
const studio = useStudio(world.server);
const STORAGE = {
  endpoint: "https://s3.example.com",
  region: "ap-south-1",
  bucket: "calls",
  prefix: "acme/",
  access_key: "AKIA",
  secret: "s",
};

/** So many seconds of silence, as WAV: 8,000 samples a second, a byte each. */
function silence(seconds: number): Buffer {
  const samples = Buffer.alloc(8_000 * seconds, 0x80);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16); // the length of the format
  head.writeUInt16LE(1, 20); // PCM
  head.writeUInt16LE(1, 22); // mono
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

test("a recording is asked for when it is played, and plays from where it is stored", { timeout: 60_000 }, async () => {
  await world.org.owner.patch("/settings", { recordings: STORAGE });
  const placed = await world.call({ ringMs: 300, talkMs: 800 });
  const { recording_url } = await world.ended(placed);
  const page = await studio.signedIn(world.org, "viewer", `/studio/calls/${placed.id}`);
  const stored: (string | undefined)[] = [];
  await page.route(recording_url ?? "", async (route) => {
    const answer = await route.fetch({ maxRedirects: 0 });
    stored.push(answer.headers()["location"]);
    // What the storage would answer; the way there, across a redirect, can't be taken in its place.
    await route.fulfill({ contentType: "audio/wav", body: silence(2) });
  });

  const player = page.locator("audio[controls]");
  await player.waitFor();
  expect(stored).toEqual([]);
  const duration = await player.evaluate(async (audio: HTMLAudioElement) => {
    await audio.play();
    return audio.duration;
  });

  expect(duration).toBe(2);
  expect(new Set(stored)).toEqual(new Set([`https://calls.s3.example.com/acme/${placed.id}.ogg`]));
});

test("a call without one says so", { timeout: 60_000 }, async () => {
  const placed = await world.call({ callee: { sip: 486 } });
  await world.ended(placed);

  const page = await studio.signedIn(world.org, "viewer", `/studio/calls/${placed.id}`);

  await page.getByText("There is none: calls are recorded only if they are enabled.").waitFor();
  expect(await page.locator("audio").count()).toBe(0);
});

// What JavaScript logs, in the shape of `src/app/telemetry.rs`: one JSON line for each event. `docs/logs.md` lists them.

/**
 * * `request_failed` (`cause`, `at`): A request trapped, threw or was not answered in time. It got 500, or the end of its stream.
 * * `promise_rejected` (`cause`, `at`): A promise was rejected and nothing handled it: a bug in the platform.
 * * `cron_failed` (`cause`, `at`): The cron's run failed. Only the local run logs this; on Cloudflare the runtime reports it.
 *
 * @typedef {"request_failed" | "promise_rejected" | "cron_failed"} EventName
 */

const TEXT_MAX = 300;
const FRAMES = 5;

/** @param {EventName} event @param {unknown} error */
export function logError(event, error) {
  const { message = String(error), stack = "" } = error instanceof Error ? error : {};
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const at = frames.slice(0, FRAMES).map((frame) => frame.trim().slice(3));
  console.error(JSON.stringify({ level: "error", event, cause: scrubbed(message), at }));
}

/** Without phone numbers, credentials, tokens and paths of URLs, as in `telemetry.rs`. @param {string} text */
function scrubbed(text) {
  return text
    .slice(0, TEXT_MAX)
    .replace(/(\w+:\/\/)(?:[^\s/]*@)?([^\s/?#"')]*)[^\s"')]*/g, (_, scheme, host) => `${scheme}${isHost(host) ? host : "…"}/…`)
    .replace(/[^\s"'`()<>[\]{},;=]+/g, (word) => (isSecret(word) ? "…" : word));
}

/** @param {string} text */
const isHost = (text) => /^[a-z0-9.:-]*$/.test(text) && !/\d{7}/.test(text);

/** @param {string} word */
function isSecret(word) {
  if (/^[0-9a-f-]{36}$/i.test(word) || word.includes("://")) return false;
  return /@|^\/.|audtk_|whsec_|\d{7}|^\+(?:\D*\d){7}/.test(word) || (word.length >= 20 && /\d/.test(word));
}

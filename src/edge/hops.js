// Several questions to one object in one message, and one question on behalf of several callers.
//
// While some of this isolate's questions to an object are under way, the next ones to it gather, and go together as soon as one
// of those is answered: an idle object is never waited for. All of them then take one message, one turn of the object and one
// commit, though each is decided by itself, in order, and has its own answer. (Measured with 64 at a time on four trunks: the
// processor time of `POST /calls` falls by a third. With fewer in parallel, it costs what it saves: settling another request's
// promise takes the runtime nearly as long as a short trip to an object.)
//
// The runtime ties a question to the request that asks it, and a client may go away while others wait. So the first of those that
// gather leads: `waitUntil` keeps its invocation alive until all have their answers. Each waits for a promise of its own, which
// the runtime settles in the request that created it. Nobody learns that the question of an abandoned request was answered, so a
// question counts as under way only for a moment. A failure fails every question in the message, once each: nothing is asked
// twice, since nobody can tell what the object did.

/** How many questions to an object may be under way before others gather, */
const SIDE_BY_SIDE = 4;
/** and for how long each counts: an object slower than that is asked in parallel. */
const PATIENCE_MS = 250;
/** The most questions in one message. */
const MOST = 64;
/** What an object of an earlier release answers to several questions: it has done none of them. */
const UNKNOWN = '"Unknown"';
const LINE_BREAK = 10;

/**
 * @typedef {object} Question
 * @property {string} body in one line
 * @property {(answer: Uint8Array) => void} resolve
 * @property {(error: unknown) => void} reject
 *
 * @typedef {(body: string) => Promise<Uint8Array>} Exchange one message and its answer
 * @typedef {{ waitUntil(work: Promise<unknown>): void }} Context
 *
 * @typedef {object} Lane the way to an object
 * @property {Set<{ since: number }>} underWay
 * @property {Question[] | null} gathering what goes next
 * @property {(() => void) | null} go tells who leads these that they may go
 *
 * @typedef {{ since: number, endsAt: number, others: Question[] }} Asked
 */

/** @type {Map<string, Lane>} */
const lanes = new Map();

/** Questions whose answers others may share. @type {Map<string, Asked>} */
const asked = new Map();

/**
 * Asks an object, in one message with others if it is busy.
 * @param {string} object
 * @param {string} body in one line
 * @param {Exchange} exchange
 * @param {number} limitMs how long an answer may take
 * @param {Context} ctx of the request that asks
 * @returns {Promise<Uint8Array>}
 */
export function together(object, body, exchange, limitMs, ctx) {
  const lane = lanes.get(object) ?? open(object);
  const isFull = lane.gathering?.length === MOST;
  if (isFull || (!lane.gathering && hasRoom(lane))) return within(limitMs, go(object, lane, exchange(body)));
  const { promise, resolve, reject } = withResolvers();
  const question = { body, resolve, reject };
  if (lane.gathering) lane.gathering.push(question);
  else ctx.waitUntil(lead(object, lane, (lane.gathering = [question]), exchange));
  return within(limitMs, promise);
}

/** @param {string} object */
function open(object) {
  /** @type {Lane} */
  const lane = { underWay: new Set(), gathering: null, go: null };
  lanes.set(object, lane);
  return lane;
}

/** @param {Lane} lane */
function hasRoom({ underWay }) {
  for (const one of underWay) if (one.since + PATIENCE_MS < Date.now()) underWay.delete(one);
  return underWay.size < SIDE_BY_SIDE;
}

/** @param {string} object @param {Lane} lane @param {Promise<Uint8Array>} answer */
function go(object, lane, answer) {
  const one = { since: Date.now() };
  lane.underWay.add(one);
  const end = () => {
    lane.underWay.delete(one);
    lane.go?.();
    lane.go = null;
    if (!lane.gathering && lane.underWay.size === 0 && lanes.get(object) === lane) lanes.delete(object);
  };
  answer.then(end, end);
  return answer;
}

/** Sends the gathered questions as soon as they may go. @param {string} object @param {Lane} lane @param {Question[]} questions @param {Exchange} exchange */
async function lead(object, lane, questions, exchange) {
  const { promise, resolve } = withResolvers();
  lane.go = () => resolve(undefined);
  const timer = setTimeout(lane.go, PATIENCE_MS);
  await promise;
  clearTimeout(timer);
  if (lane.gathering === questions) [lane.gathering, lane.go] = [null, null];
  await send(questions, (body) => go(object, lane, exchange(body)), exchange);
}

/** @param {Question[]} questions @param {Exchange} exchange @param {Exchange} alone */
async function send(questions, exchange, alone) {
  try {
    const answer = await exchange(questions.map(({ body }) => body).join("\n"));
    const answers = questions.length === 1 ? [answer] : lines(answer);
    if (answers.length === questions.length) return questions.forEach((question, at) => tell(question, answers[at]));
    if (new TextDecoder().decode(answer) !== UNKNOWN) throw new Error("as many answers as questions were expected");
    await Promise.allSettled(questions.map(({ body, resolve, reject }) => alone(body).then(resolve, reject)));
  } catch (error) {
    for (const { reject } of questions) reject(error);
  }
}

/**
 * Asks a question whose answer several waiting callers may share: a caller who asks the same while another waits, and who knows
 * no less and waits no shorter, gets that one's answer. It may come early, and may contain news that is none to a caller who
 * knows more.
 * @param {string} question what is asked, and by whom
 * @param {number} since what is known already
 * @param {number} waitMs how long the answer may wait for news
 * @param {() => Promise<Uint8Array>} ask
 * @param {number} limitMs
 * @param {Context} ctx of the request that asks
 * @returns {Promise<Uint8Array>}
 */
export function alike(question, since, waitMs, ask, limitMs, ctx) {
  const endsAt = Date.now() + waitMs;
  const known = asked.get(question);
  if (known && known.since <= since && known.endsAt <= endsAt) {
    const { promise, resolve, reject } = withResolvers();
    known.others.push({ body: "", resolve, reject });
    return within(limitMs, promise);
  }
  const answer = ask();
  ctx.waitUntil(share(question, { since, endsAt, others: [] }, answer));
  return within(limitMs, answer);
}

/** @param {string} question @param {Asked} mine @param {Promise<Uint8Array>} answer */
async function share(question, mine, answer) {
  asked.set(question, mine);
  const told = await answer.catch((error) => error);
  if (asked.get(question) === mine) asked.delete(question);
  for (const { resolve, reject } of mine.others) told instanceof Uint8Array ? resolve(told) : reject(told);
}

/**
 * A promise that another request may settle, with its settling functions. `new Promise` won't do: once V8 has optimised the code
 * that calls it, some 16,000 requests later, the promise lacks the mark of its request, and whoever waits for it continues as
 * part of the request that settled it. The runtime then refuses the response: "Cannot perform I/O on behalf of a different
 * request".
 * @template [T=any]
 * @returns {{ promise: Promise<T>, resolve: (value: T) => void, reject: (error: unknown) => void }}
 */
export const withResolvers = () => /** @type {any} */ (Promise).withResolvers();

/**
 * The deadline is there because an object that trapped never answers.
 * @template T
 * @param {number} limitMs @param {Promise<T>} answer
 * @returns {Promise<T>}
 */
export function within(limitMs, answer) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer in time")), limitMs);
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** Objects' ids by name: the runtime hashes the name to derive one. @type {WeakMap<object, Map<string, unknown>>} */
const ids = new WeakMap();
const MOST_IDS = 1_000;

/** @param {any} namespace @param {string} name */
function idOf(namespace, name) {
  const known = ids.get(namespace) ?? new Map();
  if (known.size === 0) ids.set(namespace, known);
  const id = known.get(name) ?? namespace.idFromName(name);
  if (known.size >= MOST_IDS) known.clear();
  known.set(name, id);
  return id;
}

/**
 * Sends one message to an object, and returns its answer.
 * @param {any} namespace @param {string} name @param {string} body
 */
export async function exchange(namespace, name, body) {
  const answer = await namespace.get(idOf(namespace, name)).fetch("https://object/", { method: "POST", body });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  return bytes;
}

/** @param {Question} question @param {Uint8Array | undefined} answer */
function tell({ resolve, reject }, answer) {
  if (answer?.length) resolve(answer);
  else reject(new Error("storage failed"));
}

/** @param {Uint8Array} bytes */
function lines(bytes) {
  const parts = [];
  for (let from = 0; ; ) {
    const end = bytes.indexOf(LINE_BREAK, from);
    parts.push(bytes.subarray(from, end < 0 ? bytes.length : end));
    if (end < 0) return parts;
    from = end + 1;
  }
}

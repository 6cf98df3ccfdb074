// Empties whatever stores something of an organisation that is being deleted: objects, copies, the archive.

/**
 * Deletes some of the keys with this prefix.
 * @param {any} env @param {string} binding @param {string} prefix
 * @returns {Promise<boolean>} whether there were any
 */
export async function removeCopies(env, binding, prefix) {
  const { keys } = await env[binding].list({ prefix, limit: 100 });
  for (const { name } of keys) await env[binding].delete(name);
  return keys.length > 0;
}

/**
 * Deletes some of the archive's objects whose names have this prefix, if the deployment has an archive: the R2 bucket `ARCHIVE`.
 * @param {any} env @param {string} prefix
 * @returns {Promise<boolean>} whether there was any
 */
export async function removeArchived(env, prefix) {
  const found = await env.ARCHIVE?.list({ prefix, limit: 1000 });
  const names = found?.objects.map((/** @type {{ key: string }} */ { key }) => key) ?? [];
  if (names.length > 0) await env.ARCHIVE.delete(names);
  return names.length > 0;
}

/**
 * Has a Durable Object delete everything it stores, or only say whether it stores anything.
 * @param {any} env @param {string} binding @param {string} name @param {boolean} forgets
 * @returns {Promise<boolean>} whether it was empty before
 */
export async function eraseObject(env, binding, name, forgets) {
  const object = env[binding].get(env[binding].idFromName(name));
  // A directory requests this itself, and has nothing else under way. Others die in the process, and answer nothing.
  const isOwn = binding === "DIRECTORIES";
  const asked = object.fetch(`https://object${isOwn ? OWN : "/"}`, { method: forgets ? "DELETE" : "HEAD" });
  const answer = await (forgets && !isOwn ? asked.catch(() => undefined) : asked);
  return answer?.status === EMPTY;
}

const EMPTY = 204;
const OWN = "/own";

/**
 * The object's side of `eraseObject`. Whatever it has under way might write once more: so it dies, and only a later question is
 * answered with "empty". A directory that requested it itself lives on, and `begins` again.
 * @param {any} ctx @param {Request} request @param {() => void} begins
 */
export async function eraseOwn(ctx, { method, url }, begins) {
  const { storage } = ctx;
  const tables = storage.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 4) <> '_cf_' LIMIT 1");
  if (tables.toArray().length === 0) return new Response(null, { status: EMPTY });
  if (method === "DELETE") {
    await storage.deleteAlarm();
    await storage.deleteAll();
    await storage.sync();
    if (!url.endsWith(OWN)) ctx.abort("It was emptied");
    begins();
  }
  return new Response();
}

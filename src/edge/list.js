// A list sent piece by piece: it need never be in memory as a whole, here or in the WebAssembly.

/**
 * The response and the pieces that follow it, each requested once the client has taken the one before. If a piece can't be had,
 * the connection is broken off, so that the client can't mistake what it has for the whole.
 * @param {Response} response
 * @param {string} rest
 * @param {(rest: string) => Promise<[piece: string, rest: string | undefined]>} goOn
 */
export function told(response, rest, goOn) {
  const encoder = new TextEncoder();
  /** @type {string | undefined} */
  let next = rest;
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(new Uint8Array(await response.arrayBuffer()));
    },
    async pull(controller) {
      let piece = "";
      // A piece may be empty though others follow.
      while (next !== undefined && piece === "") [piece, next] = await goOn(next);
      if (piece === "") return controller.close();
      controller.enqueue(encoder.encode(piece));
    },
  });
  return new Response(body, response);
}

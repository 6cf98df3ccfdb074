// A list that is told piece by piece: none of it need be in memory whole, here or in the WebAssembly.

/**
 * The answer with what follows it, each piece asked for when the client has taken the one before. A piece that can't be had
 * breaks the connection off: what the client has then can't be taken for the whole.
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
      // One may be empty though others follow.
      while (next !== undefined && piece === "") [piece, next] = await goOn(next);
      if (piece === "") return controller.close();
      controller.enqueue(encoder.encode(piece));
    },
  });
  return new Response(body, response);
}

// Receives callbacks on Cloudflare Workers, with npm's standardwebhooks. Its secret: wrangler secret put WEBHOOK_SECRET

import { Webhook } from "standardwebhooks";

export default {
  async fetch(request, env, context) {
    const rawBody = await request.text(); // as it came: JSON that is written anew has another signature
    let call;
    try {
      // The library reads plain objects: of a `Headers` object it would find no header at all.
      call = new Webhook(env.WEBHOOK_SECRET).verify(rawBody, Object.fromEntries(request.headers));
    } catch {
      return new Response(null, { status: 401 });
    }
    context.waitUntil(handle(request.headers.get("webhook-id"), call)); // first the answer, then the work
    return new Response(null, { status: 204 });
  },
};

async function handle(id, { event, call_id, call_status }) {
  console.log(id, event, call_id, call_status);
}

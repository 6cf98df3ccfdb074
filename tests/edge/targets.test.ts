// Where callbacks may not go, as a deployment judges it, in every spelling that a URL parser accepts.

import { beforeAll, describe, expect, test } from "vitest";
import { type Client, expectError, noNetwork, Org, useServer } from "./harness.ts";
import { until } from "./until.ts";

const PRIVATE = "callback_url must not point to a private address";

const LOOPBACK = [
  "http://127.0.0.1/",
  "http://127.0.0.1.:8787/",
  "http://127.1/",
  "http://2130706433/",
  "http://017700000001/",
  "http://0177.0.0.1/",
  "http://0x7f.1/",
  "http://0x7f000001/",
  "http://127.255.255.254/",
  "http://１２７.０.０.１/",
  "http://127。0。0。1/",
  "http://%31%32%37.0.0.1/",
  "http://example.com@127.0.0.1/",
  "http:\\\\127.0.0.1\\",
  "http://127.0.0.1\\@example.com/",
  "ht\ntp://127.0.0.1/",
  "http://[::1]/",
  "http://[0:0:0:0:0:0:0:1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:7f00:1]/",
  "http://localhost/",
  "http://LOCALHOST./",
  "http://ｌｏｃａｌhost/",
];

const ELSEWHERE = [
  "http://0.0.0.0/",
  "http://0/",
  "http://10.1.2.3/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.1.1/",
  "http://3232235777/",
  "http://169.254.169.254/latest/meta-data/",
  "http://0xa9fea9fe/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://100.64.0.1/",
  "http://100.100.100.200/",
  "http://192.0.0.1/",
  "http://192.0.2.1/",
  "http://198.18.0.1/",
  "http://198.51.100.1/",
  "http://203.0.113.1/",
  "http://224.0.0.1/",
  "http://255.255.255.255/",
  "http://[::]/",
  "http://[::10.0.0.1]/",
  "http://[::127.0.0.1]/",
  "http://[fc00::1]/",
  "http://[fd00:ec2::254]/",
  "http://[fe80::1]/",
  "http://[fec0::1]/",
  "http://[ff02::1]/",
  "http://[2001:db8::1]/",
  "http://[2002:7f00:1::]/",
  "http://[2001:0:7f00:1::]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[64:ff9b:1::7f00:1]/",
  "http://app.localhost/",
  "http://printer.local/",
  "http://metadata.google.internal/",
  "http://nas.home.arpa/",
  "http://nas.local./",
  "http://intranet/",
  "https://metadata/",
];

const PUBLIC = [
  "https://example.com/hook",
  "http://example.com:8080/",
  "https://EXAMPLE.com./",
  "https://bücher.example/",
  "https://xn--bcher-kva.example/",
  "https://user:pass@example.com/",
  "https://127.0.0.1@example.com/",
  "https://127.0.0.1.example.com/",
];

/** Public, and out of reach of Cloudflare's fetch. */
const ADDRESSES = [
  "https://8.8.8.8/",
  "http://8.8.8.8:8080/",
  "https://134744072/",
  "https://0x8.8.8.8./",
  "https://user:pass@8.8.8.8/",
  "https://[2606:4700:4700::1111]/",
  "https://[::ffff:8.8.8.8]/",
];

const judge = (org: Org, callback_url: string) => org.trigger<unknown>({ callback_url });

describe("without CALLBACK_ALLOW_LOOPBACK", () => {
  const sentTo: string[] = [];
  const outboundService = ({ url }: { url: string }) => {
    sentTo.push(new URL(url).host);
    return noNetwork();
  };
  const server = useServer({ vars: { CALLBACK_ALLOW_LOOPBACK: null }, outboundService });
  let org: Org;
  let admin: Client;

  beforeAll(async () => {
    org = await Org.create(server);
    admin = await org.client("admin");
  });

  test.for([...LOOPBACK, ...ELSEWHERE])("%j is refused", async (url) => {
    expectError(await judge(org, url), 400, PRIVATE, "url_private");
    expectError(await admin.post("/webhooks/test", { url }), 400, "url must not point to a private address", "url_private");
  });

  test.for(ADDRESSES)("%j is refused, since Cloudflare reaches no IP address", async (url) => {
    const text = (field: string) => `${field} must name a host, not an IP address: Cloudflare can't reach it`;
    expectError(await judge(org, url), 400, text("callback_url"), "url_ip_address");
    expectError(await admin.post("/webhooks/test", { url }), 400, text("url"), "url_ip_address");
    const carrier = { type: "livekit", url, api_key: "APIkey", api_secret: "secret", sip_trunk_id: "ST_1" };
    if (!url.includes("@")) {
      const fields = { name: "Line", trunk_phone: "+918069000000", max_cps: 1, max_channels: 1, carrier };
      expectError(await org.owner.post("/sip-trunks", fields), 400, text("carrier.url"), "url_ip_address");
      // LiveKit's Egress writes there, which reaches it.
      const recordings = { endpoint: url, bucket: "calls", access_key: "AKIA", secret: "secret" };
      expect((await org.owner.patch("/settings", { recordings })).status).toBe(200);
    }
  });

  test("a refused callback_url creates no call, and nothing was sent to any of them", async () => {
    expect((await (await org.client("viewer")).get<{ calls: unknown[] }>("/calls")).body.calls).toEqual([]);
    expect(sentTo).toEqual([]);
  });

  test.for(PUBLIC)("%j is accepted, and sent to", async (url) => {
    const before = sentTo.length;

    expect((await judge(org, url)).status).toBe(201);

    await until("the callback", () => sentTo.length > before);
    expect(sentTo.slice(before)).toEqual([new URL(url).host]);
  });

  test.for([" https://example.com/hook ", "https://exam\nple.com/hook\t", "\ufeffhttps://example.com/hook\u200b"])(
    "of %j what stands around the URL is dropped",
    async (url) => {
      const before = sentTo.length;
      const id = await org.call({ callback_url: url });
      await until("the callback", () => sentTo.length > before);
      expect((await org.detail(id)).callback?.url).toBe("https://example.com/hook");
      expect(sentTo.slice(before)).toEqual(["example.com"]);
    },
  );

  test.for(["https://api.audatec.in/hook", "http://API.audatec.in:8080/", "https://api.audatec.in./"])(
    "the service's own host (%s) is refused",
    async (callback_url) => {
      const path = "/integration/v1/calls";
      const response = await server.local.mf.dispatchFetch(`https://api.audatec.in${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${org.owner.key}`, "content-type": "application/json" },
        body: JSON.stringify(org.request({ callback_url })),
      });

      expectError(await server.read("POST", path, response as unknown as Response), 400, PRIVATE);
    },
  );
});

describe("with CALLBACK_ALLOW_LOOPBACK", () => {
  const server = useServer({ outboundService: noNetwork });
  let org: Org;

  beforeAll(async () => {
    org = await Org.create(server);
  });

  test.for(LOOPBACK)("%j is accepted", async (url) => {
    expect((await judge(org, url)).status).toBe(201);
  });

  test.for(ADDRESSES)("%j is accepted here", async (url) => {
    expect((await judge(org, url)).status).toBe(201);
  });

  test("the local run's own port is accepted", async () => {
    expect((await judge(org, `${server.url}/hook`)).status).toBe(201);
  });

  test.for(ELSEWHERE)("%j is refused all the same", async (url) => {
    expectError(await judge(org, url), 400, PRIVATE);
  });
});

#!/usr/bin/env bash
# asgi-idempotency-header 0.2.0 (PyPI), beside express-idempotency 1.0.6 (npm).
#
# An Idempotency-Key is there so that a call that was placed isn't placed again when its answer is lost. This middleware stores whatever
# JSON the first request was answered with, for 24 hours, also a refusal: a 429 "no channel free, try again in a second", a 503 in a
# deployment. Nothing was done, and a client that tries again as it is told, with the same key so as not to dial twice, gets the same
# 429 for a day, however many channels are free; the handler isn't asked, and Retry-After is gone. Express's middleware stores successes
# alone.
#
# Who is hurt: APIs in FastAPI or Starlette that place calls and refuse by 429 when they are full: the queue of a client that keeps to the
# rules stands still until its keys expire, and one that makes a new key for each try gets through, and dials twice one day. What helps:
# raise the limit's refusal in a middleware around this one, so that it never sees it.
#
# Seen, with an API that is full at the first try and has room from then on (three tries with one key, and how often it was asked):
#   asgi-idempotency-header: 429 retry after 1, 429 retry after None, 429 retry after None; asked 1
#   express-idempotency: 429 retry after 1, 202 placed; asked 2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >place.py <<'PY'
import asyncio, httpx
from idempotency_header_middleware import IdempotencyHeaderMiddleware
from idempotency_header_middleware.backends import MemoryBackend
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

asked = 0

async def place(request):
    global asked
    asked += 1
    if asked == 1:
        return JSONResponse({"error": "no channel free"}, 429, {"retry-after": "1"})
    return JSONResponse({"call_id": "1"}, 202)

async def main():
    app = IdempotencyHeaderMiddleware(Starlette(routes=[Route("/calls", place, methods=["POST"])]), backend=MemoryBackend())
    told = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        for _ in range(3):
            answer = await client.post("/calls", json={"to": "+12025550123"}, headers={"idempotency-key": "call-1"})
            placed = answer.status_code == 202
            told.append("202 placed" if placed else f"{answer.status_code} retry after {answer.headers.get('retry-after')}")
            if placed:
                break
    print(f"asgi-idempotency-header: {', '.join(told)}; asked {asked}")

asyncio.run(main())
PY
cat >place.cjs <<'JS'
const express = require("express");
const { idempotency, getSharedIdempotencyService } = require("express-idempotency");
let asked = 0;
const app = express();
app.use(express.json(), idempotency());
app.post("/calls", (request, response) => {
  if (getSharedIdempotencyService().isHit(request)) return;
  asked += 1;
  if (asked === 1) response.status(429).set("retry-after", "1").send({ error: "no channel free" });
  else response.status(202).send({ call_id: "1" });
});
const server = app.listen(0, "127.0.0.1", async () => {
  const told = [];
  while (told.length < 3 && !told.includes("202 placed")) {
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/calls`, {
      method: "POST", body: '{"to":"+12025550123"}', headers: { "content-type": "application/json", "idempotency-key": "call-1" },
    });
    told.push(answer.status === 202 ? "202 placed" : `${answer.status} retry after ${answer.headers.get("retry-after")}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  console.log(`express-idempotency: ${told.join(", ")}; asked ${asked}`);
  process.exit();
});
JS
python3 -m venv python
python/bin/pip install -q asgi-idempotency-header==0.2.0 starlette==1.10.0 fastapi==0.165.0 redis==8.1.0 httpx==0.28.1 >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund express@4.21.2 express-idempotency@1.0.6) >/dev/null 2>&1

seen=$(timeout 30 python/bin/python place.py 2>/dev/null; timeout 30 node place.cjs 2>/dev/null)
echo "$seen"
[ "$seen" = "asgi-idempotency-header: 429 retry after 1, 429 retry after None, 429 retry after None; asked 1
express-idempotency: 429 retry after 1, 202 placed; asked 2" ]

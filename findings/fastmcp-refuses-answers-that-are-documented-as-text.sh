#!/usr/bin/env bash
# fastmcp 4.2.3 (PyPI): FastMCP.from_openapi().
#
# Every success response with a schema becomes the tool's output schema, whatever its media type; yet only JSON answers become structured
# content. So a tool of an operation that is documented as text/csv, text/plain or application/x-ndjson with the usual `type: string` calls
# the API, gets its 200, and raises "has an output schema but did not return structured content". The same operation without a schema works,
# and so does a JSON string with the same one.
#
# Who is hurt: whoever gives an agent an API with exports (results as CSV, a log as NDJSON) by its document: these tools always fail, after
# the request was carried out, which for a POST means that an agent repeats what has happened. What helps: drop the schema of such responses
# before the document is handed over, or route these operations away (route_maps).
#
# Seen:
#   text/csv with a schema: called 1 time, RuntimeError: has an output schema but did not return structured content
#   text/csv without one: called 1 time, a,b
#   text/plain with a schema: called 1 time, RuntimeError: has an output schema but did not return structured content
#   application/x-ndjson with a schema: called 1 time, RuntimeError: has an output schema but did not return structured content
#   application/json with a schema: called 1 time, {"result":"a,b"}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >tools.py <<'PY'
import asyncio
import json
import httpx2
from fastmcp import Client, FastMCP

CASES = {
    "/a": ("text/csv", {"schema": {"type": "string"}}),
    "/b": ("text/csv", {}),
    "/c": ("text/plain", {"schema": {"type": "string"}}),
    "/d": ("application/x-ndjson", {"schema": {"type": "string"}}),
    "/e": ("application/json", {"schema": {"type": "string"}}),
}
calls = {path: 0 for path in CASES}


def answer(request):
    path = request.url.path
    calls[path] += 1
    text = json.dumps("a,b") if path == "/e" else "a,b"
    return httpx2.Response(200, text=text, headers={"content-type": CASES[path][0]})


def operation(path, media, content):
    return {"get": {"operationId": path[1:], "responses": {"200": {"description": "The rows.", "content": {media: content}}}}}


document = {
    "openapi": "3.1.0",
    "info": {"title": "Rows", "version": "1"},
    "paths": {path: operation(path, *case) for path, case in CASES.items()},
}


async def main():
    api = httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://api.test")
    async with Client(FastMCP.from_openapi(document, client=api)) as client:
        for path, (media, content) in CASES.items():
            try:
                seen = (await client.call_tool(path[1:], {})).content[0].text
            except Exception as error:
                seen = f"{type(error).__name__}: {str(error).removeprefix(f'Tool {path[1:]} ')}"
            how = "with a schema" if content else "without one"
            print(f"{media} {how}: called {calls[path]} time, {seen}")


asyncio.run(main())
PY
python3 -m venv python >/dev/null
python/bin/pip install -q fastmcp==4.2.3 httpx2==2.16.2 >/dev/null 2>&1

seen=$(python/bin/python tools.py 2>/dev/null)
echo "$seen"
[ "$seen" = 'text/csv with a schema: called 1 time, RuntimeError: has an output schema but did not return structured content
text/csv without one: called 1 time, a,b
text/plain with a schema: called 1 time, RuntimeError: has an output schema but did not return structured content
application/x-ndjson with a schema: called 1 time, RuntimeError: has an output schema but did not return structured content
application/json with a schema: called 1 time, {"result":"a,b"}' ]

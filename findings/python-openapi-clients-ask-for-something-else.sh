#!/usr/bin/env bash
# openapi3 1.8.2 and aiopenapi3 0.11.0 (PyPI).
#
# Both make a client of an OpenAPI document at run time, and each writes some parameters otherwise than the document says. openapi3 puts a
# path's parameter in as it is: what stands behind a # in an id never leaves, and the request is for the id before it. It writes false as
# False, a list with `explode: false` as one parameter each, and of a deepObject the key without its value. aiopenapi3 does these well,
# but reads a date-time and writes it again with a space where RFC 3339 has its T. Neither reports an error.
#
# Who is hurt: who lets scripts or agents work on a dialer's API by its document: with an id like A#1, as CRMs have them, DELETE takes
# another contact from the list. False is no boolean to strict servers, and a true one to lenient ones; a time with a space is refused by
# Go's time.RFC3339. What helps: to quote ids before they are handed over, and to look at one request of each kind.
#
# Seen (what the server is asked):
#   the contact A#1: openapi3 DELETE /contacts/A; aiopenapi3 DELETE /contacts/A#1
#   active false: openapi3 active=False; aiopenapi3 active=false
#   status, a list by comma: openapi3 status=busy&status=failed; aiopenapi3 status=busy,failed
#   filter, a deepObject: openapi3 filter=lang; aiopenapi3 filter[lang]=hi
#   since, a date-time: openapi3 since=2026-11-30T10:00:00+05:30; aiopenapi3 since=2026-11-30 10:00:00+05:30
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/ask.py" <<'PY'
import http.server, threading, urllib.parse
import aiopenapi3, httpx2, openapi3

asked = []

class Server(http.server.BaseHTTPRequestHandler):
    def answer(self):
        path, _, query = self.path.partition("?")
        asked.append(urllib.parse.unquote_plus(query) or f"{self.command} {urllib.parse.unquote(path)}")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_DELETE = answer

    def log_message(self, *of):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"

text = {"type": "string"}
answer = {"200": {"description": "done", "content": {"application/json": {"schema": {"type": "object"}}}}}
query = [
    {"name": "active", "in": "query", "schema": {"type": "boolean"}},
    {"name": "status", "in": "query", "explode": False, "schema": {"type": "array", "items": text}},
    {
        "name": "filter",
        "in": "query",
        "style": "deepObject",
        "explode": True,
        "schema": {"type": "object", "properties": {"lang": text}},
    },
    {"name": "since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
]
contact = [{"name": "id", "in": "path", "required": True, "schema": text}]
document = {
    "openapi": "3.0.3",
    "info": {"title": "calls", "version": "1"},
    "servers": [{"url": address}],
    "paths": {
        "/calls": {"get": {"operationId": "calls", "parameters": query, "responses": answer}},
        "/contacts/{id}": {"delete": {"operationId": "remove", "parameters": contact, "responses": answer}},
    },
}

def session(*of, **options) -> httpx2.Client:
    return httpx2.Client(*of, **options)

one = openapi3.OpenAPI(document)
other = aiopenapi3.OpenAPI(f"{address}/openapi.json", document, session_factory=session)
for name, operation, parameters in [
    ("the contact A#1", "remove", {"id": "A#1"}),
    ("active false", "calls", {"active": False}),
    ("status, a list by comma", "calls", {"status": ["busy", "failed"]}),
    ("filter, a deepObject", "calls", {"filter": {"lang": "hi"}}),
    ("since, a date-time", "calls", {"since": "2026-11-30T10:00:00+05:30"}),
]:
    getattr(one, f"call_{operation}")(parameters=dict(parameters))
    getattr(other._, operation)(parameters=dict(parameters))
    print(f"{name}: openapi3 {asked[-2]}; aiopenapi3 {asked[-1]}")
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q openapi3==1.8.2 aiopenapi3==0.11.0 >/dev/null 2>&1

seen=$(timeout 60 "$folder/python/bin/python" "$folder/ask.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "the contact A#1: openapi3 DELETE /contacts/A; aiopenapi3 DELETE /contacts/A#1
active false: openapi3 active=False; aiopenapi3 active=false
status, a list by comma: openapi3 status=busy&status=failed; aiopenapi3 status=busy,failed
filter, a deepObject: openapi3 filter=lang; aiopenapi3 filter[lang]=hi
since, a date-time: openapi3 since=2026-11-30T10:00:00+05:30; aiopenapi3 since=2026-11-30 10:00:00+05:30" ]

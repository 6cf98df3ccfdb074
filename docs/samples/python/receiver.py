# Receives callbacks. Run: WEBHOOK_SECRET=whsec_… python3 receiver.py   (Python 3.9 or newer, no packages)

import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["WEBHOOK_SECRET"]
TOLERANCE_SECONDS = 300


def verify(headers, raw_body, secret):
    """Standard Webhooks: proves who sent it and when, so that nobody can send it again later. Prefer this one."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + raw_body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    # After a rotation several secrets sign: one signature that fits is enough.
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), expected.encode()) for one in given)


def verify_plain(headers, raw_body, secret):
    """The plain signature: the body alone, with the secret's text as the key. It does not tell when it was sent."""
    expected = hmac.new(secret.encode(), raw_body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(headers.get("x-audatec-signature", "").encode(), expected.encode())


seen = set()  # in production: a unique column of your database


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        raw_body = self.rfile.read(int(self.headers.get("content-length", 0)))  # the bytes as they came
        check = verify_plain if self.path == "/plain" else verify
        if not check(self.headers, raw_body, SECRET):
            self.answer(401)
            return
        self.answer(204)  # first the answer, then the work
        message_id = self.headers["webhook-id"]
        if message_id in seen:  # sent again: at least once means that it may come twice
            return
        seen.add(message_id)
        call = json.loads(raw_body)
        outcome = call["call_outcome"] or {}
        print(call["event"], call["call_id"], call["call_status"], outcome.get("disposition", ""), flush=True)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("", int(os.environ.get("PORT", 3000))), Receiver)
print(f"listening on {server.server_port}", flush=True)
server.serve_forever()

# Places a call and waits for its result. Run: python3 call.py   (Python 3.9 or newer, no packages)

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

BASE_URL = os.environ.get("BASE_URL", "https://api.audatec.in")
API_KEY = os.environ["API_KEY"]
PHONE_NUMBER = sys.argv[1] if len(sys.argv) > 1 else "+15005550000"  # one of the simulator's numbers


def send(method, path, body=None):
    """One request, sent again where that is right: with the same Idempotency-Key it creates nothing twice."""
    request = urllib.request.Request(BASE_URL + path, method=method, data=body and json.dumps(body).encode())
    request.add_header("Authorization", f"Bearer {API_KEY}")
    request.add_header("Content-Type", "application/json")
    request.add_header("Idempotency-Key", str(uuid.uuid4()))
    for attempt in range(6):
        wait = 2**attempt
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as refusal:
            error = f"{refusal.code} {refusal.read().decode()}"
            if refusal.code not in (429, 500, 502, 503):
                break
            retry_after = int(refusal.headers.get("Retry-After", 0))
            wait = max(retry_after, 1 if refusal.code == 429 else wait)
        except OSError as failure:  # the network failed
            error = str(failure)
        time.sleep(wait)
    raise RuntimeError(f"{method} {path}: {error}")


accepted = send("POST", "/integration/v1/calls", {
    "phone_number": PHONE_NUMBER,
    "agent_id": os.environ["AGENT_ID"],
    "sip_trunk_id": os.environ["TRUNK_ID"],
    "callback_url": os.environ.get("CALLBACK_URL"),
    "metadata": {"customer_name": "Rahul Sharma", "amount_due": "7500", "due_date": "2026-06-20"},
})
print("accepted", accepted["call_id"], flush=True)

while not (call := send("GET", accepted["poll_url"]))["is_terminal"]:
    time.sleep(4)
print(call["call_status"], (call["call_outcome"] or {}).get("disposition", ""))

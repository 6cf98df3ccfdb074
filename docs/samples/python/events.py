# Follows the live feed. Run: python3 events.py   (Python 3.9 or newer, no packages)

import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

BASE_URL = os.environ.get("BASE_URL", "https://api.audatec.in")
CURSOR_FILE = pathlib.Path(os.environ.get("CURSOR_FILE", "cursor"))
WAIT_SECONDS = 30

# Where the last run ended; at the very first, with what happens from now on.
cursor = CURSOR_FILE.read_text() if CURSOR_FILE.exists() else "latest"

while True:
    url = f"{BASE_URL}/integration/v1/events?after={cursor}&wait_seconds={WAIT_SECONDS}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {os.environ['API_KEY']}"})
    try:
        # The timeout is longer than the wait: a connection that died says nothing.
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS + 15) as response:
            page = json.load(response)
    except urllib.error.HTTPError as refusal:
        if refusal.code == 410:
            cursor = json.load(refusal)["oldest_cursor"]  # away for more than 24 hours: read what was missed by GET /calls
            continue
        print(refusal.code, refusal.read().decode(), file=sys.stderr)
        time.sleep(5)
        continue
    except OSError as failure:  # the network failed
        print(failure, file=sys.stderr)
        time.sleep(5)
        continue
    for event in page["events"]:
        print(event["at"], event["type"], event["data"].get("id", ""), flush=True)
    cursor = page["next_cursor"]
    # After the work, and whole or not at all: a crash repeats events, and loses none.
    new = CURSOR_FILE.with_name(CURSOR_FILE.name + ".new")
    new.write_text(cursor)
    new.replace(CURSOR_FILE)

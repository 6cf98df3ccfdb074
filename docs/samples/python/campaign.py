# Calls a list of people. Run: python3 campaign.py recipients.csv   (Python 3.9 or newer, no packages)

import json
import os
import pathlib
import sys
import time
import urllib.request

BASE_URL = os.environ.get("BASE_URL", "https://api.audatec.in")
FILE = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "recipients.csv")


def send(method, path, body=None, content_type="application/json"):
    request = urllib.request.Request(f"{BASE_URL}/integration/v1{path}", method=method, data=body)
    request.add_header("Authorization", f"Bearer {os.environ['API_KEY']}")
    if body is not None:
        request.add_header("Content-Type", content_type)
    with urllib.request.urlopen(request, timeout=60) as response:
        text = response.read().decode()
        return json.loads(text) if response.headers["Content-Type"].startswith("application/json") else text


draft = {
    "name": f"Reminders, {FILE.name}",
    "agent_id": os.environ["AGENT_ID"],
    "sip_trunk_id": os.environ["TRUNK_ID"],
}
path = "/campaigns/" + send("POST", "/campaigns", json.dumps(draft).encode())["id"]

# Should this break off, it can be sent again: a reference that is there is not added twice.
taken = send("POST", f"{path}/recipients", FILE.read_bytes(), "text/csv")
print(f"added {taken['added']}, already there {taken['duplicates']}")
for row in taken["rejected"]:
    print(f"row {row['row']}: {row['error']}")

print("preview", send("GET", f"{path}/preview"))
campaign = send("POST", f"{path}/start")
while campaign["status"] == "running":
    time.sleep(5)
    campaign = send("GET", path)
print(campaign["status"], campaign["counts"])
print(send("GET", f"{path}/results.csv"), end="")

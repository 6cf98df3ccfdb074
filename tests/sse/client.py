"""Follows the live feed with httpx-sse or sseclient-py, and prints each event as a line of JSON.

Neither comes back by itself: this does, as their users must, with the last id and after the time that `retry` says.
"""

import json
import sys
import time

import httpx
import sseclient
from httpx_sse import connect_sse

library, url, key, last_id = sys.argv[1:5]
retry = 1.0
while True:
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"}
    if last_id:
        headers["Last-Event-ID"] = last_id
    try:
        with httpx.Client(timeout=30) as client:
            if library == "httpx-sse":
                with connect_sse(client, "GET", url, headers=headers) as source:
                    if source.response.status_code != 200:
                        print(json.dumps({"status": source.response.status_code}), flush=True)
                        sys.exit()
                    for event in source.iter_sse():
                        last_id, retry = event.id, int(event.retry or retry * 1000) / 1000
                        print(json.dumps({"id": event.id, "event": event.event, "data": json.loads(event.data)}), flush=True)
            else:
                with client.stream("GET", url, headers=headers) as response:
                    if response.status_code != 200:
                        print(json.dumps({"status": response.status_code}), flush=True)
                        sys.exit()
                    for event in sseclient.SSEClient(response.iter_bytes()).events():
                        last_id, retry = event.id, int(event.retry or retry * 1000) / 1000
                        print(json.dumps({"id": event.id, "event": event.event, "data": json.loads(event.data)}), flush=True)
    except httpx.TransportError:
        pass  # the server restarts
    print(json.dumps({"end": retry}), flush=True)
    time.sleep(min(retry, 0.5))

"""A round trip with the installed package. What it saw is printed as one line of JSON."""

import json
import os
import threading
import time

import audatec
from audatec.generated.api.agents import list_agents
from audatec.generated.api.calls import get_call_status, list_calls
from audatec.generated.api.campaigns import get_campaign, list_recipients
from audatec.generated.api.studio import get_receiver
from audatec.generated.models import CallEvent, CallStatus

client = audatec.Audatec(os.environ["AUDATEC_API_KEY"], os.environ["AUDATEC_BASE_URL"] + "/integration/v1/")
ids = {"agent_id": os.environ["AGENT_ID"], "sip_trunk_id": os.environ["TRUNK_ID"]}
metadata = json.loads(os.environ["METADATA"])

receiver = client.ask(get_receiver.sync_detailed)
wanted = {"phone_number": "+15005550000", **ids, "metadata": metadata, "callback_url": receiver.callback_url}
call = client.trigger(wanted, idempotency_key="python")
again = client.trigger(wanted, idempotency_key="python")
ended = client.wait_for_call(call.call_id, interval=0.05, timeout=30)
try:
    client.ask(get_call_status.sync_detailed, audatec.client.UUID(int=0))
    error = None
except audatec.ApiError as refusal:
    error = [refusal.status, refusal.code, str(refusal)]

while not (received := client.ask(get_receiver.sync_detailed).received):
    time.sleep(0.1)
notification, secret = received[0], os.environ["WEBHOOK_SECRET"]
headers = notification.headers.to_dict()
plain = {"X-Audatec-Signature": headers["x-audatec-signature"]}
signatures = [
    audatec.verify_signature(notification.body, headers, secret),
    audatec.verify_signature(notification.body + " ", headers, secret),
    audatec.verify_signature(notification.body, plain, secret, allow_untimed=True),
]

# The feed goes on from a cursor; one that waits hears of a call that is placed meanwhile.
event = next(one for one in client.events(types=["call.completed"], after="oldest") if isinstance(one, CallEvent))
busy = threading.Timer(0.3, client.trigger, [{"phone_number": "+15005550001", **ids, "metadata": metadata}])
busy.start()
declined = next(iter(client.events(types=["call.declined"])))
busy.join()

rows = ({"phone_number": f"+91987654321{number}", "reference": f"row-{number}", "metadata": metadata} for number in range(3))
campaign, added = client.create_campaign({"name": "Python", **ids}, rows, start=True)
while client.ask(get_campaign.sync_detailed, campaign.id).status.value != "completed":
    time.sleep(0.1)
recipients = [one.reference for one in client.items(list_recipients.sync_detailed, campaign.id, limit=2)]

print(
    json.dumps(
        {
            "agents": [agent.name for agent in client.ask(list_agents.sync_detailed).agents],
            "replayed": again.call_id == call.call_id,
            "ended": [ended.call_status.value, ended.call_outcome.to_dict()["disposition"]],
            "error": error,
            "signatures": signatures,
            "event": [event.type_.value, event.data.call_status.value],
            "declined": declined.data.call_status.value,
            "listed": len([one for one in client.items(list_calls.sync_detailed, limit=1, call_status=[CallStatus.COMPLETED])]),
            "added": added.added,
            "recipients": sorted(recipients),
        }
    )
)

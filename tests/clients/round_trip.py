# A round trip with the client that openapi-generator makes for Python. What it saw is printed as one line of JSON.

import json
import os
import time
import uuid

import openapi_client as api

configuration = api.Configuration(host=os.environ["BASE_URL"], access_token=os.environ["API_KEY"])
agent_id, trunk_id = uuid.UUID(os.environ["AGENT_ID"]), uuid.UUID(os.environ["TRUNK_ID"])
metadata = json.loads(os.environ["METADATA"])

with api.ApiClient(configuration) as client:
    calls = api.CallsApi(client)
    agents = [agent.name for agent in api.AgentsApi(client).list_agents().agents]
    body = api.TriggerCall(phone_number="+919876543210", agent_id=agent_id, sip_trunk_id=trunk_id, metadata=metadata)
    first = calls.trigger_call_with_http_info(body, idempotency_key="python")
    again = calls.trigger_call_with_http_info(body, idempotency_key="python")
    dry = calls.trigger_call_with_http_info(body.model_copy(update={"dry_run": True}))
    status = calls.get_call_status(first.data.call_id)
    while not status.is_terminal:
        time.sleep(0.05)
        status = calls.get_call_status(first.data.call_id)
    rejected = calls.get_call(uuid.UUID(os.environ["REJECTED_ID"]))
    try:
        calls.get_call_status(uuid.uuid4())
        error = None
    except api.ApiException as refusal:
        error = [refusal.status, refusal.headers["x-error-code"], refusal.data.error]
    listed = calls.list_calls(
        call_status=[api.CallStatus.Completed, api.CallStatus.RejectedCapacity], created_after="2026-01-01T00:00:00+00:00"
    )
    trunk = api.SIPTrunksApi(client).get_trunk(trunk_id)
    events = api.EventsApi(client).list_events(type=[api.FeedEventName.CALL_DOT_COMPLETED]).events

print(
    json.dumps(
        {
            "agents": agents,
            "accepted": [first.status_code, first.data.status, first.data.poll_url == f"/integration/v1/calls/{first.data.call_id}/status"],
            "replayed": [again.status_code, again.data.call_id == first.data.call_id, again.headers["Idempotent-Replayed"]],
            "dry": [dry.status_code, dry.data.dry_run, dry.data.would, dry.data.call_id],
            "status": [status.id == first.data.call_id, status.call_status.value, status.call_outcome["disposition"]],
            "rejected": [rejected.call_status.value, rejected.failure.code.value, rejected.duration],
            "error": error,
            "listed": sorted(call.call_status.value for call in listed.calls),
            "carrier": trunk.carrier.actual_instance.type,
            "event": [events[0].actual_instance.type, events[0].actual_instance.data.call_status.value],
        }
    )
)

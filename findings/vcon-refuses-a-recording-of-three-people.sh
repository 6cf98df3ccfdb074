#!/usr/bin/env bash
# vcon 0.10.0 (PyPI), beside pydantic-vcon 0.0.2 (PyPI).
#
# A vCon says of each recording who is heard in it, by channel: an index of its list of parties, a list of these, or, where several people
# share a channel, a list in the list; so it stands in the working group's draft and in the JSON schema beside it. vcon, which calls itself
# a complete implementation, takes the flat list alone: of a list in the list, its is_valid() says that there is no such party. A media
# type that has a parameter, or isn't among the 29 in its list, is refused too.
#
# Who is hurt: who keeps calls as vCons and lets in what is valid. The call between two people passes; once a colleague is brought in on
# the agent's channel, or the carrier's recording is audio/ogg;codecs=opus, the conversation is turned away, and with it the record of the
# consent in it. What helps: to check against the working group's JSON schema instead.
#
# Seen, of a recording among three parties (vcon; pydantic-vcon, in the draft that it knows):
#   two channels, a person each: valid; valid
#   one channel, one person: Dialog at index 0 field 'parties' must be a list.; valid
#   two channels, two people in the second: Dialog at index 0 references invalid party index: [1, 2]; valid
#   audio/ogg;codecs=opus: Dialog at index 0 has an invalid or missing mediatype: audio/ogg;codecs=opus; valid
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/valid.py" <<'PY'
import copy, json, logging, warnings

warnings.simplefilter("ignore")
logging.disable()
from pydantic import ValidationError
from pydantic_vcon import VCon
from vcon import Vcon

CALL = {
    "uuid": "018e3e72-e1a8-8b7c-9b7c-0123456789ab",
    "created_at": "2026-01-02T03:04:05Z",
    "parties": [{"tel": "+12025550123"}, {"tel": "+12025550124"}, {"tel": "+12025550125"}],
    "dialog": [
        {
            "type": "recording",
            "start": "2026-01-02T03:04:05Z",
            "duration": 3,
            "parties": [0, 1],
            "url": "https://example.com/1",
            "content_hash": "sha512-GLy6IPaIUM1GqzZqfIPZlWjaDsNgNvZM0iCONNThnH0a75fhUM6cYzLZ5GynSURREvZwmOh54-2lRRieyj82UQ",
        }
    ],
    "analysis": [],
    "attachments": [],
}

def call(version, type_name, change):
    changed = copy.deepcopy(CALL) | {"vcon": version}
    recording = changed["dialog"][0]
    recording.update({"mediatype": "audio/x-wav"} | change)
    recording[type_name] = recording.pop("mediatype")
    return changed

for name, change in [
    ("two channels, a person each", {}),
    ("one channel, one person", {"parties": 0}),
    ("two channels, two people in the second", {"parties": [0, [1, 2]]}),
    ("audio/ogg;codecs=opus", {"mediatype": "audio/ogg;codecs=opus"}),
]:
    valid, errors = Vcon.build_from_json(json.dumps(call("0.4.0", "mediatype", change))).is_valid()
    try:
        other, others = VCon.model_validate(call("0.0.2", "mimetype", change)).is_valid()
    except ValidationError:
        other, others = False, ["refused"]
    print(f"{name}: {'valid' if valid else errors[0]}; {'valid' if other else others[0]}")
PY
python3 -m venv "$folder/python"
# vcon asks for Python 3.12, and runs on 3.11 as well.
"$folder/python/bin/pip" install -q --ignore-requires-python vcon==0.10.0 pydantic-vcon==0.0.2 >/dev/null 2>&1

seen=$("$folder/python/bin/python" "$folder/valid.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "two channels, a person each: valid; valid
one channel, one person: Dialog at index 0 field 'parties' must be a list.; valid
two channels, two people in the second: Dialog at index 0 references invalid party index: [1, 2]; valid
audio/ogg;codecs=opus: Dialog at index 0 has an invalid or missing mediatype: audio/ogg;codecs=opus; valid" ]

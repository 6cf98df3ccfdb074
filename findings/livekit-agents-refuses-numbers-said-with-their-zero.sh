#!/usr/bin/env bash
# livekit-agents 1.8.9 (PyPI), beside phonenumbers 9.0.43.
#
# The ready-made task in which an agent asks for a phone number, GetPhoneNumberTask, takes what the caller says, with a country code or
# without. Without one it must not begin with 0, and that is how a number is said in most countries that aren't in the North American
# plan: every landline and mobile in Britain, Germany or Australia, and Italy's landlines, which have that 0 even behind +39. The tool
# refuses it as invalid, so the agent tells callers that they don't know their own number. A model that leaves the zero
# away, to get by, is told that all is well: of London's 020 7946 0958 it makes 2079460958, ten digits, which read as a number in Maine.
#
# Who is hurt: agents that take call-back numbers outside North America. What helps: have the model told in which country it is, and to
# write numbers with + and the country's code (`extra_instructions`).
#
# Seen (is the number valid where it is said, and what does the tool say of it?):
#   US 202 555 0123: valid, taken
#   GB 020 7946 0958: valid, refused
#   AU 0491 570 006: valid, refused
#   DE 030 23125 000: valid, refused
#   IT 06 698 12345: valid, refused
#   GB 20 7946 0958: valid, taken
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/take.py" <<'PY'
import asyncio
import phonenumbers
from livekit.agents import ToolError
from livekit.agents.beta.workflows import GetPhoneNumberTask

said = ["US 202 555 0123", "GB 020 7946 0958", "AU 0491 570 006", "DE 030 23125 000", "IT 06 698 12345", "GB 20 7946 0958"]

async def main():
    for country, number in (line.split(" ", 1) for line in said):
        task = GetPhoneNumberTask(require_confirmation=False)
        take = next(tool for tool in task.tools if tool.info.name == "update_phone_number")
        try:
            await take(number, None)
            told = "taken" if task.done() else "not done"
        except ToolError:
            told = "refused"
        valid = phonenumbers.is_valid_number(phonenumbers.parse(number, country))
        print(f"{country} {number}: {'valid' if valid else 'not valid'}, {told}")

asyncio.run(main())
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q livekit-agents==1.8.9 phonenumbers==9.0.43 >/dev/null 2>&1

seen=$(timeout 120 "$folder/python/bin/python" "$folder/take.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "US 202 555 0123: valid, taken
GB 020 7946 0958: valid, refused
AU 0491 570 006: valid, refused
DE 030 23125 000: valid, refused
IT 06 698 12345: valid, refused
GB 20 7946 0958: valid, taken" ]

#!/usr/bin/env bash
# livekit-agents 1.8.9 (PyPI).
#
# GetDtmfTask collects keys that a caller presses: GetDtmfTask(num_digits=4) for a PIN of four. num_digits doesn't end the input, though:
# with the fourth key it still waits its 4 seconds for another, unless the caller knows to press #. A fifth key in that time, which is
# what people press who hear nothing, isn't left out but makes the whole input an error, with "got 5" to a caller who entered his PIN.
# And what comes of the four keys is not "1234" but "1 2 3 4", as it is also shown to the model: no comparison with a stored PIN holds.
#
# Who is hurt: agents that ask for a PIN, an account or a date by keys: four seconds of silence after each, errors for those who
# press on, and right PINs that are wrong. What helps: say "then press #" aloud, a `dtmf_input_timeout` of about 1.5, and `.replace(" ", "")`.
#
# Seen, with num_digits=4 and a key every 0.2 s (how long after the last key, and what):
#   1234: 4 s, '1 2 3 4'
#   1234#: 0 s, '1 2 3 4'
#   12345: 4 s, Digits input not fully received. Expect 4 digits, got 5
# The keys are given to the task's own handler; a stand-in for the session takes its interrupt().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/press.py" <<'PY'
import asyncio, time
from types import SimpleNamespace
from livekit.agents import ToolError
from livekit.agents.beta.workflows import GetDtmfTask

class Task(GetDtmfTask):
    session = SimpleNamespace(interrupt=lambda: None)

    def complete(self, result):
        self.ended = (time.monotonic(), result)

async def press(keys):
    task = Task(num_digits=4)
    for key in keys:
        await asyncio.sleep(0.2)
        task._on_sip_dtmf_received(SimpleNamespace(digit=key))
    last = time.monotonic()
    while not hasattr(task, "ended"):
        await asyncio.sleep(0.02)
    at, result = task.ended
    told = result.message if isinstance(result, ToolError) else repr(result.user_input)
    print(f"{keys}: {round(at - last)} s, {told}")

async def main():
    for keys in ["1234", "1234#", "12345"]:
        await asyncio.wait_for(press(keys), 15)

asyncio.run(main())
PY
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install -q livekit-agents==1.8.9 >/dev/null 2>&1

seen=$(timeout 60 "$folder/python/bin/python" "$folder/press.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "1234: 4 s, '1 2 3 4'
1234#: 0 s, '1 2 3 4'
12345: 4 s, Digits input not fully received. Expect 4 digits, got 5" ]

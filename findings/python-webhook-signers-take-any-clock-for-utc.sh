#!/usr/bin/env bash
# standardwebhooks 1.1.0 and svix 2.9.1 (PyPI), beside standardwebhooks 1.1.1 (npm).
#
# sign() takes the time of sending as a datetime, and a datetime with a zone is an instant: 14:00 in Kolkata and 8:30 UTC are one, and
# equal to Python. Both packages take its wall clock and call that UTC. A signature made with datetime.now() of any other zone is one for
# a moment hours away, while the header has the true time, and verify() of the very same package refuses it: "No matching signature
# found", which sends whoever reads it to look at the secret and the body. In UTC, as on most build machines, all is well.
#
# Who is hurt: who sends webhooks from Python with the zone of the call or of its customer on his datetimes, and who signs a body to
# test a receiver of his own: it works in CI and not on a laptop in India. What helps: `.astimezone(timezone.utc)` on what is given to sign().
#
# Seen, with one moment, told in three zones:
#   UTC: equal, standardwebhooks accepted, svix accepted
#   Asia/Kolkata: equal, standardwebhooks No matching signature found, svix No matching signature found
#   America/New_York: equal, standardwebhooks No matching signature found, svix No matching signature found
#   npm, the same moment as a Date: accepted
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >send.py <<'PY'
import base64
from datetime import datetime, timezone
from zoneinfo import ZoneInfo
import standardwebhooks, svix

secret = "whsec_" + base64.b64encode(b"an-example-secret-of-thirty-two-b").decode()
body = '{"event":"call.completed"}'
now = datetime.now(timezone.utc).replace(microsecond=0)

def tried(package, moment):
    hook = package.Webhook(secret)
    signature = hook.sign("msg_1", moment, body)
    headers = {
        "webhook-id": "msg_1", "webhook-timestamp": str(int(moment.timestamp())), "webhook-signature": signature
    }
    try:
        hook.verify(body, headers)
        return "accepted"
    except Exception as error:
        return str(error)

for zone in ["UTC", "Asia/Kolkata", "America/New_York"]:
    moment = now.astimezone(ZoneInfo(zone))
    equal = "equal" if moment == now else "another moment"
    print(f"{zone}: {equal}, standardwebhooks {tried(standardwebhooks, moment)}, svix {tried(svix, moment)}")
PY
cat >send.mjs <<'JS'
import { Webhook } from "standardwebhooks";
const hook = new Webhook("whsec_" + Buffer.from("an-example-secret-of-thirty-two-b").toString("base64"));
const [now, body] = [new Date(), '{"event":"call.completed"}'];
const timestamp = String(Math.floor(now.getTime() / 1000));
const signature = hook.sign("msg_1", now, body);
hook.verify(body, { "webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": signature });
console.log("npm, the same moment as a Date: accepted");
JS
python3 -m pip install -q --target python standardwebhooks==1.1.0 svix==2.9.1 tzdata==2026.6 >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund standardwebhooks@1.1.1) >/dev/null 2>&1

seen=$(PYTHONPATH=python python3 -W ignore send.py && TZ=Asia/Kolkata node send.mjs)
echo "$seen"
refused="standardwebhooks No matching signature found, svix No matching signature found"
[ "$seen" = "UTC: equal, standardwebhooks accepted, svix accepted
Asia/Kolkata: equal, $refused
America/New_York: equal, $refused
npm, the same moment as a Date: accepted" ]

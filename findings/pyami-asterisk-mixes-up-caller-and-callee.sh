#!/usr/bin/env bash
# pyami-asterisk 1.5.2 (PyPI) and asterisk-ami-client 1.1.5 (npm), beside panoramisk 1.4 (PyPI).
#
# Asterisk puts the channel variables that one asks for (`channelvars` in manager.conf) into its events, a line each: ChanVariable for the
# caller's channel, DestChanVariable for the one that was dialed. Names that come several times are plain AMI. pyami-asterisk drops
# the first of each name, and puts all others, of whatever name, into one list, which it gives out under both: the caller's leg has the
# callee's customer, and the other way round. asterisk-ami-client keeps the last of each name. With one variable all is well in both.
#
# Who is hurt: dialers that hang their own ids on calls that way. With one id it works; when a second is added, pyami-asterisk books what
# became of a call with another customer's record as well, and neither has the campaign any more. No error tells of it. What helps: one
# variable that holds all ids.
#
# Seen, of a DialEnd whose caller has campaign=7 and customer=1001, and whose callee has campaign=8 and customer=2002:
#   pyami-asterisk: caller customer=1001 customer=2002; callee customer=1001 customer=2002
#   asterisk-ami-client: caller customer=1001; callee customer=2002
#   panoramisk: caller campaign=7 customer=1001; callee campaign=8 customer=2002
#   with one variable each, pyami-asterisk: caller customer=1001; callee customer=2002
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# An Asterisk that greets, takes every login, and tells of one call: to the user "one" with a variable a leg, to others with two.
cat >asterisk.py <<'PY'
import asyncio

async def serve(reader, writer):
    writer.write(b"Asterisk Call Manager/9.0.0\r\n")
    try:
        while True:
            action = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in action)}
            id = f"ActionID: {fields['actionid']}\r\n" if "actionid" in fields else ""
            writer.write(f"Response: Success\r\n{id}Message: Authentication accepted\r\n\r\n".encode())
            if fields["action"].lower() != "login":
                continue
            campaign = lambda name, id: [] if fields["username"] == "one" else [f"{name}: campaign={id}"]
            lines = ["Event: DialEnd", "Channel: Local/7@dialer-00000001;1", *campaign("ChanVariable", 7), "ChanVariable: customer=1001"]
            lines += ["DestChannel: PJSIP/trunk-00000002", *campaign("DestChanVariable", 8), "DestChanVariable: customer=2002"]
            await asyncio.sleep(0.5)
            writer.write("".join(f"{line}\r\n" for line in [*lines, "DialStatus: ANSWER", ""]).encode())
    except asyncio.IncompleteReadError:
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
PY
cat >listen.py <<'PY'
import asyncio, logging, sys
import panoramisk, pyami_asterisk
from loguru import logger

logger.remove()
logging.disable()

async def heard(listen, user):
    event = asyncio.get_running_loop().create_future()
    take = lambda heard: event.done() or event.set_result(heard)
    task = asyncio.create_task(listen({"host": "127.0.0.1", "port": int(sys.argv[2]), "username": user, "secret": "secret"}, take))
    event = await asyncio.wait_for(event, 20)
    task.cancel()
    listed = lambda value: " ".join(value if isinstance(value, list) else [value])
    return f"caller {listed(event['ChanVariable'])}; callee {listed(event['DestChanVariable'])}"

async def by_pyami(server, take):
    client = pyami_asterisk.AMIClient(**server)
    client.register_event(["DialEnd"], take)
    await client.connect_ami()

async def by_panoramisk(server, take):
    manager = panoramisk.Manager(**server)
    manager.register_event("DialEnd", lambda _, event: take(event))
    await manager.connect()

async def main():
    if sys.argv[1] == "first":
        print(f"pyami-asterisk: {await heard(by_pyami, 'two')}")
    else:
        print(f"panoramisk: {await heard(by_panoramisk, 'two')}")
        print(f"with one variable each, pyami-asterisk: {await heard(by_pyami, 'one')}")

asyncio.run(main())
PY
cat >listen.cjs <<'JS'
const AmiClient = require("asterisk-ami-client");
const client = new AmiClient();
client.on("event", (event) => {
  console.log(`asterisk-ami-client: caller ${event.ChanVariable}; callee ${event.DestChanVariable}`);
  process.exit();
});
client.connect("two", "secret", { host: "127.0.0.1", port: Number(process.argv[2]) });
JS
(npm init -y && npm install --no-audit --no-fund asterisk-ami-client@1.1.5) >/dev/null 2>&1
python3 -m venv python
python/bin/pip install -q pyami-asterisk==1.5.2 panoramisk==1.4 >/dev/null 2>&1
python/bin/python asterisk.py >port 2>/dev/null &
until [ -s port ]; do sleep 0.1; done
port=$(cat port)

listen() { timeout 60 "$@" 2>/dev/null; }
seen=$(listen python/bin/python listen.py first "$port" && listen node listen.cjs "$port" && listen python/bin/python listen.py others "$port")
echo "$seen"
[ "$seen" = "pyami-asterisk: caller customer=1001 customer=2002; callee customer=1001 customer=2002
asterisk-ami-client: caller customer=1001; callee customer=2002
panoramisk: caller campaign=7 customer=1001; callee campaign=8 customer=2002
with one variable each, pyami-asterisk: caller customer=1001; callee customer=2002" ]

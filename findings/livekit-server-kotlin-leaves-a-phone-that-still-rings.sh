#!/usr/bin/env bash
# io.livekit:livekit-server 0.13.0 (Maven), the server SDK for Kotlin and Java, beside livekit-server-sdk 2.19.2 (npm) and livekit-api 1.2.2
# (PyPI).
#
# With waitUntilAnswered, createSipParticipant() is answered when the person takes the call, and a phone rings for twenty seconds and
# more. The SDKs for Node and Python wait that long of their own accord. The one for Kotlin and Java has the option as well, but the
# HTTP client under it ends each request that is silent for 10 seconds: a SocketTimeoutException, while LiveKit goes on dialing, and the
# phone rings. Who picks up after the third ring is in a room that the dialer has given up.
#
# Who is hurt: dialers on the JVM: calls that are taken quickly work, in tests all do; the others are booked as failed, and called again by
# whoever retries on a timeout, while the first call talks. What helps: createClient() with an OkHttpClient whose read timeout is longer
# than the ringing, given as a supplier.
#
# Seen, with a server that answers after 3 and after 14 seconds, as if the phone had been taken then (the participant, or the error):
#   Kotlin: PA_1, SocketTimeoutException
#   Kotlin, its own client with 80 s: PA_1, PA_1
#   Node: PA_1, PA_1
#   Python: PA_1, PA_1
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.mjs <<'JS'
import { createServer } from "node:http";
for (const seconds of [3, 14]) {
  const server = createServer((request, response) => {
    const type = request.headers["content-type"];
    const participant = type.includes("json") ? '{"participant_id":"PA_1"}' : Buffer.from("\n\x04PA_1");
    request.resume();
    setTimeout(() => response.writeHead(200, { "content-type": type }).end(participant), seconds * 1000);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  console.log(`http://127.0.0.1:${server.address().port}`);
}
JS
cat >Dial.java <<'JAVA'
import io.livekit.server.CreateSipParticipantOptions;
import io.livekit.server.SipServiceClient;
import java.time.Duration;
import java.util.ArrayList;
import okhttp3.OkHttpClient;

class Dial {
  public static void main(String[] urls) throws Exception {
    System.out.println("Kotlin: " + both(urls, new OkHttpClient()));
    System.out.println("Kotlin, its own client with 80 s: "
        + both(urls, new OkHttpClient.Builder().readTimeout(Duration.ofSeconds(80)).build()));
    System.exit(0);
  }

  static String both(String[] urls, OkHttpClient own) throws Exception {
    var told = new ArrayList<String>();
    for (String url : urls) {
      String key = "key", secret = "an-example-secret-of-32-characters";
      var client = own.readTimeoutMillis() > 10_000
          ? SipServiceClient.createClient(url, key, secret, () -> own)
          : SipServiceClient.createClient(url, key, secret);
      var wait = new CreateSipParticipantOptions(null, null, null, null, null, null, null, true);
      String result;
      try {
        result = client.createSipParticipant("ST_1", "+12025550123", "room", wait).execute().body().getParticipantId();
      } catch (java.io.IOException error) {
        result = error.getClass().getSimpleName();
      }
      told.add(result);
    }
    return String.join(", ", told);
  }
}
JAVA
cat >dial.mjs <<'JS'
import { SipClient } from "livekit-server-sdk";
const told = [];
for (const url of process.argv.slice(2)) {
  const client = new SipClient(url, "key", "an-example-secret-of-32-characters");
  const dialed = client.createSipParticipant("ST_1", "+12025550123", "room", { waitUntilAnswered: true });
  told.push(await dialed.then((participant) => participant.participantId, (error) => error.constructor.name));
}
console.log("Node: " + told.join(", "));
JS
cat >dial.py <<'PY'
import asyncio, sys
from livekit import api

async def main(urls):
    told = []
    for url in urls:
        async with api.LiveKitAPI(url, "key", "an-example-secret-of-32-characters") as lk:
            request = api.CreateSIPParticipantRequest(
                sip_trunk_id="ST_1", sip_call_to="+12025550123", room_name="room", wait_until_answered=True
            )
            try:
                told.append((await lk.sip.create_sip_participant(request)).participant_id)
            except Exception as error:
                told.append(error.__class__.__name__)
    print("Python: " + ", ".join(told))

asyncio.run(main(sys.argv[1:]))
PY
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dial</groupId>
  <artifactId>dial</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.livekit</groupId>
      <artifactId>livekit-server</artifactId>
      <version>0.13.0</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=jars >/dev/null 2>&1
(npm init -y && npm install --no-audit --no-fund livekit-server-sdk@2.19.2) >/dev/null 2>&1
python3 -m pip install -q --target python livekit-api==1.2.2 >/dev/null 2>&1

node server.mjs >urls &
timeout 30 sh -c "until [ \"\$(wc -l <urls)\" = 2 ]; do sleep 0.1; done"
mapfile -t urls <urls
seen=$(timeout 120 java -cp 'jars/*' Dial.java "${urls[@]}"
  timeout 60 node dial.mjs "${urls[@]}"
  PYTHONPATH=python timeout 60 python3 dial.py "${urls[@]}")
echo "$seen"
[ "$seen" = "Kotlin: PA_1, SocketTimeoutException
Kotlin, its own client with 80 s: PA_1, PA_1
Node: PA_1, PA_1
Python: PA_1, PA_1" ]

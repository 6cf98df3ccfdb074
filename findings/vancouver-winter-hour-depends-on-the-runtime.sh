#!/usr/bin/env bash
# workerd 1.20260730.1, as miniflare 4.20260730.0 (npm) runs it, beside workerd 1.20261117.1; chrono-tz 0.10.4 (crates.io), beside
# tzdata 2026.6 (PyPI).
#
# British Columbia put its clocks forward in March 2026 and won't put them back: since November 2026 Vancouver is an hour ahead of Los
# Angeles (the IANA rules say so since 2026b). A Worker's Intl takes its rules from the workerd that happens to run it. No compatibility
# date pins them, no changed line tells of them: the same Worker with the same date reads another hour after an update of the runtime,
# and the newest miniflare (`latest`) still runs the runtime with the old rules. In Rust, a Worker that brings its rules with it gets
# the old ones as well: chrono-tz 0.10.4 is its newest release, and its rules are of 2025.
#
# Who is hurt: calling hours. 21:20 by the old rules is 22:20 on the callee's clock, past the end of the evening in which Canada's rules
# let one call (21:30); 8:30 by the old rules, "too early", is 9:30. Tests by miniflare pass on an hour that production doesn't have.
#
# Seen, for 2026-12-01T05:20:00Z:
#   tzdata 2026.6: 22:20
#   workerd 1.20260730.1: 21:20
#   workerd 1.20261117.1: 22:20
#   chrono-tz 0.10.4: 21:20
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >zone.py <<'PY'
import datetime, zoneinfo

zoneinfo.reset_tzpath([])  # not the machine's, but the package's
moment = datetime.datetime(2026, 12, 1, 5, 20, tzinfo=datetime.timezone.utc)
print(f"{moment.astimezone(zoneinfo.ZoneInfo('America/Vancouver')):%H:%M}")
PY
cat >worker.js <<'JS'
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "America/Vancouver", hour: "2-digit", minute: "2-digit" });
export default { fetch: () => new Response(clock.format(new Date("2026-12-01T05:20:00Z"))) };
JS
cat >config.capnp <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "2026-07-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
CAPNP
mkdir -p rust/src
cat >rust/Cargo.toml <<'TOML'
[package]
name = "zone"
version = "0.1.0"
edition = "2021"

[dependencies]
chrono = { version = "0.4", default-features = false, features = ["alloc"] }
chrono-tz = { version = "=0.10.4", default-features = false }
TOML
cat >rust/src/main.rs <<'RS'
fn main() {
    let moment: chrono::DateTime<chrono::Utc> = "2026-12-01T05:20:00Z".parse().unwrap();
    println!("{}", moment.with_timezone(&chrono_tz::America::Vancouver).format("%H:%M"));
}
RS

python3 -m pip install -q --target python tzdata==2026.6 >/dev/null 2>&1
in_workerd() {
  npm install --no-audit --no-fund --prefix "workerd-$1" "workerd@$1" >/dev/null 2>&1
  coproc "workerd-$1/node_modules/workerd/bin/workerd" serve config.capnp --control-fd=1 2>/dev/null
  local from=${COPROC[0]} process=$COPROC_PID told
  read -r -t 30 told <&"$from" # {"event":"listen","socket":"http","port":…}
  curl -sS --max-time 20 "http://127.0.0.1:$(sed 's/.*"port":\([0-9]*\).*/\1/' <<<"$told")/"
  kill "$process"
  wait "$process" 2>/dev/null || true
}

seen="tzdata 2026.6: $(PYTHONPATH=python python3 zone.py)
workerd 1.20260730.1: $(in_workerd 1.20260730.1)
workerd 1.20261117.1: $(in_workerd 1.20261117.1)
chrono-tz 0.10.4: $(cargo run -q --manifest-path rust/Cargo.toml)"
echo "$seen"
[ "$seen" = "tzdata 2026.6: 22:20
workerd 1.20260730.1: 21:20
workerd 1.20261117.1: 22:20
chrono-tz 0.10.4: 21:20" ]

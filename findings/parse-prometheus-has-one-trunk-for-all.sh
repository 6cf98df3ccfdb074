#!/usr/bin/env bash
# parse-prometheus-text-format 1.1.1 (npm), beside prometheus-client 0.26.0 (PyPI), from whose parser it has its reading of lines.
#
# A histogram with labels is one for each set of them: the seconds until an answer by trunk, say, as anything that measures calls
# exports them. This package puts the buckets of all sets together under one entry, in which each bucket has the value that came last; the
# labels are gone, and so are the sums and the counts. A summary with labels keeps its last set's quantiles in the same way. Counters and gauges
# keep their labels, and a histogram without any, as in the package's example, is right. There's no error.
#
# Who is hurt: checks and dashboards in Node that read such a page themselves: the answers of all trunks are those of the trunk that
# is listed last, so the one that stopped answering isn't seen, unless it is the last. It begins on the day a second trunk is connected.
# What helps: take the buckets of a histogram as counters, with the line of its TYPE left out before parsing.
#
# Seen (of two trunks: of 4 calls by "north" 0 were answered within 5 s, of 40 by "south" 30):
#   histogram, npm: 5=30 +Inf=40
#   histogram, PyPI: north 5=0, north +Inf=4, south 5=30, south +Inf=40
#   summary, npm: 0.9=6
#   summary, PyPI: north 0.9=50, south 0.9=6
#   histogram without its TYPE, npm: north 5=0, north +Inf=4, south 5=30, south +Inf=40
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >histogram <<'TXT'
# TYPE answer_seconds histogram
answer_seconds_bucket{trunk="north",le="5"} 0
answer_seconds_bucket{trunk="north",le="+Inf"} 4
answer_seconds_sum{trunk="north"} 120
answer_seconds_count{trunk="north"} 4
answer_seconds_bucket{trunk="south",le="5"} 30
answer_seconds_bucket{trunk="south",le="+Inf"} 40
answer_seconds_sum{trunk="south"} 180
answer_seconds_count{trunk="south"} 40
TXT
cat >summary <<'TXT'
# TYPE ring_seconds summary
ring_seconds{trunk="north",quantile="0.9"} 50
ring_seconds_sum{trunk="north"} 120
ring_seconds_count{trunk="north"} 4
ring_seconds{trunk="south",quantile="0.9"} 6
ring_seconds_sum{trunk="south"} 180
ring_seconds_count{trunk="south"} 40
TXT
grep -v TYPE histogram >"histogram without its TYPE"

cat >read.cjs <<'JS'
const parse = require("parse-prometheus-text-format");
const name = process.argv[2];
const families = parse(require("node:fs").readFileSync(name, "utf8"));
const told = ({ labels, value, buckets, quantiles, ...rest }) =>
  value === undefined
    ? [labels, Object.entries(buckets ?? quantiles).map((pair) => pair.join("=")).join(" "), ...Object.keys(rest)].filter(Boolean).join(" ")
    : `${labels.trunk} ${labels.le}=${value}`;
const metrics = families.filter((family) => !/_(sum|count)$/.test(family.name)).flatMap((family) => family.metrics);
console.log(`${name}, npm: ${metrics.map(told).join(", ")}`);
JS
cat >read.py <<'PY'
import sys
from prometheus_client.parser import text_string_to_metric_families

name = sys.argv[1]
samples = [sample for family in text_string_to_metric_families(open(name).read()) for sample in family.samples]
limits = [(sample, sample.labels.get("le") or sample.labels.get("quantile")) for sample in samples]
print(f"{name}, PyPI: " + ", ".join(f"{sample.labels['trunk']} {limit}={sample.value:g}" for sample, limit in limits if limit))
PY
(npm init -y && npm install --no-audit --no-fund parse-prometheus-text-format@1.1.1) >/dev/null 2>&1
python3 -m venv python
python/bin/pip install -q prometheus-client==0.26.0 >/dev/null 2>&1

seen=$(for name in histogram summary; do node read.cjs $name && python/bin/python read.py $name; done && node read.cjs "histogram without its TYPE")
echo "$seen"
[ "$seen" = "histogram, npm: 5=30 +Inf=40
histogram, PyPI: north 5=0, north +Inf=4, south 5=30, south +Inf=40
summary, npm: 0.9=6
summary, PyPI: north 0.9=50, south 0.9=6
histogram without its TYPE, npm: north 5=0, north +Inf=4, south 5=30, south +Inf=40" ]

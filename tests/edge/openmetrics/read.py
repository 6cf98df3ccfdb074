"""Reads OpenMetrics text as prometheus_client does, which is strict about it; writes the samples as JSON."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

families = list(text_string_to_metric_families(sys.stdin.read()))
json.dump(
    [
        {
            "name": family.name,
            "type": family.type,
            "unit": family.unit,
            "samples": [{"name": s.name, "labels": s.labels, "value": s.value} for s in family.samples],
        }
        for family in families
    ],
    sys.stdout,
)

"""Writes tests/golden/windows.txt: when calling hours are open in each zone, computed by Python's zoneinfo from the same release.

The first line is the release, the next ones are the hours. Each further line is for one name: for each of these hours, a digest of
whether they are open, and for some moments when they open next, around each change of the zone's clocks within five years and on a
grid over these. A name that is the same as an earlier one has `=` and that name.
"""

import json
import sys
import zoneinfo
from datetime import datetime, timezone
from pathlib import Path

import tzdata

# Only the package's files, whatever the machine has.
zoneinfo.reset_tzpath(to=())

SINCE = int(datetime(2026, 11, 1, tzinfo=timezone.utc).timestamp())
UNTIL = int(datetime(2032, 1, 1, tzinfo=timezone.utc).timestamp())
# No clock is changed and changed back within this time.
PROBE = 7 * 86400
# How far from a change to check, in seconds.
AROUND = [86400, 7200, 3600, 2700, 1800, 900, 1, 0]
# A grid that meets every hour of every day.
GRID = 13 * 3600 + 7 * 60
# For one in this many of its moments, the next opening is computed too.
ASKED = 16
# Hours begin and end, and clocks change, at whole quarters of an hour.
QUARTER = 900
# None is closed for longer than this.
LONGEST = 30 * 86400
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
HOURS = [
    {"windows": [{"days": DAYS[:5], "from": "09:00", "to": "19:00"}], "closed_dates": ["2027-01-26", "2028-02-29", "2029-12-31"]},
    {
        "windows": [{"days": DAYS, "from": "00:00", "to": "02:30"}, {"days": DAYS[5:], "from": "23:15", "to": "24:00"}],
        "closed_dates": ["2027-03-28", "2028-11-05", "2030-03-31"],
    },
    {"windows": [{"days": ["sun"], "from": "01:45", "to": "03:15"}, {"days": ["thu"], "from": "12:00", "to": "12:15"}], "closed_dates": []},
]
MASK = (1 << 64) - 1


def minutes(text):
    return int(text[:2]) * 60 + int(text[3:])


def reader(zone, hours):
    """Whether hours are open at a moment in a zone."""
    windows = [(day, minutes(w["from"]), minutes(w["to"])) for w in hours["windows"] for day in map(DAYS.index, w["days"])]
    closed = {datetime.strptime(day, "%Y-%m-%d").date() for day in hours["closed_dates"]}

    def is_open(moment):
        local = datetime.fromtimestamp(moment, zone)
        minute, day = local.hour * 60 + local.minute, local.weekday()
        return any(on == day and begins <= minute < ends for on, begins, ends in windows) and local.date() not in closed

    return is_open


def changes(zone):
    """Each change of a zone's clocks, found by bisection between two probes that differ."""

    def offset(moment):
        return datetime.fromtimestamp(moment, zone).utcoffset()

    for start in range(SINCE, UNTIL, PROBE):
        low, high = start, min(start + PROBE, UNTIL)
        if offset(low) == offset(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
        assert high % QUARTER == 0, (zone, high)
        yield high


def opening(is_open, moment):
    """The first moment from this one on at which they are open."""
    for quarter in range((moment // QUARTER + 1) * QUARTER, moment + LONGEST, QUARTER):
        if is_open(quarter):
            return quarter
    raise AssertionError("closed for good")


def moments(zone):
    """The moments to check, and whether the next opening is computed too."""
    for change in changes(zone):
        for away in AROUND:
            yield change - away, True
            yield change + away, True
    for nth, moment in enumerate(range(SINCE, UNTIL, GRID)):
        yield moment, nth % ASKED == 0


def digest(is_open, looks):
    """FNV-1a over the results."""
    value = 0xCBF29CE484222325
    for moment, asked in looks:
        told = 0 if is_open(moment) else opening(is_open, moment) if asked else 1
        for byte in told.to_bytes(8, "big"):
            value = ((value ^ byte) * 0x100000001B3) & MASK
    return f"{value:016x}"


def main():
    lines, first = [tzdata.IANA_VERSION, *(json.dumps(hours, separators=(",", ":")) for hours in HOURS)], {}
    files = {}
    for name in sorted((Path(tzdata.__file__).parent / "zones").read_text().split()):
        # Names that share a file's contents need not be checked again.
        content = Path(tzdata.__file__).parent.joinpath("zoneinfo", name).read_bytes()
        if content not in files:
            zone = zoneinfo.ZoneInfo(name)
            looks = list(moments(zone))
            files[content] = " ".join(digest(reader(zone, hours), looks) for hours in HOURS)
        told = files[content]
        lines.append(f"{name} ={first[told]}" if told in first else f"{name} {told}")
        first.setdefault(told, name)
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n")


main()

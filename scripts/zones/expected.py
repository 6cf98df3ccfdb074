"""Writes tests/golden/zones.txt: what Python's zoneinfo derives from the same release, to check src/domain/zones against.

The first line is the release. Each further line is for one name: seconds ahead of UTC at the beginning of 2026; each change until
2041, as its Unix time and the seconds from then on; a digest of the offsets at many moments. A name that is the same as an earlier
one has `=` and that name.
"""

import sys
import zoneinfo
from datetime import datetime, timezone
from pathlib import Path

import tzdata

# Only the package's files, whatever the machine has.
zoneinfo.reset_tzpath(to=())

SINCE = int(datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp())
UNTIL = int(datetime(2041, 1, 1, tzinfo=timezone.utc).timestamp())
# No clock is changed and changed back within this time.
PROBE = 7 * 86400
MOMENTS = 2000
MASK = (1 << 64) - 1


def digest(offset):
    """FNV-1a over the offsets at moments that a linear congruential generator draws."""
    state, value = 1, 0xCBF29CE484222325
    for _ in range(MOMENTS):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        for byte in offset(SINCE + (state >> 33) % (UNTIL - SINCE)).to_bytes(4, "big", signed=True):
            value = ((value ^ byte) * 0x100000001B3) & MASK
    return f"{value:016x}"


def changes(offset):
    """Each change, found by bisection between two probes that differ."""
    found = []
    for start in range(SINCE, UNTIL, PROBE):
        low, high = start, min(start + PROBE, UNTIL)
        if offset(low) == offset(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if offset(middle) == offset(low):
                low = middle
            else:
                high = middle
        found.append(f"{high}:{offset(high)}")
    return found


def line(name):
    zone = zoneinfo.ZoneInfo(name)

    def offset(moment):
        return int(datetime.fromtimestamp(moment, zone).utcoffset().total_seconds())

    return " ".join([str(offset(SINCE)), *changes(offset), digest(offset)])


def main():
    lines, first = [tzdata.IANA_VERSION], {}
    for name in sorted((Path(tzdata.__file__).parent / "zones").read_text().split()):
        told = line(name)
        lines.append(f"{name} ={first[told]}" if told in first else f"{name} {told}")
        first.setdefault(told, name)
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n")


main()

"""Writes src/domain/zones/table.bin: when clocks change, by the IANA release that requirements.txt pins.

The table, whose numbers are big-endian, and whose texts are preceded by their length (one byte):

    the release
    u8 clocks, each:    i16 minutes east of UTC, u8 whether it has summer time;
                        then i16 minutes east in summer, and its begin and end: u8 month, u8 week (5: the last), u8 weekday (0: Sunday), i16 minute of the day;
                        u16 changes that no such rule tells, then i16 minutes east before the first, and each: u32 minute since 1970, i16 minutes east
    u16 zones, each:    its name, u8 clock
    u16 aliases, each:  its name, u16 zone
"""

import re
import struct
import sys
from pathlib import Path

import tzdata

FILES = Path(tzdata.__file__).parent / "zoneinfo"

# Earlier moments don't matter, and nobody knows about later ones: from then on each zone's rule applies (the files of Gaza and
# Hebron go on to 2086 with the months of Ramadan).
SINCE = 1767225600  # 2026-01-01
UNTIL = 2556144000  # 2051-01-01

# Links in the files that lead to another country's zone, because clocks agree: the present name of each.
CORRECTED = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo",
    "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}

MINUTES = r"([+-]?\d+)(?::(\d+))?"
DATE = r"M(\d+)\.(\d+)\.(\d+)(?:/" + MINUTES + ")?"
NAME = r"(?:<[^>]+>|[A-Za-z]+)"
FOOTER = re.compile(f"{NAME}{MINUTES}(?:{NAME}(?:{MINUTES})?,{DATE},{DATE})?")


def minutes(hours, rest):
    """The minutes in a text such as -3:30."""
    size = abs(int(hours)) * 60 + int(rest or 0)
    return -size if hours.startswith("-") else size


def rule(footer):
    """A file's rule for the time after its changes, packed."""
    groups = FOOTER.fullmatch(footer).groups()
    standard = -minutes(*groups[0:2])
    if groups[4] is None:
        return struct.pack(">hB", standard, 0)
    summer = standard + 60 if groups[2] is None else -minutes(*groups[2:4])
    packed = struct.pack(">hBh", standard, 1, summer)
    for month, week, day, hours, rest in (groups[4:9], groups[9:14]):
        at = 120 if hours is None else minutes(hours, rest)
        packed += struct.pack(">BBBh", int(month), int(week), int(day), at)
    return packed


def whole(seconds):
    assert seconds % 60 == 0
    return seconds // 60


def clock(name):
    """A zone's entry in the list of clocks."""
    data = (FILES / name).read_bytes()

    def counts(at):
        return struct.unpack(">6l", data[at + 20 : at + 44])

    utc, standard, leaps, changes, types, letters = counts(0)
    at = 44 + changes * 5 + types * 6 + letters + leaps * 8 + standard + utc
    utc, standard, leaps, changes, types, letters = counts(at)
    at += 44
    moments = struct.unpack(f">{changes}q", data[at : at + 8 * changes])
    which = data[at + 8 * changes : at + 9 * changes]
    at += 9 * changes
    offsets = [struct.unpack(">l", data[at + 6 * i : at + 6 * i + 4])[0] for i in range(types)]
    before = offsets[0]
    told = []
    for moment, offset in zip(moments, (offsets[i] for i in which)):
        if moment < SINCE:
            before = offset
        elif moment < UNTIL:
            told.append((whole(moment), whole(offset)))
    packed = rule(data.rstrip(b"\n").rsplit(b"\n", 1)[1].decode()) + struct.pack(">H", len(told))
    if told:
        packed += struct.pack(">h", whole(before)) + b"".join(struct.pack(">Lh", *change) for change in told)
    return packed


def text(value):
    return struct.pack(">B", len(value)) + value.encode()


def main():
    names = (FILES.parent / "zones").read_text().split()
    tab = {line.split("\t")[2].strip() for line in (FILES / "zone.tab").read_text().splitlines() if not line.startswith("#")}
    links = dict(reversed(line.split()[1:3]) for line in (FILES / "tzdata.zi").read_text().splitlines() if line.startswith("L "))

    def current(name):
        if name in tab or name not in links:
            return name
        return CORRECTED.get(name) or current(links[name])

    zones = sorted(name for name in names if current(name) == name)
    aliases = sorted(name for name in names if current(name) != name)
    packed = {name: clock(name) for name in names}
    clocks = sorted(set(packed[name] for name in zones))
    for name in aliases:
        assert packed[name] == packed[current(name)], name
    table = text(tzdata.IANA_VERSION) + struct.pack(">B", len(clocks)) + b"".join(clocks)
    table += struct.pack(">H", len(zones)) + b"".join(text(name) + struct.pack(">B", clocks.index(packed[name])) for name in zones)
    table += struct.pack(">H", len(aliases))
    table += b"".join(text(name) + struct.pack(">H", zones.index(current(name))) for name in aliases)
    Path(sys.argv[1]).write_bytes(table)


main()

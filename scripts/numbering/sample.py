#!/usr/bin/env python3
"""Writes numbers with libphonenumber's data on them, for tests/numbering.rs: sample.py HOW_MANY_TIMES FILE.

The oracle is PyPI's port, used through its public functions; from table.py come only IANA's names and our corrections. A line
is tab-separated: the number, whether it is possible, its type, its country, its zones (the number of a line that begins with
@), and its normal form if that differs.
"""

import random
import sys

import phonenumbers as oracle
from phonenumbers import PhoneNumberFormat, PhoneNumberType, timezone
from phonenumbers.data import _COUNTRY_CODE_TO_REGION_CODE as REGIONS
from phonenumbers.tzdata import TIMEZONE_DATA

from table import PREFIXES, zone_names

TYPES = {
    PhoneNumberType.FIXED_LINE: "fixed_line", PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_or_mobile", PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate", PhoneNumberType.SHARED_COST: "shared_cost", PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "other", PhoneNumberType.PAGER: "other", PhoneNumberType.UAN: "other",
    PhoneNumberType.VOICEMAIL: "other", PhoneNumberType.UNKNOWN: "unknown",
}
SATELLITE = ("870", "881", "88213", "88216")
current, own_zones = zone_names()


def expected(digits):
    """The data on a number: possible, type, country, zones, normal form."""
    if not any(int(digits[:n]) in REGIONS for n in (1, 2, 3)):
        return 0, "unknown", "-", (), digits
    number = oracle.parse("+" + digits)
    country = oracle.region_code_for_number(number)
    country = None if country == "001" else country
    kind = oracle.number_type(number)
    possible = oracle.is_possible_number_with_reason(number) == oracle.ValidationResult.IS_POSSIBLE
    normal = oracle.format_number(number, PhoneNumberFormat.E164)[1:]
    named = "satellite" if digits.startswith(SATELLITE) else TYPES[kind]
    zones = []
    if country:
        if kind != PhoneNumberType.UNKNOWN:
            zones = [current(z) for z in timezone.time_zones_for_number(number) if z != "Etc/Unknown"]
        for prefix, corrected in PREFIXES.items():
            if normal.startswith(prefix) and kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE):
                zones = list(corrected)
        zones = [z for z in zones if z in own_zones[country]] or own_zones[country]
    return int(possible), named, country or "-", tuple(dict.fromkeys(zones)), normal


def numbers(times, draw):
    digits = lambda n: "".join(draw.choice("0123456789") for _ in range(n))
    for region in sorted(oracle.SUPPORTED_REGIONS):
        code = str(oracle.country_code_for_region(region))
        for kind in TYPES:
            example = oracle.example_number_for_type(region, kind)
            if example:
                yield from spelled(code, oracle.national_significant_number(example), times, digits, draw)
    for code in sorted(REGIONS):
        for length in range(2, 16 - len(str(code))):
            for _ in range(times):
                yield str(code) + digits(length)
        if REGIONS[code] == ("001",):
            example = oracle.example_number_for_non_geo_entity(code)
            yield from spelled(str(code), oracle.national_significant_number(example), times * 4, digits, draw)
    for prefix in sorted(TIMEZONE_DATA):
        for _ in range(times // 4):
            yield prefix + digits(draw.choice([max(0, length - len(prefix)) for length in (9, 10, 11, 12, 13)]))
    for code in range(1, 1000):
        yield str(code) + digits(9)


def spelled(code, national, times, digits, draw):
    """An example, others with the same beginning, and how they are dialed within the country."""
    yield code + national
    for _ in range(times):
        kept = draw.randrange(1, len(national))
        other = national[:kept] + digits(len(national) - kept)
        yield code + other
        yield code + draw.choice(["0", "1", "8", "06"]) + other
        yield code + other[: draw.randrange(4, len(other) + 1)] if len(other) > 4 else code + other
    if code == "54":
        for _ in range(times * 10):
            area = draw.choice(["11", "221", "2202", "2966", "351", "3489", "341"])
            yield code + draw.choice(["", "0"]) + area + "15" + digits(draw.choice([10 - len(area), 9 - len(area)]))
    if code in ("378", "672", "261"):
        for length in (5, 6, 7, 8):
            for _ in range(times * 2):
                yield code + digits(length)


def main():
    times, path = int(sys.argv[1]), sys.argv[2]
    found = sorted({n for n in numbers(times, random.Random(1)) if 7 <= len(n) <= 15 and n[0] != "0"})
    lists = {}
    with open(path, "w") as file:
        for digits in found:
            try:
                possible, kind, country, zones, normal = expected(digits)
            except oracle.NumberParseException:
                continue
            if zones not in lists:
                lists[zones] = len(lists)
                file.write(f"@{lists[zones]}\t{' '.join(zones)}\n")
            other = f"\t{normal}" if normal != digits else ""
            file.write(f"{digits}\t{possible}\t{kind}\t{country}\t{lists[zones]}{other}\n")
    print(f"{len(found)} numbers")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes src/domain/numbering/table.bin from libphonenumber's metadata and IANA's list of zones: table.py FILE.

`npm run numbering` calls it, by hand, when either is updated, so that no build needs Python. The table maps a number's digits to
its data, and is used without decoding: src/domain/numbering/table.rs describes its layout.
"""

import re
import re._constants as op
import re._parser as parser
import sys
from collections import Counter
from importlib import resources
from itertools import islice

import phonenumbers
from phonenumbers import PhoneMetadata
from phonenumbers.data import _COUNTRY_CODE_TO_REGION_CODE as REGIONS
from phonenumbers.phonenumberutil import region_code_for_country_code
from phonenumbers.tzdata import TIMEZONE_DATA

MOST_DIGITS = 15
BLOCK = 32
# One byte names this many states. The bytes above these name the high byte of a state's number, and 0 is the next new one.
POPULAR = 208
NO_COUNTRY = 255

# The types of src/domain/numbering/mod.rs, by index. libphonenumber checks them in the order of ASKED, and fixed lines and
# mobiles last.
UNKNOWN, MOBILE, FIXED, FIXED_OR_MOBILE, TOLL_FREE, PREMIUM, SHARED_COST, VOIP, OTHER = range(9)
ASKED = [
    ("premium_rate", PREMIUM), ("toll_free", TOLL_FREE), ("shared_cost", SHARED_COST), ("voip", VOIP),
    ("personal_number", OTHER), ("pager", OTHER), ("uan", OTHER), ("voicemail", OTHER),
]

# ---- Our own corrections, each with its reason ------------------------------------------------------------------------

# Obsolete names that IANA links to another country's zone, because their clocks have agreed since 1970.
RENAMED = {"Africa/Asmera": "Africa/Asmara", "Pacific/Ponape": "Pacific/Pohnpei", "Pacific/Truk": "Pacific/Chuuk"}
# Kaliningrad's area code; libphonenumber has Europe/Bucharest, which is not in Russia, so that all of Russia's zones would
# remain.
PREFIXES = {"740": ("Europe/Kaliningrad",)}
# Not in zone.tab: Kosovo, Ascension and Tristan da Cunha have what libphonenumber says.
OWN = {"XK": ["Europe/Belgrade"], "AC": ["Atlantic/St_Helena"], "TA": ["Atlantic/St_Helena"]}


class Nfa:
    """An NFA for the patterns of one country code; a state is a number, its edges are (digits, to) or (None, to)."""

    def __init__(self):
        self.edges = []
        self.accepts = {}

    def state(self):
        self.edges.append([])
        return len(self.edges) - 1

    def add(self, pattern, tag, is_prefix=False):
        """Adds a pattern that must match completely, or may be followed by anything. Returns its first state."""
        start = self.state()
        end = self.sequence(parser.parse(pattern), start)
        if is_prefix:
            self.edges[end].append((frozenset(range(10)), end))
        self.accepts[end] = tag
        return start

    def sequence(self, items, at):
        for kind, value in items:
            at = self.item(kind, value, at)
        return at

    def item(self, kind, value, at):
        if kind is op.LITERAL:
            return self.digits(frozenset([value - 48]), at)
        if kind is op.IN:
            return self.digits(frozenset(d for part in value for d in members(*part)), at)
        if kind is op.BRANCH:
            end = self.state()
            for branch in value[1]:
                start = self.state()
                self.edges[at].append((None, start))
                self.edges[self.sequence(branch, start)].append((None, end))
            return end
        if kind is op.SUBPATTERN:
            return self.sequence(value[3], at)
        if kind is op.MAX_REPEAT:
            least, most, items = value
            for _ in range(least):
                at = self.sequence(items, at)
            end = self.state()
            for _ in range(int(most) - least):
                self.edges[at].append((None, end))
                at = self.sequence(items, at)
            self.edges[at].append((None, end))
            return end
        raise ValueError(f"a pattern has {kind}, which no pattern had so far")

    def digits(self, allowed, at):
        end = self.state()
        self.edges[at].append((allowed, end))
        return end

    def closure(self, states):
        seen, waiting = set(states), list(states)
        while waiting:
            for allowed, to in self.edges[waiting.pop()]:
                if allowed is None and to not in seen:
                    seen.add(to)
                    waiting.append(to)
        # States that only lead on to one of these add nothing.
        return frozenset(s for s in seen if s in self.accepts or any(a is not None for a, _ in self.edges[s]))

    def after(self, states, digit):
        return self.closure({to for s in states for allowed, to in self.edges[s] if allowed and digit in allowed})


def members(kind, value):
    if kind is op.LITERAL:
        return [value - 48]
    if kind is op.RANGE:
        return range(value[0] - 48, value[1] - 47)
    if kind is op.CATEGORY and value is op.CATEGORY_DIGIT:
        return range(10)
    raise ValueError(f"a class has {kind}, which no class had so far")


class Automaton:
    """An acyclic DFA without duplicate states: (output or None, the ten successors). State 0 is the dead end."""

    def __init__(self):
        self.states = [(None, (0,) * 10)]
        self.known = {self.states[0]: 0}

    def add(self, output, children):
        key = (output, tuple(children))
        if key not in self.known:
            self.known[key] = len(self.states)
            self.states.append(key)
        return self.known[key]

    def numbered(self, roots):
        """The states in breadth-first order, starting from each root in turn; and the numbers that they get."""
        order, number = [0], {0: 0}
        for root in roots:
            if root in number:
                continue
            met = len(order)
            order.append(root)
            number[root] = met
            for old in islice(order, met, None):  # it grows meanwhile
                for child in self.states[old][1]:
                    if child not in number:
                        number[child] = len(order)
                        order.append(child)
        return order, number

    def write(self, roots):
        """Masks, outputs, successors, where every BLOCK states begin in the latter two, and the popular states; and the roots'
        numbers. A digit with the same successor as the digit before is left out. A successor that occurs for the first time is
        the next state that was not met before, and needs no number."""
        order, number = self.numbered(roots)
        unmet, edges, popular, met = [], [], Counter(), {0}
        for old in order:
            unmet.append(len(met))
            met.add(old)  # a root follows nothing
            before, own = 0, []
            for digit, child in enumerate(self.states[old][1]):
                if child != before:
                    own.append((digit, number[child], child not in met))
                    popular[number[child]] += child in met
                    met.add(child)
                    before = child
            edges.append(own)
        popular = [state for state, _ in popular.most_common(POPULAR)]
        masks, outputs, follows, blocks = bytearray(), bytearray(), bytearray(), bytearray()
        for here, old in enumerate(order):
            if here % BLOCK == 0:
                blocks += b"".join(n.to_bytes(2, "little") for n in (len(outputs), len(follows), unmet[here]))
            output = self.states[old][0]
            mask = (output is not None) << 10
            for digit, child, is_new in edges[here]:
                mask |= 1 << digit
                if is_new:
                    follows.append(0)
                elif child in popular:
                    follows.append(1 + popular.index(child))
                else:
                    follows += bytes([1 + len(popular) + (child >> 8), child & 255])
            masks += mask.to_bytes(2, "big")
            if output is not None:
                outputs.append(output)
        named = b"".join(state.to_bytes(2, "little") for state in popular)
        # High bytes apart from low ones: gzip compresses that better.
        return [bytes(masks[0::2]), bytes(masks[1::2]), bytes(outputs), bytes(follows), bytes(blocks), named], number


def metadata_of(code, region):
    if region == "001":
        return PhoneMetadata.metadata_for_nongeo_region(code)
    return PhoneMetadata.metadata_for_region(region)


def fits(described, length):
    return not described.possible_length or length in described.possible_length


def build_code(code, automaton, output_of):
    """The state at which the digits after a country code begin."""
    nfa, starts, regions = Nfa(), [], []
    for place, region in enumerate(REGIONS[code]):
        metadata = metadata_of(code, region)
        regions.append(metadata)
        for name in ["general_desc", "fixed_line", "mobile", *(name for name, _ in ASKED)]:
            described = getattr(metadata, name)
            if described is not None and described.national_number_pattern:
                starts.append(nfa.add(described.national_number_pattern, (place, name)))
        if metadata.leading_digits and len(REGIONS[code]) > 1:
            starts.append(nfa.add(metadata.leading_digits, (place, "leading"), is_prefix=True))
    most, memo = MOST_DIGITS - len(str(code)), {}

    def output(states, length):
        matched = {nfa.accepts[s] for s in states if s in nfa.accepts}
        for place, metadata in enumerate(regions):
            kind = type_of(metadata, {name for at, name in matched if at == place}, length)
            is_there = (place, "leading") in matched if metadata.leading_digits and len(regions) > 1 else kind != UNKNOWN
            if is_there:
                return output_of(place, kind)
        return None

    def visit(states, length):
        if not states:
            return 0
        key = (states, length)
        if key not in memo:
            more = range(10) if length < most else []
            children = [visit(nfa.after(states, digit), length + 1) for digit in more] or [0] * 10
            memo[key] = automaton.add(output(states, length), children)
        return memo[key]

    return visit(nfa.closure(starts), 0)


def type_of(metadata, matched, length):
    """The type, determined in libphonenumber's order."""

    def is_one(name):
        described = getattr(metadata, name)
        return name in matched and fits(described, length)

    if not is_one("general_desc"):
        return UNKNOWN
    for name, kind in ASKED:
        if is_one(name):
            return kind
    same = metadata.fixed_line and metadata.mobile and (
        metadata.fixed_line.national_number_pattern == metadata.mobile.national_number_pattern)
    fixed, mobile = is_one("fixed_line"), is_one("mobile")
    if fixed:
        return FIXED_OR_MOBILE if same or mobile else FIXED
    return MOBILE if mobile and not same else UNKNOWN


def dropped(metadata):
    """The national prefix, if it can be a single digit: 1 for 0, 2 for 1, 4 for 8, added up."""
    found = [re.match(metadata.national_prefix_for_parsing or "-", digit + "9" * 9) for digit in "018"]
    return sum(1 << at for at, (digit, match) in enumerate(zip("018", found)) if match and match.group(0) == digit)


def argentine_areas(automaton):
    """Of +54, the area codes with the 15 behind them that mobiles have at home: accepted is where the 15 ends."""
    rule = metadata_of(54, "AR").national_prefix_for_parsing
    area = re.fullmatch(r"0\?\(\?:\((.*)\)15\)\?", rule).group(1)
    nfa = Nfa()
    start = nfa.add(f"(?:{area})15", True)

    def visit(states):
        children = [visit(nfa.after(states, digit)) for digit in range(10)] if states else [0] * 10
        return automaton.add(0 if states & nfa.accepts.keys() else None, children) if states else 0

    return visit(nfa.closure([start]))


def zone_names():
    """What IANA calls each zone today, and each country's, in the order of zone.tab."""
    folder = resources.files("tzdata") / "zoneinfo"
    links, own = {}, {}
    for line in (folder / "tzdata.zi").read_text().splitlines():
        if line.startswith("L "):
            _, to, name = line.split()
            links[name] = to
    for line in (folder / "zone.tab").read_text().splitlines():
        if not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            own.setdefault(country, []).append(name)
    listed = {name for names in own.values() for name in names}
    assert not own.keys() & OWN.keys(), "a correction is not needed any more"
    own.update(OWN)

    def current(name):
        name = RENAMED.get(name, name)
        while name not in listed:
            name = links[name]
        return name

    return current, own


def build():
    automaton, outputs = Automaton(), {}
    output_of = lambda place, kind: outputs.setdefault((place, kind), len(outputs))
    sys.setrecursionlimit(10_000)
    starts = {code: build_code(code, automaton, output_of) for code in sorted(REGIONS)}
    assert len(outputs) < 256, "an output is a byte"

    current, own = zone_names()
    countries = sorted({region for regions in REGIONS.values() for region in regions if region != "001"})
    assert all(country in own for country in countries), "a correction is due"
    names, lists = {}, {}
    name_of = lambda name: names.setdefault(name, len(names))

    def list_of(named):
        found = tuple(dict.fromkeys(name_of(current(name)) for name in named))
        return lists.setdefault(found, len(lists))

    def left(prefix, found):
        """What a prefix says of the countries of its code: the rest is dropped in any case."""
        regions = next((REGIONS[int(prefix[:n])] for n in (1, 2, 3) if int(prefix[:n]) in REGIONS), [])
        found = [current(name) for name in found if any(current(name) in own.get(region, ()) for region in regions)]
        # If none is left, the country's own zones count, which are the same for most.
        return [] if len(regions) == 1 and found == own[regions[0]] else found

    list_of(())
    said = {prefix: list_of(left(prefix, found)) for prefix, found in {**TIMEZONE_DATA, **PREFIXES}.items()}
    assert len(lists) < 256, "a list's number is a byte where a prefix says it"
    own_lists = [list_of(own[country]) for country in countries]

    def trie(prefix, inherited):
        # A longer prefix that says the same as a shorter one adds nothing.
        here = said.get(prefix, inherited)
        longer = any(other.startswith(prefix) and other != prefix for other in said)
        children = [trie(prefix + str(digit), here) for digit in range(10)] if longer else [0] * 10
        is_news = here != inherited
        return automaton.add(here if is_news else None, children) if is_news or any(children) else 0

    zone_start, argentine = trie("", None), argentine_areas(automaton)
    written, number = automaton.write([*starts.values(), zone_start, argentine])

    codes, of_codes = bytearray(), bytearray()
    for code in sorted(REGIONS):
        main = metadata_of(code, region_code_for_country_code(code))
        lengths = sum(1 << n for n in main.general_desc.possible_length if n < MOST_DIGITS)
        codes += code.to_bytes(2, "little") + number[starts[code]].to_bytes(2, "little") + lengths.to_bytes(2, "little")
        codes += bytes([dropped(main), len(of_codes), len(REGIONS[code])])
        of_codes += bytes(NO_COUNTRY if r == "001" else countries.index(r) for r in REGIONS[code])
    assert len(of_codes) < 256
    listed = bytearray()
    for found in lists:
        listed += bytes([len(found)]) + b"".join(name.to_bytes(2, "little") for name in found)
    sections = [
        phonenumbers.__version__.encode(),
        bytes(codes),
        bytes(of_codes),
        b"".join(bytes(pair) for pair in outputs),
        b"".join(country.encode() + at.to_bytes(2, "little") for country, at in zip(countries, own_lists)),
        number[zone_start].to_bytes(2, "little") + number[argentine].to_bytes(2, "little"),
        *written,
        bytes(listed),
        "\n".join(names).encode(),
    ]
    told = f"{len(automaton.states)} states, {len(lists)} lists, {len(names)} names"
    return b"".join(len(s).to_bytes(3, "little") for s in sections) + b"".join(sections), told


if __name__ == "__main__":
    table, told = build()
    with open(sys.argv[1], "wb") as file:
        file.write(table)
    print(f"{told}, {len(table)} bytes")

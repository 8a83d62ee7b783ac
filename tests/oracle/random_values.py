"""Random field values and how a record spells them: what real data has, and what breaks programs.

A value is JSON text that stands in a record (str), or None for a field that is missing.
"""

import json
import struct

TEXTS = (
    "", " ", "a", "b", "c", "A", "aa", "ab", "\u00e9", "e\u0301", "\u65e5\u672c", "\u00df", "\x00",
    "a\x00", "a\x00b", "\x00\x00", '"', '"q"', "'", "it's", "\\", "back\\slash", "\\\"", "`", "{}",
    "null", "true", "false", "5", "05", "1.50", "-0", "1e3", "NaN", "\n", "\t", "a\r\nb", "\x7f",
    "\x1f", "\u2028", "\uffff", "\ue000", "\U00010000", "\U0001f600", "%", "a,b", "x" * 70,
)
INTEGERS = (
    0, 1, 2, 3, 5, 10, -1, -2, -10, 100, 1 << 31, 1 << 32, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1,
    1 << 62, -(1 << 62), (1 << 63) - 1, (1 << 63) - 2, -(1 << 63), -(1 << 63) + 1,
)
NO_INTEGERS = (
    "1.0", "1e3", "1.5", "9223372036854775808", "-9223372036854775809", '"1.0"', '"0x10"', '"1e3"',
    '""', '" 1"', '"1 "', '"+1"', '"01"', '"-"', '"--1"', '"1,000"', '"abc"', '"NaN"', '"\u0661"',
    "true", "false", '"true"', '"9223372036854775808"', '"1\\u0000"',
)
DOUBLES = (
    "0", "-0", "0.0", "-0.0", "1", "1.0", "1.50", "-1.5", "0.1", "0.2", "0.3", "1e3", "1E3", "1e+3",
    "1e-3", "3.14159", "1e16", "1", "1e100", "1e308", "-1e308", "1e308", "-1e308",
    "1.7976931348623157e308", "-1.7976931348623157e308", "8.98846567431158e307", "1e292",
    "9.9792015476736e291", "1e-320", "-1e-320", "5e-324", "-5e-324", "2.2250738585072014e-308",
    "2.2250738585072011e-308", "1e-400", "-1e-400", "9007199254740993", "9007199254740993.0",
    "9007199254740992.99999999999999999999999999999", "9007199254740993.00000000000000000000000001",
    "18446744073709551616", "9223372036854775807", "-9223372036854775808",
    "123456789012345678901234567890123456789", "0.1000000000000000055511151231257827021181583404541",
    "1.00000000000000011102230246251565404", "1.00000000000000011102230246251565405",
    "0e0", "0e99999", "0.000000000000000000000000000000000000001", "2.5e-8",
)
NO_DOUBLES = (
    "1e309", "-1e309", "1e99999", '"1e309"', '"NaN"', '"Infinity"', '"inf"', '"-inf"', '"0x1p3"',
    '""', '" 1"', '"1 "', '"+1"', '".5"', '"5."', '"01"', '"1e"', '"1,5"', '"abc"', "true", "false",
    '"true"', '"\u0661"', '"1\\u0000"', '"1_000"', '"1f"',
)
STRUCTURES = ("{}", "[]", "[1]", '{"a":1}', '["x",{"y":[null]}]')
# Not JSON: a record with one of these in a field that is used is no JSON at all.
BROKEN_TOKENS = ("01", "+1", ".5", "1.", "1e", "NaN", "-", "0x10", "nul", "True", "'a'", "1_0",
                 '"\\x"', '"\\u12"', '"\t"', '"\\ud800"', '"\\udc00 x"', '"\\ud800\\u0041"')


def any_double(random):
    """A finite double with any bits."""
    while True:
        number = struct.unpack(">d", random.randbytes(8))[0]
        if number == number and abs(number) != float("inf"):
            return repr(number)


def json_string(random, text):
    """Text as a JSON string, with escapes where they are needed and where they are not."""
    parts = []
    for char in text:
        if char in "\"\\" or char < " ":
            if random.random() < 0.5:
                parts.append(json.dumps(char)[1:-1])
            else:
                parts.append(_escape(random, char))
        elif random.random() < 0.03:
            parts.append("\\/" if char == "/" else _escape(random, char))
        else:
            parts.append(char)
    return '"' + "".join(parts) + '"'


def _escape(random, char):
    units = char.encode("utf-16-be")
    form = random.choice(("\\u%04x", "\\u%04X"))
    return "".join(form % int.from_bytes(units[i:i + 2], "big") for i in range(0, len(units), 2))


class ValueSource:
    """Draws values of one field. Kinds:

    texts     few different texts, for groups; also numbers and truth values
    many      many different texts
    integers  whole numbers of 64 bits, as numbers or text
    doubles   numbers of any kind, as numbers or text
    anything  all of it
    """

    KINDS = ("texts", "many", "integers", "doubles", "anything")

    def __init__(self, random, kind):
        self.kind = kind
        self._random = random
        self._texts = random.sample(TEXTS, random.choice((1, 2, 2, 3, 3, 4, 8)))
        self._many = random.choice((30, 300, 5_000))
        self._small = random.random() < 0.5
        self._missing = random.choice((0.0, 0.05, 0.3))
        # A field of an aggregate must not make most records dead letters.
        self._wrong = random.choice((0.0, 0.0, 0.01))
        self._structures = random.choice((0.0, 0.0, 0.005))

    def draw(self):
        random = self._random
        if random.random() < self._missing:
            return random.choice((None, "null"))
        if random.random() < self._structures:
            return random.choice(STRUCTURES)
        kind = self.kind
        if kind == "anything":
            kind = random.choice(self.KINDS[:-1])
        return getattr(self, "_draw_" + kind)()

    def _draw_texts(self):
        if self._random.random() < 0.03:
            return self._random.choice(("true", "false", "5", "1.50", "1.5", "-0", "1E3", "1e400"))
        return json_string(self._random, self._random.choice(self._texts))

    def _draw_many(self):
        return json_string(self._random, "v%d" % self._random.randrange(self._many))

    def _draw_integers(self):
        if self._random.random() < self._wrong:
            return self._random.choice(NO_INTEGERS)
        number = self._random.randint(-5, 5)
        if not self._small and self._random.random() < 0.5:
            number = self._random.choice(INTEGERS)
        return self._number("-0" if number == 0 and self._random.random() < 0.1 else str(number))

    def _draw_doubles(self):
        if self._random.random() < self._wrong:
            return self._random.choice(NO_DOUBLES)
        draw = self._random.random()
        if self._small or draw < 0.3:
            return self._number(f"{self._random.randint(-500, 500) / 100}")
        return self._number(
            self._random.choice(DOUBLES) if draw < 0.8 else any_double(self._random)
        )

    def _number(self, text):
        return json_string(self._random, text) if self._random.random() < 0.2 else text

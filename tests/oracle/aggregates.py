"""The value of an aggregate over a set of records.

A value is a tuple that compares equal only to the same value, bit for bit: ("null",),
("string", text), ("int", n), ("double", hex of its 64 bits), ("counts", ((text, n), ...)) or
("error", "OVERFLOW").
"""

import collections
import math
import struct

from tests.oracle.json_record import NUMBER, WHOLE_NUMBER, DeadLetter, text_of

NULL = ("null",)
OVERFLOW = ("error", "OVERFLOW")
INT64 = range(-(1 << 63), 1 << 63)

NUMERIC = ("INTEGER", "DOUBLE")


def double_value(number):
    return ("double", struct.pack(">d", number).hex())


def type_of(aggregate):
    """INTEGER, DOUBLE or TEXT; None when the aggregate does not read its field by a type."""
    if aggregate["function"] not in ("sum", "min", "max", "avg"):
        return None
    return aggregate.get("type") or "DOUBLE"


def read_number(value, value_type):
    """The number that a field spells as its aggregate reads it, or raises DeadLetter."""
    spelling = WHOLE_NUMBER if value_type == "INTEGER" else NUMBER
    if isinstance(value, bool) or not spelling.fullmatch(value):
        raise DeadLetter("wrong-type")
    number = int(value) if value_type == "INTEGER" else float(value)
    if value_type == "INTEGER" and number not in INT64 or abs(number) == math.inf:
        raise DeadLetter("wrong-type")
    return number + 0  # -0.0 + 0 is 0.0.


def check(aggregate, fields):
    """Raises DeadLetter when a record's field cannot be read as the aggregate reads it."""
    value_type = type_of(aggregate)
    if value_type in NUMERIC and fields[aggregate["field"]] is not None:
        read_number(fields[aggregate["field"]], value_type)


def exact_sum(doubles):
    """As a whole number of 2^-1074, of which every double is a multiple."""
    total = 0
    for double in doubles:
        numerator, denominator = double.as_integer_ratio()
        total += numerator * ((1 << 1074) // denominator)
    return total


def nearest_double(numerator, denominator=1):
    """Of a fraction; ties to even; None beyond the doubles."""
    try:
        # Division of integers is rounded correctly whatever their size.
        return numerator / denominator
    except OverflowError:
        return None


def double_sum(numbers, value_type):
    """The sum as the nearest double, or None."""
    if value_type == "INTEGER":
        return nearest_double(sum(numbers))
    return nearest_double(exact_sum(numbers), 1 << 1074)


def sum_value(numbers, value_type):
    if value_type == "INTEGER":
        return ("int", sum(numbers)) if sum(numbers) in INT64 else OVERFLOW
    double = double_sum(numbers, value_type)
    return OVERFLOW if double is None else double_value(double)


def avg_value(numbers, value_type):
    double = double_sum(numbers, value_type)
    return OVERFLOW if double is None else double_value(double / float(len(numbers)))


def extreme_value(function, values, value_type):
    choose = min if function == "min" else max
    if value_type == "TEXT":
        return ("string", choose(values, key=str.encode))
    number = choose(values)
    return ("int", number) if value_type == "INTEGER" else double_value(number)


def top_k_value(texts, k):
    counts = collections.Counter(texts)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))
    return ("counts", tuple(ordered[:k]))


def count_distinct_value(texts, exact_limit):
    different = set(texts)
    if len(different) <= exact_limit:
        return ("int", len(different))
    return ("int", estimate_distinct(different))


# HyperLogLog.
REGISTERS = 4_096
RANK_BITS = 52
MASK = (1 << 64) - 1


def hash_of(text):
    """FNV-1a, 64 bits, then MurmurHash3's fmix64."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return value ^ value >> 33


def registers_of(texts):
    registers = [0] * REGISTERS
    for text in texts:
        value = hash_of(text)
        index = value >> RANK_BITS
        rank = 1 + RANK_BITS - (value & (1 << RANK_BITS) - 1).bit_length()
        registers[index] = max(registers[index], rank)
    return registers


def estimate_distinct(texts):
    """Ertl's improved raw estimator, rounded to the nearest whole number, halves up."""
    with_rank = collections.Counter(registers_of(texts))
    z = REGISTERS * _tau((REGISTERS - with_rank[RANK_BITS + 1]) / REGISTERS)
    for rank in range(RANK_BITS, 0, -1):
        z = 0.5 * (z + with_rank[rank])
    z += REGISTERS * _sigma(with_rank[0] / REGISTERS)
    return math.floor(REGISTERS * REGISTERS / (2 * math.log(2)) / z + 0.5)


def _sigma(x):
    if x == 1:
        return math.inf
    y, z, before = 1.0, x, None
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x):
    if x in (0, 1):
        return 0.0
    y, z, before = 1.0, 1.0 - x, None
    while z != before:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
    return z / 3


def value_of(aggregate, records):
    """The value over records (each the used fields by name)."""
    function = aggregate["function"]
    field = aggregate.get("field")
    if function == "count" and not field:
        return ("int", len(records))
    present = [record[field] for record in records if record[field] is not None]
    if function == "count":
        return ("int", len(present))
    if function == "count_distinct":
        return count_distinct_value(map(text_of, present), aggregate.get("exact_limit") or 1_000)
    if function == "top_k":
        return top_k_value(map(text_of, present), aggregate.get("k") or 10)
    if not present:
        return NULL
    value_type = type_of(aggregate)
    if value_type == "TEXT":
        return extreme_value(function, [text_of(value) for value in present], value_type)
    numbers = [read_number(value, value_type) for value in present]
    if function == "sum":
        return sum_value(numbers, value_type)
    if function == "avg":
        return avg_value(numbers, value_type)
    return extreme_value(function, numbers, value_type)

"""Reads event times: microseconds since 1970-01-01T00:00:00Z.

A civil time is a tuple (year, month, day, hour, minute, second, microsecond).
"""

import datetime
import fractions
import math
import re
import zoneinfo

from tests.oracle.json_record import DeadLetter, JsonNumber

SECOND = 1_000_000
FIRST_DAY = datetime.date(1970, 1, 1).toordinal()

ISO_8601 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
EPOCH = re.compile(r"-?(0|[1-9]\d*)(\.\d{1,9})?", re.ASCII)
EPOCH_DIGITS = {"EPOCH_SECONDS": 6, "EPOCH_MILLISECONDS": 3, "EPOCH_MICROSECONDS": 0}

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def civil_microseconds(civil):
    """Microseconds from 1970-01-01T00:00:00 to a civil time; None when there is no such time."""
    year, month, day, hour, minute, second, microsecond = civil
    if hour > 23 or minute > 59 or second > 59:
        return None
    try:
        days = datetime.date(year, month, day).toordinal() - FIRST_DAY
    except ValueError:
        return None
    return ((days * 24 + hour) * 60 + minute) * 60 * SECOND + second * SECOND + microsecond


EARLIEST = civil_microseconds((1, 1, 1, 0, 0, 0, 0))
LATEST = civil_microseconds((9999, 12, 31, 23, 59, 59, 999_999))


def zone_offset_seconds(zone, civil):
    """Seconds east of UTC at a civil time; in a gap or fold, those before the change."""
    # fold=0 is "the offset before the transition", for gaps and folds alike (PEP 495).
    local = datetime.datetime(*civil[:6], fold=0)
    offset = zoneinfo.ZoneInfo(zone).utcoffset(local)
    return offset.days * 86_400 + offset.seconds


def offset_seconds(text):
    """Of "Z", "-08:00" or "-0800"; None when there is no such offset."""
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        return None
    seconds = hours * 3_600 + minutes * 60
    return -seconds if text[0] == "-" else seconds


def fraction_microseconds(digits):
    """Finer digits are cut off."""
    return int((digits or "").ljust(6, "0")[:6])


def moment(civil, zone_text, zone):
    """Microseconds of a civil time, which names its zone or else is one of `zone`."""
    civil_time = civil_microseconds(civil)
    if civil_time is None:
        return None
    offset = offset_seconds(zone_text) if zone_text else zone_offset_seconds(zone, civil)
    if offset is None:
        return None
    return civil_time - offset * SECOND


def parse_iso_8601(text, zone):
    match = ISO_8601.fullmatch(text)
    if not match:
        return None
    civil = (*(int(match[i]) for i in range(1, 7)), fraction_microseconds(match[7]))
    return moment(civil, match[8], zone)


def parse_epoch(text, unit_digits):
    """A decimal number whose unit is 10^unit_digits microseconds; what is finer is rounded down."""
    if not EPOCH.fullmatch(text):
        return None
    return math.floor(fractions.Fraction(text) * 10 ** unit_digits)


def _names(names):
    either = sorted({n for name in names for n in (name, name[:3])}, key=len, reverse=True)
    return "(?i:" + "|".join(either) + ")"


def _number(name, digits):
    """A group that takes all the digits it can, and gives none of them back."""
    return f"(?=(?P<{name}>{digits}))(?P={name})"


# Directive to what it matches; those that stand for several come first.
COMPOSED = {"%T": "%H:%M:%S", "%D": "%m/%d/%y", "%F": "%Y-%m-%d", "%R": "%H:%M"}
DIRECTIVES = {
    "%Y": r"(?P<Y>\d{4})", "%y": r"(?P<y>\d{2})", "%m": _number("m", r"[01]\d?|[2-9]"),
    "%d": _number("d", r"[0-3]\d?|[4-9]"), "%e": _number("d", r" \d|[0-3]\d?|[4-9]"),
    "%j": _number("j", r"[0-2]\d{0,2}|3[0-6]\d?|3[7-9]|[4-9]\d?|3"),
    "%b": f"(?P<b>{_names(MONTHS)})", "%B": f"(?P<b>{_names(MONTHS)})",
    "%a": _names(WEEKDAYS), "%A": _names(WEEKDAYS),
    "%H": _number("H", r"[0-2]\d?|[3-9]"), "%I": _number("I", r"[01]\d?|[2-9]"),
    "%M": _number("M", r"[0-5]\d?|[6-9]"), "%S": _number("S", r"[0-5]\d?|[6-9]"),
    "%E*S": _number("S", r"[0-5]\d?|[6-9]") + r"(?:\.(?P<f>\d+))?",
    "%p": r"(?P<p>(?i:AM|PM))", "%z": r"(?P<z>[+-]\d{4})", "%Ez": r"(?P<z>[+-]\d{2}:\d{2}|Z)",
    "%%": "%",
}


def pattern_regex(pattern):
    """A pattern as a regular expression with a group for each part of the time."""
    for short, long in COMPOSED.items():
        pattern = pattern.replace(short, long)
    parts = re.split(r"(%E\*S|%Ez|%.)", pattern)
    return re.compile(
        "".join(DIRECTIVES[part] if i % 2 else re.escape(part) for i, part in enumerate(parts)),
        re.ASCII,
    )


def parse_pattern(text, pattern, zone):
    match = pattern_regex(pattern).fullmatch(text)
    if not match:
        return None
    part = match.groupdict().get
    civil = _pattern_civil(part)
    return None if civil is None else moment(civil, part("z"), zone)


def _pattern_civil(part):
    date = _pattern_date(part)
    hour = int(part("H") or 0)
    if part("I"):
        if not 1 <= int(part("I")) <= 12:
            return None
        hour = int(part("I")) % 12 + (12 if (part("p") or "").upper() == "PM" else 0)
    if date is None:
        return None
    return (*date, hour, int(part("M") or 0), int(part("S") or 0), fraction_microseconds(part("f")))


def _pattern_date(part):
    year = int(part("Y") or 0)
    if part("y"):
        year = int(part("y")) + (1900 if int(part("y")) >= 69 else 2000)
    if part("j"):
        day = int(part("j"))
        if not 1 <= year or not 1 <= day <= 366:
            return None
        date = datetime.date.fromordinal(datetime.date(year, 1, 1).toordinal() + day - 1)
        return (year, date.month, date.day) if date.year == year else None
    month = int(part("m") or 0)
    if part("b"):
        month = [name[:3].lower() for name in MONTHS].index(part("b")[:3].lower()) + 1
    return year, month, int(part("d") or 0)


def read(event_time, value):
    """The event time of a record whose event-time field has this value, or raises DeadLetter.

    Of a time that is not a number, the year as it is written must be from 1 to 9999.
    """
    if value is None:
        raise DeadLetter("missing-event-time")
    form = event_time.get("format", "ISO_8601")
    if isinstance(value, bool) or (isinstance(value, JsonNumber) and form not in EPOCH_DIGITS):
        raise DeadLetter("wrong-type")
    zone = event_time.get("time_zone") or "UTC"
    if form == "ISO_8601":
        time = parse_iso_8601(value, zone)
    elif form == "PATTERN":
        time = parse_pattern(value, event_time["pattern"], zone)
    else:
        time = parse_epoch(value, EPOCH_DIGITS[form])
        if time is not None and not EARLIEST <= time <= LATEST:
            time = None
    if time is None:
        raise DeadLetter("bad-event-time")
    return time

"""Random event times, and how a record spells them."""

import datetime
import json
import zoneinfo

from tests.oracle import event_time as rules

SECOND = rules.SECOND

# Where something is special: (zone, civil time in UTC).
PLACES = (
    ("UTC", (1970, 1, 1, 0, 0, 0, 0)),
    ("UTC", (1969, 12, 31, 23, 59, 59, 999_999)),
    ("UTC", (2018, 12, 31, 23, 50, 0, 0)),
    ("UTC", (2020, 2, 28, 23, 59, 30, 0)),
    ("UTC", (2000, 2, 29, 23, 59, 30, 0)),
    ("UTC", (1900, 2, 28, 23, 59, 30, 0)),
    ("UTC", (1, 1, 1, 0, 1, 0, 0)),
    ("UTC", (9999, 12, 31, 23, 58, 0, 0)),
    ("America/Los_Angeles", (2018, 3, 11, 9, 59, 0, 0)),
    ("America/Los_Angeles", (2018, 11, 4, 8, 59, 0, 0)),
    ("America/Los_Angeles", (1883, 11, 18, 19, 59, 0, 0)),
    ("America/New_York", (2040, 3, 11, 6, 59, 0, 0)),
    ("America/New_York", (2040, 11, 4, 5, 59, 0, 0)),
    ("America/Sao_Paulo", (2018, 11, 4, 2, 59, 0, 0)),
    ("Europe/Berlin", (2021, 3, 28, 0, 59, 0, 0)),
    ("Europe/Berlin", (2021, 10, 31, 0, 59, 0, 0)),
    ("Europe/Dublin", (2021, 10, 31, 0, 59, 0, 0)),
    ("Africa/Casablanca", (2019, 5, 5, 1, 59, 0, 0)),
    ("Australia/Lord_Howe", (2021, 4, 3, 14, 59, 0, 0)),
    ("Australia/Lord_Howe", (2021, 10, 2, 15, 29, 0, 0)),
    ("Pacific/Apia", (2011, 12, 30, 9, 59, 0, 0)),
    ("Asia/Kathmandu", (1985, 12, 31, 18, 29, 0, 0)),
    ("Africa/Monrovia", (1972, 1, 7, 0, 43, 0, 0)),
)
ZONES = sorted({zone for zone, _ in PLACES})

DATES = ("%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%F", "%e %b %Y", "%B %d, %Y", "%a, %d %b %Y",
         "%A %d %B %Y", "%Y/%j", "%D", "%y%m%d", "%Y%m%d")
CLOCKS = ("%H:%M:%S", "%T", "%R", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%E*S", "%H%M%S", "%Hh%M")

BAD_TEXTS = ("", " ", "x", "2018-02-29T00:00:00", "2018-13-01T00:00:00", "2018-12-31",
             "2018-12-31T24:00:00", "2018-12-31T23:60:00", "2018-12-31T23:59:61",
             "2018-12-31T23:59:59.0000000000", "2018-12-31T23:59:59Z ", "2018-12-31T23:59:59 UTC",
             "2018-12-31T23:59:59+24:00", "2018-12-31T23:59:59+0530", "1546300799x", "1e9", "--1",
             "0x10", "99999999999999999999999", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "\x00", "13/45/2018 25:61")


def civil_of(time_us):
    """The civil time so many microseconds from 1970-01-01T00:00:00."""
    seconds, microsecond = divmod(time_us, SECOND)
    days, second = divmod(seconds, 86_400)
    date = datetime.date.fromordinal(rules.FIRST_DAY + days)
    return (date.year, date.month, date.day, second // 3_600, second // 60 % 60, second % 60,
            microsecond)


def format_pattern(pattern, civil, zone_text):
    """As strftime has it, with the digits of a year always four."""
    year, month, day, hour, minute, second, microsecond = civil
    date = datetime.date(year, month, day)
    for short, long in rules.COMPOSED.items():
        pattern = pattern.replace(short, long)
    month_name, weekday = rules.MONTHS[month - 1], rules.WEEKDAYS[date.weekday()]
    fraction = f".{microsecond:06d}".rstrip("0").rstrip(".")
    for directive, text in (
        ("%E*S", f"{second:02d}{fraction}"), ("%Ez", zone_text), ("%z", zone_text),
        ("%Y", f"{year:04d}"), ("%y", f"{year % 100:02d}"), ("%m", f"{month:02d}"),
        ("%d", f"{day:02d}"), ("%e", f"{day:2d}"), ("%b", month_name[:3]), ("%B", month_name),
        ("%a", weekday[:3]), ("%A", weekday), ("%j", f"{date.timetuple().tm_yday:03d}"),
        ("%H", f"{hour:02d}"), ("%I", f"{(hour + 11) % 12 + 1:02d}"), ("%M", f"{minute:02d}"),
        ("%S", f"{second:02d}"), ("%p", "PM" if hour >= 12 else "AM"), ("%%", "%"),
    ):
        pattern = pattern.replace(directive, text)
    return pattern


class TimeSpelling:
    """The event-time declaration of a pipeline, and records' texts for it."""

    def __init__(self, random, field, zone, missing):
        self._random = random
        form = "ISO_8601"
        if "time-formats" not in missing and random.random() < 0.6:
            form = random.choice(("EPOCH_SECONDS", "EPOCH_MILLISECONDS", "EPOCH_MICROSECONDS",
                                  "PATTERN", "PATTERN"))
        self.declaration = {"field": field}
        if form != "ISO_8601" or random.random() < 0.5:
            self.declaration["format"] = form
        # Numbers since 1970 have no zone.
        if form not in rules.EPOCH_DIGITS and (zone != "UTC" or random.random() < 0.3):
            self.declaration["time_zone"] = zone
        self._form = form
        self._zone = zone
        self._digits = random.choice((0, 3, 6, 6))
        if form == "PATTERN":
            self.declaration["pattern"] = self._pattern()

    def _pattern(self):
        random = self._random
        pattern = random.choice(DATES) + random.choice((" ", "T", ", ", "%%")) + random.choice(CLOCKS)
        return pattern + random.choice(("", "", " %z", "%Ez"))

    def spell(self, time_us):
        """JSON text of an event time, as exactly as the format can."""
        if not rules.EARLIEST <= time_us <= rules.LATEST:
            time_us = min(max(time_us, rules.EARLIEST), rules.LATEST)
        if self._form in rules.EPOCH_DIGITS:
            return self._spell_epoch(time_us, rules.EPOCH_DIGITS[self._form])
        if self._form == "PATTERN":
            pattern = self.declaration["pattern"]
            colon = "%Ez" in pattern
            zoned = colon or "%z" in pattern
            civil, zone_text = self._civil(time_us, zoned, colon)
            return _quoted(format_pattern(pattern, civil, zone_text))
        civil, zone_text = self._civil(time_us, self._random.random() < 0.3, True)
        return _quoted(self._spell_iso(civil) + zone_text)

    def _spell_iso(self, civil):
        digits = f"{civil[6]:06d}"
        shown = self._random.choice((digits.rstrip("0"), digits, digits + "999"))
        between = self._random.choice("TTT ")
        text = "%04d-%02d-%02d" % civil[:3] + between + "%02d:%02d:%02d" % civil[3:6]
        return text + ("." + shown if shown else "")

    def _civil(self, time_us, zoned, colon):
        """(civil time, its offset as text), the latter empty unless zoned."""
        if zoned:
            minutes = self._random.choice((0, 0, 60, -480, 330, -1, 1439))
            if colon and self._random.random() < 0.3:
                minutes = 0
                text = "Z"
            else:
                text = "%s%02d%s%02d" % ("-" if minutes < 0 else "+", abs(minutes) // 60,
                                         ":" if colon else "", abs(minutes) % 60)
            shifted = time_us + minutes * 60 * SECOND
            if rules.EARLIEST <= shifted <= rules.LATEST:
                return civil_of(shifted), text
            return civil_of(time_us), "+00:00" if colon else "+0000"
        return civil_of(time_us + self._offset_us(time_us)), ""

    def _offset_us(self, time_us):
        """Mostly the zone's true offset then; at times another, which makes a gap's times."""
        if self._zone == "UTC":
            return 0
        if self._random.random() < 0.1:
            time_us -= self._random.choice((SECOND * 3_600, 1_800 * SECOND, 86_400 * SECOND))
        if not rules.EARLIEST + 2 * 86_400 * SECOND < time_us < rules.LATEST - 2 * 86_400 * SECOND:
            return 0
        utc = datetime.datetime(*civil_of(time_us)[:6], tzinfo=datetime.timezone.utc)
        offset = utc.astimezone(zoneinfo.ZoneInfo(self._zone)).utcoffset()
        return (offset.days * 86_400 + offset.seconds) * SECOND

    def _spell_epoch(self, time_us, digits):
        whole, rest = divmod(abs(time_us), 10 ** digits)
        fraction = f"{rest:0{digits}d}" if digits else ""
        fraction = self._random.choice((fraction, fraction.rstrip("0"), fraction + "9"))
        text = ("-" if time_us < 0 else "") + str(whole) + ("." + fraction if fraction else "")
        return _quoted(text) if self._random.random() < 0.3 else text

    def spell_badly(self):
        """Something that is mostly no event time."""
        draw = self._random.random()
        if draw < 0.3:
            return self._random.choice((None, "null"))
        if draw < 0.5:
            # Numbers that are no event times in any format: others would lie far from all others.
            return self._random.choice(("true", "1.5e9", "1e99", "99999999999999999999", "{}", "[1]"))
        return json.dumps(self._random.choice(BAD_TEXTS))


def _quoted(text):
    return '"' + text + '"'

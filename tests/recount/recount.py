#!/usr/bin/env python3
"""An independent recount of the shipped job's windows, for the tests.

It shares no code with the product: it is the semantics of the product written a second time, in
the plainest form, with Python's standard library only. Exports are compared with it row by row.

The input is one of
  --dataset FILE   a JSON array, or one record per line. Records are put in the order that the
                   producer sends them (--order), and record n goes to partition n mod P.
  --log FILE       what the topic's partitions really hold, as dumped by
                     kcat -C -e -q -t TOPIC -o beginning -f '%p %o %T %S\\n%s\\n' > FILE
                   (partition, offset, timestamp in ms, length, then that many bytes): independent
                   of the producer.

What is counted, in each view, in UTC windows of --size seconds every --slide seconds:
  calls-by-type         by original_crime_type_name
  calls-by-disposition  by disposition, with the description from --radio-codes (left join)

The rules:
  * The watermark of a partition before a record is the largest event time seen earlier in that
    partition, less --watermark-delay. A record is late for a window whose end is at or before that
    watermark; it counts in all other windows that hold its event time.
  * A dead letter moves no watermark and counts nowhere: no JSON object; call_date_time missing, no
    text, or not readable; a group field that is an object or an array; an event time more than
    --max-future-skew ahead of the record's timestamp (only with --log, which has timestamps).
  * A group that is missing or null is null; a number or a truth value is its JSON text.

Output: DIR/calls-by-type.ndjson, DIR/calls-by-disposition.ndjson (sorted by window start, then
group, null first; final true, revision 0), DIR/dead-letters.ndjson (partition, offset, reason) and
a summary as JSON in DIR/summary.json and on standard output.

Example:
  tests/recount/recount.py --dataset calls.json --radio-codes resources/radio_codes.json --out /tmp/r
"""

import argparse
import collections
import datetime
import json
import os
import re
import sys

SECOND_US = 1_000_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)

TIME_FIELD = "call_date_time"
# View, the field that makes its group, whether the radio codes are joined.
VIEWS = (
    ("calls-by-type", "original_crime_type_name", False),
    ("calls-by-disposition", "disposition", True),
)

TIME_PATTERN = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{0,9}))?(Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)

# A record of a partition's log; timestamp_ms is None when it is not known.
LogRecord = collections.namedtuple("LogRecord", "partition offset timestamp_ms value")


class DeadLetter(Exception):
    """The record belongs into the dead-letter topic; its only argument is the reason."""


class NumberText(str):
    """A JSON number, as it was written."""


def _no_constant(text):
    raise ValueError(text + " is not JSON")


def _first_wins(pairs):
    fields = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def parse_json(text):
    """Parses JSON strictly; numbers keep their text. Raises ValueError."""
    return json.loads(
        text,
        parse_int=NumberText,
        parse_float=NumberText,
        parse_constant=_no_constant,
        object_pairs_hook=_first_wins,
    )


def parse_time_us(text):
    """Microseconds since 1970 UTC of an ISO 8601 time (UTC when it names no zone), or None."""
    match = TIME_PATTERN.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    try:
        moment = datetime.datetime(
            year, month, day, hour, minute, second, tzinfo=datetime.timezone.utc
        )
    except ValueError:
        return None
    whole = moment - EPOCH
    time_us = (whole.days * 86_400 + whole.seconds) * SECOND_US
    time_us += int((match[7] or "").ljust(6, "0")[:6])
    zone = match[8]
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            return None
        shift_us = (hours * 3_600 + minutes * 60) * SECOND_US
        time_us += shift_us if zone[0] == "-" else -shift_us
    return time_us


def format_time(time_us):
    """RFC 3339 with whole seconds."""
    return (EPOCH + datetime.timedelta(microseconds=time_us)).strftime("%Y-%m-%dT%H:%M:%SZ")


def group_text(value):
    """The text by which a record is grouped; None for null."""
    if value is None:
        return None
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):  # NumberText too.
        return str(value)
    raise DeadLetter("group-type")


def read_record(value, timestamp_ms, max_future_skew_us):
    """Returns (event time in microseconds, groups in the order of VIEWS), or raises DeadLetter."""
    if value is None:
        raise DeadLetter("not-json")
    try:
        fields = parse_json(value.decode("utf-8"))
    except (ValueError, RecursionError):
        raise DeadLetter("not-json") from None
    if not isinstance(fields, dict):
        raise DeadLetter("not-an-object")
    time_text = fields.get(TIME_FIELD)
    if time_text is None:
        raise DeadLetter("time-missing")
    if not isinstance(time_text, str) or isinstance(time_text, NumberText):
        raise DeadLetter("time-type")
    time_us = parse_time_us(time_text)
    if time_us is None:
        raise DeadLetter("time-unreadable")
    if timestamp_ms is not None and time_us - timestamp_ms * 1_000 > max_future_skew_us:
        raise DeadLetter("time-in-the-future")
    return time_us, [group_text(fields.get(field)) for _, field, _ in VIEWS]


def split_dataset(data):
    """The records of a dataset as bytes: elements of an array, or lines that are not blank.

    It is an array when "[" is followed by an object or a line break: "[1]" may be a broken line.
    """
    if re.match(rb"\s*\[[ \t\r]*[{\n]", data):
        text = data.decode("utf-8")
        decoder = json.JSONDecoder()
        records = []
        at = text.index("[") + 1
        while True:
            at = _skip_space(text, at)
            if text[at] == "]":
                return records
            _, end = decoder.raw_decode(text, at)
            records.append(text[at:end].encode("utf-8"))
            at = _skip_space(text, end)
            if text[at] == ",":
                at += 1
            elif text[at] != "]":
                raise ValueError(f"not a JSON array: {text[at:at + 20]!r} after an element")
    return [line for line in data.split(b"\n") if line.strip()]


def _skip_space(text, at):
    while text[at] in " \t\r\n":
        at += 1
    return at


def order_by_event_time(records):
    """Oldest first; equal times as in the file; what has no time stays behind its predecessor."""
    keyed = []
    time_us = -sys.maxsize
    for value in records:
        own = _time_only(value)
        time_us = time_us if own is None else own
        keyed.append((time_us, value))
    keyed.sort(key=lambda pair: pair[0])
    return [value for _, value in keyed]


def _time_only(value):
    try:
        fields = parse_json(value.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    text = fields.get(TIME_FIELD) if isinstance(fields, dict) else None
    if not isinstance(text, str) or isinstance(text, NumberText):
        return None
    return parse_time_us(text)


def read_dataset(data, order="event-time", partitions=4):
    """The log that the producer makes of a dataset (bytes) in a topic that was empty."""
    records = split_dataset(data)
    if order == "event-time":
        records = order_by_event_time(records)
    return [
        LogRecord(number % partitions, number // partitions, None, value)
        for number, value in enumerate(records)
    ]


def read_log(data):
    """The records of a kcat dump (bytes), in the format that --log describes."""
    records = []
    at = 0
    while at < len(data):
        line_end = data.index(b"\n", at)
        partition, offset, timestamp_ms, length = (int(n) for n in data[at:line_end].split())
        begin = line_end + 1
        end = begin + max(length, 0)
        if data[end:end + 1] != b"\n":
            raise ValueError(f"the dump is torn at partition {partition} offset {offset}")
        value = None if length < 0 else data[begin:end]
        records.append(LogRecord(partition, offset, timestamp_ms, value))
        at = end + 1
    return records


def read_radio_codes(data):
    """Code to description; the first row of a code wins."""
    codes = {}
    for row in json.loads(data):
        codes.setdefault(row["disposition_code"], row.get("description"))
    return codes


class Settings:
    """Lengths in seconds."""

    def __init__(self, size=600, slide=300, watermark_delay=3_600, max_future_skew=86_400):
        self.size_us = size * SECOND_US
        self.slide_us = slide * SECOND_US
        self.watermark_delay_us = watermark_delay * SECOND_US
        self.max_future_skew_us = max_future_skew * SECOND_US

    def windows_of(self, time_us):
        """Starts of all windows [start, start + size) that hold a time."""
        start = time_us // self.slide_us * self.slide_us
        starts = []
        while start + self.size_us > time_us:
            starts.append(start)
            start -= self.slide_us
        return starts


class Recount:
    """What one pass over all partitions finds."""

    def __init__(self, settings):
        self.settings = settings
        self.read = 0
        # View to {(window start, group): count}.
        self.cells = {view: collections.Counter() for view, _, _ in VIEWS}
        # View to {window start: records that were late for it}.
        self.late = {view: collections.Counter() for view, _, _ in VIEWS}
        self.late_everywhere = collections.Counter()
        # (partition, offset, reason) of each dead letter.
        self.dead_letters = []

    def add_partition(self, records):
        """Counts the whole log of one partition, in the order of its offsets."""
        max_time_us = None
        for record in sorted(records, key=lambda r: r.offset):
            self.read += 1
            try:
                time_us, groups = read_record(
                    record.value, record.timestamp_ms, self.settings.max_future_skew_us
                )
            except DeadLetter as reason:
                self.dead_letters.append((record.partition, record.offset, str(reason)))
                continue
            self._add(time_us, groups, max_time_us)
            max_time_us = time_us if max_time_us is None else max(max_time_us, time_us)

    def _add(self, time_us, groups, max_time_us):
        for (view, _, _), group in zip(VIEWS, groups):
            counted = False
            for start in self.settings.windows_of(time_us):
                end = start + self.settings.size_us
                if max_time_us is not None and (
                    end <= max_time_us - self.settings.watermark_delay_us
                ):
                    self.late[view][start] += 1
                else:
                    self.cells[view][start, group] += 1
                    counted = True
            if not counted:
                self.late_everywhere[view] += 1

    def rows(self, view, radio_codes):
        """The rows of a view as dictionaries, in the order of the export."""
        field, joined = next((f, j) for v, f, j in VIEWS if v == view)
        rows = []
        ordered = sorted(
            self.cells[view].items(),
            key=lambda cell: (cell[0][0], cell[0][1] is not None, (cell[0][1] or "").encode()),
        )
        for (start, group), count in ordered:
            row = {
                "window_start": format_time(start),
                "window_end": format_time(start + self.settings.size_us),
                field: group,
            }
            if joined:
                row["description"] = radio_codes.get(group)
            row.update(count=count, final=True, revision=0)
            rows.append(row)
        return rows

    def summary(self):
        """Counts as plain JSON values."""
        reasons = collections.Counter(reason for _, _, reason in self.dead_letters)
        return {
            "read": self.read,
            "dead_lettered": len(self.dead_letters),
            "dead_lettered_by_reason": dict(sorted(reasons.items())),
            "late_everywhere": {view: self.late_everywhere[view] for view, _, _ in VIEWS},
            "late": {view: sum(self.late[view].values()) for view, _, _ in VIEWS},
            "windows": {
                view: len({start for start, _ in self.cells[view]}) for view, _, _ in VIEWS
            },
            "rows": {view: len(self.cells[view]) for view, _, _ in VIEWS},
        }


def recount(log, settings=None):
    """Counts a log of any number of partitions."""
    partitions = collections.defaultdict(list)
    for record in log:
        partitions[record.partition].append(record)
    result = Recount(settings or Settings())
    for partition in sorted(partitions):
        result.add_partition(partitions[partition])
    return result


def write_ndjson(path, rows):
    with open(path, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def parse_arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", metavar="FILE")
    source.add_argument("--log", metavar="FILE")
    parser.add_argument("--order", choices=("event-time", "file"), default="event-time")
    parser.add_argument("--partitions", type=int, default=4, help="of --dataset (4)")
    parser.add_argument("--radio-codes", metavar="FILE", required=True)
    parser.add_argument("--out", metavar="DIR", required=True)
    parser.add_argument("--watermark-delay", type=int, default=3_600, metavar="SECONDS")
    parser.add_argument("--size", type=int, default=600, metavar="SECONDS")
    parser.add_argument("--slide", type=int, default=300, metavar="SECONDS")
    parser.add_argument("--max-future-skew", type=int, default=86_400, metavar="SECONDS")
    return parser.parse_args(argv)


def main(argv):
    arguments = parse_arguments(argv)
    with open(arguments.dataset or arguments.log, "rb") as file:
        data = file.read()
    if arguments.dataset:
        log = read_dataset(data, arguments.order, arguments.partitions)
    else:
        log = read_log(data)
    with open(arguments.radio_codes, "rb") as file:
        radio_codes = read_radio_codes(file.read())

    result = recount(
        log,
        Settings(
            arguments.size,
            arguments.slide,
            arguments.watermark_delay,
            arguments.max_future_skew,
        ),
    )
    os.makedirs(arguments.out, exist_ok=True)
    for view, _, _ in VIEWS:
        write_ndjson(os.path.join(arguments.out, view + ".ndjson"), result.rows(view, radio_codes))
    write_ndjson(
        os.path.join(arguments.out, "dead-letters.ndjson"),
        ({"partition": p, "offset": o, "reason": r} for p, o, r in sorted(result.dead_letters)),
    )
    summary = json.dumps(result.summary(), indent=2)
    with open(os.path.join(arguments.out, "summary.json"), "w", encoding="utf-8") as out:
        out.write(summary + "\n")
    print(summary)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

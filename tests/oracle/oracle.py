"""What a pipeline must give, counted again from the logs of its source partitions.

These are the rules of docs/semantics.md a second time, in the plainest form: slow, and sharing no
code with the product. A pipeline is a plain structure, shaped as its contract is:

    {"name": "pipelines/x", "source_topic": "s",
     "event_time": {"field": "t", "format": "ISO_8601", "time_zone": "UTC", "pattern": ""},
     "watermark_delay_us": 0, "max_future_skew_us": 1, "correction_horizon_us": 1,
     "tables": [{"name": "n", "key_column": "k", "rows": [{"k": "a", "c": "b"}]}],
     "views": [{"id": "v", "window": {"kind": "sliding", "size_us": 2, "slide_us": 1,
                                      "offset_us": 0},       # or tumbling, or session with gap_us
                "group_by": ["f"], "filter": "a = 1",
                "aggregates": [{"name": "n", "function": "sum", "field": "f", "type": "INTEGER"}],
                "join": {"table": "n", "field": "f", "type": "INNER", "columns": ["c"]}}]}

What is left out has its default. Values are those of aggregates.py.
"""

import collections

from tests.oracle import aggregates, event_time
from tests.oracle.filters import Filter
from tests.oracle.json_record import DeadLetter, text_of, used_fields

DAY_US = 86_400 * 1_000_000
# The start of the ledger of late records that belong to no window, as those of sessions.
NO_WINDOW = -(1 << 63)

# A record of a partition's log; timestamp_ms is -1 when it has none, value is None when it is null.
LogRecord = collections.namedtuple("LogRecord", "partition offset timestamp_ms value")

# `values` is a tuple of (name, value): the joined columns, then the aggregates.
Row = collections.namedtuple("Row", "window_end accepted values")


class PartitionCounters:
    """What became of the records of one partition."""

    def __init__(self, views):
        self.read = 0
        self.dead_lettered = 0
        self.max_event_time = None
        self.views = {view["id"]: collections.Counter() for view in views}


class Recount:
    """Of one pipeline and its logs.

    rows: (view, window start, group) to Row; a group is a tuple of texts, None for null.
    late: (view, window start) to the number of records that were late for the window; those of
        sessions together at NO_WINDOW.
    counters: partition to PartitionCounters.
    dead_letters: (partition, offset) to the reason.
    """

    def __init__(self, pipeline, log):
        self.pipeline = pipeline
        self.rows = {}
        self.late = collections.Counter()
        self.counters = {}
        self.dead_letters = {}
        self._views = [_View(pipeline, view) for view in pipeline["views"]]
        self._used = used_names(pipeline)
        self._event_time = pipeline["event_time"]
        for partition in sorted({record.partition for record in log}):
            self._add_partition(partition, [r for r in log if r.partition == partition])
        for view in self._views:
            self.rows.update(view.rows())

    def watermark(self, partition):
        """Of a partition that has been read to its end; None without any event time."""
        latest = self.counters[partition].max_event_time
        return None if latest is None else latest - self.pipeline.get("watermark_delay_us", 0)

    def _add_partition(self, partition, records):
        counters = self.counters[partition] = PartitionCounters(self.pipeline["views"])
        for record in sorted(records, key=lambda r: r.offset):
            counters.read += 1
            try:
                time, fields = self._read(record)
            except DeadLetter as reason:
                counters.dead_lettered += 1
                self.dead_letters[record.partition, record.offset] = str(reason)
                continue
            watermark = self.watermark(partition)
            for view in self._views:
                outcome = view.add(time, fields, watermark, self.late)
                counters.views[view.id][outcome] += 1
            latest = counters.max_event_time
            counters.max_event_time = time if latest is None else max(latest, time)

    def _read(self, record):
        """(event time, used fields) of a record, or raises DeadLetter."""
        fields = used_fields(record.value, self._used, self._event_time["field"])
        time = event_time.read(self._event_time, fields[self._event_time["field"]])
        skew = self.pipeline.get("max_future_skew_us", DAY_US)
        if record.timestamp_ms != -1 and time > record.timestamp_ms * 1_000 + skew:
            raise DeadLetter("future-event-time")
        for view in self.pipeline["views"]:
            for aggregate in view["aggregates"]:
                aggregates.check(aggregate, fields)
        return time, fields


def used_names(pipeline):
    """The fields of a record that groups, filters and aggregates use."""
    names = set()
    for view in pipeline["views"]:
        names.update(view.get("group_by", []))
        names.update(Filter(view.get("filter", "")).fields)
        names.update(each["field"] for each in view["aggregates"] if each.get("field"))
    return names


class _View:
    """Collects the accepted records of a view; counts them at the end."""

    def __init__(self, pipeline, view):
        self.id = view["id"]
        self._view = view
        self._window = view["window"]
        self._group_by = view.get("group_by", [])
        self._filter = Filter(view.get("filter", ""))
        self._join = view.get("join")
        self._table = _table(pipeline, self._join["table"]) if self._join else {}
        # Windows: (start, group) to records. Sessions: group to (event time, record).
        self._windows = collections.defaultdict(list)
        self._of_sessions = collections.defaultdict(list)

    def add(self, time, fields, watermark, late):
        """Adds a record; returns what became of it."""
        if not self._filter.holds(fields):
            return "filtered"
        if self._join and self._join.get("type") == "INNER":
            if text_of(fields[self._join["field"]]) not in self._table:
                return "unmatched_join"
        group = tuple(text_of(fields[name]) for name in self._group_by)
        if self._window["kind"] == "session":
            if watermark is not None and time < watermark:
                late[self.id, NO_WINDOW] += 1
                return "late_everywhere"
            self._of_sessions[group].append((time, fields))
            return "accepted"
        outcome = "late_everywhere"
        for start in self._starts(time):
            if watermark is not None and start + self._window["size_us"] <= watermark:
                late[self.id, start] += 1
            else:
                self._windows[start, group].append(fields)
                outcome = "accepted"
        return outcome

    def _starts(self, time):
        """Of all windows that hold a time."""
        size, offset = self._window["size_us"], self._window.get("offset_us", 0)
        slide = self._window.get("slide_us", size)
        start = (time - offset) // slide * slide + offset
        while start + size > time:
            yield start
            start -= slide

    def rows(self):
        """(view, window start, group) to Row."""
        rows = {}
        for (start, group), records in self._windows.items():
            rows[self.id, start, group] = self._row(start + self._window["size_us"], group, records)
        for group, records in self._of_sessions.items():
            for session in _sessions(records, self._window["gap_us"]):
                end = session[-1][0] + self._window["gap_us"]
                rows[self.id, session[0][0], group] = self._row(
                    end, group, [fields for _, fields in session]
                )
        return rows

    def _row(self, end, group, records):
        values = []
        if self._join:
            found = self._table.get(group[self._group_by.index(self._join["field"])], {})
            for column in self._join["columns"]:
                text = found.get(column)
                values.append((column, aggregates.NULL if text is None else ("string", text)))
        for aggregate in self._view["aggregates"]:
            values.append((aggregate["name"], aggregates.value_of(aggregate, records)))
        return Row(end, len(records), tuple(values))


def _sessions(records, gap):
    """Splits (event time, fields) into sessions, each in the order of event times."""
    sessions = []
    for record in sorted(records, key=lambda r: r[0]):
        if sessions and record[0] - sessions[-1][-1][0] < gap:
            sessions[-1].append(record)
        else:
            sessions.append([record])
    return sessions


def _table(pipeline, name):
    """Key to row; the first row with a key wins."""
    table = next(table for table in pipeline["tables"] if table["name"] == name)
    rows = {}
    for row in table["rows"]:
        if row.get(table["key_column"]) is not None:
            rows.setdefault(row[table["key_column"]], row)
    return rows

"""Draws a pipeline and the logs of its source partitions from a seed.

What is drawn is meant to hurt: see random_values.py and random_times.py; further times on the very
borders of windows and watermarks, disorder, gaps in offsets, and records that cannot be read.
"""

import json
import random as random_module
import re

from tests.oracle import event_time as rules
from tests.oracle import random_times, random_values
from tests.oracle.capabilities import MISSING
from tests.oracle.filters import KEYWORDS
from tests.oracle.json_record import MAX_FIELD_BYTES, MAX_RECORD_BYTES, NUMBER
from tests.oracle.oracle import LogRecord, used_names

SECOND = 1_000_000
DAY = 86_400 * SECOND
# Times and windows are such that nothing is ever so far behind: nothing expires, all values are
# known.
HORIZON = 400 * DAY

FIELD_NAMES = ("a", "b", "c", "value", "n", "x.y", "k-1", "_", "\u00e4", "a b", "in", '"', "\\", "A",
               "not", "", "\u65e5")
BARE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
SIGNS = ("=", "!=", "<", "<=", ">", ">=")


class RandomPipeline:
    """`pipeline` and `log` as oracle.py has them; the same for the same seed and `missing`.

    `partitions` is the number of source partitions; some may have no records.
    """

    def __init__(self, seed, missing=MISSING):
        self._random = random_module.Random(seed)
        self._missing = missing
        self._draw_fields()
        self._draw_times()
        self.pipeline = self._draw_pipeline()
        self.log = self._draw_log()

    def _one_in(self, times):
        return self._random.randrange(times) == 0

    # Fields

    def _draw_fields(self):
        random = self._random
        names = random.sample([n for n in FIELD_NAMES if n], random.randint(3, 7))
        kinds = ["texts", "integers", "doubles", "many", "anything", "texts", "integers"]
        self._sources = {
            name: random_values.ValueSource(random, kind) for name, kind in zip(names, kinds)
        }

    def _fields(self, *kinds):
        found = [name for name, source in self._sources.items() if source.kind in kinds]
        return found or list(self._sources)

    # Times

    def _draw_times(self):
        random = self._random
        zone, civil = random.choice(random_times.PLACES)
        self._zone = zone if random.random() < 0.9 else random.choice(random_times.ZONES)
        self._middle = rules.civil_microseconds(civil)
        # How far the records of a partition lie apart, from first to last.
        self._spread = int(10 ** random.uniform(1, 6.8)) * SECOND
        if random.random() < 0.5:
            self._spread = int(10 ** random.uniform(1.5, 4)) * SECOND
        # The field of event times may be used otherwise, too.
        field = "time" if random.random() < 0.9 else random.choice(list(self._sources))
        self._sources.pop(field, None)
        self._spelling = random_times.TimeSpelling(random, field, self._zone, self._missing)
        self._time_field = field
        self._resolution = random.choice((SECOND, 1_000, 1))

    # The pipeline

    def _draw_pipeline(self):
        random = self._random
        pipeline = {
            "name": "pipelines/random",
            "source_topic": "source",
            "event_time": self._spelling.declaration,
            # At times near: then some records expire, and some ledgers are added up.
            "correction_horizon_us": (
                random.randrange(self._spread // random.choice((1, 20, 200)) + 1)
                if self._one_in(15) else HORIZON
            ) // 1_000 * 1_000,
            "merge_partitions": random.choice((1, 2, 3, 4, 7)),
            "tables": [],
        }
        if random.random() < 0.9:
            most = random.choice((1_000, self._spread // 10, self._spread, self._spread))
            pipeline["watermark_delay_us"] = random.randrange(most // 1_000) * 1_000
        if random.random() < 0.6:
            pipeline["max_future_skew_us"] = random.choice((1, 60, 86_400, 800_000)) * SECOND
        if random.random() < 0.7:
            pipeline["idle_policy"] = {
                "idle_timeout_us": random.randint(1, 60) * SECOND,
                "all_idle": random.choice(("WALL_CLOCK", "CLOSE_AFTER", "WAIT")),
                "close_after_us": random.randint(1, 60) * SECOND,
            }
        self._pipeline = pipeline
        pipeline["views"] = [self._draw_view(i) for i in range(random.randint(1, 3))]
        return pipeline

    def _draw_view(self, index):
        random = self._random
        # Few different groups, mostly: a row of one record shows little.
        fields = self._fields("texts") if random.random() < 0.7 else list(self._sources)
        group_by = random.sample(fields, min(random.choice((0, 0, 1, 1, 1, 2, 3)), len(fields)))
        if random.random() < 0.05:
            group_by.append(self._time_field)
        view = {
            "id": f"v{index}",
            "window": self._draw_window(),
            "group_by": group_by,
            "aggregates": self._draw_aggregates(),
        }
        if group_by and random.random() < 0.4:
            view["join"] = self._draw_join(index, random.choice(group_by))
        if "filters" not in self._missing and random.random() < 0.35:
            view["filter"] = self._draw_filter(random.choice((0, 1, 1, 2, 3, 5)))
        if "emit" not in self._missing and random.random() < 0.5:
            mode = random.choice(("EACH_COMMIT", "INTERVAL", "FINAL"))
            view["emit"] = {"mode": mode}
            if mode == "INTERVAL":
                view["emit"]["interval_us"] = random.choice((10, 100, 1_000, 3_600_000)) * 1_000
        return view

    def _draw_window(self):
        random = self._random
        kinds = ["tumbling", "sliding", "sliding"]
        if "sessions" not in self._missing:
            kinds += ["session", "session"]
        kind = random.choice(kinds)
        # No window closes more than a length after the last record.
        longest = HORIZON - 4 * self._spread
        length = int(self._spread * 10 ** random.uniform(-2, 0.5))
        if self._one_in(40):
            length = longest
        length = min(max(length, SECOND), longest)
        # Round lengths have their borders where times are round.
        grid = random.choice((1_000, SECOND, 60 * SECOND))
        length = max(length // grid * grid, SECOND)
        if kind == "session":
            return {"kind": kind, "gap_us": length}
        window = {"kind": kind, "size_us": length}
        slide = length
        if kind == "sliding":
            panes = random.choice((1, 2, 3, 4, 5, 7, 12, 40))
            pane = max(length // panes // 1_000 * 1_000, SECOND)
            if pane * panes > longest:
                pane = longest // panes // 1_000 * 1_000
            window["size_us"] = pane * panes
            slide = window["slide_us"] = pane * random.randint(1, panes)
        if random.random() < 0.5:
            window["offset_us"] = random.randrange(slide // 1_000) * 1_000
        return window

    def _draw_aggregates(self):
        if "aggregates" in self._missing:
            return [
                {"name": f"n{i}", "function": "count"} for i in range(self._random.randint(1, 2))
            ]
        return [self._draw_aggregate(f"n{i}") for i in range(self._random.randint(1, 5))]

    def _draw_aggregate(self, name):
        random = self._random
        aggregate = {"name": name, "function": random.choice(
            ("count", "count", "sum", "sum", "min", "max", "avg", "avg", "count_distinct", "top_k"))}
        function = aggregate["function"]
        if function == "count":
            if random.random() < 0.5:
                aggregate["field"] = random.choice(list(self._sources))
        elif function == "count_distinct":
            aggregate["field"] = random.choice(self._fields("many", "many", "texts", "anything"))
            if random.random() < 0.8:
                aggregate["exact_limit"] = random.choice((1, 2, 3, 5, 20, 100, 10_000))
        elif function == "top_k":
            aggregate["field"] = random.choice(self._fields("many", "texts", "anything"))
            if random.random() < 0.8:
                aggregate["k"] = random.choice((1, 2, 3, 20))
        else:
            types = ["INTEGER", "INTEGER", "DOUBLE", "DOUBLE", None]
            if function in ("min", "max"):
                types += ["TEXT", "TEXT"]
            kind = random.choice(types)
            if kind:
                aggregate["type"] = kind
            fields = {"INTEGER": ("integers",), "TEXT": random_values.ValueSource.KINDS}.get(
                kind, ("integers", "doubles"))
            aggregate["field"] = random.choice(self._fields(*fields))
        return aggregate

    # Joins

    def _draw_join(self, index, field):
        random = self._random
        forms = ["json"] if "table-formats" in self._missing else ["json", "ndjson", "jsonl", "csv"]
        form = random.choice(forms)
        columns = random.sample(("title", "Name", "col 1", "\u00f6"), random.randint(1, 3))
        texts = [t for t in random_values.TEXTS if form != "csv" or ("\x00" not in t)]
        keys = [self._some_text(field) for _ in range(4)] + [random.choice(texts)]
        if form == "csv":
            keys = [key for key in keys if "\x00" not in key]
        rows = []
        for key in keys + random.choices(keys, k=1):
            row = {"key": key if random.random() < 0.9 else None}
            for column in columns:
                if random.random() < 0.8:
                    row[column] = random.choice(texts)
                elif random.random() < 0.5:
                    row[column] = None
            rows.append(row)
        # A column must be known to the table.
        for column in columns:
            if rows[0].get(column) is None:
                rows[0][column] = "first"
        table = {"name": f"table-{index}", "key_column": "key", "rows": rows, "form": form}
        self._pipeline["tables"].append(table)
        return {
            "table": table["name"], "field": field, "columns": columns,
            **({"type": random.choice(("LEFT", "INNER"))} if random.random() < 0.8 else {}),
        }

    def _some_text(self, field):
        """A text that the field may have."""
        source = self._sources.get(field)
        for _ in range(20):
            value = source.draw() if source else None
            if value and value not in random_values.STRUCTURES and value != "null":
                return _text_of_json(value)
        return "none"

    # Filters

    def _draw_filter(self, depth):
        random = self._random
        if depth == 0 or self._one_in(6):
            return self._draw_comparison()
        form = random.choice(("and", "or", "and", "or", "not", "()"))
        if form == "not":
            return "not " + self._bracketed(depth - 1)
        if form == "()":
            return "(" + self._draw_filter(depth - 1) + ")"
        parts = [self._bracketed(depth - 1) for _ in range(random.randint(2, 3))]
        return f" {form} ".join(parts)

    def _bracketed(self, depth):
        """In parentheses or not: then precedence decides."""
        text = self._draw_filter(depth)
        return text if self._random.random() < 0.4 else f"({text})"

    def _draw_comparison(self):
        random = self._random
        field = random.choice(list(self._sources))
        name = self._filter_name(field)
        draw = random.random()
        if draw < 0.15:
            return f"exists {name}"
        space = random.choice(("", " ", "  "))
        if draw < 0.35:
            literals = [self._draw_literal(field) for _ in range(random.randint(1, 4))]
            return f"{name} in{space}({space}{(space + ',' + space).join(literals)}{space})"
        sign = random.choice(SIGNS)
        return f"{name}{space}{sign}{space}{self._draw_literal(field)}"

    def _filter_name(self, field):
        if BARE_NAME.fullmatch(field) and field not in KEYWORDS and self._random.random() < 0.8:
            return field
        return f"`{field}`"

    def _draw_literal(self, field):
        random = self._random
        draw = random.random()
        if draw < 0.05:
            return random.choice(("true", "false"))
        if draw < 0.15:
            return _filter_string(random, random.choice(random_values.TEXTS))
        text = self._some_text(field)
        if draw < 0.25:
            text = random.choice(random_values.DOUBLES + tuple(map(str, random_values.INTEGERS)))
        if NUMBER.fullmatch(text) and abs(float(text)) != float("inf") and random.random() < 0.8:
            return text
        return _filter_string(random, text)

    # Logs

    def _draw_log(self):
        random = self._random
        self.partitions = random.choice((1, 2, 2, 3, 4))
        most = random.choice((10, 60, 60, 200, 200, 500))
        if self._one_in(25):
            most = 3_000
        log = []
        for partition in range(self.partitions):
            count = 0 if self._one_in(12) else random.randrange(most)
            log += self._draw_partition(partition, count)
        return log

    def _draw_partition(self, partition, count):
        random = self._random
        log = []
        offset = 0 if random.random() < 0.8 else random.randrange(1_000)
        begin = self._middle - random.randrange(self._spread)
        disorder = int(self._spread * 10 ** random.uniform(-3, -0.3)) + 1
        timestamps = random.random() < 0.7
        bad = random.choice((0.0, 0.02, 0.1))
        for i in range(count):
            time = begin + self._spread * i // count
            if random.random() < 0.5:
                time -= random.randrange(disorder)
            if random.random() < 0.02:
                time += random.randrange(disorder)
            time = time // self._resolution * self._resolution
            if random.random() < 0.3:
                time = self._on_border(time)
            timestamp_ms, time = self._draw_timestamp(time) if timestamps else (-1, time)
            value = self._bad_record() if random.random() < bad else self._record(time)
            log.append(LogRecord(partition, offset, timestamp_ms, value))
            offset += 1 if random.random() < 0.95 else random.randint(2, 10)
        return log

    def _on_border(self, time):
        """A time near another at which a window begins or is lost, or a session ends."""
        random = self._random
        window = random.choice(self._pipeline["views"])["window"]
        if window["kind"] == "session":
            if window["gap_us"] < self._spread:
                time += random.choice((-1, 1)) * window["gap_us"]
        else:
            slide = window.get("slide_us", window["size_us"])
            offset = window.get("offset_us", 0)
            time = (time - offset) // slide * slide + offset
        if random.random() < 0.4:
            time += self._pipeline.get("watermark_delay_us", 0)
        return time + random.choice((-1, 0, 0, 1))

    def _draw_timestamp(self, time):
        """(Kafka timestamp in ms, event time)."""
        random = self._random
        skew = self._pipeline.get("max_future_skew_us", DAY)
        timestamp_ms = time // 1_000 + random.randrange(5_000)
        if random.random() < 0.1:
            timestamp_ms = (time - skew) // 1_000 + 1
            time = timestamp_ms * 1_000 + skew + random.choice((-1, 0, 0, 1, 1_000))
        # Kafka has no timestamps before 1970.
        return (timestamp_ms if timestamp_ms >= 0 else -1), time

    # Records

    def _record(self, time):
        time_text = self._spelling.spell(time)
        if self._one_in(60):
            time_text = self._spelling.spell_badly()
        members = [(self._time_field, time_text)]
        members += [(name, source.draw()) for name, source in self._sources.items()]
        return self._object(members)

    def _object(self, members):
        """Members as a JSON object in bytes, in any order and with what does not matter."""
        random = self._random
        members = [(name, value) for name, value in members if value is not None]
        if random.random() < 0.3:
            random.shuffle(members)
        if random.random() < 0.2:
            members.insert(random.randrange(len(members) + 1), self._unused_member())
        if random.random() < 0.05 and members:
            members = self._with_duplicate(members)
        space = "" if random.random() < 0.5 else random.choice((" ", "\n", "\t", "\r\n", "  "))
        texts = [
            f"{random_values.json_string(random, name)}{space}:{space}{value}"
            for name, value in members
        ]
        text = "{" + space + f"{space},{space}".join(texts) + space + "}" + space
        return text.encode()

    def _with_duplicate(self, members):
        """One of the keys twice: the last one counts, whatever the first one was."""
        name = self._random.choice(members)[0]
        value = self._random.choice(('"dup"', "1", "null", "{}", "[]", '"2018-12-31T00:00:00"'))
        at = [n for n, _ in members].index(name)
        return members[:at] + [(name, value)] + members[at:]

    def _unused_member(self):
        random = self._random
        value = random.choice(
            ("1", '"x"', "null", '{"a":{"b":[1,2,{"c":null}]}}', "[[[[]]]]", '"\\"}"', "[]", "-1e5",
             '"' + "\u00e9" * 50 + '"', '{"time":"2018-12-31T00:00:00","a":"deep"}')
        )
        return "unused", value

    def _bad_record(self):
        """Something that cannot be read, mostly."""
        random = self._random
        good = self._record(self._middle)
        draw = random.randrange(9)
        if draw == 0:
            return random.choice((None, b"", b" ", b"null", b"5", b'"text"', b"[]", b"[{}]", b"{}",
                                  b"true", b"{", b"}", b"{}{}", b"not json", b"\x00", b"{\"a\"}"))
        if draw == 1:
            return good[:random.randrange(len(good.rstrip()))]
        if draw == 2:
            return good + random.choice((b"x", b"}", b"{}", b",", b"\x00", b"]"))
        if draw == 3:
            at = good.index(b"{") + 1
            bad = random.choice((b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\x80", b"\xf4\x90\x80\x80"))
            comma = b"," if good[at:].strip() != b"}" else b""
            return good[:at] + b'"u":"' + bad + b'"' + comma + good[at:]
        if draw == 4:
            return b"[" + good + b"]"
        if draw == 5 and self._one_in(4):
            # Around the largest record.
            size = MAX_RECORD_BYTES + random.choice((0, 0, 1))
            return good + b" " * (size - len(good))
        members = [(self._time_field, self._spelling.spell(self._middle))]
        names = list(self._sources)
        if draw == 6 and self._one_in(2):
            length = MAX_FIELD_BYTES + random.choice((-500, 0, 1, 500))
            return self._object(members + [(random.choice(names), '"' + "x" * length + '"')])
        name = random.choice(names)
        if draw == 7:
            value = random.choice(random_values.BROKEN_TOKENS)
            # Elsewhere its spelling is not looked at.
            if name in used_names(self._pipeline):
                return self._object(members + [(name, value)])
        return self._object(members + [(name, random.choice(random_values.STRUCTURES))])


def _text_of_json(value):
    """The text of a JSON string or scalar."""
    return json.loads(value) if value.startswith('"') else value


def _filter_string(random, text):
    quote = random.choice("\"'")
    escaped = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return quote + escaped + quote

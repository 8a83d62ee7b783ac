"""Prints a pipeline (as oracle.py describes it) as the pipeline file that a user would write."""

import json

from tests.oracle.json_record import NUMBER

FUNCTION_FIELDS = {"type": "VALUE_TYPE_", "field": None, "k": None, "exact_limit": None}


class _Printer:
    def __init__(self):
        self.lines = []
        self._indent = ""

    def put(self, name, value):
        """A scalar; nothing when it is None. Enumerators come as Literal."""
        if value is not None:
            text = value if isinstance(value, Literal) else _scalar(value)
            self.lines.append(f"{self._indent}{name}: {text}")

    def message(self, name, write):
        self.lines.append(f"{self._indent}{name} {{")
        self._indent += "  "
        write()
        self._indent = self._indent[:-2]
        self.lines.append(self._indent + "}")

    def duration(self, name, microseconds):
        if microseconds is None:
            return

        def write():
            self.put("seconds", microseconds // 1_000_000)
            if microseconds % 1_000_000:
                self.put("nanos", microseconds % 1_000_000 * 1_000)

        self.message(name, write)


class Literal(str):
    """An enumerator."""


def _scalar(value):
    if isinstance(value, int):
        return str(value)
    quoted = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}"
        for byte in value.encode()
    )
    return f'"{quoted}"'


def _enumerator(prefix, name):
    return Literal(prefix + name) if name else None


def pipeline_text(pipeline):
    """The text form of windrow.pipeline.v1.Pipeline. Tables name the files of table_files()."""
    out = _Printer()
    out.put("name", pipeline["name"])
    out.put("source_topic", pipeline["source_topic"])
    event_time = pipeline["event_time"]

    def write_event_time():
        out.put("field", event_time["field"])
        out.put("format", _enumerator("FORMAT_", event_time.get("format")))
        out.put("time_zone", event_time.get("time_zone"))
        out.put("pattern", event_time.get("pattern"))

    out.message("event_time", write_event_time)
    for name in ("watermark_delay", "max_future_skew", "correction_horizon"):
        out.duration(name, pipeline.get(name + "_us"))
    idle = pipeline.get("idle_policy")
    if idle:
        def write_idle():
            out.duration("idle_timeout", idle.get("idle_timeout_us"))
            out.put("all_idle", _enumerator("ALL_IDLE_", idle.get("all_idle")))
            out.duration("close_after", idle.get("close_after_us"))

        out.message("idle_policy", write_idle)
    for table in pipeline.get("tables", []):
        def write_table(table=table):
            out.put("name", table["name"])
            out.put("path", table_file_name(table))
            out.put("key_column", table["key_column"])

        out.message("tables", write_table)
    for view in pipeline["views"]:
        out.message("views", lambda view=view: _write_view(out, view))
    out.put("merge_partitions", pipeline.get("merge_partitions"))
    return "\n".join(out.lines) + "\n"


def _write_view(out, view):
    out.put("id", view["id"])
    out.message("window", lambda: _write_window(out, view["window"]))
    for field in view.get("group_by", []):
        out.put("group_by", field)
    for aggregate in view["aggregates"]:
        def write(aggregate=aggregate):
            out.put("name", aggregate["name"])
            out.message(aggregate["function"], lambda: _write_function(out, aggregate))

        out.message("aggregates", write)
    join = view.get("join")
    if join:
        def write_join():
            out.put("table", join["table"])
            out.put("field", join["field"])
            out.put("type", _enumerator("TYPE_", join.get("type")))
            for column in join["columns"]:
                out.put("columns", column)

        out.message("join", write_join)
    out.put("filter", view.get("filter"))
    emit = view.get("emit")
    if emit:
        def write_emit():
            out.put("mode", _enumerator("MODE_", emit["mode"]))
            out.duration("interval", emit.get("interval_us"))

        out.message("emit", write_emit)


def _write_window(out, window):
    def write_kind():
        for name in ("size", "slide", "gap"):
            out.duration(name, window.get(name + "_us"))

    out.message(window["kind"], write_kind)
    out.duration("offset", window.get("offset_us"))


def _write_function(out, aggregate):
    for name, prefix in FUNCTION_FIELDS.items():
        value = aggregate.get(name)
        out.put(name, _enumerator(prefix, value) if prefix else value)


def table_file_name(table):
    return f"{table['name']}.{table.get('form', 'json')}"


def table_files(pipeline):
    """File name to bytes, for each static table."""
    return {
        table_file_name(table): _table_bytes(table).encode()
        for table in pipeline.get("tables", [])
    }


def _table_bytes(table):
    form = table.get("form", "json")
    if form == "json":
        return "[" + ",\n".join(map(_json_row, table["rows"])) + "]"
    if form in ("ndjson", "jsonl"):
        return "".join(_json_row(row) + "\n" for row in table["rows"])
    columns = sorted({name for row in table["rows"] for name in row})
    lines = [",".join(map(_csv_value, columns))]
    lines += [",".join(_csv_value(row.get(name)) for name in columns) for row in table["rows"]]
    return "".join(line + "\r\n" for line in lines)


def _json_row(row):
    return "{" + ",".join(f"{json.dumps(name)}:{_json_value(row[name])}" for name in row) + "}"


def _json_value(text):
    """What is spelled like a number or truth value stands for it, too."""
    if text is None:
        return "null"
    if (NUMBER.fullmatch(text) or text in ("true", "false")) and len(text) % 2:
        return text
    return json.dumps(text, ensure_ascii=len(text) % 2 == 0)


def _csv_value(text):
    """Nothing at all is no value; the empty text is in quotes."""
    if text is None:
        return ""
    if text == "" or text.strip() != text or any(char in text for char in ",\"\r\n"):
        return '"' + text.replace('"', '""') + '"'
    return text

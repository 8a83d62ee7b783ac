"""Reads one record: a JSON object in UTF-8, of which a pipeline uses some top-level fields."""

import json
import re

MAX_RECORD_BYTES = 1_000_000
MAX_FIELD_BYTES = 32_768

# How JSON spells a number, and a whole one.
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)")


class DeadLetter(Exception):
    """The record belongs into the dead-letter topic; its only argument is the reason."""


class JsonNumber(str):
    """A number, as the record spells it."""


def _refuse_constant(text):
    raise ValueError(text + " is not JSON")


def parse(data):
    """The object's fields; a number keeps its spelling. Of a key that stands twice the last counts."""
    if data is None:
        raise DeadLetter("not-json")
    if len(data) > MAX_RECORD_BYTES:
        raise DeadLetter("too-large")
    try:
        value = json.loads(
            data.decode("utf-8"),
            parse_int=JsonNumber,
            parse_float=JsonNumber,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        raise DeadLetter("not-json") from None
    if not isinstance(value, dict):
        raise DeadLetter("not-an-object")
    return value


def used_fields(data, names, event_time):
    """The fields of a record that the pipeline uses; None for what is missing or null.

    `names` are those of groups, filters and aggregates, `event_time` that of the event time.
    """
    record = parse(data)
    used = {name: record.get(name) for name in names | {event_time}}
    structures = [isinstance(value, (dict, list)) for value in used.values()]
    try:
        sizes = {name: len((text_of(value) or "").encode()) for name, value in used.items()}
    except UnicodeEncodeError:  # Half of a surrogate pair: no text in UTF-8.
        raise DeadLetter("not-json") from None
    if any(structures):
        raise DeadLetter("wrong-type")
    if sum(sizes[name] for name in names) > MAX_FIELD_BYTES:
        raise DeadLetter("too-large")
    return used


def text_of(value):
    """The text of a value: the string as it is, the JSON text of a number or truth value."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    return None if value is None else str(value)

"""Rows as Python values."""

from typing import Any, Dict, Tuple, Union

from windrow.query.v1 import query_service_pb2 as pb
from windrow.results.v1 import result_pb2


def field_value(field: result_pb2.Field) -> Any:
    """The value of a windrow.results.v1.Field: str, int, float, bool, a list of (value, count), or
    None, also for one that could not be computed."""
    kind = field.WhichOneof("value")
    if kind is None or kind == "error":
        return None
    if kind == "value_counts":
        return [(each.value, each.count) for each in field.value_counts.counts]
    return getattr(field, kind)


def group_of(row: Union[pb.Result, pb.Series]) -> Dict[str, Any]:
    """Names and values of a row's group."""
    return {field.name: field_value(field) for field in row.group}


def values_of(row: Union[pb.Result, pb.Point, pb.Total]) -> Dict[str, Any]:
    """Names and values of a row's joined columns and aggregates."""
    return {field.name: field_value(field) for field in row.values}


def row_key(result: pb.Result) -> Tuple[int, Tuple[Any, ...]]:
    """What tells a row of a view from the others: the start of its window in nanoseconds since 1970,
    and its group."""
    return (result.window_start_time.ToNanoseconds(),
            tuple(field_value(field) for field in result.group))

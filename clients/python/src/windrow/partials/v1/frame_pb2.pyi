from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Frame(_message.Message):
    __slots__ = ("format_version", "views", "positions", "sampled_record_time_ms")
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    VIEWS_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    SAMPLED_RECORD_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    views: _containers.RepeatedCompositeFieldContainer[ViewDelta]
    positions: _containers.RepeatedCompositeFieldContainer[SourcePosition]
    sampled_record_time_ms: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, format_version: _Optional[int] = ..., views: _Optional[_Iterable[_Union[ViewDelta, _Mapping]]] = ..., positions: _Optional[_Iterable[_Union[SourcePosition, _Mapping]]] = ..., sampled_record_time_ms: _Optional[_Iterable[int]] = ...) -> None: ...

class ViewDelta(_message.Message):
    __slots__ = ("view", "groups", "pane_steps", "group_indexes", "accepted", "cuts_us", "late", "states", "session_spans_us")
    VIEW_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    PANE_STEPS_FIELD_NUMBER: _ClassVar[int]
    GROUP_INDEXES_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    CUTS_US_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    SESSION_SPANS_US_FIELD_NUMBER: _ClassVar[int]
    view: int
    groups: _containers.RepeatedScalarFieldContainer[bytes]
    pane_steps: _containers.RepeatedScalarFieldContainer[int]
    group_indexes: _containers.RepeatedScalarFieldContainer[int]
    accepted: _containers.RepeatedScalarFieldContainer[int]
    cuts_us: _containers.RepeatedScalarFieldContainer[int]
    late: _containers.RepeatedCompositeFieldContainer[LateCount]
    states: _containers.RepeatedCompositeFieldContainer[CellState]
    session_spans_us: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, view: _Optional[int] = ..., groups: _Optional[_Iterable[bytes]] = ..., pane_steps: _Optional[_Iterable[int]] = ..., group_indexes: _Optional[_Iterable[int]] = ..., accepted: _Optional[_Iterable[int]] = ..., cuts_us: _Optional[_Iterable[int]] = ..., late: _Optional[_Iterable[_Union[LateCount, _Mapping]]] = ..., states: _Optional[_Iterable[_Union[CellState, _Mapping]]] = ..., session_spans_us: _Optional[_Iterable[int]] = ...) -> None: ...

class CellState(_message.Message):
    __slots__ = ("aggregates",)
    AGGREGATES_FIELD_NUMBER: _ClassVar[int]
    aggregates: _containers.RepeatedCompositeFieldContainer[AggregateState]
    def __init__(self, aggregates: _Optional[_Iterable[_Union[AggregateState, _Mapping]]] = ...) -> None: ...

class AggregateState(_message.Message):
    __slots__ = ("count", "integer_sum", "double_sum", "integer", "number", "text", "distinct", "registers", "frequencies")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    INTEGER_SUM_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_SUM_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DISTINCT_FIELD_NUMBER: _ClassVar[int]
    REGISTERS_FIELD_NUMBER: _ClassVar[int]
    FREQUENCIES_FIELD_NUMBER: _ClassVar[int]
    count: int
    integer_sum: IntegerSum
    double_sum: DoubleSum
    integer: int
    number: float
    text: str
    distinct: DistinctValues
    registers: bytes
    frequencies: Frequencies
    def __init__(self, count: _Optional[int] = ..., integer_sum: _Optional[_Union[IntegerSum, _Mapping]] = ..., double_sum: _Optional[_Union[DoubleSum, _Mapping]] = ..., integer: _Optional[int] = ..., number: _Optional[float] = ..., text: _Optional[str] = ..., distinct: _Optional[_Union[DistinctValues, _Mapping]] = ..., registers: _Optional[bytes] = ..., frequencies: _Optional[_Union[Frequencies, _Mapping]] = ...) -> None: ...

class IntegerSum(_message.Message):
    __slots__ = ("high", "low", "count")
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    high: int
    low: int
    count: int
    def __init__(self, high: _Optional[int] = ..., low: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class DoubleSum(_message.Message):
    __slots__ = ("indexes", "chunks", "count")
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    indexes: _containers.RepeatedScalarFieldContainer[int]
    chunks: _containers.RepeatedScalarFieldContainer[int]
    count: int
    def __init__(self, indexes: _Optional[_Iterable[int]] = ..., chunks: _Optional[_Iterable[int]] = ..., count: _Optional[int] = ...) -> None: ...

class DistinctValues(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class Frequencies(_message.Message):
    __slots__ = ("values", "counts")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, values: _Optional[_Iterable[str]] = ..., counts: _Optional[_Iterable[int]] = ...) -> None: ...

class LateCount(_message.Message):
    __slots__ = ("window_start_us", "records")
    WINDOW_START_US_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    window_start_us: int
    records: int
    def __init__(self, window_start_us: _Optional[int] = ..., records: _Optional[int] = ...) -> None: ...

class SourcePosition(_message.Message):
    __slots__ = ("source_partition", "source_partitions", "base_offset", "end_offset", "max_event_time_us", "watermark_us", "idle_for_ms", "drain_generation", "counters", "plan_generation", "watermark_delay_us", "idle_policy")
    SOURCE_PARTITION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    BASE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    END_OFFSET_FIELD_NUMBER: _ClassVar[int]
    MAX_EVENT_TIME_US_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_US_FIELD_NUMBER: _ClassVar[int]
    IDLE_FOR_MS_FIELD_NUMBER: _ClassVar[int]
    DRAIN_GENERATION_FIELD_NUMBER: _ClassVar[int]
    COUNTERS_FIELD_NUMBER: _ClassVar[int]
    PLAN_GENERATION_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_DELAY_US_FIELD_NUMBER: _ClassVar[int]
    IDLE_POLICY_FIELD_NUMBER: _ClassVar[int]
    source_partition: int
    source_partitions: int
    base_offset: int
    end_offset: int
    max_event_time_us: int
    watermark_us: int
    idle_for_ms: int
    drain_generation: int
    counters: SourceCounters
    plan_generation: int
    watermark_delay_us: int
    idle_policy: IdlePolicy
    def __init__(self, source_partition: _Optional[int] = ..., source_partitions: _Optional[int] = ..., base_offset: _Optional[int] = ..., end_offset: _Optional[int] = ..., max_event_time_us: _Optional[int] = ..., watermark_us: _Optional[int] = ..., idle_for_ms: _Optional[int] = ..., drain_generation: _Optional[int] = ..., counters: _Optional[_Union[SourceCounters, _Mapping]] = ..., plan_generation: _Optional[int] = ..., watermark_delay_us: _Optional[int] = ..., idle_policy: _Optional[_Union[IdlePolicy, _Mapping]] = ...) -> None: ...

class IdlePolicy(_message.Message):
    __slots__ = ("all_idle", "idle_timeout_us", "close_after_us")
    ALL_IDLE_FIELD_NUMBER: _ClassVar[int]
    IDLE_TIMEOUT_US_FIELD_NUMBER: _ClassVar[int]
    CLOSE_AFTER_US_FIELD_NUMBER: _ClassVar[int]
    all_idle: int
    idle_timeout_us: int
    close_after_us: int
    def __init__(self, all_idle: _Optional[int] = ..., idle_timeout_us: _Optional[int] = ..., close_after_us: _Optional[int] = ...) -> None: ...

class SourceCounters(_message.Message):
    __slots__ = ("read", "dead_lettered", "redelivered", "views")
    READ_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERED_FIELD_NUMBER: _ClassVar[int]
    REDELIVERED_FIELD_NUMBER: _ClassVar[int]
    VIEWS_FIELD_NUMBER: _ClassVar[int]
    read: int
    dead_lettered: int
    redelivered: int
    views: _containers.RepeatedCompositeFieldContainer[ViewCounters]
    def __init__(self, read: _Optional[int] = ..., dead_lettered: _Optional[int] = ..., redelivered: _Optional[int] = ..., views: _Optional[_Iterable[_Union[ViewCounters, _Mapping]]] = ...) -> None: ...

class ViewCounters(_message.Message):
    __slots__ = ("accepted", "filtered", "unmatched_join", "late_everywhere")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    FILTERED_FIELD_NUMBER: _ClassVar[int]
    UNMATCHED_JOIN_FIELD_NUMBER: _ClassVar[int]
    LATE_EVERYWHERE_FIELD_NUMBER: _ClassVar[int]
    accepted: int
    filtered: int
    unmatched_join: int
    late_everywhere: int
    def __init__(self, accepted: _Optional[int] = ..., filtered: _Optional[int] = ..., unmatched_join: _Optional[int] = ..., late_everywhere: _Optional[int] = ...) -> None: ...

class MergeCheckpoint(_message.Message):
    __slots__ = ("snapshot_offset", "snapshot_through")
    SNAPSHOT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_THROUGH_FIELD_NUMBER: _ClassVar[int]
    snapshot_offset: int
    snapshot_through: int
    def __init__(self, snapshot_offset: _Optional[int] = ..., snapshot_through: _Optional[int] = ...) -> None: ...

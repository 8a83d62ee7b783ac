from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ValueType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VALUE_TYPE_UNSPECIFIED: _ClassVar[ValueType]
    VALUE_TYPE_DOUBLE: _ClassVar[ValueType]
    VALUE_TYPE_INTEGER: _ClassVar[ValueType]
    VALUE_TYPE_TEXT: _ClassVar[ValueType]
VALUE_TYPE_UNSPECIFIED: ValueType
VALUE_TYPE_DOUBLE: ValueType
VALUE_TYPE_INTEGER: ValueType
VALUE_TYPE_TEXT: ValueType

class Pipeline(_message.Message):
    __slots__ = ("name", "source_topic", "event_time", "watermark_delay", "max_future_skew", "correction_horizon", "idle_policy", "tables", "views", "merge_partitions", "settings")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TOPIC_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_DELAY_FIELD_NUMBER: _ClassVar[int]
    MAX_FUTURE_SKEW_FIELD_NUMBER: _ClassVar[int]
    CORRECTION_HORIZON_FIELD_NUMBER: _ClassVar[int]
    IDLE_POLICY_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    VIEWS_FIELD_NUMBER: _ClassVar[int]
    MERGE_PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    name: str
    source_topic: str
    event_time: EventTime
    watermark_delay: _duration_pb2.Duration
    max_future_skew: _duration_pb2.Duration
    correction_horizon: _duration_pb2.Duration
    idle_policy: IdlePolicy
    tables: _containers.RepeatedCompositeFieldContainer[StaticTable]
    views: _containers.RepeatedCompositeFieldContainer[View]
    merge_partitions: int
    settings: Settings
    def __init__(self, name: _Optional[str] = ..., source_topic: _Optional[str] = ..., event_time: _Optional[_Union[EventTime, _Mapping]] = ..., watermark_delay: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., max_future_skew: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., correction_horizon: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., idle_policy: _Optional[_Union[IdlePolicy, _Mapping]] = ..., tables: _Optional[_Iterable[_Union[StaticTable, _Mapping]]] = ..., views: _Optional[_Iterable[_Union[View, _Mapping]]] = ..., merge_partitions: _Optional[int] = ..., settings: _Optional[_Union[Settings, _Mapping]] = ...) -> None: ...

class EventTime(_message.Message):
    __slots__ = ("field", "format", "time_zone", "pattern")
    class Format(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FORMAT_UNSPECIFIED: _ClassVar[EventTime.Format]
        FORMAT_ISO_8601: _ClassVar[EventTime.Format]
        FORMAT_EPOCH_SECONDS: _ClassVar[EventTime.Format]
        FORMAT_EPOCH_MILLISECONDS: _ClassVar[EventTime.Format]
        FORMAT_EPOCH_MICROSECONDS: _ClassVar[EventTime.Format]
        FORMAT_PATTERN: _ClassVar[EventTime.Format]
    FORMAT_UNSPECIFIED: EventTime.Format
    FORMAT_ISO_8601: EventTime.Format
    FORMAT_EPOCH_SECONDS: EventTime.Format
    FORMAT_EPOCH_MILLISECONDS: EventTime.Format
    FORMAT_EPOCH_MICROSECONDS: EventTime.Format
    FORMAT_PATTERN: EventTime.Format
    FIELD_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    PATTERN_FIELD_NUMBER: _ClassVar[int]
    field: str
    format: EventTime.Format
    time_zone: str
    pattern: str
    def __init__(self, field: _Optional[str] = ..., format: _Optional[_Union[EventTime.Format, str]] = ..., time_zone: _Optional[str] = ..., pattern: _Optional[str] = ...) -> None: ...

class IdlePolicy(_message.Message):
    __slots__ = ("idle_timeout", "all_idle", "close_after")
    class AllIdle(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ALL_IDLE_UNSPECIFIED: _ClassVar[IdlePolicy.AllIdle]
        ALL_IDLE_WALL_CLOCK: _ClassVar[IdlePolicy.AllIdle]
        ALL_IDLE_CLOSE_AFTER: _ClassVar[IdlePolicy.AllIdle]
        ALL_IDLE_WAIT: _ClassVar[IdlePolicy.AllIdle]
    ALL_IDLE_UNSPECIFIED: IdlePolicy.AllIdle
    ALL_IDLE_WALL_CLOCK: IdlePolicy.AllIdle
    ALL_IDLE_CLOSE_AFTER: IdlePolicy.AllIdle
    ALL_IDLE_WAIT: IdlePolicy.AllIdle
    IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ALL_IDLE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_AFTER_FIELD_NUMBER: _ClassVar[int]
    idle_timeout: _duration_pb2.Duration
    all_idle: IdlePolicy.AllIdle
    close_after: _duration_pb2.Duration
    def __init__(self, idle_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., all_idle: _Optional[_Union[IdlePolicy.AllIdle, str]] = ..., close_after: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StaticTable(_message.Message):
    __slots__ = ("name", "path", "key_column", "rows", "version")
    class Row(_message.Message):
        __slots__ = ("columns",)
        class ColumnsEntry(_message.Message):
            __slots__ = ("key", "value")
            KEY_FIELD_NUMBER: _ClassVar[int]
            VALUE_FIELD_NUMBER: _ClassVar[int]
            key: str
            value: str
            def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
        COLUMNS_FIELD_NUMBER: _ClassVar[int]
        columns: _containers.ScalarMap[str, str]
        def __init__(self, columns: _Optional[_Mapping[str, str]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    KEY_COLUMN_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    path: str
    key_column: str
    rows: _containers.RepeatedCompositeFieldContainer[StaticTable.Row]
    version: str
    def __init__(self, name: _Optional[str] = ..., path: _Optional[str] = ..., key_column: _Optional[str] = ..., rows: _Optional[_Iterable[_Union[StaticTable.Row, _Mapping]]] = ..., version: _Optional[str] = ...) -> None: ...

class View(_message.Message):
    __slots__ = ("id", "window", "group_by", "aggregates", "join", "filter", "emit")
    ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    AGGREGATES_FIELD_NUMBER: _ClassVar[int]
    JOIN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    EMIT_FIELD_NUMBER: _ClassVar[int]
    id: str
    window: Window
    group_by: _containers.RepeatedScalarFieldContainer[str]
    aggregates: _containers.RepeatedCompositeFieldContainer[Aggregate]
    join: Join
    filter: str
    emit: Emit
    def __init__(self, id: _Optional[str] = ..., window: _Optional[_Union[Window, _Mapping]] = ..., group_by: _Optional[_Iterable[str]] = ..., aggregates: _Optional[_Iterable[_Union[Aggregate, _Mapping]]] = ..., join: _Optional[_Union[Join, _Mapping]] = ..., filter: _Optional[str] = ..., emit: _Optional[_Union[Emit, _Mapping]] = ...) -> None: ...

class Emit(_message.Message):
    __slots__ = ("mode", "interval")
    class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MODE_UNSPECIFIED: _ClassVar[Emit.Mode]
        MODE_EACH_COMMIT: _ClassVar[Emit.Mode]
        MODE_INTERVAL: _ClassVar[Emit.Mode]
        MODE_FINAL: _ClassVar[Emit.Mode]
    MODE_UNSPECIFIED: Emit.Mode
    MODE_EACH_COMMIT: Emit.Mode
    MODE_INTERVAL: Emit.Mode
    MODE_FINAL: Emit.Mode
    MODE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    mode: Emit.Mode
    interval: _duration_pb2.Duration
    def __init__(self, mode: _Optional[_Union[Emit.Mode, str]] = ..., interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Window(_message.Message):
    __slots__ = ("tumbling", "sliding", "session", "offset")
    TUMBLING_FIELD_NUMBER: _ClassVar[int]
    SLIDING_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    tumbling: TumblingWindow
    sliding: SlidingWindow
    session: SessionWindow
    offset: _duration_pb2.Duration
    def __init__(self, tumbling: _Optional[_Union[TumblingWindow, _Mapping]] = ..., sliding: _Optional[_Union[SlidingWindow, _Mapping]] = ..., session: _Optional[_Union[SessionWindow, _Mapping]] = ..., offset: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class TumblingWindow(_message.Message):
    __slots__ = ("size",)
    SIZE_FIELD_NUMBER: _ClassVar[int]
    size: _duration_pb2.Duration
    def __init__(self, size: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SlidingWindow(_message.Message):
    __slots__ = ("size", "slide")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SLIDE_FIELD_NUMBER: _ClassVar[int]
    size: _duration_pb2.Duration
    slide: _duration_pb2.Duration
    def __init__(self, size: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., slide: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SessionWindow(_message.Message):
    __slots__ = ("gap",)
    GAP_FIELD_NUMBER: _ClassVar[int]
    gap: _duration_pb2.Duration
    def __init__(self, gap: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Aggregate(_message.Message):
    __slots__ = ("name", "count", "sum", "min", "max", "avg", "count_distinct", "top_k")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SUM_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    AVG_FIELD_NUMBER: _ClassVar[int]
    COUNT_DISTINCT_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    name: str
    count: Count
    sum: Sum
    min: Min
    max: Max
    avg: Avg
    count_distinct: CountDistinct
    top_k: TopK
    def __init__(self, name: _Optional[str] = ..., count: _Optional[_Union[Count, _Mapping]] = ..., sum: _Optional[_Union[Sum, _Mapping]] = ..., min: _Optional[_Union[Min, _Mapping]] = ..., max: _Optional[_Union[Max, _Mapping]] = ..., avg: _Optional[_Union[Avg, _Mapping]] = ..., count_distinct: _Optional[_Union[CountDistinct, _Mapping]] = ..., top_k: _Optional[_Union[TopK, _Mapping]] = ...) -> None: ...

class Count(_message.Message):
    __slots__ = ("field",)
    FIELD_FIELD_NUMBER: _ClassVar[int]
    field: str
    def __init__(self, field: _Optional[str] = ...) -> None: ...

class Sum(_message.Message):
    __slots__ = ("field", "type")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    field: str
    type: ValueType
    def __init__(self, field: _Optional[str] = ..., type: _Optional[_Union[ValueType, str]] = ...) -> None: ...

class Min(_message.Message):
    __slots__ = ("field", "type")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    field: str
    type: ValueType
    def __init__(self, field: _Optional[str] = ..., type: _Optional[_Union[ValueType, str]] = ...) -> None: ...

class Max(_message.Message):
    __slots__ = ("field", "type")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    field: str
    type: ValueType
    def __init__(self, field: _Optional[str] = ..., type: _Optional[_Union[ValueType, str]] = ...) -> None: ...

class Avg(_message.Message):
    __slots__ = ("field", "type")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    field: str
    type: ValueType
    def __init__(self, field: _Optional[str] = ..., type: _Optional[_Union[ValueType, str]] = ...) -> None: ...

class CountDistinct(_message.Message):
    __slots__ = ("field", "exact_limit")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    EXACT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    field: str
    exact_limit: int
    def __init__(self, field: _Optional[str] = ..., exact_limit: _Optional[int] = ...) -> None: ...

class TopK(_message.Message):
    __slots__ = ("field", "k")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    field: str
    k: int
    def __init__(self, field: _Optional[str] = ..., k: _Optional[int] = ...) -> None: ...

class Join(_message.Message):
    __slots__ = ("table", "field", "type", "columns")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TYPE_UNSPECIFIED: _ClassVar[Join.Type]
        TYPE_LEFT: _ClassVar[Join.Type]
        TYPE_INNER: _ClassVar[Join.Type]
    TYPE_UNSPECIFIED: Join.Type
    TYPE_LEFT: Join.Type
    TYPE_INNER: Join.Type
    TABLE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    table: str
    field: str
    type: Join.Type
    columns: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, table: _Optional[str] = ..., field: _Optional[str] = ..., type: _Optional[_Union[Join.Type, str]] = ..., columns: _Optional[_Iterable[str]] = ...) -> None: ...

class Settings(_message.Message):
    __slots__ = ("parallelism", "records_per_second_per_partition", "commit_interval", "state_limit_bytes", "records_per_second", "bytes_per_second", "watermark_delay", "idle_policy", "auto_parallelism", "fetch_memory_bytes")
    PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    RECORDS_PER_SECOND_PER_PARTITION_FIELD_NUMBER: _ClassVar[int]
    COMMIT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    STATE_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    RECORDS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    BYTES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_DELAY_FIELD_NUMBER: _ClassVar[int]
    IDLE_POLICY_FIELD_NUMBER: _ClassVar[int]
    AUTO_PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    FETCH_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    parallelism: int
    records_per_second_per_partition: int
    commit_interval: _duration_pb2.Duration
    state_limit_bytes: int
    records_per_second: int
    bytes_per_second: int
    watermark_delay: _duration_pb2.Duration
    idle_policy: IdlePolicy
    auto_parallelism: AutoParallelism
    fetch_memory_bytes: int
    def __init__(self, parallelism: _Optional[int] = ..., records_per_second_per_partition: _Optional[int] = ..., commit_interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., state_limit_bytes: _Optional[int] = ..., records_per_second: _Optional[int] = ..., bytes_per_second: _Optional[int] = ..., watermark_delay: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., idle_policy: _Optional[_Union[IdlePolicy, _Mapping]] = ..., auto_parallelism: _Optional[_Union[AutoParallelism, _Mapping]] = ..., fetch_memory_bytes: _Optional[int] = ...) -> None: ...

class AutoParallelism(_message.Message):
    __slots__ = ("enabled", "min_workers", "max_workers")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    MIN_WORKERS_FIELD_NUMBER: _ClassVar[int]
    MAX_WORKERS_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    min_workers: int
    max_workers: int
    def __init__(self, enabled: bool = ..., min_workers: _Optional[int] = ..., max_workers: _Optional[int] = ...) -> None: ...

from windrow.partials.v1 import frame_pb2 as _frame_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ValueError(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VALUE_ERROR_UNSPECIFIED: _ClassVar[ValueError]
    VALUE_ERROR_OVERFLOW: _ClassVar[ValueError]
VALUE_ERROR_UNSPECIFIED: ValueError
VALUE_ERROR_OVERFLOW: ValueError

class ResultKey(_message.Message):
    __slots__ = ("row", "progress", "ledger")
    ROW_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    row: RowKey
    progress: ProgressKey
    ledger: LedgerKey
    def __init__(self, row: _Optional[_Union[RowKey, _Mapping]] = ..., progress: _Optional[_Union[ProgressKey, _Mapping]] = ..., ledger: _Optional[_Union[LedgerKey, _Mapping]] = ...) -> None: ...

class RowKey(_message.Message):
    __slots__ = ("view", "window_start_us", "group")
    VIEW_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_US_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    view: str
    window_start_us: int
    group: bytes
    def __init__(self, view: _Optional[str] = ..., window_start_us: _Optional[int] = ..., group: _Optional[bytes] = ...) -> None: ...

class ProgressKey(_message.Message):
    __slots__ = ("merge_partition",)
    MERGE_PARTITION_FIELD_NUMBER: _ClassVar[int]
    merge_partition: int
    def __init__(self, merge_partition: _Optional[int] = ...) -> None: ...

class LedgerKey(_message.Message):
    __slots__ = ("view", "window_start_us", "merge_partition")
    VIEW_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_US_FIELD_NUMBER: _ClassVar[int]
    MERGE_PARTITION_FIELD_NUMBER: _ClassVar[int]
    view: str
    window_start_us: int
    merge_partition: int
    def __init__(self, view: _Optional[str] = ..., window_start_us: _Optional[int] = ..., merge_partition: _Optional[int] = ...) -> None: ...

class ResultRecord(_message.Message):
    __slots__ = ("row", "progress", "ledger")
    ROW_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    row: Row
    progress: Progress
    ledger: Ledger
    def __init__(self, row: _Optional[_Union[Row, _Mapping]] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., ledger: _Optional[_Union[Ledger, _Mapping]] = ...) -> None: ...

class Row(_message.Message):
    __slots__ = ("view", "window_start_us", "window_end_us", "group", "values", "accepted", "revision", "table_version", "event_time_us", "record_time_ms")
    VIEW_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_US_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_US_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TABLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_US_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    view: str
    window_start_us: int
    window_end_us: int
    group: _containers.RepeatedCompositeFieldContainer[Field]
    values: _containers.RepeatedCompositeFieldContainer[Field]
    accepted: int
    revision: int
    table_version: str
    event_time_us: int
    record_time_ms: int
    def __init__(self, view: _Optional[str] = ..., window_start_us: _Optional[int] = ..., window_end_us: _Optional[int] = ..., group: _Optional[_Iterable[_Union[Field, _Mapping]]] = ..., values: _Optional[_Iterable[_Union[Field, _Mapping]]] = ..., accepted: _Optional[int] = ..., revision: _Optional[int] = ..., table_version: _Optional[str] = ..., event_time_us: _Optional[int] = ..., record_time_ms: _Optional[int] = ...) -> None: ...

class Field(_message.Message):
    __slots__ = ("name", "string_value", "int_value", "double_value", "bool_value", "value_counts", "error")
    NAME_FIELD_NUMBER: _ClassVar[int]
    STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
    INT_VALUE_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_VALUE_FIELD_NUMBER: _ClassVar[int]
    BOOL_VALUE_FIELD_NUMBER: _ClassVar[int]
    VALUE_COUNTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    name: str
    string_value: str
    int_value: int
    double_value: float
    bool_value: bool
    value_counts: ValueCounts
    error: ValueError
    def __init__(self, name: _Optional[str] = ..., string_value: _Optional[str] = ..., int_value: _Optional[int] = ..., double_value: _Optional[float] = ..., bool_value: bool = ..., value_counts: _Optional[_Union[ValueCounts, _Mapping]] = ..., error: _Optional[_Union[ValueError, str]] = ...) -> None: ...

class ValueCounts(_message.Message):
    __slots__ = ("counts",)
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.RepeatedCompositeFieldContainer[ValueCount]
    def __init__(self, counts: _Optional[_Iterable[_Union[ValueCount, _Mapping]]] = ...) -> None: ...

class ValueCount(_message.Message):
    __slots__ = ("value", "count")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    value: str
    count: int
    def __init__(self, value: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("merge_partition", "merge_partitions", "closed_through_us", "drain_generation", "sources", "expired", "discontinuities", "views", "write_time_ms")
    MERGE_PARTITION_FIELD_NUMBER: _ClassVar[int]
    MERGE_PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    CLOSED_THROUGH_US_FIELD_NUMBER: _ClassVar[int]
    DRAIN_GENERATION_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    DISCONTINUITIES_FIELD_NUMBER: _ClassVar[int]
    VIEWS_FIELD_NUMBER: _ClassVar[int]
    WRITE_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    merge_partition: int
    merge_partitions: int
    closed_through_us: int
    drain_generation: int
    sources: _containers.RepeatedCompositeFieldContainer[_frame_pb2.SourcePosition]
    expired: int
    discontinuities: int
    views: _containers.RepeatedScalarFieldContainer[str]
    write_time_ms: int
    def __init__(self, merge_partition: _Optional[int] = ..., merge_partitions: _Optional[int] = ..., closed_through_us: _Optional[int] = ..., drain_generation: _Optional[int] = ..., sources: _Optional[_Iterable[_Union[_frame_pb2.SourcePosition, _Mapping]]] = ..., expired: _Optional[int] = ..., discontinuities: _Optional[int] = ..., views: _Optional[_Iterable[str]] = ..., write_time_ms: _Optional[int] = ...) -> None: ...

class Ledger(_message.Message):
    __slots__ = ("view", "window_start_us", "late")
    VIEW_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_US_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    view: str
    window_start_us: int
    late: int
    def __init__(self, view: _Optional[str] = ..., window_start_us: _Optional[int] = ..., late: _Optional[int] = ...) -> None: ...

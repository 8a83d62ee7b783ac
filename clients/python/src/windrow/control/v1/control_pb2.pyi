from google.protobuf import timestamp_pb2 as _timestamp_pb2
from windrow.pipeline.v1 import pipeline_pb2 as _pipeline_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Proposal(_message.Message):
    __slots__ = ("request_id", "pipeline", "expected_generation", "proposer", "propose_time", "create", "settings", "drain", "table", "pause", "deletion", "new_incarnation", "switch_over", "caller", "request_fingerprint")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_GENERATION_FIELD_NUMBER: _ClassVar[int]
    PROPOSER_FIELD_NUMBER: _ClassVar[int]
    PROPOSE_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    DELETION_FIELD_NUMBER: _ClassVar[int]
    NEW_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    SWITCH_OVER_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    pipeline: str
    expected_generation: int
    proposer: str
    propose_time: _timestamp_pb2.Timestamp
    create: _pipeline_pb2.Pipeline
    settings: _pipeline_pb2.Settings
    drain: Drain
    table: TableUpdate
    pause: Pause
    deletion: Deletion
    new_incarnation: NewIncarnation
    switch_over: SwitchOver
    caller: str
    request_fingerprint: int
    def __init__(self, request_id: _Optional[str] = ..., pipeline: _Optional[str] = ..., expected_generation: _Optional[int] = ..., proposer: _Optional[str] = ..., propose_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., create: _Optional[_Union[_pipeline_pb2.Pipeline, _Mapping]] = ..., settings: _Optional[_Union[_pipeline_pb2.Settings, _Mapping]] = ..., drain: _Optional[_Union[Drain, _Mapping]] = ..., table: _Optional[_Union[TableUpdate, _Mapping]] = ..., pause: _Optional[_Union[Pause, _Mapping]] = ..., deletion: _Optional[_Union[Deletion, _Mapping]] = ..., new_incarnation: _Optional[_Union[NewIncarnation, _Mapping]] = ..., switch_over: _Optional[_Union[SwitchOver, _Mapping]] = ..., caller: _Optional[str] = ..., request_fingerprint: _Optional[int] = ...) -> None: ...

class TableUpdate(_message.Message):
    __slots__ = ("table", "from_file")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    FROM_FILE_FIELD_NUMBER: _ClassVar[int]
    table: _pipeline_pb2.StaticTable
    from_file: bool
    def __init__(self, table: _Optional[_Union[_pipeline_pb2.StaticTable, _Mapping]] = ..., from_file: bool = ...) -> None: ...

class Drain(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Pause(_message.Message):
    __slots__ = ("paused",)
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    paused: bool
    def __init__(self, paused: bool = ...) -> None: ...

class Deletion(_message.Message):
    __slots__ = ("delete_topics",)
    DELETE_TOPICS_FIELD_NUMBER: _ClassVar[int]
    delete_topics: bool
    def __init__(self, delete_topics: bool = ...) -> None: ...

class StartPoint(_message.Message):
    __slots__ = ("earliest", "latest", "record_time")
    EARLIEST_FIELD_NUMBER: _ClassVar[int]
    LATEST_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    earliest: bool
    latest: bool
    record_time: _timestamp_pb2.Timestamp
    def __init__(self, earliest: bool = ..., latest: bool = ..., record_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class NewIncarnation(_message.Message):
    __slots__ = ("pipeline", "start", "backfill_records_per_second")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_RECORDS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    pipeline: _pipeline_pb2.Pipeline
    start: StartPoint
    backfill_records_per_second: int
    def __init__(self, pipeline: _Optional[_Union[_pipeline_pb2.Pipeline, _Mapping]] = ..., start: _Optional[_Union[StartPoint, _Mapping]] = ..., backfill_records_per_second: _Optional[int] = ...) -> None: ...

class SwitchOver(_message.Message):
    __slots__ = ("incarnation",)
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    incarnation: int
    def __init__(self, incarnation: _Optional[int] = ...) -> None: ...

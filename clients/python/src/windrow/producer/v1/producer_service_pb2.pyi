from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReplaySpec(_message.Message):
    __slots__ = ("topic", "dataset", "generator", "order", "pace", "loop")
    class Order(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ORDER_UNSPECIFIED: _ClassVar[ReplaySpec.Order]
        ORDER_EVENT_TIME: _ClassVar[ReplaySpec.Order]
        ORDER_FILE: _ClassVar[ReplaySpec.Order]
    ORDER_UNSPECIFIED: ReplaySpec.Order
    ORDER_EVENT_TIME: ReplaySpec.Order
    ORDER_FILE: ReplaySpec.Order
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    GENERATOR_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    PACE_FIELD_NUMBER: _ClassVar[int]
    LOOP_FIELD_NUMBER: _ClassVar[int]
    topic: str
    dataset: Dataset
    generator: Generator
    order: ReplaySpec.Order
    pace: Pace
    loop: bool
    def __init__(self, topic: _Optional[str] = ..., dataset: _Optional[_Union[Dataset, _Mapping]] = ..., generator: _Optional[_Union[Generator, _Mapping]] = ..., order: _Optional[_Union[ReplaySpec.Order, str]] = ..., pace: _Optional[_Union[Pace, _Mapping]] = ..., loop: bool = ...) -> None: ...

class Dataset(_message.Message):
    __slots__ = ("path", "event_time_field")
    PATH_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_FIELD_NUMBER: _ClassVar[int]
    path: str
    event_time_field: str
    def __init__(self, path: _Optional[str] = ..., event_time_field: _Optional[str] = ...) -> None: ...

class Generator(_message.Message):
    __slots__ = ("records", "seed", "events_per_minute", "start_time", "max_disorder_seconds", "late_fraction", "broken_records")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    EVENTS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    MAX_DISORDER_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LATE_FRACTION_FIELD_NUMBER: _ClassVar[int]
    BROKEN_RECORDS_FIELD_NUMBER: _ClassVar[int]
    records: int
    seed: int
    events_per_minute: float
    start_time: _timestamp_pb2.Timestamp
    max_disorder_seconds: int
    late_fraction: float
    broken_records: int
    def __init__(self, records: _Optional[int] = ..., seed: _Optional[int] = ..., events_per_minute: _Optional[float] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., max_disorder_seconds: _Optional[int] = ..., late_fraction: _Optional[float] = ..., broken_records: _Optional[int] = ...) -> None: ...

class Pace(_message.Message):
    __slots__ = ("records_per_second", "speedup")
    RECORDS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    SPEEDUP_FIELD_NUMBER: _ClassVar[int]
    records_per_second: float
    speedup: float
    def __init__(self, records_per_second: _Optional[float] = ..., speedup: _Optional[float] = ...) -> None: ...

class Replay(_message.Message):
    __slots__ = ("state", "spec", "records_sent", "records_acknowledged", "bytes_acknowledged", "records_total", "records_per_second", "event_time", "start_time", "end_time", "error", "etag")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Replay.State]
        STATE_RUNNING: _ClassVar[Replay.State]
        STATE_PAUSED: _ClassVar[Replay.State]
        STATE_DONE: _ClassVar[Replay.State]
        STATE_STOPPED: _ClassVar[Replay.State]
        STATE_FAILED: _ClassVar[Replay.State]
    STATE_UNSPECIFIED: Replay.State
    STATE_RUNNING: Replay.State
    STATE_PAUSED: Replay.State
    STATE_DONE: Replay.State
    STATE_STOPPED: Replay.State
    STATE_FAILED: Replay.State
    STATE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    RECORDS_SENT_FIELD_NUMBER: _ClassVar[int]
    RECORDS_ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    BYTES_ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    RECORDS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    RECORDS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    state: Replay.State
    spec: ReplaySpec
    records_sent: int
    records_acknowledged: int
    bytes_acknowledged: int
    records_total: int
    records_per_second: float
    event_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    error: str
    etag: str
    def __init__(self, state: _Optional[_Union[Replay.State, str]] = ..., spec: _Optional[_Union[ReplaySpec, _Mapping]] = ..., records_sent: _Optional[int] = ..., records_acknowledged: _Optional[int] = ..., bytes_acknowledged: _Optional[int] = ..., records_total: _Optional[int] = ..., records_per_second: _Optional[float] = ..., event_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., error: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class StartReplayRequest(_message.Message):
    __slots__ = ("spec", "request_id", "validate_only")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    spec: ReplaySpec
    request_id: str
    validate_only: bool
    def __init__(self, spec: _Optional[_Union[ReplaySpec, _Mapping]] = ..., request_id: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class StartReplayResponse(_message.Message):
    __slots__ = ("replay",)
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    replay: Replay
    def __init__(self, replay: _Optional[_Union[Replay, _Mapping]] = ...) -> None: ...

class PauseReplayRequest(_message.Message):
    __slots__ = ("request_id", "etag", "validate_only")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    etag: str
    validate_only: bool
    def __init__(self, request_id: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class PauseReplayResponse(_message.Message):
    __slots__ = ("replay",)
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    replay: Replay
    def __init__(self, replay: _Optional[_Union[Replay, _Mapping]] = ...) -> None: ...

class ResumeReplayRequest(_message.Message):
    __slots__ = ("request_id", "etag", "validate_only")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    etag: str
    validate_only: bool
    def __init__(self, request_id: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class ResumeReplayResponse(_message.Message):
    __slots__ = ("replay",)
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    replay: Replay
    def __init__(self, replay: _Optional[_Union[Replay, _Mapping]] = ...) -> None: ...

class StopReplayRequest(_message.Message):
    __slots__ = ("request_id", "etag", "validate_only")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    etag: str
    validate_only: bool
    def __init__(self, request_id: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class StopReplayResponse(_message.Message):
    __slots__ = ("replay",)
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    replay: Replay
    def __init__(self, replay: _Optional[_Union[Replay, _Mapping]] = ...) -> None: ...

class UpdatePaceRequest(_message.Message):
    __slots__ = ("pace", "request_id", "validate_only", "etag")
    PACE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    pace: Pace
    request_id: str
    validate_only: bool
    etag: str
    def __init__(self, pace: _Optional[_Union[Pace, _Mapping]] = ..., request_id: _Optional[str] = ..., validate_only: bool = ..., etag: _Optional[str] = ...) -> None: ...

class UpdatePaceResponse(_message.Message):
    __slots__ = ("replay",)
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    replay: Replay
    def __init__(self, replay: _Optional[_Union[Replay, _Mapping]] = ...) -> None: ...

class GetReplayRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetReplayResponse(_message.Message):
    __slots__ = ("replay",)
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    replay: Replay
    def __init__(self, replay: _Optional[_Union[Replay, _Mapping]] = ...) -> None: ...

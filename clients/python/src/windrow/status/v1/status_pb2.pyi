from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from windrow.partials.v1 import frame_pb2 as _frame_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReplicaStatus(_message.Message):
    __slots__ = ("replica", "run_id", "report_time", "start_time", "version", "address", "cpu_time", "cpu_load", "resident_bytes", "pipelines")
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    REPORT_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CPU_TIME_FIELD_NUMBER: _ClassVar[int]
    CPU_LOAD_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PIPELINES_FIELD_NUMBER: _ClassVar[int]
    replica: str
    run_id: str
    report_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    version: str
    address: str
    cpu_time: _duration_pb2.Duration
    cpu_load: float
    resident_bytes: int
    pipelines: _containers.RepeatedCompositeFieldContainer[PipelineStatus]
    def __init__(self, replica: _Optional[str] = ..., run_id: _Optional[str] = ..., report_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[str] = ..., address: _Optional[str] = ..., cpu_time: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., cpu_load: _Optional[float] = ..., resident_bytes: _Optional[int] = ..., pipelines: _Optional[_Iterable[_Union[PipelineStatus, _Mapping]]] = ...) -> None: ...

class PipelineStatus(_message.Message):
    __slots__ = ("pipeline", "incarnation", "generation", "pause", "apply_time", "workers", "waiting_for", "counters", "input_rows_per_second", "processed_rows_per_second", "commit_duration", "latency_p50", "latency_p99", "decisions")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    APPLY_TIME_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    WAITING_FOR_FIELD_NUMBER: _ClassVar[int]
    COUNTERS_FIELD_NUMBER: _ClassVar[int]
    INPUT_ROWS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    PROCESSED_ROWS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    COMMIT_DURATION_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P50_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P99_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    pipeline: str
    incarnation: int
    generation: int
    pause: _duration_pb2.Duration
    apply_time: _timestamp_pb2.Timestamp
    workers: _containers.RepeatedCompositeFieldContainer[WorkerStatus]
    waiting_for: str
    counters: RunnerCounters
    input_rows_per_second: float
    processed_rows_per_second: float
    commit_duration: _duration_pb2.Duration
    latency_p50: _duration_pb2.Duration
    latency_p99: _duration_pb2.Duration
    decisions: _containers.RepeatedCompositeFieldContainer[ParallelismDecision]
    def __init__(self, pipeline: _Optional[str] = ..., incarnation: _Optional[int] = ..., generation: _Optional[int] = ..., pause: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., apply_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., workers: _Optional[_Iterable[_Union[WorkerStatus, _Mapping]]] = ..., waiting_for: _Optional[str] = ..., counters: _Optional[_Union[RunnerCounters, _Mapping]] = ..., input_rows_per_second: _Optional[float] = ..., processed_rows_per_second: _Optional[float] = ..., commit_duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., latency_p50: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., latency_p99: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., decisions: _Optional[_Iterable[_Union[ParallelismDecision, _Mapping]]] = ...) -> None: ...

class RunnerCounters(_message.Message):
    __slots__ = ("rows_processed", "rows_written", "commits", "aborts")
    ROWS_PROCESSED_FIELD_NUMBER: _ClassVar[int]
    ROWS_WRITTEN_FIELD_NUMBER: _ClassVar[int]
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    ABORTS_FIELD_NUMBER: _ClassVar[int]
    rows_processed: int
    rows_written: int
    commits: int
    aborts: int
    def __init__(self, rows_processed: _Optional[int] = ..., rows_written: _Optional[int] = ..., commits: _Optional[int] = ..., aborts: _Optional[int] = ...) -> None: ...

class ParallelismDecision(_message.Message):
    __slots__ = ("decide_time", "from_workers", "to_workers", "reason")
    DECIDE_TIME_FIELD_NUMBER: _ClassVar[int]
    FROM_WORKERS_FIELD_NUMBER: _ClassVar[int]
    TO_WORKERS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    decide_time: _timestamp_pb2.Timestamp
    from_workers: int
    to_workers: int
    reason: str
    def __init__(self, decide_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., from_workers: _Optional[int] = ..., to_workers: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class WorkerStatus(_message.Message):
    __slots__ = ("slot", "state", "error", "start_time", "processed_rows_per_second", "cpu_load", "sources", "merges")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[WorkerStatus.State]
        STATE_STARTING: _ClassVar[WorkerStatus.State]
        STATE_RESTORING: _ClassVar[WorkerStatus.State]
        STATE_RUNNING: _ClassVar[WorkerStatus.State]
        STATE_STOPPING: _ClassVar[WorkerStatus.State]
        STATE_FAILED: _ClassVar[WorkerStatus.State]
        STATE_BLOCKED: _ClassVar[WorkerStatus.State]
    STATE_UNSPECIFIED: WorkerStatus.State
    STATE_STARTING: WorkerStatus.State
    STATE_RESTORING: WorkerStatus.State
    STATE_RUNNING: WorkerStatus.State
    STATE_STOPPING: WorkerStatus.State
    STATE_FAILED: WorkerStatus.State
    STATE_BLOCKED: WorkerStatus.State
    SLOT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    PROCESSED_ROWS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    CPU_LOAD_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    MERGES_FIELD_NUMBER: _ClassVar[int]
    slot: int
    state: WorkerStatus.State
    error: str
    start_time: _timestamp_pb2.Timestamp
    processed_rows_per_second: float
    cpu_load: float
    sources: _containers.RepeatedCompositeFieldContainer[SourcePartitionStatus]
    merges: _containers.RepeatedCompositeFieldContainer[MergePartitionStatus]
    def __init__(self, slot: _Optional[int] = ..., state: _Optional[_Union[WorkerStatus.State, str]] = ..., error: _Optional[str] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., processed_rows_per_second: _Optional[float] = ..., cpu_load: _Optional[float] = ..., sources: _Optional[_Iterable[_Union[SourcePartitionStatus, _Mapping]]] = ..., merges: _Optional[_Iterable[_Union[MergePartitionStatus, _Mapping]]] = ...) -> None: ...

class SourcePartitionStatus(_message.Message):
    __slots__ = ("position", "log_end_offset", "limited", "waiting", "error", "commit_time")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LOG_END_OFFSET_FIELD_NUMBER: _ClassVar[int]
    LIMITED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    COMMIT_TIME_FIELD_NUMBER: _ClassVar[int]
    position: _frame_pb2.SourcePosition
    log_end_offset: int
    limited: bool
    waiting: bool
    error: str
    commit_time: _timestamp_pb2.Timestamp
    def __init__(self, position: _Optional[_Union[_frame_pb2.SourcePosition, _Mapping]] = ..., log_end_offset: _Optional[int] = ..., limited: bool = ..., waiting: bool = ..., error: _Optional[str] = ..., commit_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class MergePartitionStatus(_message.Message):
    __slots__ = ("partition", "closed_through_us", "drain_generation", "open_cells", "state_bytes", "blocked", "next_offset", "log_end_offset", "rows_written", "cells_removed")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    CLOSED_THROUGH_US_FIELD_NUMBER: _ClassVar[int]
    DRAIN_GENERATION_FIELD_NUMBER: _ClassVar[int]
    OPEN_CELLS_FIELD_NUMBER: _ClassVar[int]
    STATE_BYTES_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_FIELD_NUMBER: _ClassVar[int]
    NEXT_OFFSET_FIELD_NUMBER: _ClassVar[int]
    LOG_END_OFFSET_FIELD_NUMBER: _ClassVar[int]
    ROWS_WRITTEN_FIELD_NUMBER: _ClassVar[int]
    CELLS_REMOVED_FIELD_NUMBER: _ClassVar[int]
    partition: int
    closed_through_us: int
    drain_generation: int
    open_cells: int
    state_bytes: int
    blocked: bool
    next_offset: int
    log_end_offset: int
    rows_written: int
    cells_removed: int
    def __init__(self, partition: _Optional[int] = ..., closed_through_us: _Optional[int] = ..., drain_generation: _Optional[int] = ..., open_cells: _Optional[int] = ..., state_bytes: _Optional[int] = ..., blocked: bool = ..., next_offset: _Optional[int] = ..., log_end_offset: _Optional[int] = ..., rows_written: _Optional[int] = ..., cells_removed: _Optional[int] = ...) -> None: ...

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from windrow.control.v1 import control_pb2 as _control_pb2
from windrow.pipeline.v1 import pipeline_pb2 as _pipeline_pb2
from windrow.status.v1 import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PipelineResource(_message.Message):
    __slots__ = ("pipeline", "etag", "generation", "drain_generation", "plan_generation", "paused", "served", "next")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    DRAIN_GENERATION_FIELD_NUMBER: _ClassVar[int]
    PLAN_GENERATION_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    SERVED_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    pipeline: _pipeline_pb2.Pipeline
    etag: str
    generation: int
    drain_generation: int
    plan_generation: int
    paused: bool
    served: Incarnation
    next: Incarnation
    def __init__(self, pipeline: _Optional[_Union[_pipeline_pb2.Pipeline, _Mapping]] = ..., etag: _Optional[str] = ..., generation: _Optional[int] = ..., drain_generation: _Optional[int] = ..., plan_generation: _Optional[int] = ..., paused: bool = ..., served: _Optional[_Union[Incarnation, _Mapping]] = ..., next: _Optional[_Union[Incarnation, _Mapping]] = ...) -> None: ...

class Incarnation(_message.Message):
    __slots__ = ("number", "results_topic", "generation", "start", "backfill_records_per_second")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    RESULTS_TOPIC_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_RECORDS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    number: int
    results_topic: str
    generation: int
    start: _control_pb2.StartPoint
    backfill_records_per_second: int
    def __init__(self, number: _Optional[int] = ..., results_topic: _Optional[str] = ..., generation: _Optional[int] = ..., start: _Optional[_Union[_control_pb2.StartPoint, _Mapping]] = ..., backfill_records_per_second: _Optional[int] = ...) -> None: ...

class CreatePipelineRequest(_message.Message):
    __slots__ = ("pipeline", "request_id", "validate_only", "start")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    pipeline: _pipeline_pb2.Pipeline
    request_id: str
    validate_only: bool
    start: _control_pb2.StartPoint
    def __init__(self, pipeline: _Optional[_Union[_pipeline_pb2.Pipeline, _Mapping]] = ..., request_id: _Optional[str] = ..., validate_only: bool = ..., start: _Optional[_Union[_control_pb2.StartPoint, _Mapping]] = ...) -> None: ...

class CreatePipelineResponse(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineResource
    def __init__(self, pipeline: _Optional[_Union[PipelineResource, _Mapping]] = ...) -> None: ...

class UpdatePipelineRequest(_message.Message):
    __slots__ = ("pipeline", "update_mask", "etag", "request_id", "validate_only", "start", "backfill_records_per_second")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_RECORDS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    pipeline: _pipeline_pb2.Pipeline
    update_mask: _field_mask_pb2.FieldMask
    etag: str
    request_id: str
    validate_only: bool
    start: _control_pb2.StartPoint
    backfill_records_per_second: int
    def __init__(self, pipeline: _Optional[_Union[_pipeline_pb2.Pipeline, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., validate_only: bool = ..., start: _Optional[_Union[_control_pb2.StartPoint, _Mapping]] = ..., backfill_records_per_second: _Optional[int] = ...) -> None: ...

class UpdatePipelineResponse(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineResource
    def __init__(self, pipeline: _Optional[_Union[PipelineResource, _Mapping]] = ...) -> None: ...

class DeletePipelineRequest(_message.Message):
    __slots__ = ("name", "etag", "request_id", "validate_only", "delete_topics")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    DELETE_TOPICS_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    request_id: str
    validate_only: bool
    delete_topics: bool
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., validate_only: bool = ..., delete_topics: bool = ...) -> None: ...

class DeletePipelineResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PausePipelineRequest(_message.Message):
    __slots__ = ("name", "etag", "request_id", "validate_only")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    request_id: str
    validate_only: bool
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class PausePipelineResponse(_message.Message):
    __slots__ = ("pipeline", "acknowledgements", "missing_replicas")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    MISSING_REPLICAS_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineResource
    acknowledgements: _containers.RepeatedCompositeFieldContainer[Acknowledgement]
    missing_replicas: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, pipeline: _Optional[_Union[PipelineResource, _Mapping]] = ..., acknowledgements: _Optional[_Iterable[_Union[Acknowledgement, _Mapping]]] = ..., missing_replicas: _Optional[_Iterable[str]] = ...) -> None: ...

class ResumePipelineRequest(_message.Message):
    __slots__ = ("name", "etag", "request_id", "validate_only")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    request_id: str
    validate_only: bool
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class ResumePipelineResponse(_message.Message):
    __slots__ = ("pipeline", "acknowledgements", "missing_replicas")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    MISSING_REPLICAS_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineResource
    acknowledgements: _containers.RepeatedCompositeFieldContainer[Acknowledgement]
    missing_replicas: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, pipeline: _Optional[_Union[PipelineResource, _Mapping]] = ..., acknowledgements: _Optional[_Iterable[_Union[Acknowledgement, _Mapping]]] = ..., missing_replicas: _Optional[_Iterable[str]] = ...) -> None: ...

class RestartPipelineRequest(_message.Message):
    __slots__ = ("name", "start", "etag", "request_id", "validate_only", "backfill_records_per_second")
    NAME_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_RECORDS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    name: str
    start: _control_pb2.StartPoint
    etag: str
    request_id: str
    validate_only: bool
    backfill_records_per_second: int
    def __init__(self, name: _Optional[str] = ..., start: _Optional[_Union[_control_pb2.StartPoint, _Mapping]] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., validate_only: bool = ..., backfill_records_per_second: _Optional[int] = ...) -> None: ...

class RestartPipelineResponse(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineResource
    def __init__(self, pipeline: _Optional[_Union[PipelineResource, _Mapping]] = ...) -> None: ...

class GetPipelineRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetPipelineResponse(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineResource
    def __init__(self, pipeline: _Optional[_Union[PipelineResource, _Mapping]] = ...) -> None: ...

class ListPipelinesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPipelinesResponse(_message.Message):
    __slots__ = ("pipelines", "next_page_token")
    PIPELINES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    pipelines: _containers.RepeatedCompositeFieldContainer[PipelineResource]
    next_page_token: str
    def __init__(self, pipelines: _Optional[_Iterable[_Union[PipelineResource, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ReconfigureRequest(_message.Message):
    __slots__ = ("name", "settings", "update_mask", "etag", "request_id", "validate_only")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    name: str
    settings: _pipeline_pb2.Settings
    update_mask: _field_mask_pb2.FieldMask
    etag: str
    request_id: str
    validate_only: bool
    def __init__(self, name: _Optional[str] = ..., settings: _Optional[_Union[_pipeline_pb2.Settings, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class ReconfigureResponse(_message.Message):
    __slots__ = ("pipeline", "acknowledgements", "missing_replicas")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    MISSING_REPLICAS_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineResource
    acknowledgements: _containers.RepeatedCompositeFieldContainer[Acknowledgement]
    missing_replicas: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, pipeline: _Optional[_Union[PipelineResource, _Mapping]] = ..., acknowledgements: _Optional[_Iterable[_Union[Acknowledgement, _Mapping]]] = ..., missing_replicas: _Optional[_Iterable[str]] = ...) -> None: ...

class Acknowledgement(_message.Message):
    __slots__ = ("replica", "generation", "pause", "apply_time")
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    APPLY_TIME_FIELD_NUMBER: _ClassVar[int]
    replica: str
    generation: int
    pause: _duration_pb2.Duration
    apply_time: _timestamp_pb2.Timestamp
    def __init__(self, replica: _Optional[str] = ..., generation: _Optional[int] = ..., pause: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., apply_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DrainPipelineRequest(_message.Message):
    __slots__ = ("name", "request_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    request_id: str
    def __init__(self, name: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class DrainPipelineResponse(_message.Message):
    __slots__ = ("drain_generation",)
    DRAIN_GENERATION_FIELD_NUMBER: _ClassVar[int]
    drain_generation: int
    def __init__(self, drain_generation: _Optional[int] = ...) -> None: ...

class UpdateTableRequest(_message.Message):
    __slots__ = ("name", "table", "format", "content", "etag", "request_id", "validate_only")
    class Format(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FORMAT_UNSPECIFIED: _ClassVar[UpdateTableRequest.Format]
        FORMAT_JSON: _ClassVar[UpdateTableRequest.Format]
        FORMAT_NDJSON: _ClassVar[UpdateTableRequest.Format]
        FORMAT_CSV: _ClassVar[UpdateTableRequest.Format]
    FORMAT_UNSPECIFIED: UpdateTableRequest.Format
    FORMAT_JSON: UpdateTableRequest.Format
    FORMAT_NDJSON: UpdateTableRequest.Format
    FORMAT_CSV: UpdateTableRequest.Format
    NAME_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    name: str
    table: str
    format: UpdateTableRequest.Format
    content: bytes
    etag: str
    request_id: str
    validate_only: bool
    def __init__(self, name: _Optional[str] = ..., table: _Optional[str] = ..., format: _Optional[_Union[UpdateTableRequest.Format, str]] = ..., content: _Optional[bytes] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class UpdateTableResponse(_message.Message):
    __slots__ = ("pipeline", "version", "acknowledgements", "missing_replicas")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    MISSING_REPLICAS_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineResource
    version: str
    acknowledgements: _containers.RepeatedCompositeFieldContainer[Acknowledgement]
    missing_replicas: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, pipeline: _Optional[_Union[PipelineResource, _Mapping]] = ..., version: _Optional[str] = ..., acknowledgements: _Optional[_Iterable[_Union[Acknowledgement, _Mapping]]] = ..., missing_replicas: _Optional[_Iterable[str]] = ...) -> None: ...

class GetProgressRequest(_message.Message):
    __slots__ = ("name", "replica")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    name: str
    replica: str
    def __init__(self, name: _Optional[str] = ..., replica: _Optional[str] = ...) -> None: ...

class GetProgressResponse(_message.Message):
    __slots__ = ("progress",)
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    progress: Progress
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ...) -> None: ...

class ExplainPipelineRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ExplainPipelineResponse(_message.Message):
    __slots__ = ("explanation",)
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    explanation: Explanation
    def __init__(self, explanation: _Optional[_Union[Explanation, _Mapping]] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("pipeline", "replica", "report_time", "closed_through_time", "holding_partitions", "all_idle", "blocked_windows", "summary", "error")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    REPORT_TIME_FIELD_NUMBER: _ClassVar[int]
    CLOSED_THROUGH_TIME_FIELD_NUMBER: _ClassVar[int]
    HOLDING_PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    ALL_IDLE_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_WINDOWS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    pipeline: str
    replica: str
    report_time: _timestamp_pb2.Timestamp
    closed_through_time: _timestamp_pb2.Timestamp
    holding_partitions: _containers.RepeatedCompositeFieldContainer[HoldingPartition]
    all_idle: bool
    blocked_windows: _containers.RepeatedCompositeFieldContainer[BlockedWindows]
    summary: str
    error: str
    def __init__(self, pipeline: _Optional[str] = ..., replica: _Optional[str] = ..., report_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., closed_through_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., holding_partitions: _Optional[_Iterable[_Union[HoldingPartition, _Mapping]]] = ..., all_idle: bool = ..., blocked_windows: _Optional[_Iterable[_Union[BlockedWindows, _Mapping]]] = ..., summary: _Optional[str] = ..., error: _Optional[str] = ...) -> None: ...

class HoldingPartition(_message.Message):
    __slots__ = ("partition", "cause", "since_time", "last_advance_time", "watermark_time", "leading_watermark_time", "lag_records", "error", "replica")
    class Cause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CAUSE_UNSPECIFIED: _ClassVar[HoldingPartition.Cause]
        CAUSE_NEVER_HEARD_OF: _ClassVar[HoldingPartition.Cause]
        CAUSE_FAILED: _ClassVar[HoldingPartition.Cause]
        CAUSE_STARTING: _ClassVar[HoldingPartition.Cause]
        CAUSE_LIMITED: _ClassVar[HoldingPartition.Cause]
        CAUSE_BEHIND: _ClassVar[HoldingPartition.Cause]
        CAUSE_AT_ITS_END: _ClassVar[HoldingPartition.Cause]
        CAUSE_READ_ELSEWHERE: _ClassVar[HoldingPartition.Cause]
        CAUSE_PAUSED: _ClassVar[HoldingPartition.Cause]
    CAUSE_UNSPECIFIED: HoldingPartition.Cause
    CAUSE_NEVER_HEARD_OF: HoldingPartition.Cause
    CAUSE_FAILED: HoldingPartition.Cause
    CAUSE_STARTING: HoldingPartition.Cause
    CAUSE_LIMITED: HoldingPartition.Cause
    CAUSE_BEHIND: HoldingPartition.Cause
    CAUSE_AT_ITS_END: HoldingPartition.Cause
    CAUSE_READ_ELSEWHERE: HoldingPartition.Cause
    CAUSE_PAUSED: HoldingPartition.Cause
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_ADVANCE_TIME_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_TIME_FIELD_NUMBER: _ClassVar[int]
    LEADING_WATERMARK_TIME_FIELD_NUMBER: _ClassVar[int]
    LAG_RECORDS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    partition: int
    cause: HoldingPartition.Cause
    since_time: _timestamp_pb2.Timestamp
    last_advance_time: _timestamp_pb2.Timestamp
    watermark_time: _timestamp_pb2.Timestamp
    leading_watermark_time: _timestamp_pb2.Timestamp
    lag_records: int
    error: str
    replica: str
    def __init__(self, partition: _Optional[int] = ..., cause: _Optional[_Union[HoldingPartition.Cause, str]] = ..., since_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., last_advance_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., watermark_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., leading_watermark_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., lag_records: _Optional[int] = ..., error: _Optional[str] = ..., replica: _Optional[str] = ...) -> None: ...

class BlockedWindows(_message.Message):
    __slots__ = ("view", "count", "more", "oldest_end_time", "newest_end_time")
    VIEW_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    OLDEST_END_TIME_FIELD_NUMBER: _ClassVar[int]
    NEWEST_END_TIME_FIELD_NUMBER: _ClassVar[int]
    view: str
    count: int
    more: bool
    oldest_end_time: _timestamp_pb2.Timestamp
    newest_end_time: _timestamp_pb2.Timestamp
    def __init__(self, view: _Optional[str] = ..., count: _Optional[int] = ..., more: bool = ..., oldest_end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., newest_end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WatchProgressRequest(_message.Message):
    __slots__ = ("name", "interval", "replica")
    NAME_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    name: str
    interval: _duration_pb2.Duration
    replica: str
    def __init__(self, name: _Optional[str] = ..., interval: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., replica: _Optional[str] = ...) -> None: ...

class WatchProgressResponse(_message.Message):
    __slots__ = ("progress",)
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    progress: Progress
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("name", "replica", "timestamp", "generation", "input_rows_per_second", "processed_rows_per_second", "rows_processed", "rows_written", "lag_records", "watermark_time", "commits", "aborts", "commit_duration", "resident_bytes", "cpu_time", "workers", "id", "run_id", "batch_id", "num_input_rows", "duration_ms", "event_time", "state_operators", "sources", "sink", "lag_duration", "latency_p50", "latency_p99", "late_rows", "dead_lettered_rows", "decisions", "paused", "waiting_for")
    class DurationMsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class EventTimeEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    INPUT_ROWS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    PROCESSED_ROWS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    ROWS_PROCESSED_FIELD_NUMBER: _ClassVar[int]
    ROWS_WRITTEN_FIELD_NUMBER: _ClassVar[int]
    LAG_RECORDS_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_TIME_FIELD_NUMBER: _ClassVar[int]
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    ABORTS_FIELD_NUMBER: _ClassVar[int]
    COMMIT_DURATION_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    CPU_TIME_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    NUM_INPUT_ROWS_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_OPERATORS_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    SINK_FIELD_NUMBER: _ClassVar[int]
    LAG_DURATION_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P50_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P99_FIELD_NUMBER: _ClassVar[int]
    LATE_ROWS_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERED_ROWS_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FOR_FIELD_NUMBER: _ClassVar[int]
    name: str
    replica: str
    timestamp: _timestamp_pb2.Timestamp
    generation: int
    input_rows_per_second: float
    processed_rows_per_second: float
    rows_processed: int
    rows_written: int
    lag_records: int
    watermark_time: _timestamp_pb2.Timestamp
    commits: int
    aborts: int
    commit_duration: _duration_pb2.Duration
    resident_bytes: int
    cpu_time: _duration_pb2.Duration
    workers: _containers.RepeatedCompositeFieldContainer[Worker]
    id: str
    run_id: str
    batch_id: int
    num_input_rows: int
    duration_ms: _containers.ScalarMap[str, int]
    event_time: _containers.ScalarMap[str, str]
    state_operators: _containers.RepeatedCompositeFieldContainer[StateOperatorProgress]
    sources: _containers.RepeatedCompositeFieldContainer[SourceProgress]
    sink: SinkProgress
    lag_duration: _duration_pb2.Duration
    latency_p50: _duration_pb2.Duration
    latency_p99: _duration_pb2.Duration
    late_rows: int
    dead_lettered_rows: int
    decisions: _containers.RepeatedCompositeFieldContainer[_status_pb2.ParallelismDecision]
    paused: bool
    waiting_for: str
    def __init__(self, name: _Optional[str] = ..., replica: _Optional[str] = ..., timestamp: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., generation: _Optional[int] = ..., input_rows_per_second: _Optional[float] = ..., processed_rows_per_second: _Optional[float] = ..., rows_processed: _Optional[int] = ..., rows_written: _Optional[int] = ..., lag_records: _Optional[int] = ..., watermark_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., commits: _Optional[int] = ..., aborts: _Optional[int] = ..., commit_duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., resident_bytes: _Optional[int] = ..., cpu_time: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., workers: _Optional[_Iterable[_Union[Worker, _Mapping]]] = ..., id: _Optional[str] = ..., run_id: _Optional[str] = ..., batch_id: _Optional[int] = ..., num_input_rows: _Optional[int] = ..., duration_ms: _Optional[_Mapping[str, int]] = ..., event_time: _Optional[_Mapping[str, str]] = ..., state_operators: _Optional[_Iterable[_Union[StateOperatorProgress, _Mapping]]] = ..., sources: _Optional[_Iterable[_Union[SourceProgress, _Mapping]]] = ..., sink: _Optional[_Union[SinkProgress, _Mapping]] = ..., lag_duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., latency_p50: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., latency_p99: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., late_rows: _Optional[int] = ..., dead_lettered_rows: _Optional[int] = ..., decisions: _Optional[_Iterable[_Union[_status_pb2.ParallelismDecision, _Mapping]]] = ..., paused: bool = ..., waiting_for: _Optional[str] = ...) -> None: ...

class StateOperatorProgress(_message.Message):
    __slots__ = ("operator_name", "num_rows_total", "num_rows_updated", "memory_used_bytes", "num_rows_dropped_by_watermark", "num_shuffle_partitions")
    OPERATOR_NAME_FIELD_NUMBER: _ClassVar[int]
    NUM_ROWS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    NUM_ROWS_UPDATED_FIELD_NUMBER: _ClassVar[int]
    MEMORY_USED_BYTES_FIELD_NUMBER: _ClassVar[int]
    NUM_ROWS_DROPPED_BY_WATERMARK_FIELD_NUMBER: _ClassVar[int]
    NUM_SHUFFLE_PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    operator_name: str
    num_rows_total: int
    num_rows_updated: int
    memory_used_bytes: int
    num_rows_dropped_by_watermark: int
    num_shuffle_partitions: int
    def __init__(self, operator_name: _Optional[str] = ..., num_rows_total: _Optional[int] = ..., num_rows_updated: _Optional[int] = ..., memory_used_bytes: _Optional[int] = ..., num_rows_dropped_by_watermark: _Optional[int] = ..., num_shuffle_partitions: _Optional[int] = ...) -> None: ...

class SourceProgress(_message.Message):
    __slots__ = ("description", "start_offset", "end_offset", "latest_offset", "num_input_rows", "input_rows_per_second", "processed_rows_per_second", "metrics")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    START_OFFSET_FIELD_NUMBER: _ClassVar[int]
    END_OFFSET_FIELD_NUMBER: _ClassVar[int]
    LATEST_OFFSET_FIELD_NUMBER: _ClassVar[int]
    NUM_INPUT_ROWS_FIELD_NUMBER: _ClassVar[int]
    INPUT_ROWS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    PROCESSED_ROWS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    description: str
    start_offset: str
    end_offset: str
    latest_offset: str
    num_input_rows: int
    input_rows_per_second: float
    processed_rows_per_second: float
    metrics: _containers.ScalarMap[str, str]
    def __init__(self, description: _Optional[str] = ..., start_offset: _Optional[str] = ..., end_offset: _Optional[str] = ..., latest_offset: _Optional[str] = ..., num_input_rows: _Optional[int] = ..., input_rows_per_second: _Optional[float] = ..., processed_rows_per_second: _Optional[float] = ..., metrics: _Optional[_Mapping[str, str]] = ...) -> None: ...

class SinkProgress(_message.Message):
    __slots__ = ("description", "num_output_rows")
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    NUM_OUTPUT_ROWS_FIELD_NUMBER: _ClassVar[int]
    description: str
    num_output_rows: int
    def __init__(self, description: _Optional[str] = ..., num_output_rows: _Optional[int] = ...) -> None: ...

class ListReplicasRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListReplicasResponse(_message.Message):
    __slots__ = ("replicas", "next_page_token")
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    replicas: _containers.RepeatedCompositeFieldContainer[Replica]
    next_page_token: str
    def __init__(self, replicas: _Optional[_Iterable[_Union[Replica, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Replica(_message.Message):
    __slots__ = ("status", "alive", "uptime")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ALIVE_FIELD_NUMBER: _ClassVar[int]
    UPTIME_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.ReplicaStatus
    alive: bool
    uptime: _duration_pb2.Duration
    def __init__(self, status: _Optional[_Union[_status_pb2.ReplicaStatus, _Mapping]] = ..., alive: bool = ..., uptime: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Worker(_message.Message):
    __slots__ = ("replica", "status")
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    replica: str
    status: _status_pb2.WorkerStatus
    def __init__(self, replica: _Optional[str] = ..., status: _Optional[_Union[_status_pb2.WorkerStatus, _Mapping]] = ...) -> None: ...

from windrow.partials.v1 import frame_pb2 as _frame_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SnapshotRecord(_message.Message):
    __slots__ = ("format_version", "through", "index", "last", "range_begin", "range_end", "header", "views")
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    THROUGH_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    RANGE_BEGIN_FIELD_NUMBER: _ClassVar[int]
    RANGE_END_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    VIEWS_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    through: int
    index: int
    last: bool
    range_begin: int
    range_end: int
    header: SnapshotHeader
    views: _containers.RepeatedCompositeFieldContainer[ViewState]
    def __init__(self, format_version: _Optional[int] = ..., through: _Optional[int] = ..., index: _Optional[int] = ..., last: bool = ..., range_begin: _Optional[int] = ..., range_end: _Optional[int] = ..., header: _Optional[_Union[SnapshotHeader, _Mapping]] = ..., views: _Optional[_Iterable[_Union[ViewState, _Mapping]]] = ...) -> None: ...

class SnapshotHeader(_message.Message):
    __slots__ = ("sources", "closed_through_us", "drain_generation", "expired", "discontinuities", "unchangeable_through_us")
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    CLOSED_THROUGH_US_FIELD_NUMBER: _ClassVar[int]
    DRAIN_GENERATION_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    DISCONTINUITIES_FIELD_NUMBER: _ClassVar[int]
    UNCHANGEABLE_THROUGH_US_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedCompositeFieldContainer[_frame_pb2.SourcePosition]
    closed_through_us: int
    drain_generation: int
    expired: int
    discontinuities: int
    unchangeable_through_us: int
    def __init__(self, sources: _Optional[_Iterable[_Union[_frame_pb2.SourcePosition, _Mapping]]] = ..., closed_through_us: _Optional[int] = ..., drain_generation: _Optional[int] = ..., expired: _Optional[int] = ..., discontinuities: _Optional[int] = ..., unchangeable_through_us: _Optional[int] = ...) -> None: ...

class ViewState(_message.Message):
    __slots__ = ("view", "cells", "revisions")
    VIEW_FIELD_NUMBER: _ClassVar[int]
    CELLS_FIELD_NUMBER: _ClassVar[int]
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    view: int
    cells: _frame_pb2.ViewDelta
    revisions: _containers.RepeatedCompositeFieldContainer[RowRevision]
    def __init__(self, view: _Optional[int] = ..., cells: _Optional[_Union[_frame_pb2.ViewDelta, _Mapping]] = ..., revisions: _Optional[_Iterable[_Union[RowRevision, _Mapping]]] = ...) -> None: ...

class RowRevision(_message.Message):
    __slots__ = ("window_start_us", "group", "revision")
    WINDOW_START_US_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    window_start_us: int
    group: bytes
    revision: int
    def __init__(self, window_start_us: _Optional[int] = ..., group: _Optional[bytes] = ..., revision: _Optional[int] = ...) -> None: ...

"""A view's rows as they change, for as long as the reader wants, whatever happens to the connection."""

import dataclasses
import logging
import threading
from typing import Iterator, Optional, Sequence

import grpc
from google.protobuf import duration_pb2, timestamp_pb2

from windrow.errors import error_info
from windrow.pauses import Pauses
from windrow.query.v1 import query_service_pb2 as pb
from windrow.query.v1 import query_service_pb2_grpc

_LOG = logging.getLogger(__name__)
_PAGE_SIZE = 5000
_LIST_SECONDS = 60

# The connection or the replica is gone, or it has no room, or we were too slow for it, or somebody between has reset
# the stream (CANCELLED, not by us): go on with the token.
_GO_ON = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL,
          grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
# The token is of no use any more.
_LIST_ANEW = {grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.FAILED_PRECONDITION,
              grpc.StatusCode.ABORTED}


@dataclasses.dataclass(frozen=True)
class Update:
    """A step of a feed.

    kind: "snapshot": `results` are all rows there are: forget what you had. "changes": `results` are
      rows that are new or changed, `retracted` rows that no longer exist. "caught_up": everything that
      was there when the feed began has come. "heartbeat": no row changed.
    closed_through_time: every window that ends at or before it is final; None while none is known.
    resume_token: a feed that is begun with it goes on after this update.
    """

    kind: str
    results: Sequence[pb.Result] = ()
    retracted: Sequence[pb.Result] = ()
    closed_through_time: Optional[timestamp_pb2.Timestamp] = None
    resume_token: str = ""


class Feed:
    """An iterator of Updates that outlives breaks: it keeps the last token and comes back with it, after
    pauses that grow; when the token is of no use any more it lists anew. Iterating raises grpc.RpcError
    only for what does not pass, such as an unknown view. Used by one thread; close() by any."""

    def __init__(self, stub: query_service_pb2_grpc.QueryServiceStub, view: str, *, resume_token: str = "",
                 filter: str = "", window_start_time: Optional[timestamp_pb2.Timestamp] = None,
                 window_end_time: Optional[timestamp_pb2.Timestamp] = None, final_only: bool = False,
                 end_time: Optional[timestamp_pb2.Timestamp] = None, heartbeat_seconds: float = 5.0) -> None:
        """
        resume_token: goes on after the update that carried it, without a list.
        filter: which rows, by the fields of the group; see SubscribeRequest.filter.
        window_start_time, window_end_time: only windows that start at or after, and before, these times.
        final_only: rows only once they are final, and their corrections.
        end_time: ends the feed when all windows that end at or before it are final.
        heartbeat_seconds: longest silence, 0.1 to 60.
        """
        self._stub = stub
        self._token = resume_token
        self._list = pb.ListResultsRequest(
            parent=view, page_size=_PAGE_SIZE, filter=_with_final(filter) if final_only else filter,
            start_time=window_start_time, end_time=window_end_time)
        self._subscribe = pb.SubscribeRequest(
            parent=view, filter=filter, window_start_time=window_start_time,
            window_end_time=window_end_time, final_only=final_only, end_time=end_time,
            heartbeat_interval=_duration(heartbeat_seconds))
        self._call = None
        self._closed = threading.Event()
        self._end_reached = False
        self._pauses = Pauses()
        self._updates = self._run()

    def __iter__(self) -> "Feed":
        return self

    def __next__(self) -> Update:
        return next(self._updates)

    def close(self) -> None:
        """Ends the iteration, also one that waits in another thread."""
        self._closed.set()
        call = self._call
        if call is not None:
            call.cancel()

    def __enter__(self) -> "Feed":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> Iterator[Update]:
        while not self._closed.is_set():
            try:
                if not self._token:
                    yield self._snapshot()
                yield from self._stream()
                if self._end_reached:
                    return
                self._wait("the replica ended the feed")
            except grpc.FutureCancelledError:  # By close().
                return
            except grpc.RpcError as error:
                if self._closed.is_set():
                    return
                self._recover(error)

    def _snapshot(self) -> Update:
        results = []
        request = pb.ListResultsRequest()
        request.CopyFrom(self._list)
        token = ""
        while True:
            page = self._begin(self._stub.ListResults.future(request, timeout=_LIST_SECONDS)).result()
            results.extend(page.results)
            token = token or page.resume_token
            request.page_token = page.next_page_token
            if not page.next_page_token:
                self._token = token
                return Update("snapshot", results, resume_token=token)

    def _stream(self) -> Iterator[Update]:
        request = pb.SubscribeRequest()
        request.CopyFrom(self._subscribe)
        request.resume_token = self._token
        call = self._begin(self._stub.Subscribe(request))
        try:
            for message in call:
                self._pauses.reset()
                self._token = message.resume_token or self._token
                event = message.WhichOneof("event")
                if event == "close":
                    self._end_reached = message.close.reason == "END_REACHED"
                    return
                if event in ("changes", "caught_up", "heartbeat"):
                    closed = message.closed_through_time if message.HasField("closed_through_time") else None
                    yield Update(event, message.changes.results, message.changes.retracted, closed,
                                 self._token)
        finally:
            call.cancel()

    def _begin(self, call):
        """From now on close() cancels this call."""
        self._call = call
        if self._closed.is_set():
            call.cancel()
        return call

    def _recover(self, error):
        code = error.code()
        if code in _LIST_ANEW:
            self._token = ""
        elif code in _GO_ON:
            # The feed that was too slow is told where it stood.
            self._token = error_info(error).metadata.get("resume_token", self._token)
        else:
            raise error
        self._wait(f"{code.name}: {error.details()}")

    def _wait(self, reason):
        seconds = self._pauses.next()
        _LOG.info("%s; again in %.1f s", reason, seconds)
        self._closed.wait(seconds)


def _with_final(filter):
    return f"({filter}) AND final = true" if filter else "final = true"


def _duration(seconds):
    duration = duration_pb2.Duration()
    duration.FromNanoseconds(int(seconds * 1e9))
    return duration

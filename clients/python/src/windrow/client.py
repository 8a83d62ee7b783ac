"""The services as a Python program sees them."""

import weakref
from typing import Any, Callable, Iterator, Optional

import grpc

from windrow.aggregator.v1 import pipeline_service_pb2 as pipeline_pb
from windrow.aggregator.v1 import pipeline_service_pb2_grpc
from windrow.errors import error_info
from windrow.feed import Feed
from windrow.pipeline.v1 import pipeline_pb2 as pipeline_settings_pb
from windrow.producer.v1 import producer_service_pb2_grpc
from windrow.query.v1 import query_service_pb2 as query_pb
from windrow.query.v1 import query_service_pb2_grpc

_CALL_SECONDS = 30
_CHANGE_ATTEMPTS = 10
# A peer that is gone without a word is found out within half a minute; the services permit it at 10 s.
_CHANNEL_OPTIONS = (("grpc.keepalive_time_ms", 20_000), ("grpc.keepalive_timeout_ms", 10_000),
                    # Feeds that come back soon find out soon that the service is back.
                    ("grpc.max_reconnect_backoff_ms", 2_000))


class Client:
    """Connections to a query service, an aggregator and a producer, made when first used. Thread-safe.

    query, pipelines, producer: the stubs.
    credentials: grpc.ChannelCredentials; without them connections are plain text.
    """

    def __init__(self, query: str = "127.0.0.1:7003", aggregator: str = "127.0.0.1:7002",
                 producer: str = "127.0.0.1:7001",
                 credentials: Optional[grpc.ChannelCredentials] = None) -> None:
        self._feeds: "weakref.WeakSet[Feed]" = weakref.WeakSet()
        self._channels = [
            grpc.insecure_channel(address, options=_CHANNEL_OPTIONS) if credentials is None else
            grpc.secure_channel(address, credentials, options=_CHANNEL_OPTIONS)
            for address in (query, aggregator, producer)]
        self.query = query_service_pb2_grpc.QueryServiceStub(self._channels[0])
        self.pipelines = pipeline_service_pb2_grpc.PipelineServiceStub(self._channels[1])
        self.producer = producer_service_pb2_grpc.ProducerServiceStub(self._channels[2])

    def close(self) -> None:
        """Ends all connections, and with them what is still running."""
        for feed in list(self._feeds):
            feed.close()
        for channel in self._channels:
            channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def results(self, view: str, **fields: Any) -> Iterator[query_pb.Result]:
        """Iterates over the rows of a view, page by page. `fields`: as in ListResultsRequest, such as
        filter="count >= 10", order_by="count desc", page_size."""
        return self._each(self.query.ListResults, query_pb.ListResultsRequest(parent=view, **fields),
                          "results")

    def series(self, view: str, **fields: Any) -> Iterator[query_pb.Series]:
        """Iterates over the series of a view's groups. `fields`: as in ListSeriesRequest."""
        return self._each(self.query.ListSeries, query_pb.ListSeriesRequest(parent=view, **fields),
                          "series")

    def totals(self, view: str, **fields: Any) -> Iterator[query_pb.Total]:
        """Iterates over the totals of a view's windows. `fields`: as in ListTotalsRequest."""
        return self._each(self.query.ListTotals, query_pb.ListTotalsRequest(parent=view, **fields),
                          "totals")

    def windows(self, view: str, **fields: Any) -> Iterator[query_pb.Window]:
        """Iterates over the windows of a view. `fields`: as in ListWindowsRequest."""
        return self._each(self.query.ListWindows, query_pb.ListWindowsRequest(parent=view, **fields),
                          "windows")

    def follow(self, view: str, **options: Any) -> Feed:
        """A feed of a view: all rows, then their changes, across breaks. `options`: as in Feed. Close it, as by
        `with`, when you leave its loop."""
        feed = Feed(self.query, view, **options)
        self._feeds.add(feed)
        return feed

    def change_settings(self, pipeline: str, change: Callable[[pipeline_settings_pb.Settings], object]
                        ) -> pipeline_pb.ReconfigureResponse:
        """Changes a pipeline's settings as seen by `change`, which is given the present Settings to
        alter; it is called again when somebody else has been quicker. Returns the ReconfigureResponse."""
        for attempt in range(_CHANGE_ATTEMPTS):
            seen = self.pipelines.GetPipeline(pipeline_pb.GetPipelineRequest(name=pipeline),
                                              timeout=_CALL_SECONDS).pipeline
            settings = seen.pipeline.settings
            change(settings)
            request = pipeline_pb.ReconfigureRequest(name=pipeline, settings=settings, etag=seen.etag)
            request.update_mask.paths.append("*")
            try:
                return self.pipelines.Reconfigure(request, timeout=_CALL_SECONDS)
            except grpc.RpcError as error:
                if error_info(error).reason != "ETAG_MISMATCH" or attempt + 1 == _CHANGE_ATTEMPTS:
                    raise
        raise AssertionError("not reached")

    @staticmethod
    def _each(method, request, field):
        while True:
            page = method(request, timeout=_CALL_SECONDS)
            yield from getattr(page, field)
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return

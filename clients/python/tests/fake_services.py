"""A query service and an aggregator that answer from a script."""

import concurrent.futures
import threading

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from windrow.aggregator.v1 import pipeline_service_pb2 as pipeline_pb
from windrow.aggregator.v1 import pipeline_service_pb2_grpc
from windrow.query.v1 import query_service_pb2 as pb
from windrow.query.v1 import query_service_pb2_grpc

START = 1543622400  # 2018-12-01T00:00:00Z
# In a feed's script: nothing more comes, until the reader leaves.
SILENCE = object()


def row(group, count, window=0, offset=0):
    """A row of the tumbling window of 10 minutes with this number."""
    result = pb.Result(view="v", accepted=count)
    result.window_start_time.FromSeconds(START + 600 * window)
    result.window_end_time.FromSeconds(START + 600 * (window + 1))
    result.group.add(name="type", string_value=group)
    result.values.add(name="count", int_value=count)
    result.version.offset = offset
    return result


def changes(token, *rows, retracted=()):
    return pb.SubscribeResponse(resume_token=token,
                                changes=pb.Changes(results=rows, retracted=retracted))


def close(token, reason):
    return pb.SubscribeResponse(resume_token=token, close=pb.Close(reason=reason))


class Failure(Exception):
    """An error with google.rpc.ErrorInfo."""

    def __init__(self, code, reason, **metadata):
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.metadata = metadata

    def end(self, context):
        detail = any_pb2.Any()
        detail.Pack(error_details_pb2.ErrorInfo(reason=self.reason, metadata=self.metadata))
        status = status_pb2.Status(code=self.code.value[0], message=self.reason, details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(self.code, self.reason)


class _Server:
    """A gRPC server on `address`, until stop()."""

    def __init__(self, add_servicer, address="127.0.0.1:0", credentials=None):
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=4))
        add_servicer(self, self.server)
        port = (self.server.add_insecure_port(address) if credentials is None else
                self.server.add_secure_port(address, credentials))
        self.address = f"127.0.0.1:{port}"
        self.server.start()

    def stop(self):
        self.server.stop(None).wait(10)


class FakeQuery(_Server, query_service_pb2_grpc.QueryServiceServicer):
    """`lists`: the pages of each list, [[row, ...], ...] with the token, or a Failure. `feeds`: what each
    Subscribe sends, in which a Failure ends it, and an Event is waited for. What is not in the script fails with
    UNKNOWN.

    requests: all that came; tokens: those of the Subscribes; bearer: who the last list was from. silent: set in a SILENCE; left: once the reader
    has left it."""

    def __init__(self, lists=(), feeds=(), address="127.0.0.1:0", credentials=None):
        self.lists = list(lists)
        self.feeds = list(feeds)
        self.series = []
        self.tokens = []
        self.bearer = None
        self.requests = []
        self.silent = threading.Event()
        self.left = threading.Event()
        super().__init__(query_service_pb2_grpc.add_QueryServiceServicer_to_server, address, credentials)

    def ListResults(self, request, context):
        self.requests.append(request)
        self.bearer = dict(context.invocation_metadata()).get("authorization")
        if isinstance(self.lists[0], Failure):
            self.lists.pop(0).end(context)
        if self.lists[0] is SILENCE:
            context.add_callback(self.left.set)
            self._be_silent(context)
        token, pages = self.lists[0]
        number = int(request.page_token or 0)
        last = number + 1 == len(pages)
        if last:
            self.lists.pop(0)
        return pb.ListResultsResponse(results=pages[number], resume_token="" if number else token,
                                      next_page_token="" if last else str(number + 1))

    def Subscribe(self, request, context):
        self.requests.append(request)
        self.tokens.append(request.resume_token)
        script = self.feeds.pop(0)
        if SILENCE in script:
            context.add_callback(self.left.set)
        for message in script:
            if isinstance(message, Failure):
                message.end(context)
            elif message is SILENCE:
                self._be_silent(context)
            elif isinstance(message, threading.Event):
                message.wait(60)
            else:
                yield message

    def ListSeries(self, request, context):
        return pb.ListSeriesResponse(series=self.series)

    def _be_silent(self, context):
        self.silent.set()
        self.left.wait(60)
        context.abort(grpc.StatusCode.CANCELLED, "the reader has left")


class FakePipelines(_Server, pipeline_service_pb2_grpc.PipelineServiceServicer):
    """A pipeline p whose settings others change, too: each of `failures` ends one Reconfigure, and the
    settings have a new etag then. requests: the Reconfigures that came."""

    def __init__(self, failures=()):
        self.failures = list(failures)
        self.requests = []
        self.generation = 1
        super().__init__(pipeline_service_pb2_grpc.add_PipelineServiceServicer_to_server)

    def GetPipeline(self, request, context):
        seen = pipeline_pb.PipelineResource(etag=f"e{self.generation}", generation=self.generation)
        seen.pipeline.settings.commit_interval.FromMilliseconds(self.generation)
        return pipeline_pb.GetPipelineResponse(pipeline=seen)

    def Reconfigure(self, request, context):
        self.requests.append(request)
        self.generation += 1
        if self.failures:
            self.failures.pop(0).end(context)
        return pipeline_pb.ReconfigureResponse(
            pipeline=pipeline_pb.PipelineResource(generation=self.generation))

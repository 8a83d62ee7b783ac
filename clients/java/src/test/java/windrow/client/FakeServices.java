package windrow.client;

import com.google.protobuf.Any;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Durations;
import com.google.rpc.ErrorInfo;
import io.grpc.BindableService;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import windrow.aggregator.v1.GetPipelineRequest;
import windrow.aggregator.v1.GetPipelineResponse;
import windrow.aggregator.v1.PipelineServiceGrpc;
import windrow.aggregator.v1.ReconfigureRequest;
import windrow.aggregator.v1.ReconfigureResponse;
import windrow.query.v1.Changes;
import windrow.query.v1.Close;
import windrow.query.v1.ListResultsRequest;
import windrow.query.v1.ListResultsResponse;
import windrow.query.v1.QueryServiceGrpc;
import windrow.query.v1.Result;
import windrow.query.v1.SubscribeRequest;
import windrow.query.v1.SubscribeResponse;
import windrow.results.v1.Field;

/** A query service and an aggregator that answer from a script, on ports of the loopback. */
final class FakeServices {
  static final String VIEW = "pipelines/p/views/v";
  /** In a feed's script: nothing more comes, until the reader leaves. */
  static final Object SILENCE = new Object();

  private static final long START_SECONDS = 1543622400; // 2018-12-01T00:00:00Z

  private FakeServices() {}

  /** A row of the tumbling window of 10 minutes with this number. */
  static Result row(String group, long count, long window) {
    return Result.newBuilder()
        .setView("v")
        .setAccepted(count)
        .setWindowStartTime(Timestamp.newBuilder().setSeconds(START_SECONDS + 600 * window))
        .setWindowEndTime(Timestamp.newBuilder().setSeconds(START_SECONDS + 600 * (window + 1)))
        .addGroup(Field.newBuilder().setName("type").setStringValue(group))
        .addValues(Field.newBuilder().setName("count").setIntValue(count))
        .build();
  }

  static Result row(String group, long count) {
    return row(group, count, 0);
  }

  static SubscribeResponse changes(String token, Result... rows) {
    return SubscribeResponse.newBuilder()
        .setResumeToken(token)
        .setChanges(Changes.newBuilder().addAllResults(List.of(rows)))
        .build();
  }

  static SubscribeResponse close(String token, String reason) {
    return SubscribeResponse.newBuilder()
        .setResumeToken(token)
        .setClose(Close.newBuilder().setReason(reason))
        .build();
  }

  /** An error with google.rpc.ErrorInfo. */
  static StatusRuntimeException failure(Status.Code code, String reason, Map<String, String> metadata) {
    ErrorInfo info = ErrorInfo.newBuilder().setReason(reason).putAllMetadata(metadata).build();
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage(reason).addDetails(Any.pack(info)).build());
  }

  static StatusRuntimeException failure(Status.Code code, String reason) {
    return failure(code, reason, Map.of());
  }

  /** Pages of rows with a resume token, or an error, or SILENCE. */
  record Listing(String token, List<List<Result>> pages, StatusRuntimeException error) {
    @SafeVarargs
    static Listing of(String token, List<Result>... pages) {
      return new Listing(token, List.of(pages), null);
    }

    static Listing of(StatusRuntimeException error) {
      return new Listing("", List.of(), error);
    }
  }

  /** What is not in the script fails with UNKNOWN. */
  static final class Query extends QueryServiceGrpc.QueryServiceImplBase implements AutoCloseable {
    /** All requests that came. */
    final List<ListResultsRequest> listed = new CopyOnWriteArrayList<>();

    final List<SubscribeRequest> subscribed = new CopyOnWriteArrayList<>();
    /** Down to 0 in a silence, and once the reader has left it. */
    final CountDownLatch silent = new CountDownLatch(1);

    final CountDownLatch left = new CountDownLatch(1);

    private final Queue<Object> lists;
    private final Queue<List<Object>> feeds;
    private final Running running;

    /** Lists: Listing, or SILENCE. Feeds: SubscribeResponse, in the end StatusRuntimeException or SILENCE. */
    Query(int port, List<Object> lists, List<List<Object>> feeds) throws IOException {
      this(port, lists, feeds, InsecureServerCredentials.create());
    }

    Query(int port, List<Object> lists, List<List<Object>> feeds, ServerCredentials credentials)
        throws IOException {
      this.lists = new ArrayDeque<>(lists);
      this.feeds = new ArrayDeque<>(feeds);
      this.running = new Running(port, this, credentials);
    }

    int port() {
      return running.server.getPort();
    }

    String address() {
      return running.address();
    }

    List<String> tokens() {
      return subscribed.stream().map(SubscribeRequest::getResumeToken).toList();
    }

    @Override
    public void close() {
      running.close();
    }

    @Override
    public synchronized void listResults(ListResultsRequest request, StreamObserver<ListResultsResponse> observer) {
      listed.add(request);
      Object answer = lists.peek();
      if (!(answer instanceof Listing listing)) {
        lists.poll();
        endOf(answer, observer);
        return;
      }
      int number = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
      boolean last = number + 1 >= listing.pages().size();
      if (last) {
        lists.poll();
      }
      if (listing.error() != null) {
        observer.onError(listing.error());
        return;
      }
      observer.onNext(
          ListResultsResponse.newBuilder()
              .addAllResults(listing.pages().get(number))
              .setResumeToken(number == 0 ? listing.token() : "")
              .setNextPageToken(last ? "" : String.valueOf(number + 1))
              .build());
      observer.onCompleted();
    }

    @Override
    public synchronized void subscribe(SubscribeRequest request, StreamObserver<SubscribeResponse> observer) {
      subscribed.add(request);
      List<Object> script = feeds.poll();
      if (script == null) {
        endOf(null, observer);
        return;
      }
      for (Object each : script) {
        if (each instanceof SubscribeResponse message) {
          observer.onNext(message);
        } else {
          endOf(each, observer);
          return;
        }
      }
      observer.onCompleted();
    }

    private void endOf(Object answer, StreamObserver<?> observer) {
      if (answer == SILENCE) {
        ((ServerCallStreamObserver<?>) observer).setOnCancelHandler(left::countDown);
        silent.countDown();
      } else if (answer instanceof StatusRuntimeException error) {
        observer.onError(error);
      } else {
        observer.onError(Status.UNKNOWN.withDescription("not in the script").asRuntimeException());
      }
    }
  }

  /**
   * A pipeline that others change, too: each of the failures ends one Reconfigure, and the settings have a new etag
   * then.
   */
  static final class Pipelines extends PipelineServiceGrpc.PipelineServiceImplBase implements AutoCloseable {
    final List<ReconfigureRequest> requests = new CopyOnWriteArrayList<>();

    private final Queue<StatusRuntimeException> failures;
    private final Running running;
    private int generation;

    Pipelines(List<StatusRuntimeException> failures) throws IOException {
      this.failures = new ArrayDeque<>(failures);
      this.running = new Running(0, this, InsecureServerCredentials.create());
    }

    String address() {
      return running.address();
    }

    @Override
    public void close() {
      running.close();
    }

    @Override
    public synchronized void getPipeline(GetPipelineRequest request, StreamObserver<GetPipelineResponse> observer) {
      generation++;
      GetPipelineResponse.Builder response = GetPipelineResponse.newBuilder();
      response.getPipelineBuilder().setEtag("e" + generation);
      response
          .getPipelineBuilder()
          .getPipelineBuilder()
          .getSettingsBuilder()
          .setCommitInterval(Durations.fromMillis(generation));
      observer.onNext(response.build());
      observer.onCompleted();
    }

    @Override
    public synchronized void reconfigure(ReconfigureRequest request, StreamObserver<ReconfigureResponse> observer) {
      requests.add(request);
      StatusRuntimeException error = failures.poll();
      if (error != null) {
        observer.onError(error);
        return;
      }
      ReconfigureResponse.Builder response = ReconfigureResponse.newBuilder();
      response.getPipelineBuilder().setGeneration(generation + 1);
      observer.onNext(response.build());
      observer.onCompleted();
    }
  }

  /** A server; close() is as if its process had been killed. */
  private static final class Running {
    final Server server;

    Running(int port, BindableService service, ServerCredentials credentials) throws IOException {
      server = Grpc.newServerBuilderForPort(port, credentials).addService(service).build().start();
    }

    String address() {
      return "127.0.0.1:" + server.getPort();
    }

    void close() {
      try {
        server.shutdownNow().awaitTermination(30, TimeUnit.SECONDS);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

package windrow.client;

import com.google.protobuf.Timestamp;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import windrow.query.v1.ListResultsRequest;
import windrow.query.v1.ListResultsResponse;
import windrow.query.v1.QueryServiceGrpc;
import windrow.query.v1.QueryServiceGrpc.QueryServiceBlockingStub;
import windrow.query.v1.Result;
import windrow.query.v1.SubscribeRequest;
import windrow.query.v1.SubscribeResponse;

/**
 * Iterates over the updates of a view. Outlives breaks: it keeps the last token and comes back with it, after
 * pauses that grow; when the token is of no use any more it lists anew. Throws StatusRuntimeException only
 * for what does not pass, such as an unknown view. Used by one thread; closed by any.
 */
public final class Feed implements Iterator<Update>, AutoCloseable {
  private static final int PAGE_SIZE = 5000;
  private static final long LIST_SECONDS = 60;
  private static final Status ENDED = Status.UNAVAILABLE.withDescription("the replica ended the feed");

  private final ManagedChannel channel;
  private final QueryServiceBlockingStub stub;
  private final ListResultsRequest list;
  private final SubscribeRequest subscribe;
  private final FollowOptions options;
  private final Pauses pauses;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final CountDownLatch closed = new CountDownLatch(1);

  private String token;
  private Context.CancellableContext streamContext;
  private Iterator<SubscribeResponse> stream;
  private Update next;
  private boolean ended;

  Feed(ManagedChannel channel, String view, FollowOptions options) {
    this(channel, view, options, new Pauses());
  }

  Feed(ManagedChannel channel, String view, FollowOptions options, Pauses pauses) {
    this.channel = channel;
    this.stub = QueryServiceGrpc.newBlockingStub(channel);
    this.options = options;
    this.pauses = pauses;
    this.token = options.resumeToken();
    ListResultsRequest.Builder list =
        ListResultsRequest.newBuilder()
            .setParent(view)
            .setPageSize(PAGE_SIZE)
            .setFilter(options.finalOnly() ? withFinal(options.filter()) : options.filter());
    SubscribeRequest.Builder subscribe =
        SubscribeRequest.newBuilder()
            .setParent(view)
            .setFilter(options.filter())
            .setFinalOnly(options.finalOnly());
    if (options.windowStartTime() != null) {
      list.setStartTime(options.windowStartTime());
      subscribe.setWindowStartTime(options.windowStartTime());
    }
    if (options.windowEndTime() != null) {
      list.setEndTime(options.windowEndTime());
      subscribe.setWindowEndTime(options.windowEndTime());
    }
    if (options.endTime() != null) {
      subscribe.setEndTime(options.endTime());
    }
    if (options.heartbeatInterval() != null) {
      subscribe.setHeartbeatInterval(options.heartbeatInterval());
    }
    this.list = list.build();
    this.subscribe = subscribe.build();
    // Also when the caller's context ends.
    context.addListener(ended -> closed.countDown(), Runnable::run);
  }

  /** Waits for the next update; false at the end of the feed, once it is closed, or when the thread is interrupted. */
  @Override
  public boolean hasNext() {
    while (next == null && !ended) {
      try {
        next = context.call(this::step);
      } catch (StatusRuntimeException error) {
        endStream();
        goOnAfter(error);
      } catch (RuntimeException error) {
        throw error;
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }
    return next != null;
  }

  @Override
  public Update next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Update update = next;
    next = null;
    return update;
  }

  @Override
  public void close() {
    context.cancel(null);
  }

  /** Null when the feed has ended. */
  private Update step() {
    if (token.isEmpty()) {
      return snapshot();
    }
    if (stream == null) {
      streamContext = Context.current().withCancellation();
      Context outer = streamContext.attach();
      try {
        stream = stub.subscribe(subscribe.toBuilder().setResumeToken(token).build());
      } finally {
        streamContext.detach(outer);
      }
    }
    while (stream.hasNext()) {
      SubscribeResponse message = stream.next();
      pauses.reset();
      if (!message.getResumeToken().isEmpty()) {
        token = message.getResumeToken();
      }
      switch (message.getEventCase()) {
        case CHANGES:
          return update(Update.Kind.CHANGES, message);
        case CAUGHT_UP:
          return update(Update.Kind.CAUGHT_UP, message);
        case HEARTBEAT:
          return update(Update.Kind.HEARTBEAT, message);
        case CLOSE:
          if (message.getClose().getReason().equals("END_REACHED")) {
            ended = true;
            endStream();
            return null;
          }
          throw ENDED.asRuntimeException();
        default:
          break;
      }
    }
    throw ENDED.asRuntimeException();
  }

  private Update update(Update.Kind kind, SubscribeResponse message) {
    Optional<Timestamp> closedThrough =
        message.hasClosedThroughTime() ? Optional.of(message.getClosedThroughTime()) : Optional.empty();
    return new Update(
        kind,
        message.getChanges().getResultsList(),
        message.getChanges().getRetractedList(),
        closedThrough,
        token);
  }

  private Update snapshot() {
    List<Result> results = new ArrayList<>();
    String first = "";
    ListResultsRequest request = list;
    while (true) {
      ListResultsResponse page = stub.withDeadlineAfter(LIST_SECONDS, TimeUnit.SECONDS).listResults(request);
      results.addAll(page.getResultsList());
      first = first.isEmpty() ? page.getResumeToken() : first;
      if (page.getNextPageToken().isEmpty()) {
        token = first;
        return new Update(Update.Kind.SNAPSHOT, results, List.of(), Optional.empty(), token);
      }
      request = list.toBuilder().setPageToken(page.getNextPageToken()).build();
    }
  }

  private void goOnAfter(StatusRuntimeException error) {
    if (context.isCancelled() || channel.isShutdown() || Thread.currentThread().isInterrupted()) {
      ended = true;
      return;
    }
    switch (error.getStatus().getCode()) {
      case OUT_OF_RANGE, FAILED_PRECONDITION, ABORTED -> token = "";
      // CANCELLED, not by us: so a stream ends that somebody between has reset.
      case UNAVAILABLE, RESOURCE_EXHAUSTED, INTERNAL, DEADLINE_EXCEEDED, CANCELLED ->
          // The feed that was too slow is told where it stood.
          token = Errors.info(error).getMetadataOrDefault("resume_token", token);
      default -> {
        ended = true;
        throw error;
      }
    }
    options.onBreak().accept(error);
    try {
      ended = closed.await(pauses.next(), TimeUnit.MILLISECONDS);
      // The channel's own pauses grow to minutes.
      channel.resetConnectBackoff();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      ended = true;
    }
  }

  private void endStream() {
    if (streamContext != null) {
      streamContext.cancel(null);
      streamContext = null;
      stream = null;
    }
  }

  private static String withFinal(String filter) {
    return filter.isEmpty() ? "final = true" : "(" + filter + ") AND final = true";
  }
}

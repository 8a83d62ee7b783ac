package windrow.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static windrow.client.FakeServices.SILENCE;
import static windrow.client.FakeServices.VIEW;
import static windrow.client.FakeServices.changes;
import static windrow.client.FakeServices.close;
import static windrow.client.FakeServices.failure;
import static windrow.client.FakeServices.row;

import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Durations;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import windrow.client.FakeServices.Listing;
import windrow.query.v1.Changes;
import windrow.query.v1.CaughtUp;
import windrow.query.v1.Confirmation;
import windrow.query.v1.Heartbeat;
import windrow.query.v1.SubscribeResponse;

/** A feed goes on after what passes, and throws what does not. The other languages' tests have the same cases. */
@Timeout(60)
class FeedTest {
  private static final SubscribeResponse END = close("end", "END_REACHED");
  private static final FollowOptions RESUMED = FollowOptions.DEFAULT.withResumeToken("t0");

  private final List<AutoCloseable> opened = new ArrayList<>();
  private FakeServices.Query fake;
  private Client client;

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
  }

  /** A feed of a service with this script, which is `fake`. */
  private Feed begin(FollowOptions options, List<Object> lists, List<List<Object>> feeds) throws IOException {
    fake = open(new FakeServices.Query(0, lists, feeds));
    client = open(new Client(fake.address(), "127.0.0.1:1", "127.0.0.1:1"));
    return open(client.follow(VIEW, options));
  }

  private Feed begin(Pauses pauses, FollowOptions options, List<List<Object>> feeds) throws IOException {
    fake = open(new FakeServices.Query(0, List.of(), feeds));
    ManagedChannel channel = Grpc.newChannelBuilder(fake.address(), InsecureChannelCredentials.create()).build();
    opened.add(channel::shutdownNow);
    return open(new Feed(channel, VIEW, options, pauses));
  }

  private <T extends AutoCloseable> T open(T closeable) {
    opened.add(0, closeable);
    return closeable;
  }

  /** What is left of a feed, each update as its kind and the counts of its rows. */
  private static List<String> rest(Iterator<Update> feed) {
    List<String> updates = new ArrayList<>();
    feed.forEachRemaining(
        update -> {
          StringBuilder text = new StringBuilder(update.kind().name());
          update.results().forEach(result -> text.append(" ").append(Rows.values(result).get("count")));
          updates.add(text.toString());
        });
    return updates;
  }

  @Test
  void listsAllPagesThenGoesOnFromTheFirstOnesToken() throws Exception {
    Feed feed =
        begin(
            FollowOptions.DEFAULT,
            List.of(Listing.of("t0", List.of(row("a", 1)), List.of(row("b", 2)))),
            List.of(
                List.of(
                    SubscribeResponse.newBuilder()
                        .setResumeToken("t1")
                        .setConfirmation(Confirmation.getDefaultInstance())
                        .build(),
                    changes("t2", row("a", 3)),
                    END)));
    assertEquals(List.of("SNAPSHOT 1 2", "CHANGES 3"), rest(feed));
    assertFalse(feed.hasNext());
    assertEquals(List.of("t0"), fake.tokens());
  }

  @Test
  void comesBackWithTheLastToken() throws Exception {
    List<Exception> breaks = new ArrayList<>();
    Feed feed =
        begin(
            FollowOptions.DEFAULT.withOnBreak(breaks::add),
            List.of(Listing.of("t0", List.of())),
            List.of(
                List.of(changes("t1", row("a", 1)), close("t2", "DRAINING")),
                List.of(changes("t3", row("a", 2)), failure(Code.UNAVAILABLE, "DRAINING")),
                List.of(failure(Code.RESOURCE_EXHAUSTED, "TOO_MANY_SUBSCRIBERS")),
                List.of(Status.CANCELLED.withDescription("a proxy has reset the stream").asRuntimeException()),
                List.of(changes("t4", row("a", 3))), // An end without a word.
                List.of(END)));
    assertEquals(List.of("SNAPSHOT", "CHANGES 1", "CHANGES 2", "CHANGES 3"), rest(feed));
    assertEquals(List.of("t0", "t2", "t3", "t3", "t3", "t4"), fake.tokens());
    assertEquals(5, breaks.size());
  }

  @Test
  void comesBackWhenTheServiceDoes() throws Exception {
    Feed feed = begin(RESUMED, List.of(), List.of(List.of(changes("t1", row("a", 1)), SILENCE)));
    assertEquals(Update.Kind.CHANGES, feed.next().kind());
    int port = fake.port();
    fake.close();
    FakeServices.Query again =
        open(new FakeServices.Query(port, List.of(), List.of(List.of(changes("t2", row("a", 2)), END))));
    assertEquals(List.of("CHANGES 2"), rest(feed));
    assertEquals(List.of("t1"), again.tokens());
  }

  @Test
  void whoWasTooSlowGoesOnFromWhereItIsTold() throws Exception {
    Feed feed =
        begin(
            RESUMED,
            List.of(),
            List.of(
                List.of(failure(Code.RESOURCE_EXHAUSTED, "TOO_SLOW", Map.of("resume_token", "t7"))), List.of(END)));
    assertEquals(List.of(), rest(feed));
    assertEquals(List.of("t0", "t7"), fake.tokens());
  }

  @ParameterizedTest
  @EnumSource(names = {"OUT_OF_RANGE", "FAILED_PRECONDITION", "ABORTED"})
  void listsAnewWhenTheTokenIsOfNoUse(Code code) throws Exception {
    Feed feed =
        begin(
            FollowOptions.DEFAULT.withResumeToken("old"),
            List.of(
                Listing.of(failure(Code.UNAVAILABLE, "CATCHING_UP")), Listing.of("n0", List.of(row("a", 5)))),
            List.of(List.of(failure(code, "X")), List.of(END)));
    assertEquals(List.of("SNAPSHOT 5"), rest(feed));
    assertEquals(List.of("old", "n0"), fake.tokens());
  }

  @Test
  void tellsWhatIsNoRow() throws Exception {
    Feed feed =
        begin(
            RESUMED.withHeartbeatInterval(Durations.fromSeconds(1)),
            List.of(),
            List.of(
                List.of(
                    SubscribeResponse.newBuilder()
                        .setResumeToken("t1")
                        .setCaughtUp(CaughtUp.getDefaultInstance())
                        .build(),
                    SubscribeResponse.newBuilder()
                        .setResumeToken("t2")
                        .setHeartbeat(Heartbeat.getDefaultInstance())
                        .setClosedThroughTime(Timestamp.newBuilder().setSeconds(600))
                        .build(),
                    SubscribeResponse.newBuilder()
                        .setResumeToken("t3")
                        .setChanges(Changes.newBuilder().addRetracted(row("a", 1)))
                        .build(),
                    END)));
    List<String> told = new ArrayList<>();
    feed.forEachRemaining(
        update ->
            told.add(
                String.join(
                    " ",
                    update.kind().name(),
                    update.resumeToken(),
                    update.closedThroughTime().map(time -> String.valueOf(time.getSeconds())).orElse("-"),
                    String.valueOf(update.results().size()),
                    String.valueOf(update.retracted().size()))));
    assertEquals(List.of("CAUGHT_UP t1 - 0 0", "HEARTBEAT t2 600 0 0", "CHANGES t3 - 0 1"), told);
    assertEquals(1, fake.subscribed.get(0).getHeartbeatInterval().getSeconds());
  }

  @Test
  void pausesBeginAnewAfterAMessage() throws Exception {
    Pauses pauses = new Pauses();
    List<Object> broken = List.of(failure(Code.UNAVAILABLE, "X"));
    Feed feed = begin(pauses, RESUMED, List.of(broken, broken, broken, List.of(changes("t1", row("a", 1)), END)));
    assertEquals(List.of("CHANGES 1"), rest(feed));
    assertTrue(pauses.next() <= Pauses.FIRST_MS);
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALID_ARGUMENT", "PERMISSION_DENIED", "NOT_FOUND"})
  void throwsWhatDoesNotPass(Code code) throws Exception {
    StatusRuntimeException error = failure(code, "X");
    checkThrown(code, begin(FollowOptions.DEFAULT, List.of(Listing.of(error)), List.of()));
    // Once, and not again.
    assertEquals(1, fake.listed.size());
    checkThrown(
        code,
        begin(FollowOptions.DEFAULT, List.of(Listing.of("t0", List.of())), List.of(List.of(error))));
    assertEquals(1, fake.listed.size());
    assertEquals(1, fake.subscribed.size());
  }

  private static void checkThrown(Code code, Feed feed) {
    StatusRuntimeException thrown = assertThrows(StatusRuntimeException.class, () -> rest(feed));
    assertEquals(code, thrown.getStatus().getCode());
    assertEquals("X", Errors.info(thrown).getReason());
    assertFalse(feed.hasNext());
  }

  @Test
  void finalRowsOfAFilter() throws Exception {
    rest(
        begin(
            FollowOptions.DEFAULT.withFilter("type = \"a\"").withFinalOnly(),
            List.of(Listing.of("t0", List.of())),
            List.of(List.of(END))));
    assertEquals("(type = \"a\") AND final = true", fake.listed.get(0).getFilter());
    assertEquals("type = \"a\"", fake.subscribed.get(0).getFilter());
    assertTrue(fake.subscribed.get(0).getFinalOnly());
  }

  @Test
  void closeEndsOneThatWaitsForAMessage() throws Exception {
    for (boolean listing : new boolean[] {true, false}) {
      Feed feed =
          listing
              ? begin(FollowOptions.DEFAULT, List.of(SILENCE), List.of())
              : begin(RESUMED, List.of(), List.of(List.of(SILENCE)));
      CompletableFuture<List<String>> reader = CompletableFuture.supplyAsync(() -> rest(feed));
      assertTrue(fake.silent.await(30, TimeUnit.SECONDS));
      feed.close();
      assertEquals(List.of(), reader.get(30, TimeUnit.SECONDS));
      assertTrue(fake.left.await(30, TimeUnit.SECONDS));
    }
  }

  @Test
  void closeOfTheClientEndsItsFeeds() throws Exception {
    Feed feed = begin(RESUMED, List.of(), List.of(List.of(SILENCE)));
    CompletableFuture<List<String>> reader = CompletableFuture.supplyAsync(() -> rest(feed));
    assertTrue(fake.silent.await(30, TimeUnit.SECONDS));
    client.close();
    assertEquals(List.of(), reader.get(30, TimeUnit.SECONDS));
  }

  @Test
  void closeEndsOneThatPauses() throws Exception {
    CountDownLatch broken = new CountDownLatch(1);
    Feed feed =
        begin(
            new Pauses(3_600_000, 3_600_000),
            RESUMED.withOnBreak(error -> broken.countDown()),
            List.of(List.of(failure(Code.UNAVAILABLE, "X"))));
    CompletableFuture<List<String>> reader = CompletableFuture.supplyAsync(() -> rest(feed));
    assertTrue(broken.await(30, TimeUnit.SECONDS));
    feed.close();
    assertEquals(List.of(), reader.get(30, TimeUnit.SECONDS));
  }

  @Test
  void theCallersContextEndsOneThatPauses() throws Exception {
    CountDownLatch broken = new CountDownLatch(1);
    Context.CancellableContext context = Context.current().withCancellation();
    Feed feed =
        context.call(
            () ->
                begin(
                    new Pauses(3_600_000, 3_600_000),
                    RESUMED.withOnBreak(error -> broken.countDown()),
                    List.of(List.of(failure(Code.UNAVAILABLE, "X")))));
    CompletableFuture<List<String>> reader = CompletableFuture.supplyAsync(() -> rest(feed));
    assertTrue(broken.await(30, TimeUnit.SECONDS));
    context.cancel(null);
    assertEquals(List.of(), reader.get(30, TimeUnit.SECONDS));
  }
}

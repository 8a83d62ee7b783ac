package windrow.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static windrow.client.FakeServices.VIEW;
import static windrow.client.FakeServices.failure;
import static windrow.client.FakeServices.row;

import com.google.protobuf.util.Durations;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import windrow.aggregator.v1.ReconfigureResponse;
import windrow.query.v1.ListResultsRequest;
import windrow.results.v1.Field;
import windrow.results.v1.ValueCount;
import windrow.results.v1.ValueCounts;
import windrow.results.v1.ValueError;

/** Settings are changed as they are now; values of rows are Java's. */
@Timeout(60)
class ClientTest {
  private static final StatusRuntimeException MISMATCH = failure(Code.ABORTED, "ETAG_MISMATCH");

  /** Lengthens the commit interval by 10 ms. */
  private static ReconfigureResponse lengthen(FakeServices.Pipelines fake) {
    try (Client client = new Client("127.0.0.1:1", fake.address(), "127.0.0.1:1")) {
      return client.changeSettings(
          "pipelines/p",
          settings ->
              settings.setCommitInterval(Durations.add(settings.getCommitInterval(), Durations.fromMillis(10))));
    }
  }

  @Test
  void changesAgainWhenSomebodyWasQuicker() throws Exception {
    try (FakeServices.Pipelines fake = new FakeServices.Pipelines(List.of(MISMATCH, MISMATCH))) {
      assertEquals(4, lengthen(fake).getPipeline().getGeneration());
      List<String> seen =
          fake.requests.stream()
              .map(each -> each.getEtag() + " " + Durations.toMillis(each.getSettings().getCommitInterval()))
              .toList();
      assertEquals(List.of("e1 11", "e2 12", "e3 13"), seen);
      assertEquals(List.of("*"), fake.requests.get(0).getUpdateMask().getPathsList());
    }
  }

  @Test
  void changesNotForEver() throws Exception {
    try (FakeServices.Pipelines fake = new FakeServices.Pipelines(Collections.nCopies(20, MISMATCH))) {
      StatusRuntimeException thrown = assertThrows(StatusRuntimeException.class, () -> lengthen(fake));
      assertEquals("ETAG_MISMATCH", Errors.info(thrown).getReason());
      assertEquals(10, fake.requests.size());
    }
  }

  @Test
  void changesNotAfterAnotherError() throws Exception {
    try (FakeServices.Pipelines fake =
        new FakeServices.Pipelines(List.of(failure(Code.INVALID_ARGUMENT, "SETTINGS_INVALID")))) {
      StatusRuntimeException thrown = assertThrows(StatusRuntimeException.class, () -> lengthen(fake));
      assertEquals("SETTINGS_INVALID", Errors.info(thrown).getReason());
      assertEquals(1, fake.requests.size());
    }
  }

  @Test
  void errorInfoOfAnErrorWithoutOne() {
    try (Client client = new Client("127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:1")) {
      ListResultsRequest request = ListResultsRequest.newBuilder().setParent(VIEW).build();
      StatusRuntimeException thrown =
          assertThrows(StatusRuntimeException.class, () -> client.query().listResults(request));
      assertEquals("", Errors.info(thrown).getReason());
    }
  }

  @Test
  void values() {
    ValueCount count = ValueCount.newBuilder().setValue("x").setCount(2).build();
    assertEquals("x", Rows.value(Field.newBuilder().setStringValue("x").build()));
    assertEquals(-3L, Rows.value(Field.newBuilder().setIntValue(-3).build()));
    assertEquals(0.5, Rows.value(Field.newBuilder().setDoubleValue(0.5).build()));
    assertEquals(false, Rows.value(Field.newBuilder().setBoolValue(false).build()));
    assertEquals(
        List.of(count),
        Rows.value(Field.newBuilder().setValueCounts(ValueCounts.newBuilder().addCounts(count)).build()));
    assertEquals(null, Rows.value(Field.getDefaultInstance()));
    assertEquals(null, Rows.value(Field.newBuilder().setError(ValueError.VALUE_ERROR_OVERFLOW).build()));
  }

  @Test
  void groupValuesAndKeyOfARow() {
    assertEquals(Map.of("type", "a"), Rows.group(row("a", 1)));
    assertEquals(Map.of("count", 1L), Rows.values(row("a", 1)));
    assertEquals(Rows.key(row("a", 1)), Rows.key(row("a", 2)));
    assertNotEquals(Rows.key(row("a", 1)), Rows.key(row("b", 1)));
    assertNotEquals(Rows.key(row("a", 1)), Rows.key(row("a", 1, 1)));
  }
}

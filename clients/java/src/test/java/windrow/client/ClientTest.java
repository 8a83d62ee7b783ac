package windrow.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static windrow.client.FakeServices.VIEW;
import static windrow.client.FakeServices.failure;
import static windrow.client.FakeServices.row;

import com.google.protobuf.util.Durations;
import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import java.io.File;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
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
  void tls(@TempDir Path directory) throws Exception {
    File key = directory.resolve("key.pem").toFile();
    File certificate = directory.resolve("cert.pem").toFile();
    // The certificate is its own authority.
    String words =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=windrow -days 1 -addext"
            + " subjectAltName=IP:127.0.0.1 -keyout " + key + " -out " + certificate;
    Path log = directory.resolve("openssl.log");
    Process openssl =
        new ProcessBuilder(words.split(" ")).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertEquals(0, openssl.waitFor(), () -> words);
    List<Object> lists = List.of(FakeServices.Listing.of("t0", List.of(row("a", 1))));
    ServerCredentials server = TlsServerCredentials.create(certificate, key);
    ChannelCredentials trust = TlsChannelCredentials.newBuilder().trustManager(certificate).build();
    try (FakeServices.Query fake = new FakeServices.Query(0, lists, List.of(), server);
        Client client = new Client(fake.address(), "127.0.0.1:1", "127.0.0.1:1", trust)) {
      ListResultsRequest request = ListResultsRequest.newBuilder().setParent(VIEW).build();
      assertEquals(1, client.query().listResults(request).getResultsCount());
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

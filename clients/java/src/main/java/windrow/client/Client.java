package windrow.client;

import com.google.protobuf.FieldMask;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import windrow.aggregator.v1.GetPipelineRequest;
import windrow.aggregator.v1.PipelineResource;
import windrow.aggregator.v1.PipelineServiceGrpc;
import windrow.aggregator.v1.PipelineServiceGrpc.PipelineServiceBlockingStub;
import windrow.aggregator.v1.ReconfigureRequest;
import windrow.aggregator.v1.ReconfigureResponse;
import windrow.pipeline.v1.Settings;
import windrow.producer.v1.ProducerServiceGrpc;
import windrow.producer.v1.ProducerServiceGrpc.ProducerServiceBlockingStub;
import windrow.query.v1.QueryServiceGrpc;
import windrow.query.v1.QueryServiceGrpc.QueryServiceBlockingStub;

/**
 * Connections to a query service, an aggregator and a producer, made when first used. Thread-safe.
 *
 * <pre>{@code
 * try (var client = new Client("127.0.0.1:7003", "127.0.0.1:7002", "127.0.0.1:7001");
 *     var feed = client.follow("pipelines/sf-calls/views/calls-by-type", FollowOptions.DEFAULT)) {
 *   feed.forEachRemaining(update -> System.out.println(update.kind() + " " + update.results().size()));
 * }
 * }</pre>
 *
 * What has no method here is called on the stubs.
 */
public final class Client implements AutoCloseable {
  private static final int CALL_SECONDS = 30;
  private static final int CHANGE_ATTEMPTS = 10;
  private static final int MAX_MESSAGE_BYTES = 16 << 20;

  private final List<ManagedChannel> channels;

  /** Addresses are host:port; connections are plain text. */
  public Client(String query, String aggregator, String producer) {
    this(query, aggregator, producer, InsecureChannelCredentials.create());
  }

  /** Addresses are host:port; credentials such as those of {@link io.grpc.TlsChannelCredentials}. */
  public Client(String query, String aggregator, String producer, ChannelCredentials credentials) {
    channels =
        List.of(
            connect(query, credentials), connect(aggregator, credentials), connect(producer, credentials));
  }

  /** The query service's stub, for calls that take no longer than 30 s. */
  public QueryServiceBlockingStub query() {
    return QueryServiceGrpc.newBlockingStub(channels.get(0))
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** The aggregator's stub, for calls that take no longer than 30 s. */
  public PipelineServiceBlockingStub pipelines() {
    return PipelineServiceGrpc.newBlockingStub(channels.get(1))
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** The producer's stub, for calls that take no longer than 30 s. */
  public ProducerServiceBlockingStub producer() {
    return ProducerServiceGrpc.newBlockingStub(channels.get(2))
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** All rows of a view, then their changes, across breaks. */
  public Feed follow(String view, FollowOptions options) {
    return new Feed(channels.get(0), view, options);
  }

  /**
   * Alters a pipeline's settings as they are now: `change` is given them, and is called again when somebody
   * else has been quicker.
   */
  public ReconfigureResponse changeSettings(String pipeline, Consumer<Settings.Builder> change) {
    for (int attempt = 1; ; attempt++) {
      PipelineResource seen =
          pipelines().getPipeline(GetPipelineRequest.newBuilder().setName(pipeline).build()).getPipeline();
      Settings.Builder settings = seen.getPipeline().getSettings().toBuilder();
      change.accept(settings);
      try {
        return pipelines()
            .reconfigure(
                ReconfigureRequest.newBuilder()
                    .setName(pipeline)
                    .setSettings(settings)
                    .setUpdateMask(FieldMask.newBuilder().addPaths("*"))
                    .setEtag(seen.getEtag())
                    .build());
      } catch (StatusRuntimeException error) {
        boolean quicker = Errors.info(error).getReason().equals("ETAG_MISMATCH");
        if (!quicker || attempt == CHANGE_ATTEMPTS) {
          throw error;
        }
      }
    }
  }

  /** Ends all connections, and with them what is still running. */
  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }

  private static ManagedChannel connect(String address, ChannelCredentials credentials) {
    // A peer that is gone without a word is found out within half a minute; the services permit it at 10 s.
    return Grpc.newChannelBuilder(address, credentials)
        .keepAliveTime(20, TimeUnit.SECONDS)
        .keepAliveTimeout(10, TimeUnit.SECONDS)
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .build();
  }
}

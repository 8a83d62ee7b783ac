package windrow.peers.flink;

import java.nio.file.Path;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.KafkaSinkBuilder;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import windrow.peers.Options;

/** Runs one form of the job on a Flink cluster within this process until it is ended. */
public final class Main {
  private static final int PARALLELISM = 2;

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Options options = new Options(arguments);
    Configuration configuration = new Configuration();
    configuration.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    configuration.set(
        CheckpointingOptions.CHECKPOINTS_DIRECTORY,
        Path.of(options.text("state_dir"), "checkpoints").toUri().toString());
    // What fails here is to be seen, not to be repeated.
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, configuration);
    if (options.text("form").equals("best")) {
      environment.enableCheckpointing(
          options.number("commit_ms"), CheckpointingMode.EXACTLY_ONCE);
      BestForm.define(environment, options);
    } else {
      environment.enableCheckpointing(1000, CheckpointingMode.EXACTLY_ONCE);
      OrdinaryForm.define(environment, options);
    }
    environment.execute(options.text("id"));
  }

  static <T> KafkaSourceBuilder<T> source(Options options) {
    return KafkaSource.<T>builder()
        .setBootstrapServers(options.text("kafka"))
        .setTopics(options.text("source"))
        .setGroupId(options.text("id"))
        .setStartingOffsets(OffsetsInitializer.earliest());
  }

  static KafkaSinkBuilder<Row> sink(Options options) {
    return KafkaSink.<Row>builder()
        .setBootstrapServers(options.text("kafka"))
        .setRecordSerializer(
            KafkaRecordSerializationSchema.<Row>builder()
                .setTopic(options.text("results"))
                .setKeySerializationSchema(new Row.Key())
                .setValueSerializationSchema(new Row.Value())
                .build())
        .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .setTransactionalIdPrefix(options.text("id"))
        // The sink's own hour is more than a broker allows.
        .setProperty("transaction.timeout.ms", "60000");
  }

  static TypeInformation<Row> rows() {
    return TypeInformation.of(Row.class);
  }
}

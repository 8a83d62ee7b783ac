package windrow.peers.flink;

import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import windrow.peers.CallScanner;
import windrow.peers.Job;
import windrow.peers.Options;

/**
 * With operators by hand, as Flink's own SQL runtime has them for mini batches: each reader counts
 * in memory and sends one number per type and pane when a checkpoint begins; what has changed of the
 * windows is written before that checkpoint ends. Nothing is serialised for a single record.
 */
final class BestForm {
  private BestForm() {}

  static void define(StreamExecutionEnvironment environment, Options options) {
    environment.getConfig().enableObjectReuse();
    KafkaSource<CallScanner> source =
        Main.<CallScanner>source(options)
            .setDeserializer(new CallReader())
            .setProperty("max.poll.records", "10000")
            .setProperty("max.partition.fetch.bytes", String.valueOf(4 << 20))
            .setProperty("receive.buffer.bytes", String.valueOf(1 << 20))
            .setProperty("check.crcs", "false")
            .build();
    WatermarkStrategy<CallScanner> watermarks =
        WatermarkStrategy.<CallScanner>forBoundedOutOfOrderness(
                Duration.ofMillis(Job.WATERMARK_DELAY_MILLIS))
            .withTimestampAssigner((call, before) -> call.millis());
    environment
        .fromSource(source, watermarks, "calls")
        .transform("count", TypeInformation.of(PaneDelta.class), new CallCounter())
        .keyBy(delta -> delta.type)
        .transform("merge", Main.rows(), new WindowMerger())
        .sinkTo(
            Main.sink(options)
                .setTransactionNamingStrategy(TransactionNamingStrategy.POOLING)
                .build());
  }

  /** Hands on the same object for every record: it goes no further than the counting. */
  private static final class CallReader implements KafkaRecordDeserializationSchema<CallScanner> {
    private static final long serialVersionUID = 1;

    private transient CallScanner scanner;

    @Override
    public void open(DeserializationSchema.InitializationContext context) {
      scanner = new CallScanner();
      Readiness.say();
    }

    @Override
    public void deserialize(
        ConsumerRecord<byte[], byte[]> record, Collector<CallScanner> out) {
      scanner.scan(record.value());
      out.collect(scanner);
    }

    @Override
    public TypeInformation<CallScanner> getProducedType() {
      return TypeInformation.of(CallScanner.class);
    }
  }
}

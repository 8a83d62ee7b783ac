package windrow.peers.streams;

import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.Stores;
import windrow.peers.Job;
import windrow.peers.Options;

/**
 * With processors by hand: each task counts in memory; what it has counted goes through the
 * repartition topic once for each commit, as one number per type and pane. So do the store, its
 * changelog and the results: one write per commit for each window that has changed.
 */
final class BestForm {
  private static final int PARTITIONS = 4;

  private BestForm() {}

  static Topology topology(Options options) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.addStateStore(new CommitHook.Builder(CallCounter.HOOK));
    builder.addStateStore(new CommitHook.Builder(WindowMerger.HOOK));
    builder.addStateStore(
        Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore(WindowMerger.STORE), Serdes.ByteArray(), Serdes.Long()));
    builder.stream(
            options.text("source"), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
        .process(CallCounter::new, CallCounter.HOOK)
        .repartition(
            Repartitioned.<String, PaneDelta>as("deltas")
                .withKeySerde(Serdes.String())
                .withValueSerde(PaneDelta.SERDE)
                .withNumberOfPartitions(PARTITIONS))
        .process(WindowMerger::new, WindowMerger.HOOK, WindowMerger.STORE)
        .to(options.text("results"), Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
    return builder.build();
  }

  /** Large fetches, and as many records between two looks at the clock. */
  static void tune(Properties properties, Options options) {
    properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, options.number("commit_ms"));
    properties.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 20_000);
    properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    properties.put(
        StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, RecordTime.class);
    consumer(properties, ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 10_000);
    consumer(properties, ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 4 << 20);
    consumer(properties, ConsumerConfig.RECEIVE_BUFFER_CONFIG, 1 << 20);
    consumer(properties, ConsumerConfig.CHECK_CRCS_CONFIG, false);
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 5);
  }

  private static void consumer(Properties properties, String name, Object value) {
    properties.put(StreamsConfig.mainConsumerPrefix(name), value);
  }
}

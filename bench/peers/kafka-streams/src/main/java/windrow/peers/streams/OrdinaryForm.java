package windrow.peers.streams;

import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import windrow.peers.Call;
import windrow.peers.Job;
import windrow.peers.Options;

/** As one writes it with the DSL; everything that is not said is Kafka Streams' default. */
final class OrdinaryForm {
  private OrdinaryForm() {}

  static Topology topology(Options options) {
    Serde<Call> calls =
        Serdes.serdeFrom(
            (topic, call) -> Call.toJson(call), (topic, json) -> Call.fromJson(json));
    TimeWindows windows =
        TimeWindows.ofSizeAndGrace(
                Duration.ofMillis(Job.SIZE_MILLIS), Duration.ofMillis(Job.WATERMARK_DELAY_MILLIS))
            .advanceBy(Duration.ofMillis(Job.SLIDE_MILLIS));
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(
            options.text("source"),
            Consumed.with(Serdes.ByteArray(), calls)
                .withTimestampExtractor((record, before) -> ((Call) record.value()).millis()))
        .groupBy((key, call) -> call.type, Grouped.with(Serdes.String(), calls))
        .windowedBy(windows)
        .count()
        .toStream()
        .map(
            (window, count) ->
                KeyValue.pair(
                    Job.key(window.key(), window.window().start()),
                    Job.row(window.key(), window.window().start(), count)))
        .to(options.text("results"), Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
    return builder.build();
  }
}

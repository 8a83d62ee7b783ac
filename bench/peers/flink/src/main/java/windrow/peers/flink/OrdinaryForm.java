package windrow.peers.flink;

import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import windrow.peers.Call;
import windrow.peers.Job;
import windrow.peers.Options;

/**
 * As one writes it with the DataStream API: Jackson, keyBy, window, aggregate. Rows of windows that
 * are still open are written once a second, since the job is to show them.
 */
final class OrdinaryForm {
  private OrdinaryForm() {}

  static void define(StreamExecutionEnvironment environment, Options options) {
    KafkaSource<Call> source =
        Main.<Call>source(options).setValueOnlyDeserializer(new CallReader()).build();
    WatermarkStrategy<Call> watermarks =
        WatermarkStrategy.<Call>forBoundedOutOfOrderness(
                Duration.ofMillis(Job.WATERMARK_DELAY_MILLIS))
            .withTimestampAssigner((call, before) -> call.millis());
    environment
        .fromSource(source, watermarks, "calls")
        .keyBy(call -> call.type)
        .window(
            SlidingEventTimeWindows.of(
                Duration.ofMillis(Job.SIZE_MILLIS), Duration.ofMillis(Job.SLIDE_MILLIS)))
        .trigger(new EverySecond())
        .aggregate(new Count(), new ToRow())
        .returns(Main.rows())
        .sinkTo(Main.sink(options).build());
  }

  private static final class CallReader extends AbstractDeserializationSchema<Call> {
    private static final long serialVersionUID = 1;

    @Override
    public void open(InitializationContext context) {
      Readiness.say();
    }

    @Override
    public Call deserialize(byte[] json) {
      return Call.fromJson(json);
    }
  }

  private static final class Count implements AggregateFunction<Call, Long, Long> {
    private static final long serialVersionUID = 1;

    @Override
    public Long createAccumulator() {
      return 0L;
    }

    @Override
    public Long add(Call call, Long count) {
      return count + 1;
    }

    @Override
    public Long getResult(Long count) {
      return count;
    }

    @Override
    public Long merge(Long one, Long other) {
      return one + other;
    }
  }

  private static final class ToRow extends ProcessWindowFunction<Long, Row, String, TimeWindow> {
    private static final long serialVersionUID = 1;

    @Override
    public void process(String type, Context context, Iterable<Long> counts, Collector<Row> out) {
      long start = context.window().getStart();
      out.collect(
          new Row(Job.key(type, start), Job.row(type, start, counts.iterator().next())));
    }
  }
}

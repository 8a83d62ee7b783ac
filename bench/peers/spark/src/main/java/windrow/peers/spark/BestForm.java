package windrow.peers.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.timestamp_millis;
import static org.apache.spark.sql.functions.window;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import windrow.peers.Options;
import windrow.peers.PaneCounts;

/**
 * Each task counts the records of its partition by hand, in memory, so that Spark's own plan sees
 * one row per type and pane; two partitions of state instead of 200; batches of a size that keeps
 * rows coming. The state is in memory and in small files, which is quicker here than RocksDB.
 */
final class BestForm {
  private static final int BATCH_RECORDS = 500_000;

  private BestForm() {}

  static void tune(SparkSession.Builder builder) {
    builder
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.streaming.noDataMicroBatches.enabled", "false")
        .config("spark.sql.streaming.metricsEnabled", "false")
        .config("spark.sql.streaming.minBatchesToRetain", "10");
  }

  static Dataset<Row> rows(SparkSession spark, Options options) {
    Dataset<Row> counts =
        Main.source(spark, options)
            .option("maxOffsetsPerTrigger", BATCH_RECORDS)
            .option("kafka.max.poll.records", 10_000)
            .option("kafka.max.partition.fetch.bytes", 4 << 20)
            .option("kafka.receive.buffer.bytes", 1 << 20)
            .option("kafka.check.crcs", "false")
            .load()
            .select("value")
            .as(Encoders.BINARY())
            .mapPartitions(
                (MapPartitionsFunction<byte[], PaneCount>) BestForm::count,
                Encoders.bean(PaneCount.class))
            // The largest event time of a pane's calls: the watermark is that of the calls.
            .withColumn("time", timestamp_millis(col("maxMillis")))
            .withWatermark("time", "1 hour")
            .groupBy(
                window(col("time"), "10 minutes", "5 minutes"),
                col("type").as("original_crime_type_name"))
            .agg(sum("calls").as("count"));
    return OutputRows.of(counts);
  }

  private static Iterator<PaneCount> count(Iterator<byte[]> records) {
    PaneCounts counts = new PaneCounts();
    while (records.hasNext()) {
      counts.add(records.next());
    }
    List<PaneCount> rows = new ArrayList<>();
    counts.drain(
        (type, pane, calls, maxMillis) -> rows.add(new PaneCount(type, calls, maxMillis)));
    return rows.iterator();
  }
}

package windrow.peers.spark;

import java.nio.file.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamReader;
import org.apache.spark.sql.streaming.StreamingQuery;
import windrow.peers.Job;
import windrow.peers.Options;

/**
 * Runs one form of the job as a Structured Streaming query within this process until it is ended.
 * Spark's sink for Kafka writes at least once: after a crash it may write a batch twice.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Options options = new Options(arguments);
    SparkSession.Builder builder =
        SparkSession.builder()
            .master("local[2]")
            .appName(options.text("id"))
            // The data has no zone and is read as UTC.
            .config("spark.sql.session.timeZone", "UTC")
            // Nothing of it is for other machines.
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.local.dir", Path.of(options.text("state_dir"), "local").toString());
    boolean best = options.text("form").equals("best");
    if (best) {
      BestForm.tune(builder);
    }
    SparkSession spark = builder.getOrCreate();
    spark.sparkContext().setLogLevel("WARN");
    Dataset<Row> rows =
        best ? BestForm.rows(spark, options) : OrdinaryForm.rows(spark, options);
    StreamingQuery query =
        rows.writeStream()
            .format("kafka")
            .outputMode("update")
            .option("kafka.bootstrap.servers", options.text("kafka"))
            .option("topic", options.text("results"))
            .option(
                "checkpointLocation", Path.of(options.text("state_dir"), "checkpoint").toString())
            .start();
    Job.sayReady();
    query.awaitTermination();
  }

  /** The source topic from its first record. */
  static DataStreamReader source(SparkSession spark, Options options) {
    return spark
        .readStream()
        .format("kafka")
        .option("kafka.bootstrap.servers", options.text("kafka"))
        .option("subscribe", options.text("source"))
        .option("startingOffsets", "earliest");
  }
}

package windrow.peers.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.from_json;
import static org.apache.spark.sql.functions.window;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import windrow.peers.Options;

/** As in Spark's guide: from_json, withWatermark, window, count. All settings are the defaults. */
final class OrdinaryForm {
  private static final StructType CALL =
      new StructType()
          .add("original_crime_type_name", DataTypes.StringType)
          .add("call_date_time", DataTypes.TimestampType);

  private OrdinaryForm() {}

  static Dataset<Row> rows(SparkSession spark, Options options) {
    Dataset<Row> counts =
        Main.source(spark, options)
            .load()
            .select(from_json(col("value").cast("string"), CALL).as("call"))
            .select("call.*")
            .withWatermark("call_date_time", "1 hour")
            .groupBy(
                window(col("call_date_time"), "10 minutes", "5 minutes"),
                col("original_crime_type_name"))
            .count();
    return OutputRows.of(counts);
  }
}

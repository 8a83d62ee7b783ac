package windrow.peers.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.unix_millis;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Counts as records of the results topic. */
final class OutputRows {
  private OutputRows() {}

  /** From columns window, original_crime_type_name and count. */
  static Dataset<Row> of(Dataset<Row> counts) {
    Column start = unix_millis(col("window.start"));
    Column type = col("original_crime_type_name");
    return counts.select(
        concat_ws(" ", start, type).as("key"),
        to_json(struct(type, start.as("window_start"), col("count"))).as("value"));
  }
}

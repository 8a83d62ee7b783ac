package windrow.peers.flink;

import org.apache.flink.api.common.serialization.SerializationSchema;

/** A record of the results topic. Fields are public for Flink, which serialises it by them. */
public class Row {
  public byte[] key;
  public byte[] value;

  public Row() {}

  Row(byte[] key, byte[] value) {
    this.key = key;
    this.value = value;
  }

  // Classes and no lambdas, since the sink wants to know their types.

  static final class Key implements SerializationSchema<Row> {
    private static final long serialVersionUID = 1;

    @Override
    public byte[] serialize(Row row) {
      return row.key;
    }
  }

  static final class Value implements SerializationSchema<Row> {
    private static final long serialVersionUID = 1;

    @Override
    public byte[] serialize(Row row) {
      return row.value;
    }
  }
}

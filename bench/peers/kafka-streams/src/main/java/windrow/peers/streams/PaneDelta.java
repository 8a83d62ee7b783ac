package windrow.peers.streams;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** How many calls of a type a task has counted in a pane since its last commit. */
record PaneDelta(long paneStart, long count, long maxMillis) {
  static final Serde<PaneDelta> SERDE =
      Serdes.serdeFrom((topic, delta) -> delta.toBytes(), (topic, bytes) -> fromBytes(bytes));

  private byte[] toBytes() {
    return ByteBuffer.allocate(24).putLong(paneStart).putLong(count).putLong(maxMillis).array();
  }

  private static PaneDelta fromBytes(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    return new PaneDelta(buffer.getLong(), buffer.getLong(), buffer.getLong());
  }
}

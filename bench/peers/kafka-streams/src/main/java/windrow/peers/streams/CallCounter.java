package windrow.peers.streams;

import org.apache.kafka.streams.processor.api.Record;
import windrow.peers.PaneCounts;

/** Counts the calls of one input partition, and forwards what was counted at each commit. */
final class CallCounter extends CommitProcessor<byte[], byte[], String, PaneDelta> {
  static final String HOOK = "count-commit";

  private final PaneCounts counts = new PaneCounts();

  CallCounter() {
    super(HOOK);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    counts.add(record.value());
  }

  @Override
  void writeOut() {
    counts.drain(
        (type, pane, count, maxMillis) -> forward(type, new PaneDelta(pane, count, maxMillis)));
  }
}

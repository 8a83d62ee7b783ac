package windrow.peers.flink;

import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import windrow.peers.CallScanner;
import windrow.peers.PaneCounts;

/** Counts calls, and sends what was counted before the barrier of each checkpoint. */
final class CallCounter extends AbstractStreamOperator<PaneDelta>
    implements OneInputStreamOperator<CallScanner, PaneDelta> {
  private static final long serialVersionUID = 1;

  private transient PaneCounts counts;
  private transient Watermark watermark;

  @Override
  public void open() throws Exception {
    super.open();
    counts = new PaneCounts();
  }

  @Override
  public void processElement(StreamRecord<CallScanner> element) {
    counts.add(element.getValue());
  }

  /** Held back, so that it does not overtake what it speaks of. */
  @Override
  public void processWatermark(Watermark mark) {
    watermark = mark;
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
    counts.drain(
        (type, pane, count, maxMillis) ->
            output.collect(new StreamRecord<>(new PaneDelta(type, pane, count))));
    if (watermark != null) {
      super.processWatermark(watermark);
      watermark = null;
    }
  }
}

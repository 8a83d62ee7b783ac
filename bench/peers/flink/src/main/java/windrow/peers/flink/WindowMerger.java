package windrow.peers.flink;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.InternalTimer;
import org.apache.flink.streaming.api.operators.InternalTimerService;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.Triggerable;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import windrow.peers.Job;

/**
 * Adds up the counts of all readers, and writes what has changed before the barrier of each
 * checkpoint, so that it is committed with it. A window that the watermark has passed takes nothing
 * more and is dropped, as by Flink's own windows.
 */
final class WindowMerger extends AbstractStreamOperator<Row>
    implements OneInputStreamOperator<PaneDelta, Row>, Triggerable<String, VoidNamespace> {
  private static final long serialVersionUID = 1;

  private transient MapState<Long, Long> counts;
  private transient InternalTimerService<VoidNamespace> timers;
  private transient Map<String, Set<Long>> changed;

  @Override
  public void open() throws Exception {
    super.open();
    counts =
        getRuntimeContext()
            .getMapState(new MapStateDescriptor<>("windows", Long.class, Long.class));
    timers = getInternalTimerService("close", VoidNamespaceSerializer.INSTANCE, this);
    changed = new HashMap<>();
  }

  @Override
  public void processElement(StreamRecord<PaneDelta> element) throws Exception {
    PaneDelta delta = element.getValue();
    add(delta.type, delta.paneStart, delta.count);
    add(delta.type, delta.paneStart - Job.SLIDE_MILLIS, delta.count);
  }

  private void add(String type, long start, long calls) throws Exception {
    long lastMillis = start + Job.SIZE_MILLIS - 1;
    if (lastMillis <= timers.currentWatermark()) {
      return;
    }
    Long before = counts.get(start);
    if (before == null) {
      timers.registerEventTimeTimer(VoidNamespace.INSTANCE, lastMillis);
    }
    counts.put(start, (before == null ? 0 : before) + calls);
    changed.computeIfAbsent(type, unknown -> new HashSet<>()).add(start);
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
    for (Map.Entry<String, Set<Long>> entry : changed.entrySet()) {
      setCurrentKey(entry.getKey());
      for (long start : entry.getValue()) {
        write(entry.getKey(), start);
      }
    }
    changed.clear();
  }

  private void write(String type, long start) throws Exception {
    output.collect(
        new StreamRecord<>(
            new Row(Job.key(type, start), Job.row(type, start, counts.get(start)))));
  }

  @Override
  public void onEventTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
    String type = timer.getKey();
    long start = timer.getTimestamp() + 1 - Job.SIZE_MILLIS;
    Set<Long> starts = changed.get(type);
    if (starts != null && starts.remove(start)) {
      write(type, start);
    }
    counts.remove(start);
  }

  @Override
  public void onProcessingTime(InternalTimer<String, VoidNamespace> timer) {}
}

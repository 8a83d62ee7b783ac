package windrow.peers.streams;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import windrow.peers.Job;

/**
 * Adds up the counts of all tasks. Late is, as in the DSL, what comes for a window whose end lies
 * further than the delay behind the largest event time that this task has seen. Such windows are
 * dropped.
 */
final class WindowMerger extends CommitProcessor<String, PaneDelta, byte[], byte[]> {
  static final String HOOK = "merge-commit";
  static final String STORE = "windows";

  private final Map<Window, Count> windows = new HashMap<>();
  private KeyValueStore<byte[], Long> store;
  private long maxMillis = Long.MIN_VALUE / 2;

  private record Window(String type, long start) {
    boolean closedAt(long maxMillis) {
      return start + Job.SIZE_MILLIS + Job.WATERMARK_DELAY_MILLIS <= maxMillis;
    }

    byte[] toBytes() {
      byte[] text = type.getBytes(StandardCharsets.UTF_8);
      return ByteBuffer.allocate(8 + text.length).putLong(start).put(text).array();
    }

    static Window fromBytes(byte[] bytes) {
      byte[] text = Arrays.copyOfRange(bytes, 8, bytes.length);
      return new Window(
          new String(text, StandardCharsets.UTF_8), ByteBuffer.wrap(bytes).getLong());
    }
  }

  private static final class Count {
    long value;
    boolean changed;
  }

  WindowMerger() {
    super(HOOK);
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    super.init(context);
    store = context.getStateStore(STORE);
    try (KeyValueIterator<byte[], Long> stored = store.all()) {
      while (stored.hasNext()) {
        KeyValue<byte[], Long> entry = stored.next();
        count(Window.fromBytes(entry.key)).value = entry.value;
      }
    }
  }

  @Override
  public void process(Record<String, PaneDelta> record) {
    PaneDelta delta = record.value();
    add(new Window(record.key(), delta.paneStart()), delta.count());
    add(new Window(record.key(), delta.paneStart() - Job.SLIDE_MILLIS), delta.count());
    maxMillis = Math.max(maxMillis, delta.maxMillis());
  }

  private void add(Window window, long calls) {
    if (!window.closedAt(maxMillis)) {
      Count count = count(window);
      count.value += calls;
      count.changed = true;
    }
  }

  private Count count(Window window) {
    return windows.computeIfAbsent(window, unknown -> new Count());
  }

  @Override
  void writeOut() {
    Iterator<Map.Entry<Window, Count>> all = windows.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Window, Count> entry = all.next();
      Window window = entry.getKey();
      Count count = entry.getValue();
      if (count.changed) {
        count.changed = false;
        store.put(window.toBytes(), count.value);
        forward(
            Job.key(window.type(), window.start()),
            Job.row(window.type(), window.start(), count.value));
      }
      if (window.closedAt(maxMillis)) {
        store.delete(window.toBytes());
        all.remove();
      }
    }
  }
}

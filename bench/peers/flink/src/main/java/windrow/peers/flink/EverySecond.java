package windrow.peers.flink;

import org.apache.flink.streaming.api.windowing.triggers.Trigger;
import org.apache.flink.streaming.api.windowing.triggers.TriggerResult;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;

/**
 * Fires at the next full second after a window has changed, and when it closes. (Flink's own
 * ContinuousProcessingTimeTrigger fires whether it has changed or not, and does not when it closes.)
 */
final class EverySecond extends Trigger<Object, TimeWindow> {
  private static final long serialVersionUID = 1;
  private static final long INTERVAL_MILLIS = 1000;

  @Override
  public TriggerResult onElement(
      Object element, long timestamp, TimeWindow window, TriggerContext context) {
    long now = context.getCurrentProcessingTime();
    // The same time again is no second timer.
    context.registerProcessingTimeTimer(now - now % INTERVAL_MILLIS + INTERVAL_MILLIS);
    context.registerEventTimeTimer(window.maxTimestamp());
    return TriggerResult.CONTINUE;
  }

  @Override
  public TriggerResult onProcessingTime(long time, TimeWindow window, TriggerContext context) {
    return TriggerResult.FIRE;
  }

  @Override
  public TriggerResult onEventTime(long time, TimeWindow window, TriggerContext context) {
    return time == window.maxTimestamp() ? TriggerResult.FIRE : TriggerResult.CONTINUE;
  }

  @Override
  public void clear(TimeWindow window, TriggerContext context) {
    context.deleteEventTimeTimer(window.maxTimestamp());
  }
}

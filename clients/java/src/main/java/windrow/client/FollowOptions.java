package windrow.client;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import java.util.function.Consumer;

/**
 * What a feed follows; the default is all rows of the view.
 *
 * @param resumeToken goes on after the update that carried it, without a list; empty: begins with a list
 * @param filter which rows, by the fields of the group; see SubscribeRequest.filter
 * @param windowStartTime only windows that start at or after this time; null: all
 * @param windowEndTime only windows that start before this time; null: all
 * @param finalOnly rows only once they are final, and their corrections
 * @param endTime ends the feed when all windows that end at or before it are final; null: goes on
 * @param heartbeatInterval longest silence; null: the service's own, 5 s
 * @param onBreak called with each break that the feed goes on after
 */
public record FollowOptions(
    String resumeToken,
    String filter,
    Timestamp windowStartTime,
    Timestamp windowEndTime,
    boolean finalOnly,
    Timestamp endTime,
    Duration heartbeatInterval,
    Consumer<Exception> onBreak) {

  public static final FollowOptions DEFAULT =
      new FollowOptions("", "", null, null, false, null, null, error -> {});

  public FollowOptions withResumeToken(String token) {
    return new FollowOptions(
        token, filter, windowStartTime, windowEndTime, finalOnly, endTime, heartbeatInterval, onBreak);
  }

  public FollowOptions withFilter(String text) {
    return new FollowOptions(
        resumeToken, text, windowStartTime, windowEndTime, finalOnly, endTime, heartbeatInterval, onBreak);
  }

  public FollowOptions withWindows(Timestamp start, Timestamp end) {
    return new FollowOptions(
        resumeToken, filter, start, end, finalOnly, endTime, heartbeatInterval, onBreak);
  }

  public FollowOptions withFinalOnly() {
    return new FollowOptions(
        resumeToken, filter, windowStartTime, windowEndTime, true, endTime, heartbeatInterval, onBreak);
  }

  public FollowOptions withEndTime(Timestamp time) {
    return new FollowOptions(
        resumeToken, filter, windowStartTime, windowEndTime, finalOnly, time, heartbeatInterval, onBreak);
  }

  public FollowOptions withHeartbeatInterval(Duration interval) {
    return new FollowOptions(
        resumeToken, filter, windowStartTime, windowEndTime, finalOnly, endTime, interval, onBreak);
  }

  public FollowOptions withOnBreak(Consumer<Exception> listener) {
    return new FollowOptions(
        resumeToken, filter, windowStartTime, windowEndTime, finalOnly, endTime, heartbeatInterval, listener);
  }
}

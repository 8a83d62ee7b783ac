package windrow.client;

import com.google.protobuf.Timestamp;
import java.util.List;
import java.util.Optional;
import windrow.query.v1.Result;

/**
 * A step of a feed.
 *
 * @param results rows: all there are, or those that are new or changed
 * @param retracted rows that no longer exist
 * @param closedThroughTime every window that ends at or before it is final; empty while none is known
 * @param resumeToken a feed that is begun with it goes on after this update
 */
public record Update(
    Kind kind,
    List<Result> results,
    List<Result> retracted,
    Optional<Timestamp> closedThroughTime,
    String resumeToken) {

  /** What an update is. */
  public enum Kind {
    /** All rows there are: forget what you had. */
    SNAPSHOT,
    /** Rows that changed. */
    CHANGES,
    /** Everything that was there when the feed began has come. */
    CAUGHT_UP,
    /** No row changed. */
    HEARTBEAT
  }
}

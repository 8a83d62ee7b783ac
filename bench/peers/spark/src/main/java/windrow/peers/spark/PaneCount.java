package windrow.peers.spark;

/** How many calls of a type a task has counted in a pane. A bean, as Spark's encoder wants it. */
public class PaneCount {
  private String type;
  private long calls;
  private long maxMillis;

  public PaneCount() {}

  PaneCount(String type, long calls, long maxMillis) {
    this.type = type;
    this.calls = calls;
    this.maxMillis = maxMillis;
  }

  public String getType() {
    return type;
  }

  public void setType(String type) {
    this.type = type;
  }

  public long getCalls() {
    return calls;
  }

  public void setCalls(long calls) {
    this.calls = calls;
  }

  /** The largest event time of these calls. */
  public long getMaxMillis() {
    return maxMillis;
  }

  public void setMaxMillis(long maxMillis) {
    this.maxMillis = maxMillis;
  }
}

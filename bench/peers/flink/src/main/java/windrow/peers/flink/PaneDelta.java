package windrow.peers.flink;

/**
 * How many calls of a type a reader has counted in a pane since the last checkpoint. Fields are
 * public for Flink, which serialises it by them.
 */
public class PaneDelta {
  public String type;
  public long paneStart;
  public long count;

  public PaneDelta() {}

  PaneDelta(String type, long paneStart, long count) {
    this.type = type;
    this.paneStart = paneStart;
    this.count = count;
  }
}

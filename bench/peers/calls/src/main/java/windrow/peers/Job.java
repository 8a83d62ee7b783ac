package windrow.peers;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.nio.charset.StandardCharsets;

/**
 * What the job is, as in resources/pipelines/sf_calls.textproto: windows, delay, and how a row of
 * the results topic looks.
 */
public final class Job {
  public static final long SIZE_MILLIS = 10 * 60_000;
  public static final long SLIDE_MILLIS = 5 * 60_000;
  public static final long WATERMARK_DELAY_MILLIS = 60 * 60_000;

  private Job() {}

  /** The same for all versions of a row. */
  public static byte[] key(String type, long windowStart) {
    return (windowStart + " " + type).getBytes(StandardCharsets.UTF_8);
  }

  public static byte[] row(String type, long windowStart, long count) {
    StringBuilder json = new StringBuilder(100);
    json.append("{\"original_crime_type_name\":\"");
    JsonStringEncoder.getInstance().quoteAsString(type, json);
    json.append("\",\"window_start\":").append(windowStart);
    json.append(",\"count\":").append(count).append('}');
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** Says on standard output that reading begins now; who measures counts from here. */
  public static void sayReady() {
    System.out.println("{\"event\":\"ready\",\"time_ms\":" + System.currentTimeMillis() + "}");
  }
}

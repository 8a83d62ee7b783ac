package windrow.client;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import windrow.query.v1.Result;
import windrow.results.v1.Field;

/** Rows as Java values. */
public final class Rows {
  private Rows() {}

  /** What tells a row of a view from the others. */
  public record Key(long windowStartSeconds, int windowStartNanos, List<Field> group) {}

  public static Key key(Result result) {
    return new Key(
        result.getWindowStartTime().getSeconds(),
        result.getWindowStartTime().getNanos(),
        result.getGroupList());
  }

  /** String, Long, Double, Boolean, a list of ValueCount, or null, also for one that is an error. */
  public static Object value(Field field) {
    return switch (field.getValueCase()) {
      case STRING_VALUE -> field.getStringValue();
      case INT_VALUE -> field.getIntValue();
      case DOUBLE_VALUE -> field.getDoubleValue();
      case BOOL_VALUE -> field.getBoolValue();
      case VALUE_COUNTS -> field.getValueCounts().getCountsList();
      case ERROR, VALUE_NOT_SET -> null;
    };
  }

  /** Names and values of a row's group. */
  public static Map<String, Object> group(Result result) {
    return byName(result.getGroupList());
  }

  /** Names and values of a row's joined columns and aggregates. */
  public static Map<String, Object> values(Result result) {
    return byName(result.getValuesList());
  }

  private static Map<String, Object> byName(List<Field> fields) {
    Map<String, Object> named = new LinkedHashMap<>();
    fields.forEach(field -> named.put(field.getName(), value(field)));
    return named;
  }
}

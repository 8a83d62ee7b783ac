package windrow.peers;

import java.nio.charset.StandardCharsets;

/**
 * Finds the two fields of a call in its JSON text without making an object, and reads no further
 * than the second of them. Not thread-safe.
 */
public final class CallScanner {
  private static final byte[] TYPE =
      "original_crime_type_name".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] TIME = "call_date_time".getBytes(StandardCharsets.US_ASCII);

  private byte[] json;
  private int at;

  private int typeBegin;
  private int typeEnd;
  private long millis;

  /** Throws IllegalArgumentException when it is not a JSON object with both fields. */
  public void scan(byte[] record) {
    json = record;
    at = 0;
    try {
      scanObject();
    } catch (IndexOutOfBoundsException truncated) {
      throw new IllegalArgumentException("not a call", truncated);
    }
  }

  /** The text that was scanned last. */
  byte[] json() {
    return json;
  }

  /** Where the type is in it: between its quotes, escapes as they stand. */
  int typeBegin() {
    return typeBegin;
  }

  int typeEnd() {
    return typeEnd;
  }

  /** Event time in milliseconds since 1970. */
  public long millis() {
    return millis;
  }

  private void scanObject() {
    boolean hasType = false;
    boolean hasTime = false;
    expect('{');
    while (true) {
      expect('"');
      int keyBegin = at;
      int keyEnd = endOfString();
      expect(':');
      skipSpace();
      if (json[at] != '"') {
        skipValue();
      } else {
        int begin = ++at;
        int end = endOfString();
        if (!hasType && is(TYPE, keyBegin, keyEnd)) {
          typeBegin = begin;
          typeEnd = end;
          hasType = true;
        } else if (!hasTime && is(TIME, keyBegin, keyEnd)) {
          millis = parseMillis(begin, end);
          hasTime = true;
        }
        if (hasType && hasTime) {
          return;
        }
      }
      expect(',');
    }
  }

  private void skipSpace() {
    while (json[at] <= ' ' && json[at] >= 0) {
      at++;
    }
  }

  private void expect(char wanted) {
    skipSpace();
    if (json[at++] != wanted) {
      throw new IllegalArgumentException("not a call: no " + wanted + " before byte " + at);
    }
  }

  /** `at` is behind the opening quote, and then behind the closing one, whose place is returned. */
  private int endOfString() {
    byte[] text = json;
    int i = at;
    while (text[i] != '"') {
      i += text[i] == '\\' ? 2 : 1;
    }
    at = i + 1;
    return i;
  }

  /** Numbers, words, objects and arrays. */
  private void skipValue() {
    int depth = 0;
    while (true) {
      byte c = json[at];
      if (c == '"') {
        at++;
        endOfString();
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}')) {
        return;
      }
      if (c == '{' || c == '[') {
        depth++;
      } else if (c == '}' || c == ']') {
        depth--;
      }
      at++;
    }
  }

  private boolean is(byte[] name, int begin, int end) {
    if (end - begin != name.length) {
      return false;
    }
    for (int i = 0; i < name.length; i++) {
      if (json[begin + i] != name[i]) {
        return false;
      }
    }
    return true;
  }

  /** YYYY-MM-DDThh:mm:ss, with or without .mmm. */
  private long parseMillis(int begin, int end) {
    int length = end - begin;
    if (length != 19 && length != 23) {
      throw new IllegalArgumentException("not a time");
    }
    long days =
        daysSince1970(digits(begin, 4), digits(begin + 5, 2), digits(begin + 8, 2));
    long seconds =
        digits(begin + 11, 2) * 3600L + digits(begin + 14, 2) * 60L + digits(begin + 17, 2);
    long fraction = length == 23 ? digits(begin + 20, 3) : 0;
    return (days * 86_400 + seconds) * 1000 + fraction;
  }

  private int digits(int begin, int length) {
    int value = 0;
    for (int i = begin; i < begin + length; i++) {
      int digit = json[i] - '0';
      if (digit < 0 || digit > 9) {
        throw new IllegalArgumentException("not a time");
      }
      value = value * 10 + digit;
    }
    return value;
  }

  /** In the proleptic Gregorian calendar, for years from 0; years begin in March. */
  private static long daysSince1970(int year, int month, int day) {
    long y = month <= 2 ? year - 1 : year;
    long era = y / 400;
    long yearOfEra = y - era * 400;
    long dayOfYear = (153L * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    long dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    return era * 146_097 + dayOfEra - 719_468;
  }
}

package windrow.peers;

import java.util.HashMap;
import java.util.Map;

/** Arguments of the form --name=value. */
public final class Options {
  private final Map<String, String> values = new HashMap<>();

  public Options(String[] arguments) {
    for (String argument : arguments) {
      int equals = argument.indexOf('=');
      if (!argument.startsWith("--") || equals < 0) {
        throw new IllegalArgumentException("not --name=value: " + argument);
      }
      values.put(argument.substring(2, equals), argument.substring(equals + 1));
    }
  }

  public String text(String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException("--" + name + " is missing");
    }
    return value;
  }

  public int number(String name) {
    return Integer.parseInt(text(name));
  }
}

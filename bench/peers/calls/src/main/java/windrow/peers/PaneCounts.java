package windrow.peers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Counts calls per type and pane of 5 minutes, until they are taken out: what the best forms do
 * with each record, so that everything behind it sees one number per type and pane. Makes no object
 * for a record of a known type and pane. Not thread-safe.
 */
public final class PaneCounts {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  // Beyond as many types the table is made anew when it is emptied.
  private static final int MOST_TYPES = 10_000;

  private final CallScanner scanner = new CallScanner();
  private Group[] table = new Group[256];
  private int groups;

  /** Takes what was counted. */
  public interface Visitor {
    void visit(String type, long paneStart, long count, long maxMillis);
  }

  private static final class Group {
    final byte[] text;
    final int hash;
    final String type;
    Cell cells;

    Group(byte[] text, int hash) {
      this.text = text;
      this.hash = hash;
      this.type = unescape(text);
    }
  }

  private static final class Cell {
    final long pane;
    final Cell next;
    long count;
    long maxMillis = Long.MIN_VALUE;

    Cell(long pane, Cell next) {
      this.pane = pane;
      this.next = next;
    }
  }

  public void add(byte[] record) {
    scanner.scan(record);
    add(scanner);
  }

  /** Counts what was scanned last. */
  public void add(CallScanner call) {
    long millis = call.millis();
    Cell cell = cell(group(call.json(), call.typeBegin(), call.typeEnd()), millis);
    cell.count++;
    if (millis > cell.maxMillis) {
      cell.maxMillis = millis;
    }
  }

  /** Visits everything that was counted since the last call, and forgets it. */
  public void drain(Visitor visitor) {
    for (Group group : table) {
      if (group == null) {
        continue;
      }
      for (Cell cell = group.cells; cell != null; cell = cell.next) {
        visitor.visit(group.type, cell.pane * Job.SLIDE_MILLIS, cell.count, cell.maxMillis);
      }
      group.cells = null;
    }
    if (groups > MOST_TYPES) {
      table = new Group[256];
      groups = 0;
    }
  }

  private static Cell cell(Group group, long millis) {
    long pane = Math.floorDiv(millis, Job.SLIDE_MILLIS);
    Cell cell = group.cells;
    while (cell != null && cell.pane != pane) {
      cell = cell.next;
    }
    if (cell == null) {
      cell = group.cells = new Cell(pane, group.cells);
    }
    return cell;
  }

  private Group group(byte[] record, int begin, int end) {
    int hash = 0;
    for (int i = begin; i < end; i++) {
      hash = 31 * hash + record[i];
    }
    hash ^= hash >>> 15;
    int mask = table.length - 1;
    int slot = hash & mask;
    for (Group group; (group = table[slot]) != null; slot = (slot + 1) & mask) {
      if (group.hash == hash
          && Arrays.equals(group.text, 0, group.text.length, record, begin, end)) {
        return group;
      }
    }
    Group added = table[slot] = new Group(Arrays.copyOfRange(record, begin, end), hash);
    if (++groups * 2 > table.length) {
      grow();
    }
    return added;
  }

  private void grow() {
    Group[] old = table;
    table = new Group[old.length * 2];
    int mask = table.length - 1;
    for (Group group : old) {
      if (group == null) {
        continue;
      }
      int slot = group.hash & mask;
      while (table[slot] != null) {
        slot = (slot + 1) & mask;
      }
      table[slot] = group;
    }
  }

  private static String unescape(byte[] text) {
    String type = new String(text, StandardCharsets.UTF_8);
    if (type.indexOf('\\') < 0) {
      return type;
    }
    try {
      return MAPPER.readValue('"' + type + '"', String.class);
    } catch (JsonProcessingException broken) {
      throw new IllegalArgumentException("not a call", broken);
    }
  }
}

package windrow.client;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PausesTest {
  @Test
  void theyDoubleToTheLongest() {
    Pauses pauses = new Pauses();
    for (long longest : new long[] {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000}) {
      long pause = pauses.next();
      assertTrue(longest / 2 <= pause && pause <= longest, pause + " of " + longest);
    }
  }

  @Test
  void theyBeginAnew() {
    Pauses pauses = new Pauses();
    for (int i = 0; i < 5; i++) {
      pauses.next();
    }
    pauses.reset();
    assertTrue(pauses.next() <= Pauses.FIRST_MS);
  }

  @Test
  void readersDoNotComeBackTogether() {
    assertTrue(LongStream.generate(() -> new Pauses(60_000, 60_000).next()).limit(20).distinct().count() > 1);
  }
}

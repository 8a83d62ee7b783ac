package windrow.client;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Pauses before new tries, in milliseconds. They double from the first to the longest, each shortened at random by up
 * to half: so that readers whom the same break has ended do not all come back at once.
 */
final class Pauses {
  static final long FIRST_MS = 100;
  static final long LONGEST_MS = 5_000;

  private final long first;
  private final long longest;
  private long next;

  Pauses() {
    this(FIRST_MS, LONGEST_MS);
  }

  Pauses(long first, long longest) {
    this.first = first;
    this.longest = longest;
    this.next = first;
  }

  /** How long to wait now; the pause after it is longer. */
  long next() {
    long pause = (long) (next * ThreadLocalRandom.current().nextDouble(0.5, 1.0));
    next = Math.min(2 * next, longest);
    return pause;
  }

  /** After a success: the next pause is the first again. */
  void reset() {
    next = first;
  }
}

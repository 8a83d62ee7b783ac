package windrow.peers.flink;

import java.util.concurrent.atomic.AtomicBoolean;
import windrow.peers.Job;

/** Says once that reading begins, whichever reader is the first. */
final class Readiness {
  private static final AtomicBoolean SAID = new AtomicBoolean();

  private Readiness() {}

  static void say() {
    if (SAID.compareAndSet(false, true)) {
      Job.sayReady();
    }
  }
}

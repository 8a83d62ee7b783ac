#ifndef SERVICES_AGGREGATOR_SIMULATION_WEATHER_H_
#define SERVICES_AGGREGATOR_SIMULATION_WEATHER_H_

#include "services/aggregator/simulation/random.h"

namespace windrow::aggregator {

// How rough a simulated world is: how often things happen, in so many of 10,000 cases.
struct Weather {
  // At each call of a client: its process dies before it, or after it and before it knows; others
  // act meanwhile.
  int crash = 0;
  int interleave = 0;
  // Calls that get lost, go unanswered, are refused, arrive twice.
  int lost = 0;
  int unanswered = 0;
  int refused = 0;
  int repeated = 0;
  // Reads that find nothing yet, or less; that find again what they found before.
  int slow = 0;
  int redelivered = 0;
  // Marks of transactions that take time, up to so long.
  int late_marks = 0;
  int mark_ms = 0;

  // At each step: a worker's process dies; one is stopped in order or another one started; the
  // group loses sight of a worker; the cluster is away; another process takes a worker's
  // transactional id; all is drained; limits and intervals are changed; there are new tables, or
  // a replica hears of them; the source gets a partition.
  int kill = 0;
  int resize = 0;
  int cut_off = 0;
  int away = 0;
  int steal = 0;
  int drain = 0;
  int settings = 0;
  int tables = 0;
  int grow = 0;
  // A transaction writes to the source, and is aborted later.
  int transactions = 0;

  int most_workers = 4;
  int replicas = 1;

  // Some of each, or none: what is too rare meets nobody, what is everywhere lets nothing happen.
  static Weather Draw(Random* random);
  // Nothing goes wrong.
  static Weather Fair() { return {}; }
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SIMULATION_WEATHER_H_

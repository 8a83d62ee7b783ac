#ifndef SERVICES_PLATFORM_KAFKA_CLIENT_STATISTICS_H_
#define SERVICES_PLATFORM_KAFKA_CLIENT_STATISTICS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace windrow::kafka {

// What librdkafka's clients tell of themselves every statistics.interval.ms, taken together by type
// ("producer" or "consumer"). Counts do not fall when a client ends. Thread-safe.
class ClientStatistics {
 public:
  struct Counts {
    int64_t requests = 0;
    int64_t sent_bytes = 0;
    int64_t received_bytes = 0;
    int64_t timeouts = 0;
    int64_t errors = 0;
  };
  struct Sums {
    Counts counts;
    // Of the clients that have told of themselves lately.
    int64_t clients = 0;
    int64_t queued_messages = 0;
    double round_trip_seconds = 0;
  };

  // The one that every client of the process reports to.
  static ClientStatistics& OfProcess();

  // Takes what a client told: librdkafka's JSON, see its STATISTICS.md.
  void Add(absl::string_view json, absl::Time now);

  // By type.
  std::map<std::string, Sums> Get() const;

 private:
  struct Client {
    std::string type;
    Counts counts;
    int64_t queued_messages = 0;
    double round_trip_seconds = 0;
    absl::Time told_at;
  };

  mutable absl::Mutex mutex_;
  // By librdkafka's name, which is unique in a process. Those that are silent are forgotten.
  std::map<std::string, Client> clients_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Counts> totals_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_CLIENT_STATISTICS_H_

#ifndef SERVICES_AGGREGATOR_REPLICA_DIRECTORY_H_
#define SERVICES_AGGREGATOR_REPLICA_DIRECTORY_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "windrow/status/v1/status.pb.h"

namespace windrow::aggregator {

// A replica by what it told last.
struct KnownReplica {
  windrow::status::v1::ReplicaStatus status;
  bool alive = false;
};

// What the replicas tell of themselves. Thread-safe.
class ReplicaDirectory {
 public:
  virtual ~ReplicaDirectory() = default;

  // Those that are alive, this one first, as it is now.
  virtual std::vector<windrow::status::v1::ReplicaStatus> Alive() const = 0;

  // By name: those that are alive, and those that died within the last hour.
  virtual std::vector<KnownReplica> Known() const = 0;

  // Waits until something has been heard since `*version`, 0 at first, or `deadline` has come.
  virtual void AwaitNews(uint64_t* version, absl::Time deadline) const = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_REPLICA_DIRECTORY_H_

#ifndef SERVICES_AGGREGATOR_ACKNOWLEDGEMENT_WAIT_H_
#define SERVICES_AGGREGATOR_ACKNOWLEDGEMENT_WAIT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/aggregator/replica_directory.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"

namespace windrow::aggregator {

// Waits until a change of a pipeline has reached the replicas. Made before the change is proposed,
// since it waits for those that are alive then and run the pipeline. A value of one thread.
class AcknowledgementWait {
 public:
  // `replicas` outlives it.
  AcknowledgementWait(const ReplicaDirectory* replicas, std::string pipeline_name);

  struct Result {
    // By name of the replica: those that have applied the generation, or a later one.
    std::vector<v1::Acknowledgement> acknowledgements;
    // Those that were alive and had not.
    std::vector<std::string> missing;
  };

  // Returns when all that are still alive have applied `generation`, at `deadline` at the latest.
  Result Await(int64_t generation, absl::Time deadline) const;

 private:
  const ReplicaDirectory* const replicas_;
  const std::string pipeline_name_;
  std::vector<std::string> expected_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_ACKNOWLEDGEMENT_WAIT_H_

#ifndef SERVICES_AGGREGATOR_WORKER_HELD_BACK_ENDS_H_
#define SERVICES_AGGREGATOR_WORKER_HELD_BACK_ENDS_H_

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "services/aggregator/worker/source_partition.h"
#include "services/platform/record_log/group_consumer.h"

namespace windrow::aggregator {

// Asks the broker how far the logs are of source partitions that are held back: a queue that is
// full is not fetched, and what arrives behind it is not heard of. One each second, in turn, since
// the broker answers when it has answered the fetch before, which takes a moment that a limited
// source needs; all of them while the pipeline is paused. Used by the worker's thread alone.
class HeldBackEnds {
 public:
  explicit HeldBackEnds(std::string source_topic) : source_topic_(std::move(source_topic)) {}

  void Update(absl::Time now, bool paused, record_log::GroupConsumer* consumer,
              SourcePartitions* sources);

 private:
  const std::string source_topic_;
  absl::Time next_update_ = absl::InfinitePast();
  // Partition that was asked for last.
  int asked_last_ = -1;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_HELD_BACK_ENDS_H_
